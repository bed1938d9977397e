//! Cancel: TERM, and KILL after the grace; asked again, KILL at once. What only waits ends at once.

use super::super::actor::Actor;
use super::super::desk::Desk;
use super::super::machine::Run;
use super::super::state::State;
use super::aim::{Check, refuse, wrong_state};
use crate::id::StepId;

pub(super) fn check(run: &Run, step: &StepId, kill: bool) -> Check {
    if !targets(run, step, kill).is_empty() {
        return Ok(());
    }
    let killed = run.index(step).and_then(|i| run.tracks[i].stop);
    if killed == Some(true) {
        return refuse(format!("{step} is being killed already"), "");
    }
    let takes = "a step that runs, waits for its retry or waits for an answer";
    wrong_state(run, step, "cancel", takes)
}

pub(super) fn act(desk: &mut Desk, step: &StepId, kill: bool, actor: &Actor) {
    for i in targets(desk.run, step, kill) {
        if desk.run.under_way(i) {
            let again = desk.run.tracks[i].stop.is_some();
            desk.stop(i, kill || again);
        } else {
            let why = format!("cancelled by {actor}");
            desk.change(i, State::Cancelled, why);
        }
    }
}

/// Of a group: what has not been told yet; or, if all have been told, all again.
fn targets(run: &Run, step: &StepId, kill: bool) -> Vec<usize> {
    let Some(i) = run.index(step) else {
        return Vec::new();
    };
    let all = run.leaves(i);
    let takes = |i: &usize| {
        let waits = matches!(run.steps[*i].state, State::Waiting | State::Retrying { .. });
        (run.under_way(*i) || waits) && run.tracks[*i].stop != Some(true)
    };
    let can: Vec<usize> = all.iter().copied().filter(takes).collect();
    let fresh = |i: &usize| run.tracks[*i].stop.is_none();
    if kill || !can.iter().any(fresh) {
        return can;
    }
    can.into_iter().filter(fresh).collect()
}
