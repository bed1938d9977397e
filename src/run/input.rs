//! What the machine is fed: commands of people, and reports from the world.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::actor::Actor;
use super::state::State;
use crate::id::{AttemptId, StepId};
use crate::time::Timestamp;
use crate::workflow::Files;

#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// A person asks for something. `seen` makes it compare-and-set; without it, it applies to whatever is there.
    Command {
        command: Command,
        actor: Actor,
        seen: Option<Seen>,
    },
    AttemptEnded {
        attempt: AttemptId,
        ended: Ended,
    },
    /// Someone to ask is there from now on, or not (headless without `--hold`).
    Attend {
        attended: bool,
    },
    /// Time has passed: whatever is due happens.
    Due,
    /// The screen or terminal went away and the run goes on without one; or something else worth a line in the journal.
    Told {
        what: String,
    },
    /// A terminal is gone: its connection has closed, or was silent for 15 s. Its screen hung up, or was left.
    Lapsed {
        actor: Actor,
    },
    /// A terminal that had lapsed, or a new connection of it, is there.
    Returned {
        actor: Actor,
    },
    /// Another engine has the run from now on; a `pilot` sits at its screen.
    TakenUp {
        pilot: Option<Actor>,
    },
    /// Which start of the machine this is; said once every attempt of an earlier one is settled.
    Booted {
        boot: String,
    },
    /// It has no slot of its group; with who has them.
    Queued {
        why: String,
    },
    /// It has got a slot of its group.
    Admitted {
        group: String,
    },
}

/// What the person saw when pressing the key: if it has changed since, the command is refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// Number of attempts of the step.
    pub attempts: u32,
    pub state: State,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    Pause,
    Resume,
    /// Start exactly one step while paused: this one, or the next ready one.
    Step {
        step: Option<StepId>,
    },
    Breakpoint {
        step: StepId,
        on: bool,
    },
    Retry {
        step: StepId,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        changes: Option<Changes>,
        #[serde(default)]
        reason: String,
    },
    /// The step and all its descendants go back to pending. Succeeded descendants that are not idempotent are
    /// rerun only if listed in `rerun`.
    RetryFrom {
        step: StepId,
        #[serde(default)]
        rerun: Vec<StepId>,
        reason: String,
    },
    /// `outputs` stand in for what the step would have published; with `dependents`, live steps that need a missing
    /// output are skipped too instead of refusing.
    Skip {
        step: StepId,
        #[serde(default)]
        outputs: BTreeMap<String, Json>,
        #[serde(default)]
        dependents: bool,
        reason: String,
    },
    Unskip {
        step: StepId,
        #[serde(default)]
        reason: String,
    },
    /// Done by hand. `override_verify` accepts it although `verify` says that it is not in place.
    Mark {
        step: StepId,
        #[serde(default)]
        outputs: BTreeMap<String, Json>,
        #[serde(default)]
        override_verify: bool,
        reason: String,
    },
    Ignore {
        step: StepId,
        reason: String,
    },
    /// TERM, then KILL after the grace; `kill` at once.
    Cancel {
        step: StepId,
        #[serde(default)]
        kill: bool,
        #[serde(default)]
        reason: String,
    },
    Abort {
        how: AbortHow,
        reason: String,
    },
    Approve {
        step: StepId,
        #[serde(default)]
        form: BTreeMap<String, Json>,
        #[serde(default)]
        note: String,
    },
    Reject {
        step: StepId,
        reason: String,
    },
    /// Takes back one's own vote before the quorum.
    Revoke {
        step: StepId,
    },
    /// One checklist item, counted from 0.
    Tick {
        step: StepId,
        item: usize,
        done: bool,
        #[serde(default)]
        note: String,
        #[serde(default)]
        value: Option<String>,
    },
    /// Moves the end of a wait or of an approval's deadline.
    Postpone {
        step: StepId,
        until: Timestamp,
    },
    Note {
        step: Option<StepId>,
        text: String,
    },
    /// Pins a line (from 0) of an attempt's output to the record.
    Pin {
        attempt: AttemptId,
        line: u64,
        text: String,
    },
    /// Gives the controls to this terminal: at once if nobody has them, their holder is gone, or by force; else the holder is
    /// asked, and they are granted after 30 s.
    Take {
        #[serde(default)]
        force: bool,
        #[serde(default)]
        reason: String,
    },
    /// The holder grants the request; `to` names whose it was meant to be.
    HandOver {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<Box<Actor>>,
    },
    /// The holder keeps the controls.
    Deny {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<Box<Actor>>,
        #[serde(default)]
        reason: String,
    },
    /// Gives the controls up, or takes one's own request for them back.
    Release,
    /// Runs preflight checks that are not met again: this one, or all.
    Recheck {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        check: Option<StepId>,
    },
    /// Begins although preflight checks that block are not met: this one, or all.
    Override {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        check: Option<StepId>,
        reason: String,
    },
    /// Undo what has been done, while nothing runs.
    Rollback {
        reason: String,
    },
    /// The ungraceful way from now on, or the graceful one again: of this step and all in it, or of the run.
    Ungraceful {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        step: Option<StepId>,
        on: bool,
        reason: String,
    },
    /// Takes a command back of which nothing has come yet: the one that was accepted with this number of event.
    TakeBack {
        command: u64,
    },
    /// Another definition from now on. Only what has not started may differ.
    Reload {
        definition: Box<Definition>,
    },
}

/// A workflow file, with the texts of the files that it includes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Definition {
    /// Where it was, for people.
    pub file: String,
    pub text: Arc<str>,
    #[serde(default, skip_serializing_if = "Files::is_empty")]
    pub files: Files,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AbortHow {
    /// Running steps finish, nothing new starts.
    Drain,
    /// Running steps are cancelled; `always` steps run.
    Now,
    /// As `Now`, and then what has been done is undone.
    Rollback,
    /// Everything is killed; `always` steps do not run.
    Kill,
}

/// Changed inputs of a retry: the path of an input as `Run::inputs` gives it (`env.TARGET`, `url`, `argv[1]`, `timeout`), and its new text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changes {
    pub inputs: BTreeMap<String, String>,
    /// Also for later attempts; else for this one only.
    pub rest_of_run: bool,
}

/// How an attempt ended. Written by the attempt process (or by whoever settles one that left nothing behind).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ended {
    pub outcome: Outcome,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signal: Option<i32>,
    /// One clean, masked line that says why, for everything but a plain success: `exit 3`, `killed by SIGSEGV (core dumped)`,
    /// `timed out after 10m`, `could not start ./x: no such file`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// Masked.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub outputs: BTreeMap<String, Json>,
    /// Processes that the step left behind.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub leftovers: Vec<Leftover>,
    #[serde(default, skip_serializing_if = "LogFacts::is_empty")]
    pub log: LogFacts,
    /// From a clock that counts suspend.
    #[serde(default)]
    pub took_ms: u64,
}

impl Ended {
    /// An end with nothing to tell but the words.
    pub fn new(outcome: Outcome, message: impl Into<String>) -> Self {
        Self {
            outcome,
            exit_code: None,
            signal: None,
            message: message.into(),
            outputs: BTreeMap::new(),
            leftovers: Vec::new(),
            log: LogFacts::default(),
            took_ms: 0,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// For a `verify`: the effect is in place.
    Succeeded,
    /// A definite failure. For a `verify`: not in place.
    Failed,
    /// Definite too: the process is gone. (An HTTP request that timed out after bytes were sent is `Unknown`.)
    TimedOut,
    Cancelled,
    /// Nothing of it ever happened: safe to try again.
    NotStarted,
    /// As `NotStarted`, because its engine was gone before it began: that says nothing about the step, however often.
    Orphaned,
    /// It may or may not have happened.
    Unknown,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leftover {
    pub pid: u32,
    pub command: String,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogFacts {
    pub bytes: u64,
    pub lines: u64,
    /// Bytes that were produced but not kept (cap, disk full).
    #[serde(default)]
    pub dropped: u64,
}

impl LogFacts {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Why a command was not accepted, and what would be legal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{why}{}", hint.as_ref().map(|h| format!("; {h}")).unwrap_or_default())]
pub struct Refusal {
    pub why: String,
    pub hint: Option<String>,
}
