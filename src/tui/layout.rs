//! Where each pane stands.
//!
//! ```text
//!  status     failover-eu 42   PAUSED   5 ok  1 run  1 FAIL  7 wait
//!  tabs       1 Outline  2 Graph  3 Gantt  4 Logs  5 Audit   ETA
//!  steps      outline, graph or Gantt   │ detail    (outline only, from 100 columns)
//!             outline                   │ graph, gantt below             │ detail, audit below  (from 160 columns)
//!  card       what failed or asks, and the keys that answer it
//!  log        full width on purpose
//!  why        why the selected step waits
//!  line       a question, or a toast, or a rule
//!  hints      the keys that act now
//! ```

use ratatui::layout::Rect;

use super::model::{Focus, Model, View};
use crate::run::{Ask, State};

/// Smaller than this, nothing useful can be shown.
pub(crate) const WIDTH_MIN: u16 = 40;
pub(crate) const HEIGHT_MIN: u16 = 10;

pub(crate) const DETAIL_FROM: u16 = 100;
const ALL_FROM: u16 = 160;

/// Areas of the screen; empty where a pane is not shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Panes {
    pub status: Rect,
    pub tabs: Rect,
    pub steps: Rect,
    pub graph: Rect,
    pub gantt: Rect,
    pub detail: Rect,
    pub audit: Rect,
    pub card: Rect,
    /// With its title row.
    pub log: Rect,
    /// A view that takes the whole body.
    pub body: Rect,
    pub why: Rect,
    pub line: Rect,
    pub hints: Rect,
}

impl Panes {
    /// Steps of the list that are visible: of the outline below its title, else of the Gantt below its axis.
    pub(crate) fn step_rows(&self) -> usize {
        let rows = if self.steps.is_empty() {
            self.gantt.height.saturating_sub(2)
        } else {
            self.steps.height.saturating_sub(1)
        };
        usize::from(rows)
    }

    /// Rows of the log below its title.
    pub(crate) fn log_rows(&self) -> u64 {
        u64::from(self.log.height.saturating_sub(1))
    }

    /// What lies in front is drawn over this.
    pub(crate) fn middle(&self, whole: Rect) -> Rect {
        let bottom = if self.why.is_empty() {
            self.line.y
        } else {
            self.why.y
        };
        Rect {
            height: bottom.saturating_sub(whole.y).min(whole.height),
            ..whole
        }
    }
}

/// What the card below the outline is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Card {
    None,
    Failure,
    Ask,
    Ended,
    /// What must hold before the first step.
    Preflight,
}

impl Card {
    pub(crate) fn of(model: &Model) -> Self {
        let state = model.run.state(model.selected);
        if model.run.is_before_steps() {
            Self::Preflight
        } else if state.is_unresolved() {
            Self::Failure
        } else if state == State::Waiting
            && model
                .step()
                .is_some_and(|step| !matches!(step.ask, None | Some(Ask::Timer { .. })))
        {
            Self::Ask
        } else if model.run.started().is_some() && model.run.phase().is_terminal() {
            Self::Ended
        } else {
            Self::None
        }
    }

    /// `checks` is the number of preflight checks: each has its row; `before` that of lines about past runs.
    fn rows(self, roomy: bool, checks: usize, before: u16) -> u16 {
        match self {
            Self::None => 0,
            Self::Preflight => {
                let most = if roomy { 14 } else { 7 };
                u16::try_from(checks)
                    .unwrap_or(u16::MAX)
                    .saturating_add(2)
                    .min(most)
            }
            Self::Failure if roomy => 4 + before,
            Self::Failure => 3 + before,
            _ if roomy => 4,
            Self::Ask | Self::Ended => 3,
        }
    }
}

pub(crate) fn is_too_small(width: u16, height: u16) -> bool {
    !has_room(width, height)
}

/// Whether a terminal of this size can show a screen.
pub fn has_room(width: u16, height: u16) -> bool {
    width >= WIDTH_MIN && height >= HEIGHT_MIN
}

/// Lays out the screen for what `model` shows.
pub(crate) fn panes(model: &Model) -> Panes {
    let (width, height) = (model.width, model.height);
    if is_too_small(width, height) {
        return Panes::default();
    }
    let row = |y: u16| Rect::new(0, y, width, 1);
    let low = height < 14;
    let foot = if low { 2 } else { 3 };
    let mut panes = Panes {
        status: row(0),
        tabs: row(1),
        line: row(height - 2),
        hints: row(height - 1),
        ..Panes::default()
    };
    if !low {
        panes.why = row(height - 3);
    }
    let body = Rect::new(0, 2, width, height - 2 - foot);
    match (model.view, model.zoom, model.focus) {
        (View::Logs, ..) | (View::Outline | View::Graph | View::Gantt, true, Focus::Log) => {
            panes.log = body;
        }
        (View::Detail, ..) | (View::Outline, true, Focus::Detail) => panes.detail = body,
        (View::Audit, ..) => panes.audit = body,
        (View::Runbook | View::Runs | View::Text, ..) => panes.body = body,
        (View::Outline, true, Focus::Steps) => panes.steps = body,
        (View::Graph, true, _) => panes.graph = body,
        (View::Gantt, true, _) => panes.gantt = body,
        (View::Outline | View::Graph | View::Gantt, false, _) => split(model, body, &mut panes),
    }
    panes
}

/// Steps in one picture or in all of them above, card and log below.
fn split(model: &Model, body: Rect, panes: &mut Panes) {
    // Where little fits, how it stands now comes before what was.
    let before = if body.height >= 16 {
        model.before.lines()
    } else {
        0
    };
    let card = Card::of(model).rows(body.height >= 30, model.run.checks().len(), before);
    let card = if body.height >= 8 { card } else { 0 };
    let free = body.height - card;
    let wanted = u16::try_from(model.rows.len())
        .unwrap_or(u16::MAX)
        .saturating_add(1);
    // The outline takes what it needs, up to two thirds; the log gets the rest, at least a title and two lines.
    let log_min = if free >= 12 {
        free / 3
    } else {
        free.min(8) / 3
    };
    let mut top = wanted.min(free - log_min).max((free / 3).min(4));
    match model.view {
        View::Graph => top = free - log_min,
        View::Gantt => top = (top + 1).min(free - log_min),
        _ if body.width >= ALL_FROM => top = (free * 2 / 3).max(top),
        _ if body.width >= DETAIL_FROM => top = top.max(free / 2),
        _ => {}
    }
    let above = Rect {
        height: top,
        ..body
    };
    match model.view {
        View::Graph => panes.graph = above,
        View::Gantt => panes.gantt = above,
        _ => beside(above, panes),
    }
    panes.card = Rect::new(0, body.y + top, body.width, card);
    panes.log = Rect::new(0, body.y + top + card, body.width, free - top);
}

/// The outline, and what else of the steps has room beside it.
fn beside(area: Rect, panes: &mut Panes) {
    let part = |x: u16, width: u16| Rect {
        x: area.x + x,
        width,
        ..area
    };
    let width = area.width;
    if width < DETAIL_FROM {
        panes.steps = area;
    } else if width < ALL_FROM {
        let left = width * 3 / 5;
        panes.steps = part(0, left);
        panes.detail = part(left, width - left);
    } else {
        let left = width * 2 / 5;
        let right = width * 28 / 100;
        panes.steps = part(0, left);
        (panes.graph, panes.gantt) = stacked(part(left, width - left - right), 2);
        (panes.detail, panes.audit) = stacked(part(width - right, right), 3);
    }
}

/// The upper part takes so many fifths.
fn stacked(area: Rect, fifths: u16) -> (Rect, Rect) {
    let above = Rect {
        height: area.height * fifths / 5,
        ..area
    };
    let below = Rect {
        y: area.y + above.height,
        height: area.height - above.height,
        ..area
    };
    (above, below)
}
