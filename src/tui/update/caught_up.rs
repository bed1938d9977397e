//! What has happened since this person last looked, for whoever comes back to a run: one line.

use std::time::Duration;

use crate::run::{Actor, AuditEntry, Command, Event, Grounds, Recorded, Run, State};
use crate::time::Timestamp;
use crate::tui::model::Model;
use crate::tui::theme::Status;

/// Commands of others that are named; the audit has the rest.
const NAMED: usize = 2;
/// Whoever was away for less has missed nothing.
const AWAY: Duration = Duration::from_secs(10);

/// `since 14:02:03: 3 ok, 1 FAIL, ana skipped dns-ttl`. `None` if the person was there all the time, or nothing has happened.
pub(super) fn line(model: &Model, events: &[Recorded]) -> Option<String> {
    let since = last_there(events, &model.actor);
    let from = since.unwrap_or(model.run.started_at());
    // How a run has ended is told by its card.
    if model.now.since(from) < AWAY || model.run.phase().is_terminal() {
        return None;
    }
    let mut parts = ended_since(&model.run, from);
    let others = model.run.audit().iter().filter(|entry| entry.at > from);
    let others = others.filter(|entry| !by(entry, &model.actor) && !about_controls(entry));
    let clauses: Vec<String> = others.filter_map(AuditEntry::clause).collect();
    let more = clauses.len().saturating_sub(NAMED);
    parts.extend(clauses.into_iter().skip(more));
    if more > 0 {
        parts.push(format!("{more} commands before"));
    }
    let when = match since {
        Some(at) => at.clock(),
        None => format!("the start {}", from.clock()),
    };
    (!parts.is_empty()).then(|| format!("since {when}: {}", parts.join(", ")))
}

/// Who has the controls stands at the top of the screen.
fn about_controls(entry: &AuditEntry) -> bool {
    let command = entry.command.as_ref();
    command.is_some_and(Command::is_about_controls)
}

fn by(entry: &AuditEntry, actor: &Actor) -> bool {
    let other = entry.actor.as_ref();
    other.is_some_and(|other| other.same_person(actor))
}

/// When this person last did something to the run, or their terminal went. Taking the run up is this very coming back.
fn last_there(events: &[Recorded], actor: &Actor) -> Option<Timestamp> {
    let of = |event: &Event| match event {
        Event::RunStarted(start) => start.actor.same_person(actor),
        Event::ControlsTaken { grounds, .. } if *grounds == Grounds::TakenUp => false,
        Event::CommandAccepted { actor: other, .. }
        | Event::ControlsTaken { actor: other, .. }
        | Event::ControlsLapsed { actor: other } => other.same_person(actor),
        _ => false,
    };
    let last = events.iter().rev().find(|recorded| of(&recorded.event));
    last.map(|recorded| recorded.at)
}

/// How many steps have ended since, by how they are shown; groups count as their members.
fn ended_since(run: &Run, from: Timestamp) -> Vec<String> {
    let leaves = run.steps().iter().filter(|step| step.members.is_none());
    let ended = leaves.filter(|step| step.since > from);
    let ended = ended.filter(|step| step.state.is_resolved() || step.state.is_unresolved());
    let shown: Vec<State> = ended.map(|step| step.state).collect();
    let words = [
        (Status::Ok, "ok"),
        (Status::OkException, "ok by hand"),
        (Status::Fail, "FAIL"),
        (Status::Time, "TIME"),
        (Status::Unknown, "UNKNOWN"),
        (Status::Cancel, "cancelled"),
        (Status::Skip, "skipped"),
    ];
    let count = |status: Status| shown.iter().filter(|s| Status::from(**s) == status).count();
    let counted = words
        .into_iter()
        .map(|(status, word)| (count(status), word));
    let some = counted.filter(|(n, _)| *n > 0);
    some.map(|(n, word)| format!("{n} {word}")).collect()
}
