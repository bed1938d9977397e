//! An accepted command, as a fact: its line of the audit, and what has been asked for until it is carried out.

use super::actor::Actor;
use super::describe;
use super::input::{AbortHow, Command};
use super::machine::{Abort, Run};
use super::state::{AuditEntry, State};
use super::track::{Before, Mark};
use super::verbs;
use crate::id::StepId;

impl Run {
    pub(super) fn accept(&mut self, actor: &Actor, command: &Command) {
        self.last_actor = actor.clone();
        self.somebody_acted();
        let mut text = describe::command(command);
        if let Command::TakeBack { command } = command {
            let entries = self.audit.iter();
            let taken_back = entries
                .filter(|entry| entry.seq == *command)
                .map(|e| &e.text);
            text = taken_back.fold(text, |text, what| format!("{text}: {what}"));
        }
        if let Command::Reload { definition } = command {
            let plan = self.plan_by(definition);
            let found = plan.map(|new| self.difference(&new)).unwrap_or_default();
            text = format!("{text}: {}", describe::difference(&found));
            self.adopt(definition);
        }
        self.audit.push(AuditEntry {
            seq: self.seq,
            at: self.at,
            actor: Some(actor.clone()),
            command: Some(command.clone()),
            text,
        });
        self.remember_targets(command);
        self.ask_for(actor, command);
    }

    /// Of what can be taken back, how the steps stand before it.
    fn remember_targets(&mut self, command: &Command) {
        let targets = match command {
            Command::Retry { step, .. } => verbs::retry::targets(self, step),
            Command::Mark { step, .. } => verbs::mark::targets(self, step),
            Command::Ignore { step, .. } => verbs::ignore::targets(self, step),
            _ => Vec::new(),
        };
        for i in targets {
            self.remember(i);
        }
    }

    /// What has been asked for, and is carried out by what follows.
    fn ask_for(&mut self, actor: &Actor, command: &Command) {
        match command {
            Command::Retry { step, changes, .. } => {
                for i in verbs::retry::targets(self, step) {
                    self.new_try(i, changes.as_ref());
                }
            }
            Command::Mark {
                step,
                outputs,
                override_verify,
                ..
            } => {
                for i in verbs::mark::targets(self, step) {
                    self.tracks[i].mark = Some(Mark {
                        by: actor.to_string(),
                        outputs: outputs.clone(),
                        sure: *override_verify,
                    });
                    self.refile(i);
                }
            }
            Command::Abort { how, .. } => {
                // Once a roll back has been ordered, only a kill takes that back.
                let ordered = self.abort.is_some_and(|a| a.roll_back) && *how != AbortHow::Kill;
                self.abort = Some(Abort {
                    how: *how,
                    asked: true,
                    roll_back: ordered || *how == AbortHow::Rollback,
                });
                self.went_out = format!("{actor}: {}", describe::command(command));
                self.refile_always();
            }
            // One that has ended is rolled back at once.
            Command::Rollback { .. } if !self.phase.is_terminal() => {
                self.abort = Some(Abort {
                    asked: true,
                    ..Abort::by_itself(true)
                });
                self.went_out = format!("{actor}: {}", describe::command(command));
                self.refile_always();
            }
            Command::Recheck { check } => {
                for i in verbs::preflight::unmet(self, check.as_ref(), false) {
                    self.checks[i].due = true;
                    self.checks[i].astray = 0;
                }
            }
            Command::Override { check, .. } => {
                for i in verbs::preflight::unmet(self, check.as_ref(), true) {
                    self.checks[i].overridden = Some(actor.clone());
                }
            }
            _ => {}
        }
    }

    /// How step `i` stands before the command that is being recorded, should that be taken back.
    /// What was asked of a person, and is answered by it, is not asked a second time.
    fn remember(&mut self, i: usize) {
        let step = &self.steps[i];
        if step.state == State::Waiting {
            return;
        }
        let passed = self.tracks[i].passed;
        self.tracks[i].before = Some(Box::new(Before {
            command: self.seq,
            state: step.state,
            why: step.why.clone(),
            passed,
            changes: step.changes.clone(),
        }));
    }

    pub(super) fn take_back(&mut self, id: &StepId, state: State, why: &str) {
        let Some(i) = self.index(id) else { return };
        let before = self.tracks[i].before.take();
        self.settle_at(i, state, why);
        let (step, track) = (&mut self.steps[i], &mut self.tracks[i]);
        step.outputs.clear();
        track.changes = None;
        track.look_first = false;
        if let Some(before) = before {
            step.changes = before.changes;
            track.passed = before.passed;
        }
        self.refile(i);
    }
}
