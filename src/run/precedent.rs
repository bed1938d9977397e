//! What became of a step when it went wrong in a past run, and with which inputs it last went well. A pure fold over past runs.

use std::collections::BTreeMap;

use super::compare::{Pair, deeds, differing, inputs};
use super::input::{Ended, Outcome};
use super::machine::Run;
use super::past::PastTimes;
use super::state::{SkipReason, State, StepRun};
use crate::id::{RunId, StepId};
use crate::time::Timestamp;

/// All that past runs of a workflow tell.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PastRuns {
    pub times: PastTimes,
    pub precedents: Precedents,
}

impl PastRuns {
    /// Takes in what the next older run tells.
    pub fn add(&mut self, run: &Run) {
        self.times.add(run);
        self.precedents.add(run);
    }
}

/// What past runs tell of steps that went wrong, and of their last success.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Precedents {
    troubles: BTreeMap<StepId, Precedent>,
    successes: BTreeMap<StepId, Success>,
}

/// How a step went wrong the last time, and what people did then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Precedent {
    pub run: RunId,
    /// When it came to its end.
    pub at: Timestamp,
    /// Its last failure: `exit 3`; empty where it was passed over without one.
    pub failure: String,
    /// What people did, and what came of it: `mira retried, ok at try 2`.
    pub then: String,
}

impl Precedent {
    /// Whether the step has failed now as it did then.
    pub fn is_the_same(&self, step: &StepRun) -> bool {
        let last = step.attempts.last();
        let last = last.and_then(|attempt| attempt.ended.as_ref());
        last.is_some_and(|ended| ended.says() == self.failure)
    }
}

impl Ended {
    /// Its message, or how it ended.
    fn says(&self) -> String {
        match self.message.as_str() {
            "" => self.outcome.words().to_owned(),
            said => said.to_owned(),
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
struct Success {
    run: RunId,
    at: Timestamp,
    inputs: BTreeMap<String, String>,
}

/// Inputs of a failed attempt that differ from those of the step's last success.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// The run in which it succeeded, and when.
    pub run: RunId,
    pub at: Timestamp,
    /// The value then, and the value now.
    pub inputs: Vec<Pair>,
}

impl Precedents {
    /// Of each step the newest run counts: runs are added newest first.
    fn add(&mut self, run: &Run) {
        let Some(start) = run.started() else { return };
        let deeds = deeds(run);
        for step in run.steps().iter().filter(|step| step.members.is_none()) {
            if went_wrong(step) && !self.troubles.contains_key(&step.id) {
                let deeds = deeds.get(&step.id).map_or(&[][..], Vec::as_slice);
                let trouble = Precedent {
                    run: start.run.clone(),
                    at: step.since,
                    failure: failure(step).unwrap_or_default(),
                    then: then(step, deeds),
                };
                self.troubles.insert(step.id.clone(), trouble);
            }
            let well = step.state == State::Succeeded && !step.attempts.is_empty();
            if well && !self.successes.contains_key(&step.id) {
                let success = Success {
                    run: start.run.clone(),
                    at: step.since,
                    inputs: inputs(run, &step.id),
                };
                self.successes.insert(step.id.clone(), success);
            }
        }
    }

    pub fn of(&self, step: &StepId) -> Option<&Precedent> {
        self.troubles.get(step)
    }

    /// What the last attempt of this step was given and its last success was not; `None` without an attempt or a success.
    pub fn changed(&self, run: &Run, step: &StepId) -> Option<Changed> {
        let success = self.successes.get(step)?;
        let now = inputs(run, step);
        if now.is_empty() {
            return None;
        }
        let ids = [&success.run, &run.started()?.run];
        Some(Changed {
            run: success.run.clone(),
            at: success.at,
            inputs: differing(&[success.inputs.clone(), now], ids),
        })
    }
}

fn went_wrong(step: &StepRun) -> bool {
    let ends = step
        .attempts
        .iter()
        .filter_map(|attempt| attempt.ended.as_ref());
    let by_hand = matches!(
        step.state,
        State::Marked | State::Ignored | State::Skipped(SkipReason::Operator)
    );
    by_hand
        || ends
            .map(|ended| ended.outcome)
            .any(|outcome| outcome != Outcome::Succeeded)
}

/// How the last attempt that went wrong ended.
fn failure(step: &StepRun) -> Option<String> {
    let ends = step
        .attempts
        .iter()
        .filter_map(|attempt| attempt.ended.as_ref());
    let failed = ends
        .rev()
        .find(|ended| ended.outcome != Outcome::Succeeded)?;
    Some(failed.says())
}

/// What people did, and what came of it.
fn then(step: &StepRun, deeds: &[String]) -> String {
    let came_of_it = match step.state {
        State::Succeeded => Some(format!("ok at try {}", step.attempts.len())),
        // Who did it says so already.
        State::Marked | State::Ignored | State::Skipped(_) => None,
        state => Some(format!("it stayed {}", state.word().replace('_', " "))),
    };
    let deeds = deeds.iter().map(String::as_str);
    deeds
        .chain(came_of_it.as_deref())
        .collect::<Vec<_>>()
        .join(", ")
}
