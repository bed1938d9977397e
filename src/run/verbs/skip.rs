//! Skip and un-skip: the need counts as met, and stand-ins are published for the outputs.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use super::super::desk::Desk;
use super::super::event::Event;
use super::super::machine::Run;
use super::super::schedule::not_started;
use super::super::state::{SkipReason, State};
use super::aim::{Check, leaves, need_reason, refuse, wrong_state};
use super::mark::only_approved;
use crate::id::StepId;
use crate::workflow::Action;

pub(super) fn check(
    run: &Run,
    step: &StepId,
    outputs: &BTreeMap<String, Json>,
    dependents: bool,
    reason: &str,
) -> Check {
    let step = &whole(run, step);
    let targets = targets(run, step);
    let Some(&first) = targets.first() else {
        return wrong_state(
            run,
            step,
            "skip",
            "a step that neither runs nor has succeeded",
        );
    };
    let group = run.step(step).map(|s| &run.workflow.steps[s.def]);
    only_approved(run, first)?;
    if run.def(first).required || group.is_some_and(|g| g.required) {
        return refuse(
            format!("{step} is required: it cannot be skipped"),
            "retry it, or mark it if it was done by hand",
        );
    }
    let inner = group.is_some_and(|g| g.inner().is_some());
    if inner && !outputs.is_empty() && !begins(run, first) {
        return refuse(
            format!("{step} has begun: its outputs come from the steps inside"),
            "give the outputs of those",
        );
    }
    for &i in &targets {
        if let Err(why) = run.stand_ins(i, outputs) {
            return refuse(format!("on_skip of {step}: {why}"), "give the outputs");
        }
    }
    let lost = missing(run, step, outputs);
    if !lost.is_empty() && !dependents {
        let named: Vec<_> = lost
            .iter()
            .take(3)
            .map(|(reader, name)| format!("{} needs {name}", run.steps[*reader].id))
            .collect();
        return refuse(
            format!("{} would not have its input", named.join(", ")),
            "give a value for it, or skip its dependents too",
        );
    }
    need_reason(reason)
}

pub(super) fn act(
    desk: &mut Desk,
    step: &StepId,
    outputs: &BTreeMap<String, Json>,
    dependents: bool,
) {
    let step = &whole(desk.run, step);
    let lost = missing(desk.run, step, outputs);
    let inner = desk.run.step(step).map(|s| s.def);
    let inner = inner.is_some_and(|def| desk.run.workflow.steps[def].inner().is_some());
    let none = BTreeMap::new();
    for i in targets(desk.run, step) {
        // Those of a sub-workflow are kept by its first step.
        let given = inner && !begins(desk.run, i);
        let given = if given { &none } else { outputs };
        let outputs = desk.run.stand_ins(i, given).unwrap_or_default();
        let step = desk.id(i);
        desk.emit(Event::StepSkipped {
            step,
            reason: SkipReason::Operator,
            outputs,
        });
    }
    for (reader, _) in lost.into_iter().filter(|_| dependents) {
        let id = desk.id(reader);
        for i in leaves(desk.run, &id, |run, i| not_started(run.steps[i].state)) {
            desk.skip_upstream(i);
        }
    }
}

pub(super) fn check_unskip(run: &Run, step: &StepId) -> Check {
    let step = &whole(run, step);
    let skipped = leaves(run, step, skipped_by_hand);
    if skipped.is_empty() {
        return wrong_state(run, step, "un-skip", "a step that a person skipped");
    }
    let aim = run.index(step).unwrap_or(skipped[0]);
    match begun_without(run, aim) {
        Some(d) => refuse(
            format!("{} has started already without {step}", run.steps[d].id),
            "retry from here runs both again",
        ),
        None => Ok(()),
    }
}

/// What has started since, on the word of a person about `i`: a dependent, or one behind those that were passed over.
pub(super) fn begun_without(run: &Run, i: usize) -> Option<usize> {
    let mut open = run.heirs(run.gate(i));
    let mut seen = BTreeSet::new();
    while let Some(d) = open.pop() {
        if !seen.insert(d) {
            continue;
        }
        if begun(run, d) {
            return Some(d);
        }
        if run.leaves(d).iter().any(|&leaf| passed_over(run, leaf)) {
            open.extend(run.heirs(d));
        }
    }
    None
}

/// Skipped, but not by a person: so it was decided because of what it needs.
fn passed_over(run: &Run, i: usize) -> bool {
    let by = [
        SkipReason::Upstream,
        SkipReason::Condition,
        SkipReason::Mode,
    ];
    by.iter()
        .any(|by| run.steps[i].state == State::Skipped(*by))
}

/// What was passed over behind plan step `gate` is decided anew; whatever else keeps it skipped does so again.
pub(super) fn open_again(desk: &mut Desk, gate: usize) {
    for d in desk.run.descendants(gate) {
        let id = desk.id(d);
        for i in leaves(desk.run, &id, passed_over) {
            let step = desk.id(i);
            desk.emit(Event::StepReset { step });
        }
    }
}

/// The dependents that were skipped with it come back too.
pub(super) fn unskip(desk: &mut Desk, step: &StepId) {
    let step = &whole(desk.run, step);
    let Some(aim) = desk.run.index(step) else {
        return;
    };
    let back = leaves(desk.run, step, skipped_by_hand);
    for i in back {
        let step = desk.id(i);
        desk.emit(Event::StepReset { step });
    }
    open_again(desk, desk.run.gate(aim));
}

fn skipped_by_hand(run: &Run, i: usize) -> bool {
    run.steps[i].state == State::Skipped(SkipReason::Operator)
}

fn begun(run: &Run, i: usize) -> bool {
    let state = run.steps[i].state;
    let crowd = run.steps[i].members.iter().flatten();
    let any_member = crowd.into_iter().any(|&m| begun(run, m));
    any_member || !(not_started(state) || matches!(state, State::Skipped(_))) || run.under_way(i)
}

fn targets(run: &Run, step: &StepId) -> Vec<usize> {
    leaves(run, step, |run, i| {
        let state = run.steps[i].state;
        !state.is_active() && state != State::Succeeded && !skipped_by_hand(run, i)
    })
}

/// Steps that have not started and would look in vain for an output of `step`: (reader, `step.outputs.name`).
pub(in crate::run) fn missing(
    run: &Run,
    step: &StepId,
    given: &BTreeMap<String, Json>,
) -> Vec<(usize, String)> {
    let Some(i) = run.index(step) else {
        return Vec::new();
    };
    // A group publishes the list of its members' outputs, whatever became of them.
    if run.steps[run.gate(i)].members.is_some() && run.def(i).inner().is_none() {
        return Vec::new();
    }
    let on_skip = &run.def(i).on_skip;
    let reads = run.graph.reads.get(&i).into_iter().flatten();
    let lost = reads.filter(|read| {
        let there = given.contains_key(&read.output) || on_skip.contains_key(&read.output);
        !there && live(run, read.reader)
    });
    lost.map(|read| (read.reader, format!("{step}.outputs.{}", read.output)))
        .collect()
}

/// Not started yet, at least one member of it.
fn live(run: &Run, i: usize) -> bool {
    let mut leaves = run.leaves(i).into_iter();
    leaves.any(|leaf| not_started(run.steps[leaf].state))
}

/// To pass over the first step of a sub-workflow is to pass over all of it.
fn whole(run: &Run, step: &StepId) -> StepId {
    let group = run.index(step).filter(|&i| begins(run, i));
    let group = group.and_then(|i| run.def(i).inside);
    group.map_or_else(|| step.clone(), |group| run.steps[group].id.clone())
}

fn begins(run: &Run, i: usize) -> bool {
    matches!(run.def(i).action, Action::Begin)
}
