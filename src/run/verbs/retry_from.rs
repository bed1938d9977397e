//! Retry from here: the step and all that comes after it go back to pending. Work that is not safe to repeat keeps its
//! result unless the person says otherwise.

use super::super::actor::Actor;
use super::super::describe;
use super::super::desk::Desk;
use super::super::event::Event;
use super::super::machine::Run;
use super::super::state::{SkipReason, State};
use super::aim::{Check, need_reason, refuse};
use super::retry::reopen;
use crate::id::StepId;
use crate::workflow::Action;

pub(super) fn check(run: &Run, step: &StepId, rerun: &[StepId], reason: &str) -> Check {
    let Some(i) = run.index(step) else {
        return Ok(());
    };
    let state = run.steps[i].state;
    if !(state.is_resolved() || state.is_unresolved()) {
        let why = format!("{step} has not ended: it {}", describe::stands(state));
        return refuse(why, "retry from here takes a step that has ended");
    }
    if let Some(missing) = rerun.iter().find(|s| run.index(s).is_none()) {
        return refuse(format!("there is no step {missing}"), "");
    }
    let busy = reach(run, i).into_iter().find(|&d| run.under_way(d));
    if let Some(busy) = busy {
        return refuse(
            format!("{} comes after {step} and runs", run.steps[busy].id),
            "cancel it, or wait until it ends",
        );
    }
    need_reason(reason)
}

pub(super) fn act(desk: &mut Desk, step: &StepId, rerun: &[StepId], actor: &Actor) {
    let Some(aim) = desk.run.index(step) else {
        return;
    };
    reopen(desk, &format!("retried from {step} by {actor}"));
    for i in reach(desk.run, aim) {
        let own = i == aim || desk.run.is_within(i, aim);
        let listed = rerun.contains(&desk.run.steps[i].id)
            || rerun.contains(&desk.run.steps[desk.run.gate(i)].id);
        let state = desk.run.steps[i].state;
        if state == State::Pending && desk.run.steps[i].members.is_none() {
            continue;
        }
        if own || listed || goes_back(desk.run, i) {
            let step = desk.id(i);
            desk.emit(Event::StepReset { step });
        }
    }
}

/// The steps that are reset or kept: `i`, its members, and all descendants with theirs. Groups come after their members, so
/// that they are read anew once all of them are back.
fn reach(run: &Run, i: usize) -> Vec<usize> {
    let gate = run.gate(i);
    let mut plan = run.descendants(gate);
    if i != gate {
        plan.remove(0);
    }
    let mut all = if i == gate { Vec::new() } else { vec![i] };
    for step in plan {
        // The steps of a sub-workflow are in the plan themselves; only those of the first one may not come after it.
        if run.def(step).inner().is_none() {
            all.extend(run.steps[step].members.iter().flatten());
        } else if step == i {
            all.extend(run.leaves(i));
        }
        all.push(step);
    }
    all
}

/// Whether a descendant is reset without being asked about.
fn goes_back(run: &Run, i: usize) -> bool {
    if run.steps[i].members.is_some() {
        return true;
    }
    match run.steps[i].state {
        // Pending is where it would go; and a person's word stands.
        State::Pending | State::Marked | State::Skipped(SkipReason::Operator) => false,
        State::Succeeded => run.def(i).idempotent || !matches!(run.def(i).action, Action::Work(_)),
        _ => true,
    }
}
