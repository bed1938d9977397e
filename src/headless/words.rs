//! An event as a line for people.

use std::fmt::Write as _;

use serde_json::Value as Json;

use super::line::tagged;
use crate::id::Role;
use crate::id::StepId;
use crate::run::{BOOT_CHANGED, Command, Event, Outcome, Phase, Recorded, RunStart, State};
use crate::text::Clean;

/// An event as a line for people; `None` for what another line says better.
pub fn words(recorded: &Recorded) -> Option<String> {
    let (step, what) = said(&recorded.event)?;
    let text = match step {
        Some(step) => format!("{} {step}: {what}", recorded.at.clock()),
        None => format!("{} {what}", recorded.at.clock()),
    };
    Some(Clean::line(&text).to_string())
}

/// What a preflight check has found.
fn found(event: &Event) -> Option<(Option<String>, String)> {
    let Event::AttemptEnded { attempt, ended } = event else {
        return None;
    };
    if attempt.role != Role::Preflight {
        return None;
    }
    let text = match (ended.outcome, ended.message.as_str()) {
        (Outcome::Succeeded, _) => "preflight: met".to_owned(),
        (_, "") => "preflight: not met".to_owned(),
        (_, why) => format!("preflight: not met: {why}"),
    };
    Some((Some(attempt.step.to_string()), text))
}

pub(super) fn said(event: &Event) -> Option<(Option<String>, String)> {
    found(event).or_else(|| spoken(event))
}

fn spoken(event: &Event) -> Option<(Option<String>, String)> {
    let of = |step: &StepId, what: String| Some((Some(step.to_string()), what));
    let run = |what: String| Some((None, what));
    match event {
        Event::RunStarted(start) => run(started(start)),
        Event::CommandAccepted { actor, command } => run(format!("{actor}: {}", ordered(command))),
        Event::RunPaused => run("paused".into()),
        Event::RunResumed => run("resumed".into()),
        Event::FanOutExpanded { step, items } => of(step, format!("{} members", items.len())),
        Event::StepChanged { step, state, why } => match state {
            State::Pending | State::Ready | State::Running | State::Stopping => None,
            _ => of(step, format!("{}{}", state.word(), because(why))),
        },
        Event::AttemptStarted { attempt, .. } => {
            let what = match attempt.role {
                Role::Act => "attempt",
                Role::Verify => "look at its effect",
                Role::Preflight => "preflight",
                Role::Hook => "hook",
            };
            of(&attempt.step, format!("{what} {} started", attempt.n))
        }
        Event::StopOrdered { attempt, kill } => {
            let how = if *kill { "killed" } else { "told to stop" };
            of(&attempt.step, how.into())
        }
        Event::AttemptEnded { attempt, ended } if ended.message.starts_with("dry: ") => {
            of(&attempt.step, ended.message.clone())
        }
        // A success is told by the step's own event, which comes with it.
        Event::AttemptEnded { attempt, ended } if ended.outcome == Outcome::Succeeded => {
            let hook = attempt.role == Role::Hook;
            hook.then(|| (Some(attempt.step.to_string()), "succeeded".to_owned()))
        }
        Event::AttemptEnded { attempt, ended } => of(
            &attempt.step,
            format!(
                "attempt {} {}{}",
                attempt.n,
                ended.outcome.words(),
                because(&ended.message)
            ),
        ),
        Event::StepSucceeded { step, .. } => of(step, "succeeded".into()),
        Event::StepMarked { step, .. } => of(step, "marked as done by hand".into()),
        Event::StepSkipped { step, reason, .. } => {
            let (reason, _) = tagged(serde_json::to_value(reason).unwrap_or_default());
            of(step, format!("skipped ({reason})"))
        }
        Event::StepIgnored { step } => of(step, "failure ignored".into()),
        Event::StepReset { step } => of(step, "back to pending".into()),
        Event::StepReturned { step, state, why } => {
            of(step, format!("back to {}{}", state.word(), because(why)))
        }
        Event::Voted { .. }
        | Event::VoteRevoked { .. }
        | Event::ItemTicked { .. }
        | Event::DeadlineMoved { .. } => answered(event),
        Event::PhaseChanged { phase, why, .. } => {
            run(format!("{}{}", phase_word(*phase), because(why)))
        }
        Event::Told { what } => run(what.clone()),
        Event::BootChanged { .. } => run(BOOT_CHANGED.to_owned()),
        Event::ControlsTaken { .. }
        | Event::ControlsAsked { .. }
        | Event::ControlsDenied { .. }
        | Event::ControlsWithdrawn { .. }
        | Event::ControlsReleased { .. }
        | Event::ControlsLapsed { .. }
        | Event::ControlsReturned { .. } => event.controls().and_then(run),
        Event::StandbyBegan => run("stands by: nothing starts until somebody resumes it".into()),
        Event::StandbyEnded => run("goes on".into()),
        Event::RollbackStarted { steps, left } => run(rolling_back(steps, left)),
        Event::RunQueued { why } => run(format!("queued: {why}")),
        Event::RunAdmitted { group } => run(format!("has a slot of group {group}")),
        Event::ModeChanged { step, ungraceful } => {
            let way = if *ungraceful {
                "ungraceful"
            } else {
                "graceful"
            };
            Some((
                step.as_ref().map(StepId::to_string),
                format!("{way} from now on"),
            ))
        }
        Event::AttentionBegan { until: Some(at) } => run(format!(
            "needs a person: goes out by itself at {} unless somebody acts",
            at.clock()
        )),
        Event::RunEnded { phase } => run(format!("run {}", phase_word(*phase))),
        Event::StepAdmitted { .. }
        | Event::BreakpointSet { .. }
        | Event::BreakpointCleared { .. }
        | Event::AttendanceChanged { .. }
        | Event::AttentionBegan { until: None }
        | Event::AttentionEnded => None,
    }
}

fn started(start: &RunStart) -> String {
    let mut text = format!(
        "run {} of {} started by {}",
        start.run, start.workflow, start.actor
    );
    if let Some(like) = &start.like {
        let _ = write!(text, " like {like}");
    }
    if let Some(thaw) = &start.freeze_override {
        let _ = write!(text, " in a {}: {}", thaw.window, thaw.reason);
    }
    text
}

fn because(why: &str) -> String {
    if why.is_empty() {
        String::new()
    } else {
        format!(": {why}")
    }
}

/// What people have said to an approval, a checklist or a wait.
fn answered(event: &Event) -> Option<(Option<String>, String)> {
    let of = |step: &StepId, what: String| Some((Some(step.to_string()), what));
    match event {
        Event::Voted {
            step,
            actor,
            approve,
            note,
            ..
        } => {
            let vote = if *approve { "approved" } else { "rejected" };
            of(
                step,
                format!("{vote} by {}{}", actor.voter(), because(note)),
            )
        }
        Event::VoteRevoked { step, actor } => {
            of(step, format!("{} took the vote back", actor.voter()))
        }
        Event::ItemTicked {
            step,
            item,
            done,
            actor,
            ..
        } => {
            let how = if *done { "ticked" } else { "unticked" };
            of(step, format!("item {} {how} by {actor}", item + 1))
        }
        Event::DeadlineMoved { step, until } => {
            of(step, format!("waits until {}", until.rfc3339()))
        }
        _ => None,
    }
}

/// What is undone, in order, and what is not.
fn rolling_back(steps: &[StepId], left: &[StepId]) -> String {
    let list = |ids: &[StepId]| {
        let ids: Vec<_> = ids.iter().map(StepId::as_str).collect();
        ids.join(", ")
    };
    let mut text = match steps {
        [] => "rolling back: nothing can be undone".to_owned(),
        _ => format!("rolling back: {}", list(steps)),
    };
    if !left.is_empty() {
        let _ = write!(text, "; left as they are: {}", list(left));
    }
    text
}

fn ordered(command: &Command) -> String {
    let (name, fields) = tagged(serde_json::to_value(command).unwrap_or_default());
    let field = |key: &str| {
        fields
            .get(key)
            .and_then(Json::as_str)
            .filter(|t| !t.is_empty())
    };
    let mut text = name.replace('_', " ");
    if let Some(step) = field("step").or(field("check")) {
        let _ = write!(text, " {step}");
    }
    if let Some(reason) = field("reason").or(field("note")).or(field("text")) {
        let _ = write!(text, ": {reason}");
    }
    text
}

/// The name of a phase in words.
pub fn phase_word(phase: Phase) -> &'static str {
    match phase {
        Phase::Running => "running",
        Phase::Preflight => "preflight",
        Phase::Cancelling => "cancelling",
        Phase::Succeeded => "succeeded",
        Phase::CompletedWithExceptions => "completed with exceptions",
        Phase::Failed => "failed",
        Phase::Cancelled => "cancelled",
        Phase::RollingBack => "rolling back",
        Phase::RolledBack => "rolled back",
        Phase::Queued => "queued",
        Phase::RollbackFailed => "not rolled back: something could not be undone",
    }
}
