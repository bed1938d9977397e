//! An attempt, a look or a question has ended: what follows for its step.

use super::super::desk::Desk;
use super::super::event::Event;
use super::super::input::{AbortHow, Ended, Outcome};
use super::super::schedule::not_started;
use super::super::state::{Ask, State};
use super::super::track::Look;
use super::tick;
use crate::workflow::{Action, Work};

/// An attempt that never began, or whose end is lost, is tried again this often in a row. Then a person is asked.
const ASTRAY_MAX: u32 = 3;

impl Desk<'_> {
    /// Step `i` has been answered, looked at, or its attempt process is done: draws the consequence.
    pub(in crate::run) fn decide(&mut self, i: usize) {
        if let Some((look, outcome, message)) = self.run.tracks[i].looked.clone() {
            return self.decide_look(i, look, outcome, &message);
        }
        match &self.run.steps[i].ask {
            Some(Ask::Approval { .. }) => return self.answered(i),
            Some(Ask::Checklist { items }) => {
                let (step, outputs) = (self.id(i), tick::outputs(items));
                return self.emit(Event::StepSucceeded { step, outputs });
            }
            _ => {}
        }
        let last = self.run.steps[i].attempts.last();
        let Some(ended) = last.and_then(|a| a.ended.clone()) else {
            return self.fail(i, State::Unknown, "no attempt is known".to_owned());
        };
        let told = self.run.tracks[i].stop.is_some();
        match ended.outcome {
            Outcome::Succeeded => self.acted_well(i, ended, told),
            Outcome::Failed => self.acted_badly(i, State::Failed, ended.message, told),
            Outcome::TimedOut => self.acted_badly(i, State::TimedOut, ended.message, told),
            Outcome::Cancelled => self.change(i, State::Cancelled, ended.message),
            Outcome::NotStarted => {
                let again = self.run.tracks[i].astray < ASTRAY_MAX;
                self.never_began(i, &ended.message, told, again);
            }
            Outcome::Orphaned => self.never_began(i, &ended.message, told, true),
            Outcome::Unknown => self.lost(i, self.traced(i, &ended), told),
        }
    }

    /// A new try would be something new: an abort lets only `always` steps have that.
    fn may_go_on(&self, i: usize) -> bool {
        match self.run.abort {
            None => true,
            Some(abort) => abort.how != AbortHow::Kill && self.run.def(i).outlives,
        }
    }

    /// A step that ended well although it was told to stop has ended well.
    fn acted_well(&mut self, i: usize, ended: Ended, told: bool) {
        let looks = self.run.def(i).verify.is_some() && !self.run.is_dry();
        if looks && !told {
            return self.look(i);
        }
        let step = self.id(i);
        self.emit(Event::StepSucceeded {
            step,
            outputs: ended.outputs,
        });
    }

    /// A definite failure.
    fn acted_badly(&mut self, i: usize, state: State, why: String, told: bool) {
        let used = self.run.tracks[i].retried;
        let retry = &self.run.def(i).retry;
        if told || used >= retry.limit || !self.may_go_on(i) {
            return self.fail(i, state, why);
        }
        let until = self.now.after(retry.delay_before(used + 1));
        self.change(i, State::Retrying { until }, why);
    }

    fn never_began(&mut self, i: usize, message: &str, told: bool, again: bool) {
        let why = format!("never began: {message}");
        if told || !self.may_go_on(i) {
            self.change(i, State::Cancelled, why);
        } else if again {
            self.change(i, State::Ready, why);
        } else {
            self.acted_badly(i, State::Failed, why, told);
        }
    }

    /// What is said of an end that is not known. One without a duration was never heard of: then nobody has said yet where
    /// to look.
    fn traced(&self, i: usize, ended: &Ended) -> String {
        let trace = match &self.run.def(i).action {
            Action::Work(Work::Call(call)) if ended.took_ms == 0 => call.trace(),
            _ => None,
        };
        match trace {
            Some(trace) => format!("{}; {trace}", ended.message),
            None => ended.message.clone(),
        }
    }

    /// It may or may not have happened.
    fn lost(&mut self, i: usize, why: String, told: bool) {
        let def = self.run.def(i);
        let may_rerun = !told && self.may_go_on(i) && self.run.tracks[i].astray < ASTRAY_MAX;
        if def.idempotent && may_rerun {
            self.change(
                i,
                State::Ready,
                format!("{why}; safe to run again, under the same key"),
            );
        } else if def.verify.is_some() && !told {
            self.look(i);
        } else {
            self.change(i, State::Unknown, why);
        }
    }

    fn decide_look(&mut self, i: usize, look: Look, outcome: Outcome, message: &str) {
        let gone = matches!(
            outcome,
            Outcome::NotStarted | Outcome::Orphaned | Outcome::Unknown
        );
        let told = self.run.tracks[i].stop.is_some();
        // A look changes nothing, so it may always be repeated.
        if gone && !told && self.run.tracks[i].astray < ASTRAY_MAX {
            return self.look(i);
        }
        let found = match outcome {
            Outcome::Succeeded => Some(true),
            Outcome::Failed => Some(false),
            _ => None,
        };
        match look {
            Look::AfterSuccess => self.looked_after_success(i, found, message),
            Look::Settle => self.looked_to_settle(i, found, message),
            Look::BeforeRetry => self.looked_before_retry(i, found, told),
            Look::Mark => self.looked_for_mark(i, found, message),
        }
    }

    fn looked_after_success(&mut self, i: usize, found: Option<bool>, message: &str) {
        match found {
            Some(true) => {
                let last = self.run.steps[i].attempts.last();
                let outputs = last.and_then(|a| a.ended.as_ref()).map(|e| &e.outputs);
                let (step, outputs) = (self.id(i), outputs.cloned().unwrap_or_default());
                self.emit(Event::StepSucceeded { step, outputs });
            }
            Some(false) => {
                let why = "ended well, but verify says it is not in place";
                self.fail(i, State::Failed, with(why, message));
            }
            None => {
                let why = "ended well, but verify cannot tell whether it is in place";
                self.change(i, State::Unknown, with(why, message));
            }
        }
    }

    fn looked_to_settle(&mut self, i: usize, found: Option<bool>, message: &str) {
        match found {
            Some(true) => {
                let (step, outputs) = (self.id(i), std::collections::BTreeMap::new());
                self.emit(Event::StepSucceeded { step, outputs });
            }
            Some(false) if self.may_go_on(i) && self.run.tracks[i].stop.is_none() => {
                let why = "the outcome was not known; verify says it is not in place";
                self.change(i, State::Ready, why);
            }
            Some(false) => {
                let why = "the outcome was not known; verify says it is not in place";
                self.change(i, State::Cancelled, why);
            }
            None => {
                let why = "the outcome is not known, and verify cannot tell";
                self.change(i, State::Unknown, with(why, message));
            }
        }
    }

    /// Only a clear "in place" stands against what a person asked for.
    fn looked_before_retry(&mut self, i: usize, found: Option<bool>, told: bool) {
        let parked = match self.run.tracks[i].parked {
            state if state.is_unresolved() => state,
            _ => State::Failed,
        };
        if found == Some(true) {
            let why = "already in place: mark it (M) or retry anyway";
            self.change(i, parked, why);
        } else if told || !self.may_go_on(i) {
            self.change(i, State::Cancelled, "stopped before the retry");
        } else if self.run.shut() {
            self.change(i, State::Ready, "to be retried");
        } else {
            self.start_work(i);
        }
    }

    fn looked_for_mark(&mut self, i: usize, found: Option<bool>, message: &str) {
        let why = match found {
            Some(true) => return self.record_mark(i),
            Some(false) => "not marked: verify says it is not in place; override it to mark anyway",
            None => "not marked: verify cannot tell; override it to mark anyway",
        };
        let state = self.run.steps[i].state;
        self.change(i, state, with(why, message));
    }

    /// The look could not even be ordered: its texts cannot be filled.
    pub(in crate::run) fn cannot_look(&mut self, i: usize, why: &str) {
        let track = &self.run.tracks[i];
        let message = format!("verify: {why}");
        if track.mark.is_some() {
            self.looked_for_mark(i, None, &message);
        } else if not_started(self.run.steps[i].state) {
            self.fail(i, State::Failed, message);
        } else {
            self.change(i, State::Unknown, message);
        }
    }
}

fn with(why: &str, message: &str) -> String {
    if message.is_empty() {
        why.to_owned()
    } else {
        format!("{why}: {message}")
    }
}
