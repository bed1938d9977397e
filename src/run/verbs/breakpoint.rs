//! Breakpoints: a step that reaches its own is held, once per pass.

use super::super::desk::Desk;
use super::super::event::Event;
use super::super::machine::Run;
use super::super::schedule::not_started;
use super::super::state::State;
use super::aim::{Check, leaves, refuse, wrong_state};
use crate::id::StepId;

pub(super) fn check(run: &Run, step: &StepId, on: bool) -> Check {
    let Some(i) = run.index(step) else {
        return Ok(());
    };
    if run.steps[i].breakpoint == on {
        let state = if on { "already has a" } else { "has no" };
        return refuse(format!("{step} {state} breakpoint"), "");
    }
    // That of a sub-workflow stands before its first step.
    let first = run.graph.first.get(&i).copied().unwrap_or(i);
    let group = run.steps[first].members.is_some();
    if on && !group && !not_started(run.steps[first].state) {
        return wrong_state(run, step, "breakpoint", "a step that has not started");
    }
    Ok(())
}

pub(super) fn act(desk: &mut Desk, step: &StepId, on: bool) {
    let step = step.clone();
    if on {
        desk.emit(Event::BreakpointSet { step: step.clone() });
        let reached = |run: &Run, i: usize| {
            run.steps[i].state == State::Ready && run.at_breakpoint(i) && !run.tracks[i].admitted
        };
        for i in leaves(desk.run, &step, reached) {
            desk.change(i, State::Held, "");
        }
    } else {
        desk.emit(Event::BreakpointCleared { step: step.clone() });
        let released =
            |run: &Run, i: usize| run.steps[i].state == State::Held && !run.at_breakpoint(i);
        for i in leaves(desk.run, &step, released) {
            desk.change(i, State::Ready, "");
        }
    }
}
