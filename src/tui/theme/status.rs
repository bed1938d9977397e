//! How the state of a step is shown: glyph, word and style, always all three in lists.

use ratatui::style::Style;

use crate::run::State;

/// What an operator is told about a step; several states of the machine may share one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    Wait,
    Ready,
    Run,
    Hold,
    Ask,
    Retry,
    Ok,
    /// Ended well by a person's word: marked or ignored.
    OkException,
    Fail,
    Time,
    Skip,
    Cancel,
    /// Started, and whether it took effect is not known.
    Unknown,
}

impl Status {
    pub const ALL: [Self; 13] = [
        Self::Wait,
        Self::Ready,
        Self::Run,
        Self::Hold,
        Self::Ask,
        Self::Retry,
        Self::Ok,
        Self::OkException,
        Self::Fail,
        Self::Time,
        Self::Skip,
        Self::Cancel,
        Self::Unknown,
    ];

    /// Its key in a theme file.
    pub fn name(self) -> &'static str {
        match self {
            Self::Wait => "wait",
            Self::Ready => "ready",
            Self::Run => "run",
            Self::Hold => "hold",
            Self::Ask => "ask",
            Self::Retry => "retry",
            Self::Ok => "ok",
            Self::OkException => "ok_exception",
            Self::Fail => "fail",
            Self::Time => "time",
            Self::Skip => "skip",
            Self::Cancel => "cancel",
            Self::Unknown => "unknown",
        }
    }

    /// Glyph, its ASCII form, and word, unless a theme says otherwise. None of the glyphs is of ambiguous width.
    pub(super) fn marks(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Wait => (".", ".", "wait"),
            Self::Ready => ("◌", "o", "ready"),
            Self::Run => ("»", ">", "run"),
            Self::Hold => ("=", "=", "hold"),
            Self::Ask => ("?", "?", "ask"),
            Self::Retry => ("↻", "~", "retry"),
            Self::Ok => ("✓", "+", "ok"),
            Self::OkException => ("⚑", "*", "ok*"),
            Self::Fail => ("✗", "X", "FAIL"),
            Self::Time => ("✗", "T", "TIME"),
            Self::Skip => ("↷", "-", "skip"),
            Self::Cancel => ("⊘", "C", "cancel"),
            Self::Unknown => ("⁇", "!", "unknown"),
        }
    }
}

impl From<State> for Status {
    fn from(state: State) -> Self {
        match state {
            State::Pending => Self::Wait,
            State::Ready => Self::Ready,
            State::Held => Self::Hold,
            State::Running | State::Stopping | State::Compensating => Self::Run,
            State::Waiting => Self::Ask,
            State::Retrying { .. } => Self::Retry,
            State::Failed | State::Rejected | State::CompensationFailed => Self::Fail,
            State::TimedOut => Self::Time,
            State::Cancelled => Self::Cancel,
            State::Unknown => Self::Unknown,
            State::Succeeded => Self::Ok,
            State::Marked | State::Ignored => Self::OkException,
            State::Skipped(_) | State::Compensated => Self::Skip,
        }
    }
}

/// The three signs of a status.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Look {
    /// One column wide.
    pub glyph: String,
    pub word: String,
    pub style: Style,
}
