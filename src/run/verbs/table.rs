//! The table of commands: what each one goes through before it is accepted, and who carries it out.

use super::super::actor::Actor;
use super::super::desk::Desk;
use super::super::input::{Command, Seen};
use super::super::machine::Run;
use super::super::state::Phase;
use super::aim::{Check, aim, check_seen, refuse};
use super::{
    abort, answer, breakpoint, cancel, controls, ignore, mark, note, pause, postpone, preflight,
    reload, retry, retry_from, rollback, skip, step, take_back, tick, ungraceful,
};

/// Whether `command` is legal now. Decides from the state alone, and changes nothing.
pub(in crate::run) fn check(
    run: &Run,
    command: &Command,
    actor: &Actor,
    seen: Option<&Seen>,
) -> Check {
    if run.start.is_none() {
        return refuse("the run has not started", "");
    }
    if let Some(step) = aim(command)
        && run.index(step).is_none()
    {
        return refuse(format!("there is no step {step}"), "");
    }
    check_phase(run, command)?;
    rollback::check_aim(run, command)?;
    if let Some(seen) = seen {
        check_seen(run, command, seen)?;
    }
    if controls::needs_controls(command) {
        controls::check(run, actor)?;
    }
    match command {
        Command::Pause => pause::check_pause(run),
        Command::Resume => pause::check_resume(run),
        Command::Step { step } => step::check(run, step.as_ref()),
        Command::Breakpoint { step, on } => breakpoint::check(run, step, *on),
        Command::Retry {
            step,
            changes,
            reason,
        } => retry::check(run, step, changes.as_ref(), reason),
        Command::RetryFrom {
            step,
            rerun,
            reason,
        } => retry_from::check(run, step, rerun, reason),
        Command::Skip {
            step,
            outputs,
            dependents,
            reason,
        } => skip::check(run, step, outputs, *dependents, reason),
        Command::Unskip { step, .. } => skip::check_unskip(run, step),
        Command::Mark {
            step,
            outputs,
            reason,
            ..
        } => mark::check(run, step, outputs, reason),
        Command::Ignore { step, reason } => ignore::check(run, step, reason),
        Command::Cancel { step, kill, .. } => cancel::check(run, step, *kill),
        Command::Abort { how, reason } => abort::check(run, *how, reason),
        Command::Approve { step, form, .. } => answer::check_approve(run, step, actor, form),
        Command::Reject { step, reason } => answer::check_reject(run, step, actor, reason),
        Command::Revoke { step } => answer::check_revoke(run, step, actor),
        Command::Tick {
            step,
            item,
            done,
            value,
            ..
        } => tick::check(run, step, *item, *done, value.as_deref()),
        Command::Postpone { step, .. } => postpone::check(run, step),
        Command::Note { text, .. } => note::check(text),
        Command::Pin { attempt, .. } => note::check_pin(run, attempt),
        Command::Take { force, reason } => controls::check_take(run, actor, *force, reason),
        Command::HandOver { to } | Command::Deny { to, .. } => {
            controls::check_answer(run, actor, to.as_deref())
        }
        Command::Release => controls::check_release(run, actor),
        Command::Recheck { check } => preflight::check_again(run, check.as_ref()),
        Command::Override { check, reason } => {
            preflight::check_override(run, check.as_ref(), reason)
        }
        Command::Rollback { reason } => rollback::check(run, reason),
        Command::Reload { definition } => reload::check(run, definition),
        Command::TakeBack { command } => take_back::check(run, *command, actor),
        Command::Ungraceful { step, on, reason } => {
            ungraceful::check(run, step.as_ref(), *on, reason)
        }
    }
}

/// What an ended run, or one on its way out, still takes.
fn check_phase(run: &Run, command: &Command) -> Check {
    let note = matches!(command, Command::Note { .. } | Command::Pin { .. });
    if note || command.is_about_controls() {
        return Ok(());
    }
    let again = matches!(command, Command::Retry { .. } | Command::RetryFrom { .. });
    let back = matches!(command, Command::Rollback { .. });
    if run.phase.is_terminal() && (again || back) && !run.opened {
        return refuse(
            "the run ended before its first step",
            "start it anew; notes are always possible",
        );
    }
    if run.phase.is_terminal() && !again && !back {
        return refuse(
            "the run has ended",
            "retry or retry from here opens it again; notes are always possible",
        );
    }
    let starts_something = again
        || back
        || matches!(
            command,
            Command::Pause
                | Command::Step { .. }
                | Command::Breakpoint { .. }
                | Command::Unskip { .. }
                | Command::TakeBack { .. }
        );
    if run.phase == Phase::Cancelling && starts_something {
        return refuse(
            "the run is being aborted",
            "once it has ended, retry opens it again",
        );
    }
    Ok(())
}

/// Carries out an accepted command; what follows from it by itself is left to `settle`.
pub(in crate::run) fn act(desk: &mut Desk, command: &Command, actor: &Actor) {
    match command {
        Command::Pause => pause::pause(desk),
        Command::Resume => pause::resume(desk),
        Command::Step { step } => step::act(desk, step.as_ref()),
        Command::Breakpoint { step, on } => breakpoint::act(desk, step, *on),
        Command::Retry { step, .. } => retry::act(desk, step, actor),
        Command::RetryFrom { step, rerun, .. } => retry_from::act(desk, step, rerun, actor),
        Command::Skip {
            step,
            outputs,
            dependents,
            ..
        } => skip::act(desk, step, outputs, *dependents),
        Command::Unskip { step, .. } => skip::unskip(desk, step),
        Command::Ignore { step, .. } => ignore::act(desk, step),
        Command::Cancel { step, kill, .. } => cancel::act(desk, step, *kill, actor),
        Command::Approve { step, form, note } => answer::approve(desk, step, actor, form, note),
        Command::Reject { step, reason } => answer::reject(desk, step, actor, reason),
        Command::Revoke { step } => answer::revoke(desk, step, actor),
        Command::Tick {
            step,
            item,
            done,
            note,
            value,
        } => tick::act(desk, step, (*item, *done), actor, note, value.as_ref()),
        Command::Postpone { step, until } => postpone::act(desk, step, *until),
        Command::Take { force, .. } => controls::take(desk, actor, *force),
        Command::HandOver { .. } => controls::hand_over(desk),
        Command::Deny { .. } => controls::deny(desk),
        Command::Release => controls::release(desk, actor),
        Command::Rollback { .. } => rollback::act(desk),
        Command::Reload { .. } => reload::act(desk),
        Command::TakeBack { command } => take_back::act(desk, *command),
        Command::Ungraceful { step, on, .. } => ungraceful::act(desk, step.as_ref(), *on),
        // Being accepted is all there is to a note or a pin; a mark and an abort are carried out by `settle`.
        Command::Mark { .. }
        | Command::Abort { .. }
        | Command::Recheck { .. }
        | Command::Override { .. }
        | Command::Note { .. }
        | Command::Pin { .. } => {}
    }
}
