//! What the picker and the list of runs are made of. The floor above implements it; the screen only lists and picks.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value as Json;

use crate::id::RunId;
use crate::journal::Summary;
use crate::run::{Contrast, Definition, Kind, PastRuns};
use crate::workflow::Workflow;

/// Where workflows and runs come from.
pub trait Source: Send + Sync {
    fn workflows(&self) -> Vec<WorkflowEntry>;
    /// Newest first.
    fn runs(&self) -> Vec<RunEntry>;
    /// What the last runs of this workflow and kind tell of its steps, leaving out one.
    fn past(&self, workflow: &str, kind: Kind, but: &RunId) -> PastRuns;
    /// The plan in `file`, or what is wrong with it, a line each.
    fn check(&self, file: &str) -> Result<Arc<Workflow>, Vec<String>>;
    /// Two runs side by side, or why they cannot be read.
    fn compare(&self, first: &RunId, second: &RunId) -> Result<Contrast, String>;
    /// What a new run would take over from this one, or why none can be started like it.
    fn like(&self, run: &RunId) -> Result<Like, String>;
    /// The run as evidence for people, in Markdown.
    fn report(&self, run: &RunId) -> Result<String, String>;
    /// What `file` would make of a run that is reloaded from it.
    fn definition(&self, file: &str) -> Result<Definition, String>;
}

/// What a new run takes over from another one.
#[derive(Clone, Debug)]
pub struct Like {
    pub run: RunId,
    pub file: String,
    pub workflow: Arc<Workflow>,
    pub params: BTreeMap<String, Json>,
    pub kind: Kind,
    /// By which text of the workflow, in words.
    pub by: String,
}

/// A workflow that may be started.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WorkflowEntry {
    pub name: String,
    /// What `check` and `run` take: a path, or the name of a shipped workflow.
    pub file: String,
    /// `shipped`, or the folder it was found in.
    pub from: String,
    /// First line of its description.
    pub about: String,
    pub steps: usize,
    /// Number of errors, if it cannot be started.
    pub errors: usize,
    /// How its last run ended and when, in words.
    pub last: String,
}

/// A run that may be opened.
#[derive(Clone, Debug, PartialEq)]
pub struct RunEntry {
    pub summary: Summary,
    /// An engine holds it.
    pub live: bool,
}
