//! The machine's words: why a step waits, what a command was, how a state is called. Short fragments, no full stop.

use std::fmt::{self, Write as _};

use super::controls::Grounds;
use super::event::{Event, RunStart};
use super::input::{AbortHow, Command, Ended, Outcome};
use super::machine::Preview;
use super::reload::Difference;
use super::state::{Ask, AuditEntry, Kind, Phase, SkipReason, State, Why};
use super::track::Look;
use crate::id::StepId;
use crate::workflow::Answerers;

/// A state as a person says it.
pub(super) fn word(state: State) -> &'static str {
    match state {
        State::Held => "held at its breakpoint",
        State::Retrying { .. } => "waiting for its retry",
        State::Stopping => "being stopped",
        State::TimedOut => "timed out",
        State::Compensating => "being undone",
        State::Compensated => "undone",
        State::CompensationFailed => "not undone: that has failed",
        State::Skipped(SkipReason::Condition) => "skipped by its condition",
        State::Skipped(SkipReason::Operator) => "skipped by hand",
        State::Skipped(SkipReason::Upstream) => "skipped because of what comes before it",
        State::Skipped(SkipReason::Mode) => "skipped in ungraceful mode",
        state => state.word(),
    }
}

/// How a step stands, as the rest of a sentence: `has failed`.
pub(super) fn stands(state: State) -> String {
    let verb = match state {
        State::Failed | State::TimedOut | State::Succeeded => "has",
        State::Cancelled
        | State::Rejected
        | State::Marked
        | State::Ignored
        | State::Skipped(_)
        | State::Compensated => "was",
        State::Unknown => return "has an unknown outcome".to_owned(),
        _ => "is",
    };
    format!("{verb} {}", word(state))
}

/// A state as the line "why is this waiting" shows it: what needs a person stands out.
fn loud(state: State) -> String {
    match state {
        State::Failed => "FAIL".to_owned(),
        State::TimedOut => "TIMED OUT".to_owned(),
        s if s.is_unresolved() => s.word().to_uppercase(),
        State::Skipped(_) | State::Waiting => state.word().to_owned(),
        s => word(s).to_owned(),
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotWaiting => Ok(()),
            Self::Needs(needs) => {
                for (n, (step, state)) in needs.iter().enumerate() {
                    let comma = if n > 0 { ", " } else { "" };
                    write!(f, "{comma}{step} {}", loud(*state))?;
                }
                Ok(())
            }
            Self::Slot(1) => write!(f, "the only slot is taken"),
            Self::Slot(n) => write!(f, "all {n} slots are taken"),
            Self::InnerSlot(group, n) => write!(f, "{group} runs {n} at a time"),
            Self::GroupSlot(n) => write!(f, "its fan-out runs {n} at a time"),
            Self::RunPaused => f.write_str("the run is paused"),
            Self::StandingBy => f.write_str("nothing starts until you resume"),
            Self::Breakpoint => f.write_str("held at its breakpoint"),
            Self::Person(what) => f.write_str(what),
            Self::Until(at) => write!(f, "until {}", at.clock()),
            Self::KeptBack(why) => f.write_str(why),
            Self::Aborting => f.write_str("the run is being aborted"),
        }
    }
}

impl fmt::Display for Preview {
    /// One line for each kind of consequence; nothing if there is none.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(refusal) = &self.refused {
            return write!(f, "refused: {refusal}");
        }
        let kinds = [
            ("starts now", &self.starts),
            ("can start later", &self.unblocks),
            ("goes back to pending", &self.resets),
            ("stands as before", &self.returns),
            ("is skipped", &self.skips),
            ("is told to stop", &self.stops),
            ("runs in another way", &self.alters),
            ("is new", &self.adds),
            ("is left out", &self.drops),
            ("finishes as it began", &self.keeps),
            ("is undone, in this order", &self.undoes),
            ("stays as it is", &self.leaves),
        ];
        let mut lines: Vec<String> = Vec::new();
        for (what, steps) in kinds.into_iter().filter(|(_, steps)| !steps.is_empty()) {
            lines.push(format!("{what}: {}", named(steps)));
        }
        for (step, output) in &self.loses {
            lines.push(format!("{step} will miss {output}"));
        }
        if let Some(phase) = self.ends {
            lines.push(format!("the run ends: {}", ended_as(phase)));
        }
        f.write_str(&lines.join("\n"))
    }
}

/// The first few names, and how many more there are.
fn named(steps: &[StepId]) -> String {
    const NAMED: usize = 8;
    let names: Vec<_> = steps.iter().take(NAMED).map(StepId::as_str).collect();
    let more = steps.len().saturating_sub(NAMED);
    let tail = if more > 0 {
        format!(" and {more} more")
    } else {
        String::new()
    };
    format!("{}{tail}", names.join(", "))
}

fn ended_as(phase: Phase) -> &'static str {
    match phase {
        Phase::Running
        | Phase::Cancelling
        | Phase::Preflight
        | Phase::RollingBack
        | Phase::Queued => "not yet",
        Phase::Succeeded => "succeeded",
        Phase::CompletedWithExceptions => "completed with exceptions",
        Phase::Failed => "failed",
        Phase::Cancelled => "cancelled",
        Phase::RolledBack => "rolled back",
        Phase::RollbackFailed => "not all of it rolled back",
    }
}

/// What a waiting step wants of a person.
pub(super) fn asked(ask: &Ask) -> String {
    match ask {
        Ask::Timer { until } => format!("until {}", until.clock()),
        Ask::Approval { needed, votes, .. } => {
            let given = votes.iter().filter(|v| v.approve).count();
            format!("{given} of {needed} approvals")
        }
        Ask::Checklist { items } => {
            let done = items.iter().filter(|i| i.done.is_some()).count();
            format!("{done} of {} items ticked", items.len())
        }
    }
}

pub(super) fn answerers(from: &[Answerers]) -> String {
    let names = from.iter().map(|who| match who {
        Answerers::Person(name) => name.clone(),
        Answerers::Group(name) => format!("group {name}"),
    });
    names.collect::<Vec<_>>().join(", ")
}

/// The first line of the audit: `start failover-eu (drill) region="eu-west-1" dry=true`.
pub(super) fn start(start: &RunStart) -> String {
    let kind = match start.kind {
        Kind::Live => "",
        Kind::Drill => " (drill)",
        Kind::Dry => " (dry)",
    };
    let mut text = format!("start {}{kind}", start.workflow);
    if let Some(like) = &start.like {
        let _ = write!(text, " like {like}");
    }
    for (name, value) in &start.params {
        let _ = write!(text, " {name}={value}");
    }
    text
}

/// The line of the audit: `retry promote-orders: disk replaced`.
pub(super) fn command(command: &Command) -> String {
    let step = super::verbs::aim(command).map_or_else(String::new, |s| format!(" {s}"));
    let verb = match command {
        Command::Pause => "pause",
        Command::Resume => "resume",
        Command::Step { .. } => "step",
        Command::Breakpoint { on: true, .. } => "breakpoint on",
        Command::Breakpoint { on: false, .. } => "breakpoint off",
        Command::Retry {
            changes: Some(_), ..
        } => "retry with changes",
        Command::Retry { .. } => "retry",
        Command::RetryFrom { .. } => "retry from",
        Command::Skip { .. } => "skip",
        Command::Unskip { .. } => "un-skip",
        Command::Mark { .. } => "mark",
        Command::Ignore { .. } => "ignore",
        Command::Cancel { kill: true, .. } => "kill",
        Command::Cancel { .. } => "cancel",
        Command::Abort { how, .. } => abort(*how),
        Command::Approve { .. } => "approve",
        Command::Reject { .. } => "reject",
        Command::Revoke { .. } => "revoke",
        Command::Tick { done: true, .. } => "tick",
        Command::Tick { .. } => "untick",
        Command::Postpone { .. } => "postpone",
        Command::Note { .. } => "note",
        Command::Pin { .. } => "pin",
        Command::Take { force: true, .. } => "take the controls by force",
        Command::Take { .. } => "take the controls",
        Command::HandOver { .. } => "hand over the controls",
        Command::Deny { .. } => "deny the controls",
        Command::Release => "release the controls",
        Command::Recheck { .. } => "preflight again",
        Command::Override { .. } => "override preflight",
        Command::Rollback { .. } => "roll back",
        Command::Ungraceful { on: true, .. } => "ungraceful mode on",
        Command::Ungraceful { on: false, .. } => "ungraceful mode off",
        Command::Reload { .. } => "reload the definition",
        Command::TakeBack { .. } => "take back",
    };
    let reason = command.reason();
    let more = match command {
        Command::Tick { item, .. } => format!(" item {}", item + 1),
        Command::Recheck { check: Some(id) }
        | Command::Override {
            check: Some(id), ..
        } => {
            format!(" {id}")
        }
        Command::Postpone { until, .. } => format!(" until {until}"),
        Command::HandOver { to: Some(to) } | Command::Deny { to: Some(to), .. } => {
            format!(" to {to}")
        }
        Command::Reload { definition } => format!(" from {}", definition.file),
        Command::Pin { attempt, line, .. } => format!(" attempt {} line {}", attempt.n, line + 1),
        _ => String::new(),
    };
    let colon = if reason.is_empty() { "" } else { ": " };
    format!("{verb}{step}{more}{colon}{reason}")
}

fn abort(how: AbortHow) -> &'static str {
    match how {
        AbortHow::Drain => "abort, drain",
        AbortHow::Now => "abort now",
        AbortHow::Rollback => "abort now and roll back",
        AbortHow::Kill => "abort, kill",
    }
}

/// What another definition changes, behind the command.
pub(super) fn difference(found: &Difference) -> String {
    let kinds = [
        ("changed", &found.changed),
        ("new", &found.added),
        ("left out", &found.left_out),
    ];
    let some = kinds.into_iter().filter(|(_, steps)| !steps.is_empty());
    let told: Vec<_> = some
        .map(|(what, steps)| format!("{what}: {}", named(steps)))
        .collect();
    if told.is_empty() {
        "no step differs".to_owned()
    } else {
        told.join("; ")
    }
}

/// What has become of a hook that did not end well. Nothing follows from it.
pub(super) fn hook_ended(hook: &StepId, ended: &Ended) -> String {
    let what = match ended.outcome {
        Outcome::Succeeded => "succeeded",
        Outcome::Failed => "failed",
        Outcome::TimedOut => "timed out",
        Outcome::Cancelled => "was stopped",
        Outcome::NotStarted | Outcome::Orphaned => "did not begin",
        Outcome::Unknown => "may or may not have run, and is not begun again",
    };
    let colon = if ended.message.is_empty() { "" } else { ": " };
    format!("{hook} {what}{colon}{}", ended.message)
}

impl Outcome {
    /// How an attempt ended, in words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::TimedOut => "timed out",
            Self::Cancelled => "cancelled",
            Self::NotStarted | Self::Orphaned => "did not start",
            Self::Unknown => "ended, outcome unknown",
        }
    }
}

impl AuditEntry {
    /// What a person did, as a clause: `ana skipped dns-ttl`; `None` for what the program did by itself.
    pub fn clause(&self) -> Option<String> {
        let (actor, command) = (self.actor.as_ref()?, self.command.as_ref()?);
        Some(match (done(command), super::verbs::aim(command)) {
            (Some(verb), Some(step)) => format!("{actor} {verb} {step}"),
            _ => format!("{actor}: {}", self.text),
        })
    }

    /// What a person did to one step, and why: `ana skipped: not needed today`.
    pub(super) fn deed(&self) -> Option<(&StepId, String)> {
        let (actor, command) = (self.actor.as_ref()?, self.command.as_ref()?);
        let step = super::verbs::aim(command)?;
        let mut text = format!("{} {}", actor.name, done(command)?);
        if let Command::Retry {
            changes: Some(changes),
            ..
        } = command
        {
            let changed = changes.inputs.iter();
            let changed: Vec<_> = changed.map(|(path, new)| format!("{path}={new}")).collect();
            let _ = write!(text, " with {}", changed.join(", "));
        }
        if !command.reason().is_empty() {
            let _ = write!(text, ": {}", command.reason());
        }
        Some((step, text))
    }
}

/// What a command has done to its step, for "already retried by ana"; `None` if it leaves the step's state alone.
pub(super) fn done(command: &Command) -> Option<&'static str> {
    Some(match command {
        Command::Step { .. } => "started",
        Command::Breakpoint { on: true, .. } => "held",
        Command::Breakpoint { on: false, .. } => "released",
        Command::Retry { .. } | Command::RetryFrom { .. } => "retried",
        Command::Skip { .. } => "skipped",
        Command::Unskip { .. } => "un-skipped",
        Command::Mark { .. } => "marked",
        Command::Ignore { .. } => "ignored",
        Command::Cancel { .. } => "cancelled",
        Command::Approve { .. } => "approved",
        Command::Reject { .. } => "rejected",
        Command::Tick { .. } => "ticked",
        _ => return None,
    })
}

/// What an event `boot_changed` says.
pub const BOOT_CHANGED: &str = "the machine was started anew, or this is another one";

pub(super) fn queued(why: &str) -> String {
    format!("queued: {why}")
}

pub(super) fn admitted(group: &str) -> String {
    format!("has a slot of group {group}")
}

pub(super) fn attendance(attended: bool) -> &'static str {
    if attended {
        "someone is there to ask"
    } else {
        "no one is there to ask: a held failure ends the run"
    }
}

pub(super) fn phase_change(phase: Phase, why: &str) -> String {
    let what = match phase {
        Phase::Running => "the run goes on",
        Phase::Preflight => "preflight",
        Phase::RollingBack => "the roll back goes on",
        _ => "the run is being aborted",
    };
    let colon = if why.is_empty() { "" } else { ": " };
    format!("{what}{colon}{why}")
}

/// `the run is rolled back: 2 steps are undone; left as they are: dns, mail`.
pub(super) fn rollback(undone: usize, left: &[StepId]) -> String {
    let steps = match undone {
        0 => "nothing can be undone".to_owned(),
        1 => "1 step is undone".to_owned(),
        n => format!("{n} steps are undone"),
    };
    if left.is_empty() {
        return format!("the run is rolled back: {steps}");
    }
    format!(
        "the run is rolled back: {steps}; left as they are: {}",
        named(left)
    )
}

/// Why a step whose outcome was not known counts as succeeded.
pub(super) fn found_in_place(looked: Option<&(Look, Outcome, String)>) -> String {
    match looked {
        Some((Look::Settle, ..)) => "in place, says verify; its outputs are not known".to_owned(),
        _ => String::new(),
    }
}

impl Event {
    /// What has become of the controls, for the audit, the lines and the screen; `None` for an event about other things.
    pub fn controls(&self) -> Option<String> {
        Some(match self {
            Self::ControlsTaken { actor, grounds } => {
                let why = match grounds {
                    Grounds::Free => "nobody had them",
                    Grounds::Acted => "acted, and nobody had them",
                    Grounds::Lapsed => "their holder was gone",
                    Grounds::Granted => "handed over",
                    Grounds::Unanswered => "asked for, and not refused in time",
                    Grounds::Forced => "by force",
                    Grounds::TakenUp => "took the run up",
                };
                format!("{actor} has the controls: {why}")
            }
            Self::ControlsAsked { actor, until } => {
                let until = until.clock();
                format!("{actor} asks for the controls: granted {until} unless refused")
            }
            Self::ControlsDenied { actor } => format!("{actor} does not get the controls"),
            Self::ControlsWithdrawn { actor } => {
                format!("{actor} does not ask for the controls any more")
            }
            Self::ControlsReleased { actor } => format!("{actor} has given up the controls"),
            Self::ControlsLapsed { actor } => {
                format!("the terminal of {actor}, who has the controls, is gone")
            }
            Self::ControlsReturned { actor } => {
                format!("the terminal of {actor}, who has the controls, is back")
            }
            _ => return None,
        })
    }
}

/// The name of an event in the journal.
pub(super) fn event_name(event: &Event) -> &'static str {
    match event {
        Event::RunStarted(_) => "run_started",
        Event::CommandAccepted { .. } => "command_accepted",
        Event::RunPaused => "run_paused",
        Event::RunResumed => "run_resumed",
        Event::StepAdmitted { .. } => "step_admitted",
        Event::BreakpointSet { .. } => "breakpoint_set",
        Event::BreakpointCleared { .. } => "breakpoint_cleared",
        Event::FanOutExpanded { .. } => "fan_out_expanded",
        Event::StepChanged { .. } => "step_changed",
        Event::AttemptStarted { .. } => "attempt_started",
        Event::StopOrdered { .. } => "stop_ordered",
        Event::AttemptEnded { .. } => "attempt_ended",
        Event::StepSucceeded { .. } => "step_succeeded",
        Event::StepMarked { .. } => "step_marked",
        Event::StepSkipped { .. } => "step_skipped",
        Event::StepIgnored { .. } => "step_ignored",
        Event::StepReset { .. } => "step_reset",
        Event::StepReturned { .. } => "step_returned",
        Event::Voted { .. } => "voted",
        Event::VoteRevoked { .. } => "vote_revoked",
        Event::ItemTicked { .. } => "item_ticked",
        Event::DeadlineMoved { .. } => "deadline_moved",
        Event::PhaseChanged { .. } => "phase_changed",
        Event::AttendanceChanged { .. } => "attendance_changed",
        Event::Told { .. } => "told",
        Event::RunEnded { .. } => "run_ended",
        Event::ControlsTaken { .. } => "controls_taken",
        Event::ControlsAsked { .. } => "controls_asked",
        Event::ControlsDenied { .. } => "controls_denied",
        Event::ControlsWithdrawn { .. } => "controls_withdrawn",
        Event::ControlsReleased { .. } => "controls_released",
        Event::ControlsLapsed { .. } => "controls_lapsed",
        Event::ControlsReturned { .. } => "controls_returned",
        Event::StandbyBegan => "standby_began",
        Event::StandbyEnded => "standby_ended",
        Event::BootChanged { .. } => "boot_changed",
        Event::RollbackStarted { .. } => "rollback_started",
        Event::RunQueued { .. } => "run_queued",
        Event::RunAdmitted { .. } => "run_admitted",
        Event::AttentionBegan { .. } => "attention_began",
        Event::AttentionEnded => "attention_ended",
        Event::ModeChanged { .. } => "mode_changed",
    }
}
