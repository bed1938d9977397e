//! Actual against expected times, one row a step in the outline's order. Only visible rows are laid out.
//!
//! ```text
//! --- GANTT --- # actual  % over  : forecast  . unused  | now --------------------------
//!                     0:00      1:40      3:20
//!  + freeze-deploys   #               |                   ok    0:04/0:05
//!  X promote-orders >    #####X...    |::::               FAIL  0:48/1:10
//!  > promote-users    #######%%%%%%%%%>                   run   3:06/1:20   +132%
//!  . dns-switch     >                 |     ::::          wait       0:30
//! ```
//!
//! `>` before a bar says that the step is on the critical path.

use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::axis::Axis;
use super::outline::{expected, label, note, word};
use super::strip::Strip;
use super::words::{time_of, took};
use crate::run::{Attempt, State};
use crate::time::{Timestamp, clock_span};
use crate::tui::model::{Focus, Model};
use crate::tui::theme::{Role, Theme};

/// Attempts of a step that are drawn: the newest.
const ATTEMPTS: usize = 16;

/// Where the columns stand; the state, the times and the note are left out where there is no room.
#[derive(Clone, Copy, Debug)]
struct Columns {
    bar: u16,
    bar_end: u16,
    state: Option<u16>,
    times: Option<u16>,
    note: Option<u16>,
}

const STATE: u16 = 7;
const TIMES: u16 = 14;
const NOTE: u16 = 8;
/// Cursor, glyph, the sign of the critical path, and the gaps around them.
const SIGNS: u16 = 5;

impl Columns {
    fn of(area: Rect) -> Self {
        let mut end = area.right();
        let mut take = |width: u16, from: u16| {
            (area.width >= from).then(|| {
                end = end.saturating_sub(width);
                end
            })
        };
        let note = take(NOTE, 70);
        let times = take(TIMES, 50);
        let state = take(STATE, 40);
        let names = (area.width / 4 + 2).clamp(8, 28);
        let bar = (area.x + SIGNS + names).min(end);
        Self {
            bar,
            bar_end: end.saturating_sub(1).max(bar),
            state,
            times,
            note,
        }
    }
}

pub(crate) fn render(model: &Model, theme: &Theme, buffer: &mut Buffer, area: Rect) {
    if area.height < 2 {
        return;
    }
    let beside = u16::from(area.x > 0);
    title(model, theme, buffer, area);
    let inner = Rect {
        x: area.x + beside,
        width: area.width.saturating_sub(beside),
        ..area
    };
    let columns = Columns::of(inner);
    let axis = axis(model, columns);
    for n in 1..area.height {
        if beside > 0 {
            let vertical = theme.lines().vertical;
            Strip::nth(buffer, area, n).own(vertical, theme.style(Role::Border));
        }
    }
    times(model, theme, buffer, inner, (columns, axis));
    let top = top(model, usize::from(area.height - 2));
    for n in 2..area.height {
        let row = top + usize::from(n) - 2;
        let Some(index) = model.rows.step(row) else {
            break;
        };
        let line = Rect {
            y: area.y + n,
            height: 1,
            ..inner
        };
        render_row(model, theme, buffer, line, (columns, axis), (row, index));
    }
}

/// The first visible row in this area.
pub(crate) fn first_bar(model: &Model, area: Rect) -> usize {
    top(model, usize::from(area.height.saturating_sub(2)))
}

/// The first visible row: as in the outline, but the selected one is visible in fewer rows too.
fn top(model: &Model, rows: usize) -> usize {
    let lowest = (model.cursor + 1).saturating_sub(rows.max(1));
    model.top.max(lowest)
}

fn axis(model: &Model, columns: Columns) -> Axis {
    let start = model.run.started_at();
    let expected = model.expected.map_or(start, |span| start.after(span));
    let end = model.forecast().last().max(expected).max(now(model));
    let end = objective(model).map_or(end, |until| end.max(until));
    let shown = model.forecast().span(model.selected);
    let shown = shown.map_or(start, |span| span.begin);
    let width = columns.bar_end.saturating_sub(columns.bar);
    Axis::new((start, end), width, model.zoom_in, shown)
}

/// When the recovery time is over.
fn objective(model: &Model) -> Option<Timestamp> {
    let rto = model.run.workflow().objectives.rto?;
    Some(model.run.started_at().after(rto))
}

/// Until when it is known what has happened: the forecast is as old as what is shown of it, and while nothing moves it rests.
fn now(model: &Model) -> Timestamp {
    model
        .run
        .ended_at()
        .unwrap_or_else(|| model.forecast().at())
}

fn title(model: &Model, theme: &Theme, buffer: &mut Buffer, area: Rect) {
    let border = theme.style(Role::Border);
    let name = theme.style(if model.focus == Focus::Steps {
        Role::BorderFocus
    } else {
        Role::Border
    });
    let lines = theme.lines();
    Strip::new(buffer, area).fill(lines.horizontal, border);
    let mut strip = Strip::new(buffer, area);
    strip.gap(3).own(" GANTT ", name).gap(3);
    let legend = [
        (lines.bar_actual, "actual", Role::BarActual),
        (lines.bar_over, "over", Role::BarOver),
        (lines.bar_forecast, "forecast", Role::BarForecast),
        (lines.bar_unused, "unused", Role::BarForecast),
        (lines.bar_now, "now", Role::BarNow),
        (lines.bar_limit, "RTO", Role::Danger),
        (lines.arrow, "critical", Role::RailCritical),
    ];
    let limited = objective(model).is_some();
    let legend = legend
        .into_iter()
        .filter(|(_, word, _)| limited || *word != "RTO");
    for (glyph, word, role) in legend {
        if strip.room() > word.len() + 6 {
            strip.own(" ", border).own(glyph, theme.style(role));
            strip.own(&format!(" {word} "), border);
        }
    }
}

fn times(
    model: &Model,
    theme: &Theme,
    buffer: &mut Buffer,
    area: Rect,
    (columns, axis): (Columns, Axis),
) {
    let left = Rect {
        width: (columns.bar - area.x).saturating_sub(1),
        ..area
    };
    if let Some((p50, p90)) = spread(model) {
        let text = format!("p50 {} p90 {}", clock_span(p50), clock_span(p90));
        // Of the selected step; cut short it would be another time.
        if text.len() < usize::from(left.width) {
            let mut strip = Strip::nth(buffer, left, 1);
            strip.gap(1).own(&text, theme.style(Role::Muted));
        }
    }
    let mut strip = Strip::nth(buffer, area, 1);
    for (at, time) in axis.marks() {
        let text = clock_span(time);
        let x = columns.bar + at.unsigned_abs() as u16;
        if usize::from(x) + text.len() <= usize::from(columns.bar_end) {
            strip.to(x).own(&text, theme.style(Role::Muted));
        }
    }
    if let Some(x) = columns.times {
        let words = if model.expectations.know_the_past() {
            "time/median"
        } else {
            "time/declared"
        };
        strip.to(x).own(words, theme.style(Role::Muted));
    }
}

/// How long the selected step took in half of its past runs, and in nine of ten.
fn spread(model: &Model) -> Option<(Duration, Duration)> {
    let expected = model.expected_of(model.selected)?;
    let past = expected.past.filter(|past| past.count > 1)?;
    Some((expected.time, past.p90))
}

fn render_row(
    model: &Model,
    theme: &Theme,
    buffer: &mut Buffer,
    area: Rect,
    (columns, axis): (Columns, Axis),
    (row, index): (usize, usize),
) {
    let look = theme.status(model.status(index));
    let critical = model.forecast().is_critical(index);
    let selected = row == model.cursor;
    let left = Rect {
        width: (columns.bar - area.x).saturating_sub(1),
        ..area
    };
    let mut strip = Strip::new(buffer, left);
    if selected {
        strip.own(theme.lines().cursor, theme.style(Role::Accent));
    } else {
        strip.gap(1);
    }
    strip.own(&look.glyph, look.style).gap(1);
    if critical {
        strip.right(theme.lines().arrow, theme.style(Role::RailCritical));
    }
    let from = strip.x();
    let room = strip.room().saturating_sub(usize::from(!critical));
    strip.cut(&label(model, index), room, theme, theme.style(Role::Text));
    if selected {
        strip.paint(from, theme.style(Role::Selection));
    }
    let mut strip = Strip::new(buffer, area);
    for (n, (glyph, style)) in bar(model, theme, axis, index).into_iter().enumerate() {
        strip.to(columns.bar + n as u16).own(glyph, style);
    }
    if let Some(x) = columns.state {
        strip.to(x).own(&word(model, theme, index), look.style);
    }
    if let Some(x) = columns.times {
        let text = actual_and_expected(model, index);
        strip.to(x).own(&text, theme.style(Role::Text));
    }
    if let Some(x) = columns.note {
        let (text, style) = note(model, theme, index);
        strip.to(x).own(&text, style);
    }
}

/// `3:06/1:20`: what it took and what it should; of what has not begun only the latter.
fn actual_and_expected(model: &Model, index: usize) -> String {
    // That of a fan-out is said of each of its members.
    let group = model.run.steps()[index].members.is_some();
    let expected = expected(model, index).filter(|_| !group);
    let expected = expected.unwrap_or_default();
    let actual = match model.run.steps()[index].members {
        Some(_) => span_of(model, index).map(clock_span).unwrap_or_default(),
        None => time_of(&model.run, index, model.now),
    };
    let between = if actual.is_empty() || expected.is_empty() {
        " "
    } else {
        "/"
    };
    format!("{actual:>6}{between}{expected}")
}

/// How long a group has taken from its first step on, if it has begun.
fn span_of(model: &Model, index: usize) -> Option<Duration> {
    let span = model.forecast().span(index)?;
    let state = model.run.state(index);
    let end = if state.is_resolved() {
        span.end
    } else {
        now(model)
    };
    let begun = span.begin < end && !matches!(state, State::Skipped(_));
    begun.then(|| end.since(span.begin))
}

/// One glyph a column of the axis.
struct Bar<'a> {
    cells: Vec<(&'a str, Style)>,
    axis: Axis,
    theme: &'a Theme,
}

impl<'a> Bar<'a> {
    /// From the first column to the last one, both included, as far as they are visible.
    fn put(&mut self, (from, to): (i64, i64), glyph: &'a str, style: Style) {
        let end = usize::try_from(to + 1).unwrap_or(0).min(self.cells.len());
        let from = usize::try_from(from).unwrap_or(0).min(end);
        self.cells[from..end].fill((glyph, style));
    }

    fn role(&mut self, columns: (i64, i64), glyph: &'a str, role: Role) {
        let style = self.theme.style(role);
        self.put(columns, glyph, style);
    }
}

fn bar<'a>(model: &Model, theme: &'a Theme, axis: Axis, index: usize) -> Vec<(&'a str, Style)> {
    let mut bar = Bar {
        cells: vec![(" ", Style::default()); axis.width() as usize],
        axis,
        theme,
    };
    let (Some(step), Some(span)) = (model.run.steps().get(index), model.forecast().span(index))
    else {
        return bar.cells;
    };
    let (now, lines) = (now(model), theme.lines());
    if let Some(until) = objective(model) {
        let at = axis.at(until);
        bar.role((at, at), lines.bar_limit, Role::Danger);
    }
    let open = !step.state.is_resolved();
    if !model.run.phase().is_terminal() {
        let at = axis.at(now);
        bar.role((at, at), lines.bar_now, Role::BarNow);
        if open && span.end > now {
            let from = axis.at(span.begin.max(now)).max(at + 1);
            let ahead = (from, axis.at(span.end));
            bar.role(ahead, lines.bar_forecast, Role::BarForecast);
        }
    }
    // What waits for a person, and what stands for many steps, has no attempt of its own.
    let group = step.members.is_some() && !matches!(step.state, State::Skipped(_));
    if (step.waited_from.is_some() || group) && span.begin < now {
        let end = if open { now } else { span.end };
        let columns = (axis.at(span.begin), axis.at(end));
        bar.role(columns, lines.bar_actual, Role::BarActual);
        if step.state == State::Waiting {
            let look = theme.status(model.status(index));
            bar.put((columns.1, columns.1), &look.glyph, look.style);
        }
    }
    attempts(model, &mut bar, index, now);
    bar.cells
}

fn attempts<'a>(model: &Model, bar: &mut Bar<'a>, index: usize, now: Timestamp) {
    let (axis, theme): (Axis, &'a Theme) = (bar.axis, bar.theme);
    let lines = theme.lines();
    let step = &model.run.steps()[index];
    let span = |attempt: &Attempt| {
        let end = attempt.started_at.after(took(attempt, now));
        (axis.at(attempt.started_at), axis.at(end))
    };
    let newest = step.attempts.len().saturating_sub(ATTEMPTS);
    for attempt in &step.attempts[newest..] {
        bar.role(span(attempt), lines.bar_actual, Role::BarActual);
    }
    let Some(last) = step.attempts.last() else {
        return;
    };
    let (from, to) = span(last);
    if let Some(expected) = model.expected_of(index).map(|expected| expected.time) {
        let due = axis.at(last.started_at.after(expected));
        if took(last, now) > expected {
            // In the column in which it began to be late it was in time too.
            let late = ((due + 1).max(from + 1), to);
            bar.role(late, lines.bar_over, Role::BarOver);
        } else if last.ended_at.is_some() {
            let unused = (to + 1, due.min(axis.at(now) - 1));
            bar.role(unused, lines.bar_unused, Role::BarForecast);
        }
    }
    if !step.state.is_resolved() {
        let look = theme.status(model.status(index));
        bar.put((to, to), &look.glyph, look.style);
    }
}
