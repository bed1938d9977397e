//! One attempt, and what is attempted beside the steps: preflight checks and hooks.

use std::collections::BTreeMap;

use super::actor::Actor;
use super::input::{Changes, Ended, Outcome};
use crate::id::{AttemptId, StepId};
use crate::time::Timestamp;
use crate::workflow::HookKind;

/// A preflight check of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct CheckRun {
    pub id: StepId,
    pub attempts: Vec<Attempt>,
    /// Who has overridden it.
    pub overridden: Option<Actor>,
    /// It is to be run (again).
    pub(super) due: bool,
    /// Attempts in a row that never began, or were lost without a word.
    pub(super) astray: u32,
    /// It was told to stop; `Some(true)` = killed.
    pub(super) stop: Option<bool>,
}

/// A hook of a run: one attempt for each time that it was due.
#[derive(Clone, Debug, PartialEq)]
pub struct HookRun {
    pub kind: HookKind,
    pub attempts: Vec<Attempt>,
    pub(super) due: bool,
    /// Attempts in a row that never began.
    pub(super) astray: u32,
}

impl HookRun {
    pub(super) fn new(kind: HookKind) -> Self {
        Self {
            kind,
            attempts: Vec::new(),
            due: false,
            astray: 0,
        }
    }

    /// By which its logs and lines go.
    pub fn id(&self) -> StepId {
        self.kind.id()
    }

    pub fn runs(&self) -> bool {
        self.attempts.last().is_some_and(|a| a.ended.is_none())
    }
}

/// How a preflight check stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finding {
    Due,
    Running,
    Met,
    /// Or it could not be found out.
    Unmet,
    /// Not met, and a person has decided to begin all the same.
    Overridden,
}

impl Finding {
    pub fn lets_pass(self) -> bool {
        matches!(self, Self::Met | Self::Overridden)
    }

    /// The word that machine output uses.
    pub fn word(self) -> &'static str {
        match self {
            Self::Due => "pending",
            Self::Running => "running",
            Self::Met => "met",
            Self::Unmet => "unmet",
            Self::Overridden => "overridden",
        }
    }
}

impl CheckRun {
    pub(super) fn new(id: StepId) -> Self {
        Self {
            id,
            attempts: Vec::new(),
            overridden: None,
            due: true,
            astray: 0,
            stop: None,
        }
    }

    pub fn finding(&self) -> Finding {
        match self.attempts.last().map(|a| a.ended.as_ref()) {
            Some(None) => Finding::Running,
            _ if self.due => Finding::Due,
            Some(Some(ended)) if ended.outcome == Outcome::Succeeded => Finding::Met,
            _ if self.overridden.is_some() => Finding::Overridden,
            _ => Finding::Unmet,
        }
    }

    /// Why it is not met, in the words of its last attempt.
    pub fn why(&self) -> &str {
        let ended = self.attempts.last().and_then(|a| a.ended.as_ref());
        ended.map_or("", |e| e.message.as_str())
    }
}

/// One try. Immutable once ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Attempt {
    pub n: u32,
    pub started_at: Timestamp,
    pub ended_at: Option<Timestamp>,
    pub inputs: BTreeMap<String, String>,
    pub changes: Option<Changes>,
    pub ended: Option<Ended>,
}

impl Attempt {
    pub(super) fn begun(
        id: &AttemptId,
        at: Timestamp,
        inputs: &BTreeMap<String, String>,
        changes: Option<&Changes>,
    ) -> Self {
        Self {
            n: id.n,
            started_at: at,
            ended_at: None,
            inputs: inputs.clone(),
            changes: changes.cloned(),
            ended: None,
        }
    }

    pub(super) fn end(&mut self, at: Timestamp, ended: &Ended) {
        self.ended_at = Some(at);
        self.ended = Some(ended.clone());
    }
}
