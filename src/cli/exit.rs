//! How the program ends: one exit code for each kind of end, and the failure that carries one.

use std::io::ErrorKind;

use crate::engine;
use crate::journal::{self, LockError};
use crate::run::Phase;

/// Exit codes. A contract: scripts test for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// 0: done; of a run: every step succeeded or was skipped by its condition.
    Succeeded,
    /// 1: the run failed.
    Failed,
    /// 2: bad usage, or a workflow that cannot be run.
    BadUsage,
    /// 3: the run ended well, but by a person's word: a skip, a mark, an ignored failure.
    CompletedWithExceptions,
    /// 4: the run was aborted.
    Cancelled,
    /// 5: the run was rolled back.
    RolledBack,
    /// 6: something could not be read or written.
    Storage,
    /// 7: refused: another engine holds the run, or policy forbids it.
    Refused,
    /// 8: the journal is damaged, or was written by a newer version.
    JournalUnreadable,
    /// 75: the run goes on elsewhere, or cannot go on without a person.
    NeedsOperator,
    /// 128 + n: ended by signal n.
    Signal(i32),
}

impl Exit {
    pub fn code(self) -> i32 {
        match self {
            Self::Succeeded => 0,
            Self::Failed => 1,
            Self::BadUsage => 2,
            Self::CompletedWithExceptions => 3,
            Self::Cancelled => 4,
            Self::RolledBack => 5,
            Self::Storage => 6,
            Self::Refused => 7,
            Self::JournalUnreadable => 8,
            Self::NeedsOperator => 75,
            Self::Signal(n) => 128 + n,
        }
    }

    /// What the phase of a run says to the shell. A run that has not ended needs someone.
    pub fn of(phase: Phase) -> Self {
        match phase {
            Phase::Succeeded => Self::Succeeded,
            Phase::CompletedWithExceptions => Self::CompletedWithExceptions,
            Phase::Failed | Phase::RollbackFailed => Self::Failed,
            Phase::Cancelled => Self::Cancelled,
            Phase::RolledBack => Self::RolledBack,
            Phase::Running
            | Phase::Cancelling
            | Phase::Preflight
            | Phase::RollingBack
            | Phase::Queued => Self::NeedsOperator,
        }
    }
}

/// Why a subcommand stops early. An empty message ends quietly.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub(super) struct Failure {
    pub exit: Exit,
    pub message: String,
    pub hint: Option<String>,
}

impl Failure {
    pub(super) fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self {
            exit,
            message: message.into(),
            hint: None,
        }
    }

    pub(super) fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::BadUsage, message)
    }

    pub(super) fn storage(message: impl Into<String>) -> Self {
        Self::new(Exit::Storage, message)
    }

    #[must_use]
    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Whoever read our output went away: nothing is wrong and nobody is there to be told.
    pub(super) fn quiet() -> Self {
        Self::new(Exit::Succeeded, "")
    }
}

impl From<engine::Error> for Failure {
    fn from(error: engine::Error) -> Self {
        match error {
            engine::Error::Journal(error) => error.into(),
            engine::Error::Folder(error) if error.kind() == ErrorKind::AlreadyExists => {
                Self::new(Exit::Refused, "there is a run with this id already")
                    .hint("leave --id out, or take that run up: flightdeck resume")
            }
            engine::Error::Lock(error @ LockError::Held(_)) => {
                Self::new(Exit::Refused, error.to_string())
            }
            engine::Error::Full { ref by, .. } => {
                let failure = Self::new(Exit::Refused, error.to_string());
                match by.first() {
                    Some(run) => failure.hint(format!(
                        "look at it: flightdeck attach {run} (or show {run}); start this one when it is over"
                    )),
                    None => failure,
                }
            }
            engine::Error::Group(_) => Self::usage(error.to_string()),
            engine::Error::NoStart | engine::Error::Workflow(_) | engine::Error::Illegal(_) => {
                Self::new(Exit::JournalUnreadable, error.to_string())
            }
            other => Self::storage(other.to_string()),
        }
    }
}

impl From<journal::Error> for Failure {
    fn from(error: journal::Error) -> Self {
        let (exit, hint) = match &error {
            journal::Error::Full { .. } => (
                Exit::Storage,
                Some("free some space; nothing that was recorded is lost"),
            ),
            journal::Error::Io { .. } => (Exit::Storage, None),
            journal::Error::Corrupt { .. } => (
                Exit::JournalUnreadable,
                Some("keep the folder as it is: everything up to that record can still be read"),
            ),
            journal::Error::Newer { .. } => (
                Exit::JournalUnreadable,
                Some("use the version of flightdeck that wrote it, or a newer one"),
            ),
            journal::Error::NeverStarted { .. } => (
                Exit::JournalUnreadable,
                Some("nothing happened in it: its folder may be deleted"),
            ),
        };
        let failure = Self::new(exit, error.to_string());
        match hint {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_its_own() {
        let all = [
            Exit::Succeeded,
            Exit::Failed,
            Exit::BadUsage,
            Exit::CompletedWithExceptions,
            Exit::Cancelled,
            Exit::Storage,
            Exit::Refused,
            Exit::JournalUnreadable,
            Exit::NeedsOperator,
            Exit::Signal(2),
        ];
        let mut codes: Vec<i32> = all.iter().map(|e| e.code()).collect();
        codes.dedup();
        assert_eq!(codes, [0, 1, 2, 3, 4, 6, 7, 8, 75, 130]);
    }
}
