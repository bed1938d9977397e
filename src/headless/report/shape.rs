//! What a report holds. `report --format json` prints this shape as it stands: its names are a contract.
//!
//! Times are RFC 3339 in UTC with milliseconds, spans are milliseconds. Texts are as they were recorded (secrets are masked before
//! anything is recorded); whoever shows them makes them harmless.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value as Json;

use super::course::Pictures;
use crate::picture::Mood;
use crate::run::{Kind, Leftover, Outcome, Phase};

#[derive(Clone, Debug, Serialize)]
pub struct Report {
    pub run: String,
    pub workflow: String,
    pub kind: Option<Kind>,
    /// Where the workflow file was.
    pub file: String,
    /// SHA-256 of the workflow's text.
    pub digest: String,
    /// The version of flightdeck that started it.
    pub version: String,
    pub params: BTreeMap<String, Json>,
    pub phase: Phase,
    pub started_at: String,
    pub started_by: Person,
    /// `None` while it lives.
    pub ended_at: Option<String>,
    /// From its start to its end, or to the last thing that is recorded.
    pub took_ms: u64,
    pub journal: Journal,
    pub objectives: Objectives,
    pub steps: Vec<StepReport>,
    /// Skips, marks and ignored failures: why the end is not simply "succeeded".
    pub exceptions: Vec<Exception>,
    pub failures: Vec<Failure>,
    pub changed_inputs: Vec<ChangedInputs>,
    pub approvals: Vec<Approval>,
    pub checklists: Vec<Checklist>,
    pub left_over: LeftOver,
    pub notes: Vec<Note>,
    pub pins: Vec<Pin>,
    /// Everything that people asked for, and what the run did by itself that a reader should know, in order.
    pub timeline: Vec<Entry>,
    /// For the eye; no part of the JSON, which has all that they are drawn from.
    #[serde(skip)]
    pub pictures: Pictures,
}

#[derive(Clone, Debug, Default, Serialize)]
pub struct Person {
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uid: Option<u32>,
    /// Host and terminal.
    pub at: String,
}

/// Whether the record can be trusted, as far as it can be told from itself.
#[derive(Clone, Debug, Serialize)]
pub struct Journal {
    pub records: u64,
    /// SHA-256 of the chain up to the last record: compare it with one that was kept elsewhere.
    pub head: String,
    /// What is wrong behind the last readable record.
    pub damage: Option<String>,
}

#[derive(Clone, Debug, Serialize)]
pub struct Objectives {
    pub rto_ms: Option<u64>,
    /// Until the step `clock_end` succeeded, else until the end of the run; so far, while neither has happened.
    pub rto_actual_ms: u64,
    pub rto_reached: bool,
    /// `None` where there is no objective, or it is still open.
    pub rto_met: Option<bool>,
    pub clock_end: Option<String>,
    pub rpo_ms: Option<u64>,
    /// What a step told as its output `rpo_actual`: a span (`42s`) or a number of seconds.
    pub rpo_actual_ms: Option<u64>,
    pub rpo_met: Option<bool>,
}

#[derive(Clone, Debug, Serialize)]
pub struct StepReport {
    pub id: String,
    pub state: String,
    #[serde(skip)]
    pub mood: Mood,
    pub why: String,
    pub danger: bool,
    pub expected_ms: Option<u64>,
    /// From the start of the first attempt to the end of the last one.
    pub took_ms: Option<u64>,
    pub attempts: Vec<AttemptReport>,
}

#[derive(Clone, Debug, Serialize)]
pub struct AttemptReport {
    pub n: u32,
    pub started_at: String,
    pub ended_at: Option<String>,
    pub took_ms: Option<u64>,
    pub outcome: Option<Outcome>,
    pub exit_code: Option<i32>,
    pub message: String,
}

#[derive(Clone, Debug, Serialize)]
pub struct Exception {
    pub at: String,
    pub step: String,
    /// `skipped`, `marked` or `ignored`.
    pub what: &'static str,
    /// `None`: by the workflow itself (`on_failure: ignore`).
    pub by: Option<Person>,
    pub reason: String,
}

#[derive(Clone, Debug, Serialize)]
pub struct Failure {
    pub step: String,
    pub attempt: u32,
    pub at: String,
    pub outcome: Outcome,
    pub message: String,
    /// The end of its log.
    pub last_lines: Vec<String>,
}

#[derive(Clone, Debug, Serialize)]
pub struct ChangedInputs {
    pub at: String,
    pub step: String,
    pub by: Person,
    pub reason: String,
    /// Path of the input (`env.TARGET`, `url`) to what was typed; secrets by name.
    pub inputs: BTreeMap<String, String>,
    pub rest_of_run: bool,
}

#[derive(Clone, Debug, Default, Serialize)]
pub struct Approval {
    pub step: String,
    /// What the approvers were shown.
    pub message: String,
    pub needed: u32,
    pub votes: Vec<VoteReport>,
}

#[derive(Clone, Debug, Serialize)]
pub struct VoteReport {
    pub at: String,
    pub by: Person,
    /// False: rejected.
    pub approve: bool,
    pub note: String,
    pub form: BTreeMap<String, Json>,
    /// The vote was taken back.
    pub revoked: bool,
}

#[derive(Clone, Debug, Serialize)]
pub struct Checklist {
    pub step: String,
    pub items: Vec<Item>,
}

#[derive(Clone, Debug, Serialize)]
pub struct Item {
    pub text: String,
    pub required: bool,
    /// Who ticked it, and when; `None`: not ticked.
    pub by: Option<Person>,
    pub at: Option<String>,
    pub note: String,
    pub value: Option<String>,
}

/// What the run leaves behind that somebody should look at.
#[derive(Clone, Debug, Default, Serialize)]
pub struct LeftOver {
    /// Steps whose outcome is not known, and why.
    pub unknown: Vec<(String, String)>,
    /// Steps that wait for a person, or ended badly, and why.
    pub unresolved: Vec<(String, String)>,
    pub processes: Vec<LeftProcess>,
    /// Of a run that was rolled back: steps that changed something, or may have, and were not undone.
    pub not_undone: Vec<String>,
}

#[derive(Clone, Debug, Serialize)]
pub struct LeftProcess {
    pub step: String,
    pub attempt: u32,
    #[serde(flatten)]
    pub process: Leftover,
}

#[derive(Clone, Debug, Serialize)]
pub struct Note {
    pub at: String,
    pub by: Person,
    pub step: Option<String>,
    pub text: String,
}

#[derive(Clone, Debug, Serialize)]
pub struct Pin {
    pub at: String,
    pub by: Person,
    pub step: String,
    pub attempt: u32,
    /// From 1.
    pub line: u64,
    pub text: String,
}

#[derive(Clone, Debug, Serialize)]
pub struct Entry {
    pub seq: u64,
    pub at: String,
    /// `None`: by the run itself.
    pub by: Option<Person>,
    pub what: String,
    /// State of the step that the command was aimed at, before it and once its consequences were drawn.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
}
