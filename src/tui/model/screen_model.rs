//! The model of a run's screen. It changes only in `update`.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::front::Front;
use super::legal::Legal;
use super::log_pane::LogPane;
use super::rows::Rows;
use super::{Aim, Marks, Merge, Place, Plain, RunList, Runbook};
use crate::engine::Pace;
use crate::id::{AttemptId, StepId};
use crate::run::{
    Actor, Changed, Expectations, Expected, Forecast, InputField, PastRuns, Precedent, Run, Seen,
    Shown, State, StepRun,
};
use crate::text::Clean;
use crate::time::Timestamp;
use crate::tui::keys::{Key, Keymap};
use crate::tui::memory::Memory;
use crate::tui::options::{Options, Outcome, Watch};
use crate::tui::pacer::Tempo;
use crate::tui::rails::{LANES_MAX, Rails};
use crate::tui::replay::{Replay, Replaying};
use crate::tui::theme::Status;
use crate::workflow::{Step, Workflow};

/// How long a toast stays.
const TOAST: Duration = Duration::from_secs(6);

#[derive(Debug)]
pub(crate) struct Model {
    pub run: Run,
    pub rails: Rails,
    pub rows: Rows,
    pub marks: Marks,
    /// Index into `run.steps()`.
    pub selected: usize,
    /// Row of the selection, and the first visible row.
    pub cursor: usize,
    pub top: usize,
    pub view: View,
    pub last_view: View,
    pub focus: Focus,
    pub zoom: bool,
    /// Columns that the graph shows to each side.
    pub depth: usize,
    /// How much finer the time axis is than the whole run would need.
    pub zoom_in: usize,
    /// The selection follows the run until the person moves it.
    pub follow_run: bool,
    pub log: LogPane,
    pub merge: Merge,
    pub detail: Detail,
    pub before: Before,
    pub runbook: Runbook,
    pub audit_top: usize,
    pub text: TextView,
    pub runs: RunList,
    pub front: Front,
    /// The first key of a chord of two.
    pub pending: Option<Key>,
    pub toast: Option<Toast>,
    /// Lines instead of the screen.
    pub plain: Plain,
    pub watch: Watch,
    /// A past run is shown once more.
    pub replay: Option<Replaying>,
    pub pace: Pace,
    /// How fast the line takes frames.
    pub tempo: Tempo,
    pub actor: Actor,
    pub keymap: Keymap,
    /// How the last screen was left, until it is taken over at the first event.
    pub memory: Option<Result<Memory, String>>,
    /// The theme, if it was chosen on a screen.
    pub theme: Option<String>,
    /// Clicks and the wheel are told.
    pub mouse: bool,
    pub dir: PathBuf,
    pub has_source: bool,
    pub now: Timestamp,
    pub width: u16,
    pub height: u16,
    /// How long the whole run should take, by the expected times of its steps.
    pub expected: Option<Duration>,
    /// Worked out when it is looked at: a fast run has many turns between two frames.
    forecast: OnceCell<Forecast>,
    pub past: PastRuns,
    /// What the service calls that run said last of themselves.
    pub inside: BTreeMap<AttemptId, String>,
    /// What `past` says of the plan as it is.
    pub expectations: Expectations,
    /// Steps that wait for a person's decision, in row order.
    pub needs_you: Vec<usize>,
    /// The preflight checks wait for a person's decision.
    pub checks_need: bool,
    pub legal: Legal,
    /// The first few steps that run.
    pub active: Vec<usize>,
    /// A question closed by itself: keys until then were meant for it.
    pub deaf_until: Option<Timestamp>,
    /// Events cannot be followed any more: why.
    pub broken: Option<String>,
    /// Pausing was asked for in order to leave.
    pub leaving: bool,
    /// The person has been shown how the run stands that was taken up.
    pub took_stock: bool,
    pub outcome: Option<Outcome>,
}

/// What fills the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum View {
    Outline,
    Graph,
    Gantt,
    Logs,
    Audit,
    Detail,
    Runbook,
    Runs,
    /// The workflow file.
    Text,
}

impl View {
    /// Steps above, the log below.
    pub(crate) fn is_of_steps(self) -> bool {
        matches!(self, Self::Outline | Self::Graph | Self::Gantt)
    }
}

/// Which pane the movement keys move in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Focus {
    Steps,
    Log,
    Detail,
}

/// What the detail pane shows, computed when the selection or the run changes, not at each frame.
#[derive(Clone, Debug, Default)]
pub(crate) struct Detail {
    /// Of this step, at this event.
    pub of: Option<(usize, u64)>,
    pub inputs: Vec<InputField>,
    pub will_run: Vec<String>,
    pub top: usize,
}

/// What past runs say of the selected step, if it failed; computed when the selection or the run changes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Before {
    /// Of this step, at this event.
    pub of: Option<(usize, u64)>,
    pub precedent: Option<Precedent>,
    pub changed: Option<Changed>,
}

impl Before {
    /// How many lines there are to say.
    pub(crate) fn lines(&self) -> u16 {
        u16::from(self.precedent.is_some()) + u16::from(self.changed.is_some())
    }
}

#[derive(Clone, Debug, Default)]
pub(crate) struct TextView {
    pub title: String,
    pub lines: Vec<Clean>,
    pub top: usize,
    /// The line that the person came for.
    pub marked: Option<usize>,
}

/// A word to the person that goes away by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Toast {
    pub text: Clean,
    pub tone: Tone,
    pub until: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    Info,
    Warn,
    Error,
}

impl Model {
    /// The screen of a run before its first event.
    pub(crate) fn new(workflow: Arc<Workflow>, actor: Actor, options: &Options) -> Self {
        let rails = rails(&workflow);
        let selected = rails.order().next().unwrap_or(0);
        let run = Run::empty(workflow);
        let expected = run.expected_in_all(&Expectations::default());
        Self {
            run,
            rails,
            rows: Rows::default(),
            marks: Marks::default(),
            selected,
            cursor: 0,
            top: 0,
            view: View::Outline,
            last_view: View::Outline,
            focus: Focus::Steps,
            zoom: false,
            depth: 2,
            zoom_in: 0,
            follow_run: true,
            log: LogPane::default(),
            merge: Merge::default(),
            detail: Detail::default(),
            before: Before::default(),
            runbook: Runbook::default(),
            audit_top: 0,
            text: TextView::default(),
            runs: RunList::default(),
            front: Front::None,
            pending: None,
            toast: None,
            plain: Plain::new(options),
            watch: options.watch,
            replay: options.replay.as_ref().map(Replay::shown),
            pace: Pace::Live,
            tempo: Tempo::default(),
            actor,
            keymap: options.keymap.clone(),
            memory: options.memory.clone(),
            theme: None,
            mouse: false,
            dir: options.dir.clone(),
            has_source: options.source.is_some(),
            now: options.now(),
            width: 80,
            height: 24,
            expected,
            forecast: OnceCell::from(Forecast::default()),
            past: PastRuns::default(),
            inside: BTreeMap::new(),
            expectations: Expectations::default(),
            needs_you: Vec::new(),
            checks_need: false,
            legal: Legal::default(),
            active: Vec::new(),
            deaf_until: None,
            broken: None,
            leaving: false,
            took_stock: false,
            outcome: None,
        }
    }

    /// The selected step; `None` before the first event and in a plan without steps.
    pub(crate) fn step(&self) -> Option<&StepRun> {
        self.run.steps().get(self.selected)
    }

    /// The definition of step `index`.
    pub(crate) fn def(&self, index: usize) -> Option<&Step> {
        self.run.definition(index)
    }

    /// The selected step as it is now: what a command is aimed at.
    pub(crate) fn aim(&self) -> Option<Aim> {
        self.aim_at(self.selected)
    }

    pub(crate) fn aim_at(&self, index: usize) -> Option<Aim> {
        let step = self.run.steps().get(index)?;
        Some(Aim {
            index,
            step: step.id.clone(),
            seen: Seen {
                attempts: step.attempts.len() as u32,
                state: self.run.state(index),
            },
        })
    }

    /// Something moves by itself, so clocks are shown and must tick.
    pub(crate) fn is_moving(&self) -> bool {
        let counts = self.run.counts();
        let ended = self.run.phase().is_terminal() || self.pace != Pace::Live;
        !ended
            && (counts.running > 0
                || matches!(
                    self.run.shown(),
                    Shown::Running | Shown::Preflight | Shown::Cancelling
                ))
    }

    /// A clock on the screen changes with time: something moves, or a deadline is shown.
    pub(crate) fn wake_at(&self) -> Option<Timestamp> {
        if self.plain.on {
            return None;
        }
        let second = self.now.after(Duration::from_millis(
            1000 - self.now.0.rem_euclid(1000).unsigned_abs(),
        ));
        let tick = self.is_moving().then_some(second);
        let toast = self.toast.as_ref().map(|toast| toast.until);
        let asked = self.run.controls().asked.as_ref();
        let asked = asked.filter(|_| self.pace == Pace::Live).map(|_| second);
        let runs = self.runs.stale_at().filter(|_| self.view == View::Runs);
        [tick, toast, asked, runs].into_iter().flatten().min()
    }

    pub(crate) fn say(&mut self, tone: Tone, text: &str) {
        let long = if tone == Tone::Error {
            TOAST * 2
        } else {
            TOAST
        };
        self.toast = Some(Toast {
            text: Clean::line(text),
            tone,
            until: self.now.after(long),
        });
    }

    /// Selects a step and its row, unfolding nothing. False if it has no row.
    pub(crate) fn select(&mut self, index: usize) -> bool {
        let Some(row) = self.rows.row_of(index, self.cursor) else {
            return false;
        };
        self.selected = index;
        self.cursor = row;
        true
    }

    pub(crate) fn select_row(&mut self, row: usize) {
        let row = row.min(self.rows.len().saturating_sub(1));
        if let Some(step) = self.rows.step(row) {
            self.cursor = row;
            self.selected = step;
        }
    }

    /// The run has another plan: everything that goes by its places is worked out anew.
    pub(crate) fn replan(&mut self, here: Option<&StepId>) {
        let workflow = self.run.workflow().clone();
        self.rails = rails(&workflow);
        self.expect();
        self.rows = Rows::default();
        let first = self.rails.order().next().unwrap_or(0);
        self.selected = here.and_then(|id| self.run.index(id)).unwrap_or(first);
        self.legal = Legal::default();
        self.detail = Detail::default();
        self.before = Before::default();
        self.runbook = Runbook::default();
        self.merge.forget();
        self.build_rows();
    }

    /// Takes in what past runs tell.
    pub(crate) fn learn(&mut self, past: PastRuns) {
        self.past = past;
        self.detail.of = None;
        self.before.of = None;
        self.expect();
        self.forget_forecast();
    }

    fn expect(&mut self) {
        self.expectations = Expectations::new(self.run.workflow(), &self.past.times);
        self.expected = self.run.expected_in_all(&self.expectations);
    }

    /// What is to come does not look as it did.
    pub(crate) fn forget_forecast(&mut self) {
        self.forecast = OnceCell::new();
    }

    pub(crate) fn forecast(&self) -> &Forecast {
        let now = || self.run.forecast(self.now, &self.expectations);
        self.forecast.get_or_init(now)
    }

    /// How long this step should take.
    pub(crate) fn expected_of(&self, index: usize) -> Option<Expected> {
        self.run.expected(index, &self.expectations)
    }

    /// Lays the rows out anew and keeps the selection where it was, or near it.
    pub(crate) fn build_rows(&mut self) {
        if self.run.steps().is_empty() {
            return;
        }
        self.rows.build(&self.run, &self.rails);
        if !self.select_near(self.selected) {
            self.select_row(self.cursor);
        }
    }

    /// Selects a step, or the group that it is folded into. False if none of them has a row.
    pub(crate) fn select_near(&mut self, index: usize) -> bool {
        let groups: Vec<usize> = self.run.around(index).collect();
        std::iter::once(index)
            .chain(groups)
            .any(|index| self.select(index))
    }

    /// How the state of a step is shown: only what asks a person asks, a timer just waits.
    pub(crate) fn status(&self, index: usize) -> Status {
        match self.run.state(index) {
            State::Waiting if !self.asks(index) => Status::Wait,
            state => Status::from(state),
        }
    }

    /// Whether `index` waits for a person's decision.
    pub(crate) fn asks(&self, index: usize) -> bool {
        let state = self.run.state(index);
        let Some(step) = self.run.steps().get(index) else {
            return false;
        };
        let person = matches!(
            step.ask,
            Some(crate::run::Ask::Approval { .. } | crate::run::Ask::Checklist { .. })
        );
        step.members.is_none()
            && (state.is_unresolved() || state == State::Held || person && state == State::Waiting)
    }

    /// Which attempt's log is shown: the chosen one, or the newest.
    pub(crate) fn shown_attempt(&self) -> Option<u32> {
        let attempts = &self.step()?.attempts;
        let chosen = self
            .log
            .chosen
            .filter(|n| attempts.iter().any(|a| a.n == *n));
        chosen.or_else(|| attempts.last().map(|attempt| attempt.n))
    }

    pub(crate) fn log_follows(&self) -> bool {
        self.log.place == Place::Follow
    }
}

fn rails(workflow: &Workflow) -> Rails {
    let steps = workflow.steps.iter();
    let needs = steps.map(|step| step.needs.iter().map(|need| need.step));
    Rails::new(needs, LANES_MAX)
}
