//! The one action table: keys, hints, help, palette and the README's table are made from it, and a test holds it to the
//! rules of the screen: lower case is safe or small, upper case changes the run and asks, nothing that changes a run
//! sits on Ctrl, Enter, Esc, Space, `q` or a movement key.

/// What a key or a `:command` does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Act {
    Pause,
    Step,
    Retry,
    RetryEdited,
    RetryFrom,
    Skip,
    Mark,
    Ignore,
    Cancel,
    Abort,
    RollBack,
    Answer,
    Revoke,
    Postpone,
    Breakpoint,
    Note,
    Pin,
    Undo,
    Ungraceful,
    Reload,
    Controls,
    Force,
    Detach,
    Arm,
    Disarm,
    Down,
    Up,
    Left,
    Right,
    PageDown,
    PageUp,
    HalfDown,
    HalfUp,
    Top,
    Bottom,
    ToFailed,
    ToRunning,
    ToApproval,
    ToBreakpoint,
    ToCritical,
    ToError,
    NeedsNext,
    NeedsPrevious,
    AttemptNext,
    AttemptPrevious,
    FocusNext,
    FocusPrevious,
    Zoom,
    ViewOutline,
    ViewGraph,
    ViewGantt,
    ViewLogs,
    ViewAudit,
    ViewRunbook,
    ViewRuns,
    ViewLast,
    Fold,
    Unfold,
    Find,
    FindNext,
    FindPrevious,
    OnlyMatches,
    Merge,
    Follow,
    Wrap,
    Timestamps,
    Output,
    Open,
    Details,
    Inputs,
    Definition,
    Copy,
    Editor,
    Pager,
    Shell,
    Write,
    Bookmark,
    BookmarkNext,
    Select,
    SelectRange,
    FollowRun,
    Theme,
    Mouse,
    Redraw,
    Palette,
    Help,
    Back,
    Quit,
    Suspend,
    Plain,
    Faster,
    Slower,
    Ahead,
}

/// How much is asked before a key takes effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Nothing.
    Free,
    /// One line, `y` or `n`.
    Line,
    /// A box that lists what will happen; the default is no.
    Dialog,
    /// As `Dialog`, and the name typed.
    Typed,
}

/// The level, which may rise with what the step is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asks {
    pub normally: Level,
    pub danger: Level,
    pub not_idempotent: Level,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    Steer,
    Move,
    Look,
    Log,
    Screen,
}

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Action {
    pub act: Act,
    pub keys: &'static [&'static str],
    /// Its name in the palette (`:pause`) and in `keys.yaml`.
    pub command: &'static str,
    /// As the hint line says it; empty = never hinted.
    pub hint: &'static str,
    pub help: &'static str,
    pub group: Group,
    pub asks: Asks,
    /// It changes the run, so a watching screen refuses it.
    pub changes: bool,
}

impl Asks {
    const FREE: Self = Self::always(Level::Free);

    const fn always(level: Level) -> Self {
        Self {
            normally: level,
            danger: level,
            not_idempotent: level,
        }
    }

    const fn danger(normally: Level, danger: Level) -> Self {
        Self {
            normally,
            danger,
            not_idempotent: normally,
        }
    }

    const fn not_idempotent(normally: Level, not_idempotent: Level) -> Self {
        Self {
            normally,
            danger: normally,
            not_idempotent,
        }
    }

    /// The level for a step that is so.
    pub fn level(self, danger: bool, idempotent: bool) -> Level {
        let by_danger = if danger { self.danger } else { self.normally };
        let by_nature = if idempotent {
            self.normally
        } else {
            self.not_idempotent
        };
        by_danger.max(by_nature)
    }

    /// `1`, `2 (3 danger)`; empty for level 0.
    pub fn text(self) -> String {
        let number = |level: Level| (level as u8).to_string();
        let mut text = match self.normally {
            Level::Free => String::new(),
            level => number(level),
        };
        if self.danger != self.normally {
            text = format!("{} ({} danger)", number(self.normally), number(self.danger));
        } else if self.not_idempotent != self.normally {
            let other = number(self.not_idempotent);
            text = format!("{} ({other} not idempotent)", number(self.normally));
        }
        text
    }
}

const fn row(
    act: Act,
    keys: &'static [&'static str],
    command: &'static str,
    hint: &'static str,
    help: &'static str,
    group: Group,
) -> Action {
    Action {
        act,
        keys,
        command,
        hint,
        help,
        group,
        asks: Asks::FREE,
        changes: false,
    }
}

impl Action {
    const fn changing(mut self, asks: Asks) -> Self {
        self.asks = asks;
        self.changes = true;
        self
    }

    const fn asking(mut self, asks: Asks) -> Self {
        self.asks = asks;
        self
    }
}

use Act as A;
use Group::{Log, Look, Move, Screen, Steer};
use Level::{Dialog, Free, Line, Typed};

/// Every action, in the order in which help lists them.
#[rustfmt::skip] // One row a line: this is the table that people read.
pub const TABLE: &[Action] = &[
    row(A::Pause, &["p"], "pause", "pause", "pause or resume the run; running steps finish", Steer).changing(Asks::danger(Free, Line)),
    row(A::Step, &["s"], "step", "step", "while paused: start exactly one step", Steer).changing(Asks::danger(Line, Typed)),
    row(A::Retry, &["r"], "retry", "retry", "try the step again; while it waits for a retry: now", Steer).changing(Asks::not_idempotent(Line, Dialog)),
    row(A::RetryEdited, &["e"], "retry-with", "edit+retry", "retry with changed inputs", Steer).changing(Asks::always(Dialog)),
    row(A::RetryFrom, &["R"], "retry-from", "from here", "retry this step and all that comes after it", Steer).changing(Asks::always(Dialog)),
    row(A::Skip, &["S"], "skip", "skip", "skip the step, or take a skip back", Steer).changing(Asks::danger(Dialog, Typed)),
    row(A::Mark, &["M"], "mark", "mark-ok", "mark the step as done by hand", Steer).changing(Asks::danger(Dialog, Typed)),
    row(A::Ignore, &["I"], "ignore", "ignore", "go on as if the failure had not happened", Steer).changing(Asks::always(Dialog)),
    row(A::Cancel, &["x"], "cancel", "cancel", "cancel the step (TERM); again: kill it", Steer).changing(Asks::not_idempotent(Line, Dialog)),
    row(A::Abort, &["X"], "abort", "abort", "abort the run: drain, cancel now or kill", Steer).changing(Asks::always(Typed)),
    row(A::RollBack, &["B"], "rollback", "roll back", "undo what has been done, the last step first", Steer).changing(Asks::always(Typed)),
    row(A::Answer, &["a"], "answer", "answer", "answer an approval or tick a checklist", Steer).changing(Asks::danger(Dialog, Typed)),
    row(A::Revoke, &[], "revoke", "", "take back your own vote while the approval is open", Steer).changing(Asks::always(Line)),
    row(A::Postpone, &[], "postpone", "", "move the end of a wait or of an approval's deadline", Steer).changing(Asks::always(Dialog)),
    row(A::Breakpoint, &["b"], "break", "break", "set or clear a breakpoint; release a held step", Steer).changing(Asks::FREE),
    row(A::Note, &["c"], "note", "note", "write a note on the step", Steer),
    row(A::Pin, &[], "pin", "", "pin the top line of the log to the run's record", Steer),
    row(A::Undo, &["u"], "undo", "", "take your last command back, if nothing has come of it yet", Steer).changing(Asks::danger(Line, Dialog)),
    row(A::Ungraceful, &["U"], "ungraceful", "", "ungraceful mode on or off, of the step or the run", Steer).changing(Asks::always(Dialog)),
    row(A::Reload, &[], "reload", "", "while paused: go on by a changed workflow file", Steer).changing(Asks::always(Dialog)),
    row(A::Controls, &["C"], "controls", "controls", "take the controls, ask for them, hand them over or give them up", Steer).asking(Asks::always(Line)),
    row(A::Force, &[], "take-by-force", "", "take the controls without being granted them; needs a reason", Steer).asking(Asks::always(Dialog)),
    row(A::Detach, &["D"], "detach", "detach", "leave; the run goes on without a screen", Steer).asking(Asks::always(Line)),
    row(A::Arm, &[], "arm", "", "act: keys change the run", Steer),
    row(A::Disarm, &[], "disarm", "", "watch: keys that change the run do nothing", Steer),

    row(A::Down, &["j", "Down"], "down", "", "down", Move),
    row(A::Up, &["k", "Up"], "up", "", "up", Move),
    row(A::Left, &["h", "Left"], "left", "", "fold, or go to what it needs", Move),
    row(A::Right, &["l", "Right"], "right", "", "unfold, or go to what needs it", Move),
    row(A::PageDown, &["PgDn"], "page-down", "", "a page down", Move),
    row(A::PageUp, &["PgUp"], "page-up", "", "a page up", Move),
    row(A::HalfDown, &["Ctrl-d"], "half-down", "", "half a page down", Move),
    row(A::HalfUp, &["Ctrl-u"], "half-up", "", "half a page up", Move),
    row(A::Top, &["g g", "Home"], "top", "", "to the first line", Move),
    row(A::Bottom, &["G", "End"], "bottom", "", "to the last line", Move),
    row(A::ToFailed, &["g f"], "to-failed", "", "to the next failed step", Move),
    row(A::ToRunning, &["g r"], "to-running", "", "to the next running step", Move),
    row(A::ToApproval, &["g a"], "to-approval", "", "to the next approval or checklist", Move),
    row(A::ToBreakpoint, &["g b"], "to-breakpoint", "", "to the next breakpoint", Move),
    row(A::ToCritical, &["g c"], "to-critical", "", "to the critical path, and along it", Move),
    row(A::ToError, &["g e"], "to-error", "", "in the log: to the last line that tells of an error", Move),
    row(A::NeedsNext, &["}"], "needs-next", "", "to the next step that needs a person", Move),
    row(A::NeedsPrevious, &["{"], "needs-previous", "", "to the previous step that needs a person", Move),
    row(A::AttemptNext, &["]"], "attempt-next", "", "to the next attempt", Move),
    row(A::AttemptPrevious, &["["], "attempt-previous", "", "to the previous attempt", Move),
    row(A::FocusNext, &["Tab"], "focus-next", "", "to the next pane", Move),
    row(A::FocusPrevious, &["Shift-Tab"], "focus-previous", "", "to the previous pane", Move),
    row(A::FollowRun, &["F"], "follow-run", "", "the selection follows the run", Move),
    row(A::Select, &["Space"], "select", "", "mark the step or not; r S M x b then act on all marked", Move),
    row(A::SelectRange, &["v"], "select-range", "", "mark from here to where it is pressed again", Move),
    row(A::Bookmark, &["m"], "bookmark", "", "set or clear a bookmark at the step", Move),
    row(A::BookmarkNext, &["'"], "bookmark-next", "", "to the next bookmark", Move),

    row(A::ViewOutline, &["1"], "outline", "", "outline: all steps", Look),
    row(A::ViewGraph, &["2"], "graph", "", "graph around the step", Look),
    row(A::ViewGantt, &["3"], "gantt", "", "actual against expected times", Look),
    row(A::ViewLogs, &["4"], "logs", "", "the log on the whole screen; again: the logs of all steps, merged by time", Look),
    row(A::ViewAudit, &["5"], "audit", "", "who did what, when and why", Look),
    row(A::ViewRunbook, &["6"], "runbook", "", "the runbook: what is written, ticked and noted, and what will run", Look),
    row(A::ViewRuns, &["0"], "runs", "", "all runs", Look),
    row(A::ViewLast, &[","], "last", "", "the view before this one", Look),
    row(A::Open, &["Enter"], "open", "", "open what is selected: the step's details, or the run", Look),
    row(A::Details, &["d"], "details", "details", "details of the step", Look),
    row(A::Inputs, &["i"], "inputs", "", "inputs and outputs of the step", Look),
    row(A::Definition, &["Y"], "definition", "", "the step in the workflow file", Look),
    row(A::Output, &["o"], "output", "output", "the step's log on the whole screen", Look),
    row(A::Zoom, &["z"], "zoom", "", "give the pane the whole screen, and back", Look),
    row(A::Fold, &["-"], "fold", "", "fold a group to one row; less of the graph; a coarser time axis", Look),
    row(A::Unfold, &["="], "unfold", "", "unfold a group; more of the graph; a finer time axis", Look),

    row(A::Find, &["/"], "find", "find", "filter the list (st:fail host:db danger !word), or search the log", Log),
    row(A::FindNext, &["n"], "find-next", "", "next match", Log),
    row(A::FindPrevious, &["N"], "find-previous", "", "previous match", Log),
    row(A::OnlyMatches, &["&"], "only-matches", "", "show only lines that match", Log),
    row(A::Merge, &[], "merge", "", "the logs of all steps, or of the marked ones, merged by time; again: of one step", Log),
    row(A::Follow, &["f"], "follow", "", "follow the end of the log", Log),
    row(A::Wrap, &["w"], "wrap", "", "wrap long lines", Log),
    row(A::Timestamps, &["t"], "timestamps", "", "times: off, clock, since the start", Log),
    row(A::Copy, &["y"], "copy", "", "copy the name, error, command or log lines", Log),
    row(A::Editor, &["E"], "editor", "", "open a copy of the log in $EDITOR", Log),
    row(A::Pager, &["P"], "pager", "", "open a copy of the log in $PAGER", Log),
    row(A::Shell, &["!"], "shell", "", "a shell with the step's environment, but no secrets", Log),
    row(A::Write, &["W"], "write", "", "write the log or a report to a new file", Log),

    row(A::Palette, &[":"], "palette", "cmd", "type any command by its name", Screen),
    row(A::Help, &["?"], "help", "help", "this help; type to search, Enter runs", Screen),
    row(A::Theme, &["T"], "theme", "", "the next theme; also :theme NAME and :theme reload", Screen),
    row(A::Mouse, &["\\"], "mouse", "", "mouse on or off: a click selects, the wheel scrolls", Screen),
    row(A::Redraw, &["Ctrl-l"], "redraw", "", "draw the screen anew", Screen),
    row(A::Suspend, &["Ctrl-z"], "suspend", "", "suspend the screen; the run goes on", Screen),
    row(A::Plain, &[], "plain", "", "lines and numbered questions instead of the screen; 0 comes back", Screen),
    row(A::Faster, &[">"], "faster", "", "in a replay: twice as fast", Screen),
    row(A::Slower, &["<"], "slower", "", "in a replay: half as fast", Screen),
    row(A::Ahead, &["."], "ahead", "", "in a replay: on to what happens next", Screen),
    row(A::Back, &["Esc"], "back", "", "close what is open; never quits", Screen),
    row(A::Quit, &["q", "Ctrl-c"], "quit", "", "back; at the top: stay, detach, pause and quit, or abort", Screen),
];

/// The row of `act`.
pub fn action(act: Act) -> &'static Action {
    TABLE
        .iter()
        .find(|row| row.act == act)
        .expect("every act has its row: a test walks over all of them")
}

/// Name of a group in help and in the README.
impl Group {
    pub const ALL: [Self; 5] = [Self::Steer, Self::Move, Self::Look, Self::Log, Self::Screen];

    pub fn title(self) -> &'static str {
        match self {
            Self::Steer => "Steer the run",
            Self::Move => "Move",
            Self::Look => "Look",
            Self::Log => "Find and logs",
            Self::Screen => "Screen",
        }
    }
}
