//! What the machine itself must remember of a step, beyond what the screen may look at.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::input::{Changes, Outcome};
use super::schedule::{STATES, Standing};
use super::state::State;
use crate::time::Timestamp;

/// Beside each `StepRun`: counters, and what has been asked for and not yet happened.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Track {
    // How the needs of this plan step stand. Members look at their group's.
    pub(super) unmet: usize,
    pub(super) dead: usize,
    pub(super) unended: usize,
    pub(super) undecided: usize,

    // Where the schedule has filed it.
    pub(super) standing: Standing,
    pub(super) filed: u16,
    pub(super) due: Option<Timestamp>,
    pub(super) counted: Option<usize>,

    /// Which ordered try this is: part of the idempotency key.
    pub(super) group: u32,
    /// Automatic retries used in this ordered try.
    pub(super) retried: u32,
    /// Attempts or looks in a row that never began, or were lost without a word.
    pub(super) astray: u32,

    /// Holds a one-step token.
    pub(super) admitted: bool,
    /// Its breakpoint has been passed in this pass.
    pub(super) passed: bool,
    /// It was told to stop; `Some(true)` = killed.
    pub(super) stop: Option<bool>,

    pub(super) look: Option<Look>,
    /// What the last look found, until its consequence is recorded.
    pub(super) looked: Option<(Look, Outcome, String)>,
    pub(super) mark: Option<Mark>,
    /// A retry was asked for, and `verify` goes first.
    pub(super) look_first: bool,
    /// `verify` has already said once that a retry is not needed.
    pub(super) doubted: bool,
    /// The end it stood at when that retry was asked for.
    pub(super) parked: State,
    pub(super) changes: Option<Changes>,
    /// How it stood before the last command that can be taken back.
    pub(super) before: Option<Box<Before>>,

    /// The fact by which it came into its state: order never comes from time.
    pub(super) since: u64,
    /// The state in which its roll back found it.
    pub(super) found: State,
    /// For a group whose members are known.
    pub(super) crowd: Option<Box<Crowd>>,
}

/// Why the effect of a step is being looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    AfterSuccess,
    Settle,
    BeforeRetry,
    Mark,
}

/// A mark that has been accepted, until it is recorded or `verify` contradicts it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Mark {
    /// Who says so.
    pub(super) by: String,
    pub(super) outputs: BTreeMap<String, Json>,
    /// Without asking `verify`.
    pub(super) sure: bool,
}

/// How a step stood before a person's command, until something comes of that.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Before {
    /// The event by which the command was accepted.
    pub(super) command: u64,
    pub(super) state: State,
    pub(super) why: String,
    /// Its breakpoint had been passed.
    pub(super) passed: bool,
    /// Inputs that a person has changed for the rest of the run.
    pub(super) changes: BTreeMap<String, String>,
}

/// The members of a group, counted.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Crowd {
    pub(super) tally: [usize; STATES],
    /// How many items there are; members beyond that are left over from an earlier expansion.
    pub(super) size: usize,
    /// Reset since it was expanded: its source must be read again.
    pub(super) stale: bool,
    /// Of a sub-workflow, whose members have needs of their own: how many of them are on the point of going on.
    pub(super) eager: Option<usize>,
}

impl Crowd {
    /// Of a sub-workflow.
    pub(super) fn inner() -> Self {
        Self {
            eager: Some(0),
            ..Self::default()
        }
    }
}
