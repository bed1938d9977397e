//! The course of a run for the eye: when each step worked and what it waited for, and the plan with what became of it. It is
//! gathered while the run is folded for the report, so that picture and table cannot differ.

use std::collections::BTreeMap;
use std::time::Duration;

use super::gather::{ms, took};
use crate::id::StepId;
use crate::picture::{Bar, BarKind, Gantt, GanttRow, Graph, Mood};
use crate::run::{Ask, Attempt, Event, Outcome, Recorded, Run, State, StepRun};
use crate::time::{Timestamp, clock_span};

/// Of a fan-out with more members, only those are shown that did not simply go well.
const MEMBERS_MAX: usize = 6;

/// What is drawn of a run.
#[derive(Clone, Debug, Default)]
pub struct Pictures {
    pub gantt: Gantt,
    pub graph: Graph,
}

/// What was waited for, which the run does not keep: collected while it is folded.
#[derive(Default)]
pub(super) struct Course {
    open: BTreeMap<StepId, Wait>,
    bars: BTreeMap<StepId, Vec<Bar>>,
    paused: Vec<(Timestamp, Option<Timestamp>)>,
    from: Timestamp,
}

struct Wait {
    since: Timestamp,
    kind: BarKind,
    why: &'static str,
}

impl Course {
    /// After the event was applied.
    pub(super) fn after(&mut self, run: &Run, recorded: &Recorded) {
        self.from = run.started_at();
        if let Some(step) = touched(&recorded.event).and_then(|id| run.step(id)) {
            self.stands(step, recorded.at);
        }
        let open = self.paused.last_mut().filter(|(_, to)| to.is_none());
        match (run.paused(), open) {
            (Some(_), None) => self.paused.push((recorded.at, None)),
            (None, Some((_, to))) => *to = Some(recorded.at),
            _ => {}
        }
    }

    fn stands(&mut self, step: &StepRun, at: Timestamp) {
        let now = waits(step);
        if let Some(open) = self.open.get(&step.id) {
            if now == Some((open.kind, open.why)) {
                return;
            }
            self.close(&step.id, at);
        }
        if let Some((kind, why)) = now {
            let since = at;
            self.open.insert(step.id.clone(), Wait { since, kind, why });
        }
    }

    fn close(&mut self, step: &StepId, at: Timestamp) {
        let Some(wait) = self.open.remove(step) else {
            return;
        };
        let (from, to) = (ms(wait.since.since(self.from)), ms(at.since(self.from)));
        // What was over within the turn was no wait.
        if from < to {
            let tip = format!("{}: {} for {}", step, wait.why, said(to - from));
            self.bars.entry(step.clone()).or_default().push(Bar {
                from,
                to,
                kind: wait.kind,
                tip,
            });
        }
    }

    /// `last` is the end of the run, or of what is recorded of it.
    pub(super) fn finish(mut self, run: &Run, last: Timestamp) -> Pictures {
        let open: Vec<StepId> = self.open.keys().cloned().collect();
        for step in &open {
            self.close(step, last);
        }
        let span = |(from, to): &(Timestamp, Option<Timestamp>)| {
            let to = to.unwrap_or(last).since(self.from);
            (ms(from.since(self.from)), ms(to))
        };
        let gantt = Gantt {
            title: run.workflow().name.clone(),
            started: self.from,
            span: ms(last.since(self.from)),
            paused: self.paused.iter().map(span).collect(),
            objective: run.workflow().objectives.rto.map(ms),
            rows: self.rows(run, last),
        };
        let graph = graph(run);
        Pictures { gantt, graph }
    }

    /// In the order in which they began; what never did comes last.
    fn rows(&mut self, run: &Run, last: Timestamp) -> Vec<GanttRow> {
        let steps = run.steps();
        let mut rows: Vec<GanttRow> = steps.iter().map(|s| self.row(run, s, last)).collect();
        for (i, step) in steps.iter().enumerate() {
            let Some(members) = &step.members else {
                continue;
            };
            let bars = || members.iter().flat_map(|m| &rows[*m].bars);
            let from = bars().map(|bar| bar.from).min();
            let to = bars().map(|bar| bar.to).max();
            if let Some((from, to)) = from.zip(to) {
                let tip = format!("{}: {} members", step.id, members.len());
                let kind = BarKind::Members;
                rows[i].bars = vec![Bar {
                    from,
                    to,
                    kind,
                    tip,
                }];
                rows[i].took = Some(to - from);
                rows[i].id = format!("{} ×{}", step.id, members.len());
            }
        }
        let mut shown: Vec<GanttRow> = steps
            .iter()
            .zip(rows)
            .filter(|(step, row)| is_shown(run, step, row))
            .map(|(_, row)| row)
            .collect();
        shown.sort_by_key(|row| {
            row.bars
                .iter()
                .map(|bar| bar.from)
                .min()
                .unwrap_or(u64::MAX)
        });
        shown
    }

    fn row(&mut self, run: &Run, step: &StepRun, last: Timestamp) -> GanttRow {
        let def = &run.workflow().steps[step.def];
        let expected = def.expected.map(ms);
        let mut bars = self.bars.remove(&step.id).unwrap_or_default();
        let worked = |attempt| self.worked(step, attempt, expected, last);
        bars.extend(step.attempts.iter().map(worked));
        bars.sort_by_key(|bar| (bar.from, bar.to));
        GanttRow {
            id: step.id.to_string(),
            danger: def.danger,
            mood: Mood::of(step.state),
            state: spoken(step.state),
            took: took(step),
            expected,
            bars,
        }
    }

    fn worked(
        &self,
        step: &StepRun,
        attempt: &Attempt,
        expected: Option<u64>,
        last: Timestamp,
    ) -> Bar {
        let from = ms(attempt.started_at.since(self.from));
        let to = ms(attempt.ended_at.unwrap_or(last).since(self.from));
        let n = attempt.n;
        let (kind, what) = match &attempt.ended {
            None => (BarKind::Working(n), "so far".to_owned()),
            Some(ended) if ended.outcome == Outcome::Succeeded => {
                (BarKind::Worked(n), "succeeded".to_owned())
            }
            Some(ended) => {
                let what = ended.outcome.words();
                (BarKind::Failed(n), format!("{what}: {}", ended.message))
            }
        };
        let expected = expected.map_or_else(String::new, |e| format!(" (expected {})", said(e)));
        let tip = format!(
            "{} attempt {n}: {}{expected}, {what}",
            step.id,
            said(to - from)
        );
        Bar {
            from,
            to,
            kind,
            tip,
        }
    }
}

/// The step whose state the event may have changed.
fn touched(event: &Event) -> Option<&StepId> {
    match event {
        Event::StepChanged { step, .. }
        | Event::StepSucceeded { step, .. }
        | Event::StepMarked { step, .. }
        | Event::StepSkipped { step, .. }
        | Event::StepIgnored { step }
        | Event::StepReset { step } => Some(step),
        Event::AttemptStarted { attempt, .. } | Event::AttemptEnded { attempt, .. } => {
            Some(&attempt.step)
        }
        _ => None,
    }
}

/// What a step waits for in the state in which it is.
fn waits(step: &StepRun) -> Option<(BarKind, &'static str)> {
    Some(match (step.state, &step.ask) {
        (State::Waiting, Some(Ask::Approval { .. } | Ask::Checklist { .. })) => {
            (BarKind::Asked, "waited for an answer")
        }
        (State::Waiting, _) => (BarKind::Waited, "waited for its time"),
        (State::Held, _) => (BarKind::Asked, "held at its breakpoint"),
        (State::Ready, _) => (BarKind::Waited, "ready, but could not start"),
        (State::Retrying { .. }, _) => (BarKind::Waited, "waited for its retry"),
        (state, _) if state.is_unresolved() => (BarKind::Stuck, "waited for a decision"),
        _ => return None,
    })
}

fn is_shown(run: &Run, step: &StepRun, row: &GanttRow) -> bool {
    let Some(group) = step.group.map(|group| &run.steps()[group]) else {
        return true;
    };
    let many = group
        .members
        .as_ref()
        .is_some_and(|m| m.len() > MEMBERS_MAX);
    !many
        || row.mood != Mood::Good
        || row.bars.iter().any(|bar| bar.kind == BarKind::Stuck)
        || step.attempts.len() > 1
}

/// The plan; what became of each step stands below its id.
fn graph(run: &Run) -> Graph {
    let mut graph = Graph::of(run.workflow());
    for (node, step) in graph.nodes.iter_mut().zip(run.steps()) {
        node.mood = Mood::of(step.state);
        let took = took(step).map_or_else(String::new, |t| format!(" {}", said(t)));
        node.note = format!("{} {}{took}", node.mood.mark(), spoken(step.state));
    }
    graph
}

fn spoken(state: State) -> String {
    state.word().replace('_', " ")
}

fn said(ms: u64) -> String {
    clock_span(Duration::from_millis(ms))
}
