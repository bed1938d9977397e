//! The state of a run and of its steps, as far as the screen, the reports and the tests may look.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::actor::Actor;
use super::attempt::Attempt;
use super::input::Command;
use crate::id::StepId;
use crate::time::Timestamp;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    Running,
    /// An abort is being carried out.
    Cancelling,
    Succeeded,
    CompletedWithExceptions,
    Failed,
    Cancelled,
    /// Before the first step: the preflight checks run, or one that blocks is not met.
    Preflight,
    /// What was done is being undone.
    RollingBack,
    /// Everything that can be undone is, or a person left it as it is.
    RolledBack,
    /// Something that should have been undone is not.
    RollbackFailed,
    /// It waits for a slot of its group; nothing of it starts.
    Queued,
}

impl Phase {
    pub fn is_terminal(self) -> bool {
        !matches!(
            self,
            Self::Running | Self::Cancelling | Self::Preflight | Self::RollingBack | Self::Queued
        )
    }

    /// The word that machine output uses.
    pub fn word(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Queued => "queued",
            Self::Preflight => "preflight",
            Self::Cancelling => "cancelling",
            Self::RollingBack => "rolling_back",
            Self::Succeeded => "succeeded",
            Self::CompletedWithExceptions => "completed_with_exceptions",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::RolledBack => "rolled_back",
            Self::RollbackFailed => "rollback_failed",
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    #[default]
    Live,
    Drill,
    /// Says what each step would do and touches nothing.
    Dry,
}

impl Kind {
    /// The word that machine output and the command line use.
    pub fn word(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Drill => "drill",
            Self::Dry => "dry",
        }
    }
}

/// What the header says; derived from the phase, the flags and the steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    Running,
    /// Paused, and this many steps still run.
    Pausing(usize),
    Paused,
    /// Nothing can go on without a person.
    Attention,
    Cancelling,
    Ended(Phase),
    /// Preflight checks run.
    Preflight,
    RollingBack,
    /// It waits for a slot of its group.
    Queued,
}

/// State of a step. "Blocked by upstream" is derived, never stored. For a fan-out's group it is derived from its members.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum State {
    #[default]
    Pending,
    /// Every need is met; waits for a slot or for the run to go on.
    Ready,
    /// Reached its breakpoint.
    Held,
    Running,
    /// Approval, checklist or timer; takes no slot.
    Waiting,
    /// An automatic retry is due then.
    Retrying {
        until: Timestamp,
    },
    /// Told to stop, still there.
    Stopping,
    // Unresolved ends: a person decides.
    Failed,
    TimedOut,
    Cancelled,
    Rejected,
    /// Started, and whether it took effect is not known.
    Unknown,
    // Resolved ends.
    Succeeded,
    Marked,
    Skipped(SkipReason),
    Ignored,
    // What became of a step in a roll back follows from its compensation, a step of its own.
    Compensating,
    Compensated,
    /// Its compensation has failed: a person decides about that one.
    CompensationFailed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SkipReason {
    Condition,
    Operator,
    /// Spreads to whoever needs this step.
    Upstream,
    /// By its author's word for ungraceful mode.
    Mode,
}

impl State {
    /// Ended, and nobody needs to do anything about it.
    pub fn is_resolved(self) -> bool {
        matches!(
            self,
            Self::Succeeded | Self::Marked | Self::Skipped(_) | Self::Ignored | Self::Compensated
        )
    }

    /// Ended in a way that a person must decide about.
    pub fn is_unresolved(self) -> bool {
        matches!(
            self,
            Self::Failed | Self::TimedOut | Self::Cancelled | Self::Rejected | Self::Unknown
        )
    }

    /// A process of it lives.
    pub fn is_active(self) -> bool {
        matches!(self, Self::Running | Self::Stopping)
    }

    /// The word that expressions and machine output use: `pending`, `timed_out`, `skipped`, ...
    pub fn word(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Ready => "ready",
            Self::Held => "held",
            Self::Running => "running",
            Self::Waiting => "waiting",
            Self::Retrying { .. } => "retrying",
            Self::Stopping => "stopping",
            Self::Failed => "failed",
            Self::TimedOut => "timed_out",
            Self::Cancelled => "cancelled",
            Self::Rejected => "rejected",
            Self::Unknown => "unknown",
            Self::Succeeded => "succeeded",
            Self::Marked => "marked",
            Self::Skipped(_) => "skipped",
            Self::Ignored => "ignored",
            Self::Compensating => "compensating",
            Self::Compensated => "compensated",
            Self::CompensationFailed => "compensation_failed",
        }
    }
}

/// A step of a run: one of the plan's, or a member of a fan-out.
#[derive(Clone, Debug, PartialEq)]
pub struct StepRun {
    pub id: StepId,
    /// Index of its definition in `Workflow::steps`.
    pub def: usize,
    /// For a member: index of its group in `Run::steps`, and its `item` or `matrix` value.
    pub group: Option<usize>,
    pub item: Option<Json>,
    /// For a group: indices of its members; `None` until they are known.
    pub members: Option<Vec<usize>>,
    pub state: State,
    /// Why it is in that state, where that needs words: `exit 3`, `rejected by ana: too risky`.
    pub why: String,
    /// Since when it is in that state.
    pub since: Timestamp,
    pub attempts: Vec<Attempt>,
    /// Number of looks at the effect so far; the last one may be under way.
    pub verifies: u32,
    /// A look at the effect is under way: shown as "verifying".
    pub verifying: bool,
    pub outputs: BTreeMap<String, Json>,
    pub breakpoint: bool,
    /// What it waits for from a person or a clock, while `Waiting`.
    pub ask: Option<Ask>,
    /// When it last began to wait for a person or a clock.
    pub waited_from: Option<Timestamp>,
    /// Changed inputs that hold for the rest of the run.
    pub changes: BTreeMap<String, String>,
    /// For a compensation: index of the step that it undoes.
    pub compensates: Option<usize>,
    /// It runs, or would run, as its author says for ungraceful mode.
    pub ungraceful: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Ask {
    /// Until then.
    Timer {
        until: Timestamp,
    },
    Approval {
        message: String,
        needed: u32,
        votes: Vec<Vote>,
        deadline: Option<Timestamp>,
    },
    Checklist {
        items: Vec<Tick>,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vote {
    pub actor: Actor,
    pub approve: bool,
    pub note: String,
    pub at: Timestamp,
    pub form: BTreeMap<String, Json>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tick {
    pub text: String,
    pub required: bool,
    pub link: Option<String>,
    /// Name of the value that is typed with it.
    pub input: Option<String>,
    pub done: Option<(Actor, Timestamp)>,
    pub note: String,
    pub value: Option<String>,
}

/// Why a step that has not ended does not run. In words by `Display`: `promote-orders FAIL, promote-users running`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// It is running, or has ended.
    NotWaiting,
    /// Needs that are not met, with their state; the first few.
    Needs(Vec<(StepId, State)>),
    /// All slots are taken: this many.
    Slot(usize),
    /// Its own fan-out allows no more at once.
    GroupSlot(usize),
    RunPaused,
    Breakpoint,
    Person(String),
    Until(Timestamp),
    Aborting,
    /// The run was taken up, and nobody has let it go on yet.
    StandingBy,
    /// The sub-workflow around it allows no more at once.
    InnerSlot(StepId, usize),
    /// No step may start yet; with the reason.
    KeptBack(String),
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    pub total: usize,
    pub ok: usize,
    /// Marked or ignored: ended well enough, by a person's word.
    pub excepted: usize,
    pub running: usize,
    /// Failed, timed out, rejected, cancelled or unknown.
    pub unresolved: usize,
    /// Waiting for a person.
    pub asking: usize,
    pub skipped: usize,
    pub waiting: usize,
}

/// Nothing can go on without a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attention {
    pub since: Timestamp,
    /// Then the run goes out by itself, unless somebody acts.
    pub until: Option<Timestamp>,
}

/// A line of the audit: a command that took effect, a vote, a note, or a fact that was told.
#[derive(Clone, Debug, PartialEq)]
pub struct AuditEntry {
    pub seq: u64,
    pub at: Timestamp,
    /// `None` for what the program did by itself.
    pub actor: Option<Actor>,
    pub command: Option<Command>,
    /// In words: `retry promote-orders: disk replaced`.
    pub text: String,
}
