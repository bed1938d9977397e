//! Mark: done by hand. Where there is a `verify`, it has the first word.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::super::desk::Desk;
use super::super::event::Event;
use super::super::machine::Run;
use super::super::schedule::not_started;
use super::super::state::{Ask, State};
use super::aim::{Check, leaves, need_reason, refuse, wrong_state};
use crate::id::StepId;

const TAKES: &str =
    "a step that failed, timed out, was cancelled, is unknown or has not started, or a checklist";

/// The steps that a mark of `step` marks: of a group, those that ended unresolved.
pub(in crate::run) fn targets(run: &Run, step: &StepId) -> Vec<usize> {
    let group = run.step(step).is_some_and(|s| s.members.is_some());
    leaves(run, step, |run, i| {
        let state = run.steps[i].state;
        let checklist = matches!(run.steps[i].ask, Some(Ask::Checklist { .. }));
        let unresolved = state.is_unresolved() && state != State::Rejected;
        unresolved || (!group && (not_started(state) || checklist))
    })
}

pub(super) fn check(
    run: &Run,
    step: &StepId,
    outputs: &BTreeMap<String, Json>,
    reason: &str,
) -> Check {
    let targets = targets(run, step);
    let Some(&first) = targets.first() else {
        return wrong_state(run, step, "mark", TAKES);
    };
    only_approved(run, first)?;
    let declared = run.def(first).outputs.iter();
    let missing = declared
        .filter(|o| o.required && !outputs.contains_key(&o.name))
        .map(|o| o.name.as_str());
    let missing: Vec<_> = missing.collect();
    if !missing.is_empty() {
        return refuse(
            format!("{step} must have outputs: {}", missing.join(", ")),
            "give their values with the mark",
        );
    }
    need_reason(reason)
}

/// What a person marks or ignores would start the run without those who must approve of it.
pub(super) fn only_approved(run: &Run, i: usize) -> Check {
    if !run.is_gate(i) {
        return Ok(());
    }
    refuse(
        format!("{} can only be approved or rejected", run.steps[i].id),
        "the workflow demands it of live runs (policies.approvals); retry asks again",
    )
}

impl Desk<'_> {
    /// A mark was accepted: ask `verify`, or record it.
    pub(in crate::run) fn consider_mark(&mut self, i: usize) {
        let sure = self.run.tracks[i].mark.as_ref().is_none_or(|m| m.sure);
        let can_look = self.run.def(i).verify.is_some() && !self.run.is_dry();
        if can_look && !sure {
            self.look(i);
        } else {
            self.record_mark(i);
        }
    }

    pub(in crate::run) fn record_mark(&mut self, i: usize) {
        let mark = self.run.tracks[i].mark.clone();
        let (step, outputs) = (self.id(i), mark.map(|m| m.outputs).unwrap_or_default());
        self.emit(Event::StepMarked { step, outputs });
    }
}
