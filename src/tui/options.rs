//! What the floor above decides for the screen, and how a session of the screen ends.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value as Json;

use super::keys::Keymap;
use super::looks::Themes;
use super::memory::{Memory, Remember};
use super::recording::Recording;
use super::replay::Replay;
use super::source::Source;
use super::theme::Theme;
use crate::id::RunId;
use crate::run::{Phase, Recorded};
use crate::time::Timestamp;

/// Options of a screen. Plain values: the screen reads no environment and no files.
#[derive(Clone)]
pub struct Options {
    pub theme: Theme,
    /// Other themes, and what becomes of this one.
    pub themes: Arc<dyn Themes>,
    pub keymap: Keymap,
    /// Frames a second at most; a key press draws sooner.
    pub fps: u32,
    pub watch: Watch,
    /// The clock of the program; the screen has none of its own.
    pub now: fn() -> Timestamp,
    /// The run's folder, told at its end; empty if there is none.
    pub dir: PathBuf,
    pub programs: Programs,
    /// For the list of runs inside a run's screen.
    pub source: Option<Arc<dyn Source>>,
    /// Of what is on the screen.
    pub recording: Option<Arc<Recording>>,
    /// A past run is shown once more, by the clock of this.
    pub replay: Option<Replay>,
    /// Lines instead of a screen, from the start.
    pub plain: bool,
    /// The terminal can show a screen.
    pub has_screen: bool,
    /// A fact as a line for people; `None` for what another line says better.
    pub words: fn(&Recorded) -> Option<String>,
    pub notify: Notify,
    /// How the last screen on this workflow was left, or why that cannot be read.
    pub memory: Option<Result<Memory, String>>,
    /// Where it is put how this one is left.
    pub remember: Option<Remember>,
}

impl Options {
    /// What the clocks of the screen show.
    pub(super) fn now(&self) -> Timestamp {
        match &self.replay {
            Some(replay) => replay.now(),
            None => (self.now)(),
        }
    }

    /// How long that span lasts; `None` while the clocks stand still.
    pub(super) fn wait(&self, span: Duration) -> Option<Duration> {
        match &self.replay {
            Some(replay) => replay.tick(span),
            None => Some(span),
        }
    }
}

/// What the person uses outside of the screen, each as the words of a command, and where a copy for it may lie.
#[derive(Clone, Debug, Default)]
pub struct Programs {
    pub pager: Vec<String>,
    pub editor: Vec<String>,
    pub shell: Vec<String>,
    pub scratch: PathBuf,
}

/// How a person is called who is needed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Notify {
    #[default]
    Bell,
    /// The bell, and a notification on the desktop of whoever sits at the terminal. Inside tmux it would have to be passed
    /// through by name, which is off by default: there it is dropped, and the bell is what tmux tells of.
    Osc9,
    Off,
}

/// Whether keys act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Watch {
    Acting,
    /// Until `:arm`.
    Watching,
    /// For good (`--watch`).
    WatchOnly,
}

/// How the screen of a run was left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The run has ended, and the person left.
    Ended(Phase),
    /// The run lives elsewhere or is not live; the person left.
    Left,
    /// The person wants it to go on without a screen.
    Detach,
    /// It was paused (durably), and the person left.
    PausedAndLeft,
    /// The terminal went away.
    HungUp,
    /// The person wants to see this run instead.
    OpenRun(RunId),
    /// The person wants to start a run like this one.
    StartLike(RunId),
    /// The screen failed; the run is untouched by that.
    Broken(String),
}

/// What was picked on the home screen.
#[derive(Clone, Debug, PartialEq)]
pub enum Choice {
    Start {
        file: String,
        params: BTreeMap<String, Json>,
        /// The run that it is to be like.
        like: Option<RunId>,
    },
    Open(RunId),
    Quit,
    HungUp,
    Broken(String),
}
