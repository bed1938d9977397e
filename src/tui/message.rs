//! What the screen reacts to, and what it asks for. Closed lists of data: a session is a list of messages, so it can be
//! replayed in a test.

use std::ops::Range;
use std::sync::Arc;

use super::keys::Key;
use super::outside::Lend;
use super::replay::{Change, Replaying};
use super::source::{RunEntry, WorkflowEntry};
use crate::engine::Pace;
use crate::id::{AttemptId, RunId};
use crate::journal::Line;
use crate::run::{Command, Definition, Kind, PastTimes, Recorded, Refusal, Seen};
use crate::time::Timestamp;
use crate::workflow::Workflow;

#[derive(Clone, Debug)]
pub(crate) enum Message {
    Key {
        key: Key,
        at: Timestamp,
    },
    /// Text from the clipboard: a bracketed paste, or many characters in one read.
    Paste(String),
    Resize {
        width: u16,
        height: u16,
    },
    Events(Vec<Recorded>),
    Pace(Pace),
    /// The answer to a command, once it is durable.
    Receipt {
        command: Command,
        refused: Option<Refusal>,
    },
    /// Lines that were asked for, and how many there are in all.
    Log {
        attempt: AttemptId,
        count: u64,
        slice: Slice,
        lines: Vec<Line>,
    },
    /// The watched log has grown to so many lines.
    LogGrew {
        attempt: AttemptId,
        count: u64,
    },
    /// Numbers of lines that match; `done` with the last of them.
    Found {
        attempt: AttemptId,
        pattern: String,
        lines: Vec<u64>,
        done: bool,
    },
    Tick(Timestamp),
    /// A frame has been drawn. Keys typed before count as typed before what it shows.
    Drawn(Timestamp),
    /// How the replay of a past run goes on.
    Replay(Replaying),
    Runs(Vec<RunEntry>),
    Workflows(Vec<WorkflowEntry>),
    /// How long the steps took in past runs.
    Past(PastTimes),
    /// A workflow file was looked at: the plan, or what is wrong with it, a line each.
    Checked {
        file: String,
        result: Result<Arc<Workflow>, Vec<String>>,
    },
    /// A copy of a log is ready for a program.
    Copied(Lend),
    /// The line that tells why an attempt ended, if one does.
    ErrorAt {
        attempt: AttemptId,
        line: Option<u64>,
    },
    /// A workflow file for this run was read.
    Definition(Result<Box<Definition>, String>),
    /// Something asked for could not be done.
    Failed(String),
    /// Something asked for was done, and is worth a word.
    Done(String),
}

/// Which lines of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Slice {
    Range(Range<u64>),
    /// The last so many.
    End(u64),
    /// These, by number.
    Lines(Vec<u64>),
}

/// Whom the copy of a log is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Copied {
    ForPager,
    ForEditor,
    File(String),
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Request {
    Send {
        command: Command,
        seen: Option<Seen>,
    },
    ReadLog {
        attempt: AttemptId,
        slice: Slice,
    },
    /// Look for growth of this log from now on, or of none.
    WatchLog(Option<AttemptId>),
    Search {
        attempt: AttemptId,
        pattern: String,
    },
    /// Look for the line that tells why the attempt ended.
    FindError(AttemptId),
    CopyLog {
        attempt: AttemptId,
        to: Copied,
    },
    WriteReport {
        run: RunId,
        path: String,
    },
    ReadDefinition(String),
    /// A program has the terminal until it ends.
    Lend(Lend),
    LoadRuns,
    LoadWorkflows,
    LoadPast {
        workflow: String,
        kind: Kind,
        but: RunId,
    },
    Check(String),
    /// Into the clipboard of the person's own terminal.
    Copy(String),
    Bell,
    NextTheme,
    Redraw,
    Suspend,
    Replay(Change),
}
