//! Ungraceful mode on and off, of the run or of a step: for what has not started yet, and for retries.

use super::super::desk::Desk;
use super::super::event::Event;
use super::super::machine::Run;
use super::super::state::State;
use super::aim::{Check, leaves, need_reason, refuse};
use crate::id::StepId;

pub(super) fn check(run: &Run, step: Option<&StepId>, on: bool, reason: &str) -> Check {
    if run.rollback.is_some() {
        return refuse("what is rolled back knows no modes", "");
    }
    let meant = targets(run, step);
    let name = step.map_or("the run", StepId::as_str);
    if meant.iter().all(|&i| run.other_way(i).is_none()) {
        let hint = "its author says with `ungraceful:` what becomes of a step then";
        return refuse(format!("{name} knows no ungraceful mode"), hint);
    }
    if run.steps_that_change(step, on).is_empty() && was(run, step, on) {
        let how = if on {
            "is in ungraceful mode already"
        } else {
            "is not in ungraceful mode"
        };
        return refuse(format!("{name} {how}"), "");
    }
    need_reason(reason)
}

/// The same has been ordered already.
fn was(run: &Run, step: Option<&StepId>, on: bool) -> bool {
    match step.and_then(|step| run.index(step)) {
        Some(i) => run.mode_of(i) == on,
        None => run.modes.run == on,
    }
}

fn targets(run: &Run, step: Option<&StepId>) -> Vec<usize> {
    let all = match step {
        Some(step) => run.index(step).map_or_else(Vec::new, |i| run.leaves(i)),
        None => (0..run.steps.len()).collect(),
    };
    let leaf = |i: &usize| run.steps[*i].members.is_none();
    all.into_iter().filter(leaf).collect()
}

impl Run {
    /// The steps to which this order makes a difference: they have another way, and go the other one so far.
    pub(in crate::run) fn steps_that_change(&self, step: Option<&StepId>, on: bool) -> Vec<usize> {
        let changes = |i: &usize| self.other_way(*i).is_some() && self.mode_of(*i) != on;
        let all = targets(self, step).into_iter();
        let open = |i: &usize| !self.steps[*i].state.is_resolved();
        all.filter(changes).filter(open).collect()
    }
}

/// What is lined up already, and is to be passed over, does not wait for its turn.
pub(super) fn act(desk: &mut Desk, step: Option<&StepId>, on: bool) {
    desk.emit(Event::ModeChanged {
        step: step.cloned(),
        ungraceful: on,
    });
    for i in targets(desk.run, step) {
        let id = desk.id(i);
        let lined_up =
            |run: &Run, i: usize| run.steps[i].state == State::Ready && run.is_skipped_by_mode(i);
        for i in leaves(desk.run, &id, lined_up) {
            desk.skip_by_mode(i);
        }
    }
}
