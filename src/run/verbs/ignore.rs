//! Ignore: the failure stays, and what needs the step goes on without its outputs.

use super::super::desk::Desk;
use super::super::event::Event;
use super::super::machine::Run;
use super::super::state::State;
use super::aim::{Check, leaves, need_reason, wrong_state};
use super::mark::only_approved;
use crate::id::StepId;

/// The steps whose failure it lets go.
pub(in crate::run) fn targets(run: &Run, step: &StepId) -> Vec<usize> {
    leaves(run, step, |run, i| {
        matches!(run.steps[i].state, State::Failed | State::TimedOut)
    })
}

pub(super) fn check(run: &Run, step: &StepId, reason: &str) -> Check {
    let Some(&first) = targets(run, step).first() else {
        return wrong_state(run, step, "ignore", "a step that failed or timed out");
    };
    only_approved(run, first)?;
    need_reason(reason)
}

pub(super) fn act(desk: &mut Desk, step: &StepId) {
    for i in targets(desk.run, step) {
        let step = desk.id(i);
        desk.emit(Event::StepIgnored { step });
    }
}
