//! Take back (the key calls it undo): a command of a person is taken back, if nothing has come of it yet.
//!
//! A pause, a skip, a breakpoint and a mode are taken back as the command that turns them round would, with its rules. A retry, a
//! mark and an ignored failure have no such command: there the steps stand again as they stood, unless one of them, or one that
//! needs them, has started since. Votes and ticks have commands of their own that need no controls.

use std::collections::BTreeSet;

use super::super::actor::Actor;
use super::super::desk::Desk;
use super::super::event::Event;
use super::super::input::{Command, Refusal};
use super::super::machine::Run;
use super::super::state::AuditEntry;
use super::aim::{Check, aim, refuse};
use super::{breakpoint, pause, rollback, skip, ungraceful};
use crate::time::Timestamp;

/// Stands for a reason where the turned round command wants one: why is said by what is taken back.
const REASON: &str = "taken back";

/// The command that would be taken back, and the one that does so.
#[derive(Clone, Debug, PartialEq)]
pub struct WayBack {
    /// In the words of the audit: `mark promote-orders: done by hand`.
    pub what: String,
    pub at: Timestamp,
    pub by: Command,
}

impl Run {
    /// How the last command of `actor` can be taken back; those that have been taken back already are passed over.
    pub fn way_back(&self, actor: &Actor) -> Result<WayBack, Refusal> {
        let mut taken_back = BTreeSet::new();
        for entry in self.audit.iter().rev() {
            let Some(command) = &entry.command else {
                continue;
            };
            // What only adds to the record, or moves the controls, is in nobody's way.
            let adds = matches!(command, Command::Note { .. } | Command::Pin { .. });
            let mine = entry.actor.as_ref().is_some_and(|a| a.same_person(actor));
            match command {
                Command::TakeBack { command } => _ = taken_back.insert(*command),
                _ if adds || !mine || command.is_about_controls() => {}
                _ if taken_back.contains(&entry.seq) => {}
                _ => {
                    return Ok(WayBack {
                        what: entry.text.clone(),
                        at: entry.at,
                        by: inverse(entry.seq, command).ok_or_else(|| no_way_back(entry))?,
                    });
                }
            }
        }
        refuse("you have given no command that could be taken back", "")
    }
}

/// What takes `command` back, which is the event `seq`; `None` if nothing does.
fn inverse(seq: u64, command: &Command) -> Option<Command> {
    Some(match command {
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
            note: REASON.to_owned(),
            value: None,
        },
        Command::Pause
        | Command::Resume
        | Command::Breakpoint { .. }
        | Command::Skip { .. }
        | Command::Ungraceful { .. }
        | Command::Retry { .. }
        | Command::Mark { .. }
        | Command::Ignore { .. } => Command::TakeBack { command: seq },
        _ => return None,
    })
}

fn no_way_back(entry: &AuditEntry) -> Refusal {
    Refusal {
        why: format!("`{}` cannot be taken back", entry.text),
        hint: Some("a note can tell why it should not have been".into()),
    }
}

/// The accepted command with this number, and its line of the audit.
fn given(run: &Run, seq: u64) -> Option<(&AuditEntry, &Command)> {
    let entry = run.audit.iter().find(|entry| entry.seq == seq)?;
    Some((entry, entry.command.as_ref()?))
}

/// The steps that such a command has changed, and that nothing has happened to since.
fn targets(run: &Run, command: u64) -> Vec<usize> {
    let given = |i: &usize| {
        let before = run.tracks[*i].before.as_ref();
        before.is_some_and(|before| before.command == command)
    };
    (0..run.steps.len()).filter(given).collect()
}

pub(super) fn check(run: &Run, seq: u64, actor: &Actor) -> Check {
    let Some((entry, command)) = given(run, seq) else {
        return refuse(format!("there is no command {seq}"), "");
    };
    if let Some(other) = entry.actor.as_ref().filter(|a| !a.same_person(actor)) {
        return refuse(format!("`{}` was ordered by {other}", entry.text), "");
    }
    if inverse(seq, command) != Some(Command::TakeBack { command: seq }) {
        return Err(no_way_back(entry));
    }
    rollback::check_aim(run, command)?;
    if let Some(later) = overtaken(run, seq, command) {
        let who = later.actor.as_ref().map(ToString::to_string);
        let who = who.unwrap_or_default();
        return refuse(
            format!(
                "`{}` is overtaken: {who}: {} {}",
                entry.text,
                later.text,
                later.at.clock()
            ),
            "what stands now can be changed by a command of its own",
        );
    }
    match command {
        Command::Pause if run.standby => refuse("the run stands by", "resume lets it go on"),
        Command::Pause => pause::check_resume(run),
        Command::Resume => pause::check_pause(run),
        Command::Breakpoint { step, on } => breakpoint::check(run, step, !on),
        Command::Skip { step, .. } => skip::check_unskip(run, step),
        Command::Ungraceful { step, on, .. } => ungraceful::check(run, step.as_ref(), !on, REASON),
        _ => check_steps(run, entry),
    }
}

/// A later command about the same: whoever gave it has seen what stands there.
fn overtaken<'a>(run: &'a Run, seq: u64, command: &Command) -> Option<&'a AuditEntry> {
    let of_run = |c: &Command| matches!(c, Command::Pause | Command::Resume);
    let of_mode = |c: &Command| matches!(c, Command::Ungraceful { .. });
    let same = |other: &Command| match command {
        _ if of_run(command) => of_run(other),
        _ if of_mode(command) => of_mode(other),
        _ => {
            let adds = matches!(other, Command::Note { .. } | Command::Pin { .. });
            !adds && !of_mode(other) && aim(other).is_some() && aim(other) == aim(command)
        }
    };
    let mut later = run.audit.iter().filter(|entry| entry.seq > seq);
    later.find(|entry| match &entry.command {
        Some(Command::TakeBack { command }) => *command == seq,
        Some(other) => same(other),
        None => false,
    })
}

fn check_steps(run: &Run, entry: &AuditEntry) -> Check {
    let targets = targets(run, entry.seq);
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
        let (heir, step) = (&run.steps[heir].id, &run.steps[i].id);
        return refuse(
            format!("{heir} has started already after {step}"),
            "retry from here runs both again",
        );
    }
    Ok(())
}

pub(super) fn act(desk: &mut Desk, seq: u64) {
    let command = given(desk.run, seq).map(|(_, command)| command.clone());
    match command {
        Some(Command::Pause) => pause::resume(desk),
        Some(Command::Resume) => pause::pause(desk),
        Some(Command::Breakpoint { step, on }) => breakpoint::act(desk, &step, !on),
        Some(Command::Skip { step, .. }) => skip::unskip(desk, &step),
        Some(Command::Ungraceful { step, on, .. }) => ungraceful::act(desk, step.as_ref(), !on),
        _ => return_steps(desk, seq),
    }
}

/// The steps stand as they stood, and what was passed over because of them is open again.
fn return_steps(desk: &mut Desk, seq: u64) {
    for i in targets(desk.run, seq) {
        let Some(before) = desk.run.tracks[i].before.clone() else {
            continue;
        };
        let step = desk.id(i);
        desk.emit(Event::StepReturned {
            step,
            state: before.state,
            why: before.why,
        });
        skip::open_again(desk, desk.run.gate(i));
    }
}
