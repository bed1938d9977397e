//! How somebody last looked at the runs of one workflow, so that the next screen on one begins so. Nothing in it acts:
//! no marks, no mode, nothing that was typed into a box.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::model::Stamps;
use crate::id::StepId;

/// Where it is put how a screen was left.
pub type Remember = Arc<dyn Fn(&Memory) + Send + Sync>;

/// What is remembered. Each part may be missing or wrong; then it is as on a screen without a memory.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Memory {
    /// As the command that shows it: `gantt`.
    pub view: String,
    pub zoom: bool,
    pub depth: Option<usize>,
    pub zoom_in: usize,
    pub folded: BTreeSet<StepId>,
    pub unfolded: BTreeSet<StepId>,
    pub bookmarks: BTreeSet<StepId>,
    pub filter: String,
    pub wrap: Option<bool>,
    pub stamps: Option<Stamps>,
    /// Chosen on the screen.
    pub theme: Option<String>,
}
