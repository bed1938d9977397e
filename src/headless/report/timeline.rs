//! The timeline: who did what and why, with the state of the step before and after, and what the run did by itself.

use super::shape::{Entry, Person};
use crate::headless::words::said;
use crate::id::{Role, StepId};
use crate::run::{Actor, Event, Outcome, Recorded, Run};

pub(super) fn person(actor: &Actor) -> Person {
    Person {
        name: actor.to_string(),
        uid: actor.uid,
        at: actor.at.clone(),
    }
}

/// Collects entries while a run is folded. `before` each event is applied, `after` it was.
#[derive(Default)]
pub(super) struct Timeline {
    entries: Vec<Entry>,
    /// The step that the last command was aimed at, while its consequences are being told.
    open: Option<StepId>,
    state_before: Option<String>,
}

impl Timeline {
    pub(super) fn before(&mut self, run: &Run, recorded: &Recorded) {
        if begins_turn(&recorded.event) {
            self.close(run);
        }
        if let Event::CommandAccepted { command, .. } = &recorded.event {
            self.open = command.step().cloned();
            self.state_before = self.open.as_ref().and_then(|step| state(run, step));
        }
    }

    pub(super) fn after(&mut self, run: &Run, recorded: &Recorded) {
        let (by, what) = match &recorded.event {
            Event::CommandAccepted { actor, .. } => {
                let entry = run.audit().iter().rev().find(|e| e.seq == recorded.seq);
                let what = entry.map_or_else(String::new, |e| e.text.clone());
                (Some(person(actor)), what)
            }
            event if is_telling(event) => match said(event) {
                Some((Some(step), what)) => (None, format!("{step}: {what}")),
                Some((None, what)) => (None, what),
                None => return,
            },
            _ => return,
        };
        self.entries.push(Entry {
            seq: recorded.seq,
            at: recorded.at.rfc3339(),
            by,
            what,
            before: self.state_before.take(),
            after: None,
        });
    }

    pub(super) fn finish(mut self, run: &Run) -> Vec<Entry> {
        self.close(run);
        self.entries
    }

    /// The turn of the last command is over: this is what became of its step.
    fn close(&mut self, run: &Run) {
        let Some(step) = self.open.take() else {
            return;
        };
        let command = self.entries.iter_mut().rev().find(|e| e.by.is_some());
        if let Some(entry) = command {
            entry.after = state(run, &step).filter(|after| entry.before.as_ref() != Some(after));
            if entry.after.is_none() {
                entry.before = None;
            }
        }
    }
}

fn state(run: &Run, step: &StepId) -> Option<String> {
    run.step(step).map(|s| s.state.word().to_owned())
}

/// Events that are answers to a new input, so that what follows is not the last command's doing.
fn begins_turn(event: &Event) -> bool {
    matches!(
        event,
        Event::RunStarted(_)
            | Event::CommandAccepted { .. }
            | Event::AttemptEnded { .. }
            | Event::Told { .. }
            | Event::AttendanceChanged { .. }
    )
}

/// What a reader should know although nobody ordered it. The plain course of the run stands in the list of steps.
fn is_telling(event: &Event) -> bool {
    match event {
        Event::RunStarted(_)
        | Event::Told { .. }
        | Event::PhaseChanged { .. }
        | Event::RollbackStarted { .. }
        | Event::RunQueued { .. }
        | Event::RunAdmitted { .. }
        | Event::AttentionBegan { until: Some(_) }
        | Event::RunEnded { .. } => true,
        Event::AttemptEnded { attempt, ended } => {
            ended.outcome != Outcome::Succeeded || attempt.role == Role::Hook
        }
        event => event.controls().is_some(),
    }
}
