//! Facts, past tense. The journal holds these and nothing else; their names are a contract (`cli.md`).

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::actor::Actor;
use super::controls::Grounds;
use super::input::{Changes, Command, Ended};
use super::state::{Kind, Phase, SkipReason, State};
use crate::id::{AttemptId, RunId, StepId};
use crate::time::Timestamp;
use crate::workflow::{self, Checked, Files, Workflow};

/// A fact with its place in the order of the run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Recorded {
    /// From 1, without gaps.
    pub seq: u64,
    pub at: Timestamp,
    pub event: Event,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    RunStarted(Box<RunStart>),
    /// Everything a person asked for and got, before its consequences. Its audit trail.
    CommandAccepted {
        actor: Actor,
        command: Command,
    },
    RunPaused,
    RunResumed,
    /// A one-step token was given: this step is ready, past its breakpoint, and may start although the run is paused.
    StepAdmitted {
        step: StepId,
    },
    BreakpointSet {
        step: StepId,
    },
    BreakpointCleared {
        step: StepId,
    },
    /// A fan-out's members are known now: one step each.
    FanOutExpanded {
        step: StepId,
        items: Vec<Json>,
    },
    /// The step is in `state` from now on (ready, held, waiting, retrying, ...), for everything that has no event of its own.
    StepChanged {
        step: StepId,
        state: State,
        #[serde(default, skip_serializing_if = "String::is_empty")]
        why: String,
    },
    /// `inputs` are the resolved texts, secrets as `***`, where they differ from the constant ones of the file.
    AttemptStarted {
        attempt: AttemptId,
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        inputs: BTreeMap<String, String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        changes: Option<Changes>,
    },
    StopOrdered {
        attempt: AttemptId,
        kill: bool,
    },
    AttemptEnded {
        attempt: AttemptId,
        ended: Ended,
    },
    StepSucceeded {
        step: StepId,
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        outputs: BTreeMap<String, Json>,
    },
    StepMarked {
        step: StepId,
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        outputs: BTreeMap<String, Json>,
    },
    StepSkipped {
        step: StepId,
        reason: SkipReason,
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        outputs: BTreeMap<String, Json>,
    },
    StepIgnored {
        step: StepId,
    },
    /// Back to pending, attempts kept.
    StepReset {
        step: StepId,
    },
    /// A command was taken back: it stands as it stood before that.
    StepReturned {
        step: StepId,
        state: State,
        #[serde(default, skip_serializing_if = "String::is_empty")]
        why: String,
    },
    Voted {
        step: StepId,
        actor: Actor,
        approve: bool,
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        form: BTreeMap<String, Json>,
        #[serde(default)]
        note: String,
    },
    VoteRevoked {
        step: StepId,
        actor: Actor,
    },
    ItemTicked {
        step: StepId,
        item: usize,
        done: bool,
        actor: Actor,
        #[serde(default)]
        note: String,
        #[serde(default)]
        value: Option<String>,
    },
    DeadlineMoved {
        step: StepId,
        until: Timestamp,
    },
    PhaseChanged {
        phase: Phase,
        #[serde(default, skip_serializing_if = "String::is_empty")]
        why: String,
        /// Of an abort: once it is through, what has been done is undone.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        roll_back: bool,
    },
    /// Whether there is someone to ask: without one, a held failure ends the run.
    AttendanceChanged {
        attended: bool,
    },
    /// Something that changes no state but belongs in the record: the screen went away, an engine took over, the clock moved.
    Told {
        what: String,
    },
    RunEnded {
        phase: Phase,
    },
    /// From now on this terminal has the controls, and nobody asks for them.
    ControlsTaken {
        actor: Actor,
        grounds: Grounds,
    },
    /// The holder may answer until then; silence grants it.
    ControlsAsked {
        actor: Actor,
        until: Timestamp,
    },
    /// Whoever asked does not get them.
    ControlsDenied {
        actor: Actor,
    },
    /// Whoever asked does not ask any more.
    ControlsWithdrawn {
        actor: Actor,
    },
    ControlsReleased {
        actor: Actor,
    },
    /// The holder's terminal is gone.
    ControlsLapsed {
        actor: Actor,
    },
    /// The holder's terminal is there again.
    ControlsReturned {
        actor: Actor,
    },
    /// Taken up at a screen: nothing starts until the person there lets the run go on.
    StandbyBegan,
    StandbyEnded,
    /// The machine was started anew, or the run is on another one: attempts from now on are of this boot.
    BootChanged {
        boot: String,
    },
    /// From now on `steps` are undone, one after the other; each of them gets a step of its own for that.
    RollbackStarted {
        steps: Vec<StepId>,
        /// What has changed something and cannot be undone, or did not end well: left as it is.
        left: Vec<StepId>,
    },
    /// It has no slot of its group, and nothing of it starts until it has.
    RunQueued {
        why: String,
    },
    /// It has a slot of that group.
    RunAdmitted {
        group: String,
    },
    /// Nothing can go on without a person. Told only where something hangs on it.
    AttentionBegan {
        /// Then the run goes out by itself, unless somebody acts.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<Timestamp>,
    },
    AttentionEnded,
    /// From now on this step (and all in it), or the run, goes the ungraceful way, or the graceful one again.
    ModeChanged {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        step: Option<StepId>,
        ungraceful: bool,
    },
}

/// All that a journal needs to explain itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunStart {
    pub run: RunId,
    /// Version of the record format; this program writes 1.
    pub format: u32,
    /// Program version that wrote it.
    pub by: String,
    /// Name of the workflow.
    pub workflow: String,
    /// SHA-256 of `text` and `files`, hex.
    pub digest: String,
    pub text: Arc<str>,
    /// Where the file was, for people.
    pub file: String,
    /// The folder in which the run was started: where its steps start, whoever takes the run up.
    #[serde(default)]
    pub cwd: String,
    pub params: BTreeMap<String, Json>,
    pub kind: Kind,
    pub actor: Actor,
    pub paused: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub breakpoints: Vec<StepId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_parallel: Option<usize>,
    /// What a failure does when there is no one to ask: headless without `--hold` ends the run.
    pub attended: bool,
    /// The run is started at a screen, which has the controls from the start.
    #[serde(default)]
    pub controls: bool,
    /// The kernel's id of the start of the machine (`boot_id`) under which its first attempts run.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub boot: String,
    /// The texts of the files that `text` includes, by their path from its folder.
    #[serde(default, skip_serializing_if = "Files::is_empty")]
    pub files: Files,
    /// It begins in ungraceful mode.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ungraceful: bool,
    /// A freeze window in which it was started all the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub freeze_override: Option<FreezeOverride>,
    /// The run whose inputs it was started with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub like: Option<RunId>,
}

/// Why whoever started the run did so although a freeze window forbids it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FreezeOverride {
    pub window: String,
    pub reason: String,
}

impl RunStart {
    /// A live run of `workflow` by nobody yet, with its defaults, with somebody to ask.
    pub fn new(run: RunId, workflow: &Workflow) -> Self {
        Self {
            run,
            format: 1,
            by: env!("CARGO_PKG_VERSION").to_owned(),
            workflow: workflow.name.clone(),
            digest: workflow.digest.clone(),
            text: Arc::clone(&workflow.text),
            file: String::new(),
            cwd: String::new(),
            params: BTreeMap::new(),
            kind: Kind::Live,
            actor: Actor::default(),
            paused: false,
            breakpoints: Vec::new(),
            max_parallel: None,
            attended: true,
            controls: false,
            boot: String::new(),
            files: workflow.files.clone(),
            ungraceful: false,
            freeze_override: None,
            like: None,
        }
    }

    /// The plan of the run, from what was recorded: nothing is read again.
    pub fn plan(&self) -> Checked {
        workflow::check_recorded(&self.text, &self.files)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("event {seq} ({name}) cannot follow: {why}")]
pub struct IllegalEvent {
    pub seq: u64,
    pub name: String,
    pub why: String,
}
