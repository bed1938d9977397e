//! Postpone: moves the end of a wait, or the deadline of an approval, either way.

use super::super::desk::Desk;
use super::super::event::Event;
use super::super::machine::Run;
use super::super::state::Ask;
use super::aim::{Check, wrong_state};
use crate::id::StepId;
use crate::time::Timestamp;

pub(super) fn check(run: &Run, step: &StepId) -> Check {
    let ask = run.step(step).and_then(|s| s.ask.as_ref());
    match ask {
        Some(Ask::Timer { .. } | Ask::Approval { .. }) => Ok(()),
        _ => wrong_state(run, step, "postpone", "a wait, or an approval that waits"),
    }
}

pub(super) fn act(desk: &mut Desk, step: &StepId, until: Timestamp) {
    desk.emit(Event::DeadlineMoved {
        step: step.clone(),
        until,
    });
}
