//! What a command is aimed at, whether that is still what the person saw, and the words of a refusal.

use super::super::actor::Actor;
use super::super::describe;
use super::super::input::{Command, Refusal, Seen};
use super::super::machine::Run;
use super::super::state::{State, StepRun};
use crate::id::StepId;
use crate::time::Timestamp;

pub(super) type Check = Result<(), Refusal>;

/// The step that a command names.
pub(in crate::run) fn aim(command: &Command) -> Option<&StepId> {
    match command {
        Command::Pause
        | Command::Resume
        | Command::Abort { .. }
        | Command::Take { .. }
        | Command::HandOver { .. }
        | Command::Deny { .. }
        | Command::Release
        | Command::Recheck { .. }
        | Command::Override { .. }
        | Command::Rollback { .. }
        | Command::Reload { .. }
        | Command::TakeBack { .. } => None,
        Command::Step { step } | Command::Note { step, .. } | Command::Ungraceful { step, .. } => {
            step.as_ref()
        }
        Command::Breakpoint { step, .. }
        | Command::Retry { step, .. }
        | Command::RetryFrom { step, .. }
        | Command::Skip { step, .. }
        | Command::Unskip { step, .. }
        | Command::Mark { step, .. }
        | Command::Ignore { step, .. }
        | Command::Cancel { step, .. }
        | Command::Approve { step, .. }
        | Command::Reject { step, .. }
        | Command::Revoke { step }
        | Command::Tick { step, .. }
        | Command::Postpone { step, .. } => Some(step),
        Command::Pin { attempt, .. } => Some(&attempt.step),
    }
}

impl Command {
    /// The step that it names.
    pub fn step(&self) -> Option<&StepId> {
        aim(self)
    }

    /// What the person said about why; empty where nothing was said, or nothing is asked.
    pub fn reason(&self) -> &str {
        match self {
            Self::Retry { reason, .. }
            | Self::RetryFrom { reason, .. }
            | Self::Skip { reason, .. }
            | Self::Unskip { reason, .. }
            | Self::Mark { reason, .. }
            | Self::Ignore { reason, .. }
            | Self::Cancel { reason, .. }
            | Self::Abort { reason, .. }
            | Self::Rollback { reason }
            | Self::Reject { reason, .. }
            | Self::Take { reason, .. }
            | Self::Deny { reason, .. }
            | Self::Override { reason, .. }
            | Self::Ungraceful { reason, .. } => reason,
            Self::Approve { note, .. } | Self::Tick { note, .. } => note,
            Self::Note { text, .. } | Self::Pin { text, .. } => text,
            _ => "",
        }
    }
}

/// The step itself, or those members of a group that the command can act on.
pub(super) fn leaves(
    run: &Run,
    step: &StepId,
    eligible: impl Fn(&Run, usize) -> bool,
) -> Vec<usize> {
    let Some(i) = run.index(step) else {
        return Vec::new();
    };
    let all = run.leaves(i).into_iter();
    all.filter(|&i| run.free(i) && eligible(run, i)).collect()
}

pub(super) fn refuse<T>(why: impl Into<String>, hint: impl Into<String>) -> Result<T, Refusal> {
    let (why, hint) = (why.into(), hint.into());
    Err(Refusal {
        why,
        hint: Some(hint).filter(|h| !h.is_empty()),
    })
}

/// `step` is in a state that `verb` is not made for.
pub(super) fn wrong_state<T>(
    run: &Run,
    step: &StepId,
    verb: &str,
    takes: &str,
) -> Result<T, Refusal> {
    let Some(i) = run.index(step) else {
        return refuse(format!("there is no step {step}"), "");
    };
    let (found, legal) = (&run.steps[i], format!("{verb} takes {takes}"));
    if found.members.is_some() {
        return refuse(format!("no member of {step} can take `{verb}` now"), legal);
    }
    if found.verifying {
        return refuse(
            format!("{step} is being verified"),
            "wait for what verify says, or cancel it",
        );
    }
    let decides = matches!(verb, "retry" | "skip" | "mark" | "ignore" | "cancel");
    let hint = match what_instead(found.state) {
        other if decides && !other.is_empty() => format!("{legal}; {other}"),
        _ => legal,
    };
    refuse(format!("{step} {}", describe::stands(found.state)), hint)
}

fn what_instead(state: State) -> &'static str {
    match state {
        State::Running => "cancel it, or wait until it ends",
        State::Stopping => "wait until it has stopped, or cancel it again to kill it",
        State::Succeeded => "to run it again, retry from here",
        State::Unknown => "find out what happened, then retry, mark or skip it",
        State::Failed | State::TimedOut => "retry, mark, skip or ignore it",
        State::Rejected => "retry asks again; or skip it",
        State::Cancelled => "retry, mark or skip it",
        _ => "",
    }
}

pub(super) fn need_reason(reason: &str) -> Check {
    if reason.trim().is_empty() {
        return refuse("a reason is needed", "say why: it goes into the record");
    }
    Ok(())
}

/// Compare-and-set: the command was aimed at what the person saw.
pub(super) fn check_seen(run: &Run, command: &Command, seen: &Seen) -> Check {
    let Some((step, i)) = aim(command).and_then(|s| Some((s, run.index(s)?))) else {
        return Ok(());
    };
    let now = &run.steps[i];
    if now.attempts.len() == seen.attempts as usize && now.state == seen.state {
        return Ok(());
    }
    let mut state = format!("now it {}", describe::stands(now.state));
    if now.attempts.len() != seen.attempts as usize {
        state = format!("{state} (attempt {})", now.attempts.len());
    }
    match changed_by(run, step, now, seen) {
        Some((verb, actor, at)) => refuse(
            format!("{step} was already {verb} by {actor} {}", at.clock()),
            state,
        ),
        None => refuse(format!("{step} has changed since you looked"), state),
    }
}

/// Who last gave such a command, and when.
pub(super) fn last_done(run: &Run, test: impl Fn(&Command) -> bool) -> Option<(&Actor, Timestamp)> {
    let mut entries = run.audit.iter().rev();
    let found = entries.find(|entry| entry.command.as_ref().is_some_and(&test))?;
    Some((found.actor.as_ref()?, found.at))
}

/// The command of a person that made the difference to what was seen, if one did.
fn changed_by<'a>(
    run: &'a Run,
    step: &StepId,
    now: &StepRun,
    seen: &Seen,
) -> Option<(&'static str, &'a Actor, Timestamp)> {
    let grown = now.attempts.len() > seen.attempts as usize;
    let last_seen = (seen.attempts as usize).checked_sub(1);
    let since = match last_seen.and_then(|n| now.attempts.get(n)) {
        Some(attempt) if grown => attempt.ended_at.unwrap_or(attempt.started_at),
        _ if grown => run.started_at,
        _ => now.since,
    };
    let entries = run.audit.iter().rev().take_while(|e| e.at >= since);
    let mut entries = entries.filter_map(|e| {
        let (command, actor) = (e.command.as_ref()?, e.actor.as_ref()?);
        let named = aim(command) == Some(step);
        Some((describe::done(command)?, actor, e.at)).filter(|_| named)
    });
    entries.next()
}
