//! Retry: another attempt of a step that did not end well, with a fresh budget, perhaps with other inputs.

use super::super::actor::Actor;
use super::super::desk::Desk;
use super::super::event::Event;
use super::super::input::Changes;
use super::super::machine::Run;
use super::super::state::{Phase, SkipReason, State};
use super::aim::{Check, leaves, need_reason, refuse, wrong_state};
use crate::id::StepId;

const TAKES: &str =
    "a step that failed, timed out, was cancelled or rejected, is unknown or waits for its retry";

/// The steps that a retry of `step` tries again.
pub(in crate::run) fn targets(run: &Run, step: &StepId) -> Vec<usize> {
    leaves(run, step, |run, i| {
        let state = run.steps[i].state;
        state.is_unresolved() || matches!(state, State::Retrying { .. })
    })
}

pub(super) fn check(run: &Run, step: &StepId, changes: Option<&Changes>, reason: &str) -> Check {
    let targets = targets(run, step);
    if targets.is_empty() {
        return wrong_state(run, step, "retry", TAKES);
    }
    let Some(changes) = changes else {
        return Ok(());
    };
    for i in targets {
        if let Err(why) = run.check_changes(i, changes) {
            return refuse(
                why,
                "its inputs are shown in the form of retry with changes",
            );
        }
    }
    need_reason(reason)
}

pub(super) fn act(desk: &mut Desk, step: &StepId, actor: &Actor) {
    let targets = targets(desk.run, step);
    let why = format!("retried by {actor}");
    reopen(desk, &why);
    for i in targets {
        // A step that failed before it ever started is looked at from the beginning, its condition too.
        let begun = !desk.run.steps[i].attempts.is_empty();
        let state = if begun { State::Ready } else { State::Pending };
        desk.change(i, state, why.clone());
    }
}

/// An ended run goes on: what it skipped on its way out is pending again.
pub(super) fn reopen(desk: &mut Desk, why: &str) {
    if !desk.run.phase.is_terminal() {
        return;
    }
    let undoing = desk.run.rollback.is_some();
    let phase = if undoing {
        Phase::RollingBack
    } else {
        Phase::Running
    };
    desk.emit(Event::PhaseChanged {
        phase,
        why: why.to_owned(),
        roll_back: false,
    });
    let skipped = State::Skipped(SkipReason::Upstream);
    for i in 0..desk.run.steps.len() {
        let step = &desk.run.steps[i];
        let ours = step.compensates.is_some() == undoing;
        if ours && step.state == skipped && step.members.is_none() {
            let step = step.id.clone();
            desk.emit(Event::StepReset { step });
        }
    }
}
