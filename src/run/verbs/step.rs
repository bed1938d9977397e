//! Step: exactly one start while paused. A step that is held at its breakpoint can be let past it at any time.

use super::super::desk::Desk;
use super::super::event::Event;
use super::super::machine::Run;
use super::super::schedule::List;
use super::super::state::State;
use super::aim::{Check, leaves, refuse, wrong_state};
use crate::id::StepId;

pub(super) fn check(run: &Run, step: Option<&StepId>) -> Check {
    if run.standby {
        return refuse(
            "nothing starts: the run was taken up and has not gone on yet",
            "pause, then resume; then step starts one step",
        );
    }
    if let Some(why) = run.queued() {
        return refuse(
            format!("nothing starts: queued, {why}"),
            "it goes on by itself when a slot is free",
        );
    }
    let found = aimed(run, step);
    let held = found.is_some_and(|i| run.steps[i].state == State::Held);
    if run.paused.is_none() && !(held && step.is_some()) {
        return refuse(
            "the run is not paused",
            "pause first; a step that is held at its breakpoint can be stepped at any time",
        );
    }
    match (found, step) {
        (Some(i), _) if run.tracks[i].admitted => refuse(
            format!("{} may start already", run.steps[i].id),
            "it starts as soon as there is a slot",
        ),
        (Some(_), _) => Ok(()),
        (None, Some(step)) => wrong_state(run, step, "step", "a ready or held step"),
        (None, None) => refuse(
            "no step is ready",
            "wait for what runs, or settle what failed",
        ),
    }
}

pub(super) fn act(desk: &mut Desk, step: Option<&StepId>) {
    let Some(i) = aimed(desk.run, step) else {
        return;
    };
    let step = desk.id(i);
    desk.emit(Event::StepAdmitted { step });
}

/// The step that would start: the one that is named, or the next one in the plan.
fn aimed(run: &Run, step: Option<&StepId>) -> Option<usize> {
    let eligible = |run: &Run, i: usize| matches!(run.steps[i].state, State::Ready | State::Held);
    if let Some(step) = step {
        let found = leaves(run, step, eligible);
        let fresh = found.iter().find(|&&i| !run.tracks[i].admitted);
        return fresh.or(found.first()).copied();
    }
    let admitted = run.schedule.list(List::Admitted);
    let ready = run.schedule.list(List::Ready).difference(admitted);
    let next = ready
        .copied()
        .filter(|&i| run.crowd_lets(i))
        .min_by_key(|&i| run.place(i));
    next.or_else(|| run.schedule.list(List::Held).first().copied())
}
