//! Taking stock of a run that is taken up: how much is done, what is unknown and why, what is to go. The screen's first
//! box and the lines of `resume` say the same.

use std::fmt;

use super::machine::Run;
use super::state::{State, StepRun};
use super::track::Look;
use crate::id::StepId;

/// Where the steps of a run stand, each in one place. In words by `Display`: `187 done, 1 unknown, 12 to go`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stock {
    pub done: usize,
    pub running: usize,
    pub failed: usize,
    pub unknown: usize,
    pub asking: usize,
    pub to_go: usize,
}

impl fmt::Display for Stock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} done", self.done)?;
        let some = [
            (self.running, "under way"),
            (self.failed, "failed or stopped"),
            (self.unknown, "unknown"),
            (self.asking, "waiting for an answer"),
        ];
        for (n, word) in some.into_iter().filter(|(n, _)| *n > 0) {
            write!(f, ", {n} {word}")?;
        }
        write!(f, ", {} to go", self.to_go)
    }
}

impl Run {
    pub fn stock(&self) -> Stock {
        let counts = self.counts();
        let unknown = self.schedule.count(State::Unknown);
        Stock {
            done: counts.ok + counts.excepted + counts.skipped,
            running: counts.running,
            failed: counts.unresolved - unknown,
            unknown,
            asking: counts.asking,
            to_go: counts.waiting,
        }
    }

    /// Every step whose outcome is not known, in the order of the plan, each with a sentence: what became of it, what `verify`
    /// says, and what may be done.
    pub fn unknowns(&self) -> Vec<(StepId, String)> {
        let steps = self.steps.iter().enumerate();
        let unclear = steps.filter(|(i, step)| self.is_unclear(*i, step));
        unclear
            .map(|(_, step)| (step.id.clone(), self.explained(step)))
            .collect()
    }

    fn is_unclear(&self, i: usize, step: &StepRun) -> bool {
        let settling = self.tracks[i].look == Some(Look::Settle);
        step.members.is_none() && (step.state == State::Unknown || settling)
    }

    fn explained(&self, step: &StepRun) -> String {
        let mut text = String::new();
        if let Some(attempt) = step.attempts.last() {
            let began = attempt.started_at.clock();
            text = format!("attempt {} began {began}; ", attempt.n);
        }
        let last = step.attempts.last().and_then(|a| a.ended.as_ref());
        let said = last.map_or("", |ended| ended.message.as_str());
        let why = if step.why.is_empty() { said } else { &step.why };
        let verify = match self.workflow.steps[step.def].verify {
            Some(_) if step.verifying => "verify looks now whether it is in place",
            Some(_) => "verify could not settle it: look for yourself, then retry, mark or skip it",
            None => "it has no verify: look whether it took effect, then retry, mark or skip it",
        };
        let why = if why.is_empty() {
            "its end is not known"
        } else {
            why
        };
        text + &format!("{why}; {verify}")
    }
}
