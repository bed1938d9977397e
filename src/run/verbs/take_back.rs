//! Take back (the key calls it undo): the last command of a person is taken back, if nothing has come of it yet.
//!
//! Most commands have another one that takes them back, with rules of its own: a skip its un-skip, a vote its revocation. A
//! retry, a mark and an ignored failure have none: there the steps stand again as they stood, unless one of them, or one that
//! needs them, has started since.

use super::super::actor::Actor;
use super::super::desk::Desk;
use super::super::event::Event;
use super::super::input::{Command, Refusal};
use super::super::machine::Run;
use super::super::state::AuditEntry;
use super::aim::{Check, refuse};
use super::skip;
use crate::time::Timestamp;

/// The command that would be taken back, and the one that does so.
#[derive(Clone, Debug, PartialEq)]
pub struct WayBack {
    /// In the words of the audit: `mark promote-orders: done by hand`.
    pub what: String,
    pub at: Timestamp,
    pub by: Command,
}

impl Run {
    /// How the last command of `actor` can be taken back.
    pub fn way_back(&self, actor: &Actor) -> Result<WayBack, Refusal> {
        let entries = self.audit.iter().rev();
        let mut own = entries.filter_map(|entry| {
            let mine = entry.actor.as_ref().is_some_and(|a| a.same_person(actor));
            Some((entry, entry.command.as_ref()?)).filter(|_| mine)
        });
        // What only adds to the record, or moves the controls, is in nobody's way.
        let found = own.find(|(_, command)| {
            let adds = matches!(command, Command::Note { .. } | Command::Pin { .. });
            !adds && !command.is_about_controls()
        });
        let Some((entry, command)) = found else {
            return refuse("you have given no command", "");
        };
        let by = inverse(entry.seq, command).ok_or_else(|| no_way_back(entry))?;
        Ok(WayBack {
            what: entry.text.clone(),
            at: entry.at,
            by,
        })
    }
}

/// What takes `command` back, which is the event `seq`; `None` if nothing does.
fn inverse(seq: u64, command: &Command) -> Option<Command> {
    let reason = || String::from("taken back");
    Some(match command {
        Command::Pause => Command::Resume,
        Command::Resume => Command::Pause,
        Command::Breakpoint { step, on } => Command::Breakpoint {
            step: step.clone(),
            on: !on,
        },
        Command::Skip { step, .. } => Command::Unskip {
            step: step.clone(),
            reason: reason(),
        },
        Command::Approve { step, .. } | Command::Reject { step, .. } => {
            Command::Revoke { step: step.clone() }
        }
        Command::Tick {
            step,
            item,
            done: true,
            ..
        } => Command::Tick {
            step: step.clone(),
            item: *item,
            done: false,
            note: reason(),
            value: None,
        },
        Command::Ungraceful { step, on, .. } => Command::Ungraceful {
            step: step.clone(),
            on: !on,
            reason: reason(),
        },
        Command::Retry { .. } | Command::Mark { .. } | Command::Ignore { .. } => {
            Command::TakeBack { command: seq }
        }
        _ => return None,
    })
}

fn no_way_back(entry: &AuditEntry) -> Refusal {
    Refusal {
        why: format!("`{}` cannot be taken back", entry.text),
        hint: Some("a note can tell why it should not have been".into()),
    }
}

/// The steps that such a command has changed, and that nothing has happened to since.
fn targets(run: &Run, command: u64) -> Vec<usize> {
    let given = |i: &usize| {
        let before = run.tracks[*i].before.as_ref();
        before.is_some_and(|before| before.command == command)
    };
    (0..run.steps.len()).filter(given).collect()
}

pub(super) fn check(run: &Run, command: u64) -> Check {
    let Some(entry) = run.audit.iter().find(|entry| entry.seq == command) else {
        return refuse(format!("there is no command {command}"), "");
    };
    let targets = targets(run, command);
    if targets.is_empty() {
        return refuse(
            format!("`{}` has been taken up already", entry.text),
            "what runs can be cancelled; retry from here runs it again",
        );
    }
    if let Some(&busy) = targets.iter().find(|&&i| run.under_way(i)) {
        let id = &run.steps[busy].id;
        return refuse(
            format!("{id} is being looked at"),
            "wait for what verify says",
        );
    }
    let begun = |&i: &usize| skip::begun_without(run, i).map(|heir| (i, heir));
    if let Some((i, heir)) = targets.iter().find_map(begun) {
        return refuse(
            format!(
                "{} has started already after {}",
                run.steps[heir].id, run.steps[i].id
            ),
            "retry from here runs both again",
        );
    }
    Ok(())
}

pub(super) fn act(desk: &mut Desk, command: u64) {
    for i in targets(desk.run, command) {
        let Some(before) = desk.run.tracks[i].before.clone() else {
            continue;
        };
        let step = desk.id(i);
        desk.emit(Event::StepReturned {
            step,
            state: before.state,
            why: before.why,
        });
    }
}
