//! What the screen reacts to, and what it asks for. Closed lists of data: a session is a list of messages, so it can be
//! replayed in a test.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use super::keys::Key;
use super::looks::Wanted;
use super::mouse::Mouse;
use super::outside::Lend;
use super::pacer::Tempo;
use super::replay::{Change, Replaying};
use super::source::{Like, RunEntry, WorkflowEntry};
use crate::engine::Pace;
use crate::id::{AttemptId, RunId};
use crate::journal::Line;
use crate::run::{Command, Contrast, Definition, Kind, PastRuns, Recorded, Refusal, Seen};
use crate::text::Clean;
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
    Mouse(Mouse),
    /// A whole line, where lines are typed instead of keys.
    Line {
        text: String,
        at: Timestamp,
    },
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
        of: LogOf,
        count: u64,
        slice: Slice,
        lines: Vec<Said>,
    },
    /// The watched log has grown to so many lines.
    LogGrew {
        of: LogOf,
        count: u64,
    },
    /// Numbers of lines that match among those that were looked at now; `done` with the last of them.
    Found {
        of: LogOf,
        pattern: String,
        among: Range<u64>,
        lines: Vec<u64>,
        done: bool,
    },
    Tick(Timestamp),
    /// What the service calls that run said last of themselves.
    Inside(BTreeMap<AttemptId, String>),
    /// A frame has been drawn. Keys typed before count as typed before what it shows.
    Drawn(Timestamp),
    /// How fast the line takes frames. No change: it is shown with the next frame that something else wants.
    Tempo(Tempo),
    /// How the replay of a past run goes on.
    Replay(Replaying),
    Runs(Vec<RunEntry>),
    /// Two runs were held against each other.
    Compared(Box<Contrast>),
    /// What a new run would take over from another one.
    Like(Box<Like>),
    Workflows(Vec<WorkflowEntry>),
    /// How long the steps took in past runs, and what became of those that went wrong.
    Past(Box<PastRuns>),
    /// A workflow file was looked at: the plan, or what is wrong with it, a line each.
    Checked {
        file: String,
        result: Result<Arc<Workflow>, Vec<String>>,
    },
    /// A copy of a log is ready for a program.
    Copied(Lend),
    /// The line that tells why an attempt ended, if one does.
    ErrorAt {
        of: LogOf,
        line: Option<u64>,
    },
    /// A workflow file for this run was read.
    Definition(Result<Box<Definition>, String>),
    /// Something asked for could not be done.
    Failed(String),
    /// The person chose a theme by this name.
    Theme(String),
    /// Something asked for was done, and is worth a word.
    Done(String),
}

/// Whose log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum LogOf {
    Attempt(AttemptId),
    /// Several, merged by time: those of the last `Request::Merge`, which has this number.
    Merged(u32),
}

impl LogOf {
    /// As files and messages call it.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Attempt(attempt) => attempt.file_stem(),
            Self::Merged(_) => "merged".to_owned(),
        }
    }
}

/// One of the logs that are merged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    pub attempt: AttemptId,
    /// It may still grow.
    pub live: bool,
}

/// A line that was read. With its number in what was read: in a merge, among all lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Said {
    pub line: Line,
    /// Of a merge: whose line it is.
    pub origin: Option<Origin>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Origin {
    /// Which of the parts, and its attempt.
    pub part: usize,
    pub attempt: AttemptId,
    /// The number of the line in its own log.
    pub number: u64,
}

impl From<Line> for Said {
    fn from(line: Line) -> Self {
        Self { line, origin: None }
    }
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
        of: LogOf,
        slice: Slice,
    },
    /// These logs are merged from now on. Under the number of the last time, more may follow what was there.
    Merge {
        number: u32,
        parts: Vec<Part>,
    },
    /// Look for growth of this log from now on, or of none.
    WatchLog(Option<LogOf>),
    Search {
        of: LogOf,
        pattern: String,
        /// The first line that is looked at.
        from: u64,
    },
    /// Look for the line that tells why the attempt ended.
    FindError(LogOf),
    /// Look what these service calls say of themselves.
    LookInside(Vec<AttemptId>),
    CopyLog {
        of: LogOf,
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
    Compare([RunId; 2]),
    LoadLike(RunId),
    LoadPast {
        workflow: String,
        kind: Kind,
        but: RunId,
    },
    Check(String),
    /// Into the clipboard of the person's own terminal.
    Copy(String),
    /// A person is needed: for what, in a few words.
    Call(Clean),
    Theme(Wanted),
    Redraw,
    Suspend,
    /// Mouse reports on or off.
    Mouse(bool),
    /// Lines instead of the screen, or the screen again.
    Plain(bool),
    Replay(Change),
}

impl Request {
    /// The report of a run, into a new file that is called after it.
    pub(crate) fn report_of(run: &RunId) -> Self {
        Self::WriteReport {
            run: run.clone(),
            path: format!("{run}.md"),
        }
    }
}
