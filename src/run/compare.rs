//! Two runs side by side: what they were started with, how each step went, how long it took, who did what. Pure.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::attempt::Attempt;
use super::input::Outcome;
use super::machine::Run;
use super::state::{Kind, Phase, State};
use crate::id::{RunId, StepId};
use crate::time::Timestamp;

/// From here on two times of a step differ: a fifth of the shorter one, and not only by chance of a moment.
const SHARE: u32 = 5;
const MOMENT: Duration = Duration::from_secs(1);

/// Two runs, the first one taken as what the second is held against.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    pub runs: [RunSide; 2],
    /// Params that either of them was started with.
    pub params: Vec<Pair>,
    /// In the order of the second run; what only the first one has comes last. Groups are told by their members.
    pub steps: Vec<StepPair>,
}

/// One of the two runs as a whole.
#[derive(Clone, Debug, PartialEq)]
pub struct RunSide {
    pub id: RunId,
    pub workflow: String,
    pub digest: String,
    pub kind: Kind,
    /// Who started it.
    pub by: String,
    pub phase: Phase,
    pub started_at: Timestamp,
    pub ended_at: Option<Timestamp>,
}

impl RunSide {
    pub fn took(&self) -> Option<Duration> {
        Some(self.ended_at?.since(self.started_at))
    }
}

/// A value by its name, as each run has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    pub name: String,
    pub values: [Option<String>; 2],
}

impl Pair {
    pub fn differs(&self) -> bool {
        self.values[0] != self.values[1]
    }
}

/// A step as each run has it; `None` where its plan does not have it.
#[derive(Clone, Debug, PartialEq)]
pub struct StepPair {
    pub id: StepId,
    pub sides: [Option<StepSide>; 2],
    /// Inputs of the last attempts, secrets by their names or as `***`, where they differ.
    pub inputs: Vec<Pair>,
    /// Outputs, where they differ.
    pub outputs: Vec<Pair>,
}

/// How a step went in one of the two runs.
#[derive(Clone, Debug, PartialEq)]
pub struct StepSide {
    pub state: State,
    /// So long did its last attempt take.
    pub took: Option<Duration>,
    /// How each attempt ended, and after how long; `None` for one that has not.
    pub attempts: Vec<(u32, Option<(Outcome, Duration)>)>,
    /// What people did to it, in order: `mira retried`.
    pub deeds: Vec<String>,
}

impl StepPair {
    /// It went another way: another state, other attempts, inputs or outputs, or other things that people did.
    pub fn went_another_way(&self) -> bool {
        let way = |side: &StepSide| {
            let ends = side.attempts.iter().map(|(_, end)| end.map(|(how, _)| how));
            (side.state, ends.collect::<Vec<_>>(), side.deeds.clone())
        };
        let [first, second] = &self.sides;
        first.as_ref().map(way) != second.as_ref().map(way)
            || !self.inputs.is_empty()
            || !self.outputs.is_empty()
    }

    /// The times of the last attempts, where both have one.
    pub fn times(&self) -> Option<[Duration; 2]> {
        let [first, second] = &self.sides;
        Some([first.as_ref()?.took?, second.as_ref()?.took?])
    }

    /// It went another way, or took another time that is worth a look.
    pub fn differs(&self) -> bool {
        self.went_another_way() || self.times().is_some_and(worth_a_look)
    }
}

fn worth_a_look([first, second]: [Duration; 2]) -> bool {
    let difference = first.abs_diff(second);
    difference >= MOMENT && difference * SHARE >= first.min(second)
}

impl Comparison {
    /// Of two runs that have begun.
    pub fn new(first: &Run, second: &Run) -> Option<Self> {
        let runs = [first, second];
        let sides = [run_side(first)?, run_side(second)?];
        let own_ids = sides.each_ref().map(|side| &side.id);
        let params = runs.map(|run| {
            let params = run.started().into_iter().flat_map(|start| &start.params);
            params
                .map(|(name, value)| (name.clone(), value.to_string()))
                .collect()
        });
        let deeds = runs.map(deeds);
        let ids = leaves(second).chain(leaves(first).filter(|id| second.step(id).is_none()));
        let pair = |id: &StepId| StepPair {
            id: id.clone(),
            sides: [0, 1].map(|n| side(runs[n], id, &deeds[n])),
            inputs: differing(&runs.map(|run| inputs(run, id)), own_ids),
            outputs: differing(&runs.map(|run| outputs(run, id)), own_ids),
        };
        let steps = ids.map(pair).collect();
        Some(Self {
            params: pairs(&params),
            steps,
            runs: sides,
        })
    }
}

fn run_side(run: &Run) -> Option<RunSide> {
    let start = run.started()?;
    Some(RunSide {
        id: start.run.clone(),
        workflow: start.workflow.clone(),
        digest: start.digest.clone(),
        kind: start.kind,
        by: start.actor.name.clone(),
        phase: run.phase(),
        started_at: run.started_at(),
        ended_at: run.ended_at(),
    })
}

/// All steps but the groups around them; members stand behind the step whose members they are.
fn leaves(run: &Run) -> impl Iterator<Item = &StepId> + '_ {
    let plan = (0..run.steps().len()).filter(|index| run.steps()[*index].group.is_none());
    let with_members = plan.flat_map(|index| {
        let own = run.steps()[index].members.is_none().then_some(index);
        own.into_iter().chain(run.fanned_out(index).iter().copied())
    });
    with_members.map(|index| &run.steps()[index].id)
}

/// What people did, by step.
pub(super) fn deeds(run: &Run) -> BTreeMap<StepId, Vec<String>> {
    let mut deeds: BTreeMap<StepId, Vec<String>> = BTreeMap::new();
    for (step, deed) in run.audit().iter().filter_map(|entry| entry.deed()) {
        deeds.entry(step.clone()).or_default().push(deed);
    }
    deeds
}

fn side(run: &Run, id: &StepId, deeds: &BTreeMap<StepId, Vec<String>>) -> Option<StepSide> {
    let step = run.step(id)?;
    let end = |attempt: &Attempt| {
        let ended = attempt.ended.as_ref()?;
        Some((ended.outcome, Duration::from_millis(ended.took_ms)))
    };
    let attempts: Vec<_> = step.attempts.iter().map(|a| (a.n, end(a))).collect();
    Some(StepSide {
        state: step.state,
        took: attempts
            .last()
            .and_then(|(_, end)| *end)
            .map(|(_, took)| took),
        attempts,
        deeds: deeds.get(id).cloned().unwrap_or_default(),
    })
}

/// What the last attempt of a step was given: constants of the file as the run has them, everything else as it was recorded.
pub(super) fn inputs(run: &Run, id: &StepId) -> BTreeMap<String, String> {
    let last = run.step(id).and_then(|step| step.attempts.last());
    let Some(last) = last else {
        return BTreeMap::new();
    };
    let given = run
        .inputs(id)
        .into_iter()
        .map(|field| (field.path, field.text));
    let mut all: BTreeMap<String, String> = given.filter(|(_, text)| !text.is_empty()).collect();
    all.extend(last.inputs.clone());
    all
}

fn outputs(run: &Run, id: &StepId) -> BTreeMap<String, String> {
    let outputs = run.step(id).into_iter().flat_map(|step| &step.outputs);
    outputs
        .map(|(name, value)| (name.clone(), value.to_string()))
        .collect()
}

/// Values of both by their names.
fn pairs(values: &[BTreeMap<String, String>; 2]) -> Vec<Pair> {
    let names: BTreeSet<&String> = values.iter().flat_map(BTreeMap::keys).collect();
    let pair = |name: &String| Pair {
        name: name.clone(),
        values: [0, 1].map(|n| values[n].get(name).cloned()),
    };
    names.into_iter().map(pair).collect()
}

/// Those that differ. Where one run has nothing to compare, nothing does; and a value that holds each run's own id is the same
/// in both.
pub(super) fn differing(values: &[BTreeMap<String, String>; 2], ids: [&RunId; 2]) -> Vec<Pair> {
    if values.iter().any(BTreeMap::is_empty) {
        return Vec::new();
    }
    let [first, second] = ids.map(RunId::as_str);
    let same_but_for_ids = |pair: &Pair| match &pair.values {
        [Some(was), Some(is)] => was.replace(first, second) == *is,
        _ => false,
    };
    let pairs = pairs(values).into_iter();
    pairs
        .filter(|pair| pair.differs() && !same_but_for_ids(pair))
        .collect()
}
