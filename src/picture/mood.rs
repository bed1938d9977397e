//! How a step stands, in as few kinds as a picture can tell apart: each with a mark of its own, so that no colour is needed.

use crate::run::State;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mood {
    /// Nothing has become of it yet.
    #[default]
    Plain,
    Busy,
    /// It waits for a person.
    Asks,
    Good,
    /// It ended well by a person's word, or was undone.
    Excepted,
    Skipped,
    Bad,
}

impl Mood {
    pub fn of(state: State) -> Self {
        match state {
            State::Pending | State::Ready => Self::Plain,
            State::Running | State::Stopping | State::Retrying { .. } | State::Compensating => {
                Self::Busy
            }
            State::Held | State::Waiting => Self::Asks,
            State::Succeeded => Self::Good,
            State::Marked | State::Ignored | State::Compensated => Self::Excepted,
            State::Skipped(_) => Self::Skipped,
            State::Failed
            | State::TimedOut
            | State::Cancelled
            | State::Rejected
            | State::Unknown
            | State::CompensationFailed => Self::Bad,
        }
    }

    /// As on the screen.
    pub fn mark(self) -> &'static str {
        match self {
            Self::Plain => "·",
            Self::Busy => "»",
            Self::Asks => "?",
            Self::Good => "✓",
            Self::Excepted => "⚑",
            Self::Skipped => "↷",
            Self::Bad => "✗",
        }
    }

    /// The class of what is drawn for it.
    pub fn class(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Busy => "busy",
            Self::Asks => "asks",
            Self::Good => "good",
            Self::Excepted => "excepted",
            Self::Skipped => "skipped",
            Self::Bad => "bad",
        }
    }
}
