//! The log of the selected step. Only the visible lines are laid out; the terminal never sees a control character of it.

use std::ops::Range;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Style};

use super::strip::Strip;
use crate::time::{Timestamp, clock_span};
use crate::tui::ansi::{self, Span};
use crate::tui::layout::panes;
use crate::tui::model::{Focus, LogPane, Model, Place, Shown, Stamps, View};
use crate::tui::theme::{Role, Theme};
use crate::workflow::Action;

pub(crate) fn render(model: &Model, theme: &Theme, buffer: &mut Buffer, area: Rect) {
    if area.is_empty() {
        return;
    }
    title(model, theme, buffer, area);
    let below = Rect {
        y: area.y + 1,
        height: area.height - 1,
        ..area
    };
    let log = &model.log;
    if log.attempt.is_none() || log.lines.is_empty() {
        let words = empty_words(model);
        Strip::new(buffer, below)
            .gap(1)
            .own(words, theme.style(Role::Muted));
        return;
    }
    let height = usize::from(below.height);
    let start = start_of(model);
    let width = usize::from(below.width)
        .saturating_sub(stamp_width(log) + 1)
        .max(1);
    for (n, (line, spans)) in rows(log, height, width).into_iter().enumerate() {
        let mut strip = Strip::nth(buffer, below, n as u16);
        strip.gap(1);
        if let Some(stamp) = line.map(|line| stamp(log, line, start)) {
            strip.own(&stamp, theme.style(Role::LogTime));
        } else {
            strip.gap(stamp_width(log) as u16);
        }
        for span in colour(model, theme, spans) {
            strip.own(
                &span.text,
                theme.style(Role::Text).patch(theme.depth.fit(span.style)),
            );
        }
    }
}

fn title(model: &Model, theme: &Theme, buffer: &mut Buffer, area: Rect) {
    let log = &model.log;
    let focused = model.view == View::Logs || model.focus == Focus::Log;
    let name = theme.style(if focused {
        Role::BorderFocus
    } else {
        Role::Border
    });
    let border = theme.style(Role::Border);
    let lines = theme.lines();
    Strip::new(buffer, area).fill(lines.horizontal, border);
    let mut strip = Strip::new(buffer, area);
    strip.gap(3).own(" LOG ", name);
    if let Some(attempt) = &log.attempt {
        strip.cut(attempt.step.as_str(), 40, theme, name);
        strip.own(&format!(" try {} ", attempt.n), name);
    }
    let height = panes(model).log_rows();
    let mut tell = |text: &str| {
        if !text.is_empty() && strip.room() > text.len() + 3 {
            strip
                .gap(3)
                .own(" ", border)
                .outside(text, border)
                .own(" ", border);
        }
    };
    if let Some(search) = &log.search {
        let at = search.current.map_or(0, |current| current + 1);
        let more = if search.done { "" } else { "+" };
        tell(&format!(
            "/{} {at} of {}{more}",
            search.pattern,
            search.lines.len()
        ));
    }
    if log.only_matches {
        tell("only matches");
    }
    match log.place {
        Place::Follow if log.watched.is_some() => tell("follow"),
        Place::At(_) if log.total() > 0 => {
            let top = log.top(height);
            let below = log.total().saturating_sub(top + height);
            tell(&format!("line {}, {below} below (f follow)", top + 1));
        }
        _ => {}
    }
    if !log.wrap {
        tell("wrap off");
    }
    if log.stamps == Stamps::Clock {
        tell("UTC");
    }
}

fn empty_words(model: &Model) -> &'static str {
    let log = &model.log;
    match (&log.attempt, &log.watched) {
        (None, _) => words_without_attempt(model),
        (Some(_), _) if log.only_matches => "no matches",
        (Some(_), Some(_)) => "no output yet",
        (Some(_), None) if !log.read => "",
        (Some(_), None) => "no output",
    }
}

const NEVER: &str = "it never started: there is no log";

/// Why the selected step has no log at all.
fn words_without_attempt(model: &Model) -> &'static str {
    let Some(step) = model.step() else {
        return "no step is selected";
    };
    if model
        .def(model.selected)
        .is_some_and(|def| def.inner().is_some())
    {
        return "a sub-workflow has no log of its own: each of its steps has one";
    }
    if step.members.is_some() {
        return "a fan-out has no log of its own: each of its members has one";
    }
    let works = model
        .def(model.selected)
        .is_none_or(|def| matches!(def.action, Action::Work(_)));
    match step.state {
        _ if !works => "no log: this step starts no process",
        state if state.is_resolved() || state.is_unresolved() => NEVER,
        _ if model.run.phase().is_terminal() => NEVER,
        _ => "not started: no log yet",
    }
}

fn start_of(model: &Model) -> Timestamp {
    let attempts = model.step().map(|step| step.attempts.as_slice());
    let shown = model.log.attempt.as_ref().map(|attempt| attempt.n);
    let found = attempts
        .unwrap_or_default()
        .iter()
        .find(|a| Some(a.n) == shown);
    found.map(|attempt| attempt.started_at).unwrap_or_default()
}

fn stamp_width(log: &LogPane) -> usize {
    match log.stamps {
        Stamps::Clock => 9,
        Stamps::SinceStart => 8,
        Stamps::Off => 0,
    }
}

fn stamp(log: &LogPane, line: &Shown, start: Timestamp) -> String {
    let text = match (log.stamps, line.at) {
        (Stamps::Off, _) => return String::new(),
        (_, None) => String::new(),
        (Stamps::Clock, Some(at)) => at.clock(),
        (Stamps::SinceStart, Some(at)) => format!("{:>7}", clock_span(at.since(start))),
    };
    format!("{text:<width$}", width = stamp_width(log))
}

type Row<'a> = (Option<&'a Shown>, Vec<Span>);

/// The visible rows; of a wrapped line only the first one bears its time.
fn rows(log: &LogPane, height: usize, width: usize) -> Vec<Row<'_>> {
    let top = log.top(height as u64);
    let skip = top.saturating_sub(log.from) as usize;
    let visible = log
        .lines
        .get(skip.min(log.lines.len())..)
        .unwrap_or_default();
    let visible = &visible[..visible.len().min(height)];
    let mut rows: Vec<Row> = Vec::new();
    for line in visible {
        if !log.wrap {
            rows.push((Some(line), ansi::window(&line.spans, log.left, width)));
            continue;
        }
        let wrapped = ansi::wrap(&line.spans, width).into_iter().enumerate();
        rows.extend(wrapped.map(|(n, spans)| ((n == 0).then_some(line), spans)));
    }
    if log.place == Place::Follow && rows.len() > height {
        rows.drain(..rows.len() - height);
    }
    rows.truncate(height);
    rows
}

/// Lines that say ERROR or WARN stand out where their author gave no colour; matches stand out always.
fn colour(model: &Model, theme: &Theme, mut spans: Vec<Span>) -> Vec<Span> {
    let text = ansi::text(&spans);
    let role = if ["ERROR", "FATAL", "PANIC"]
        .iter()
        .any(|word| text.contains(word))
    {
        Some(Role::LogError)
    } else if text.contains("WARN") {
        Some(Role::LogWarn)
    } else {
        None
    };
    if let Some(role) = role {
        let plain = |style: Style| style.fg.is_none_or(|colour| colour == Color::Reset);
        for span in spans.iter_mut().filter(|span| plain(span.style)) {
            span.style = theme.style(role).patch(span.style);
        }
    }
    match &model.log.search {
        Some(search) => {
            let found = matches(&text, &search.pattern);
            ansi::highlight(spans, &found, theme.style(Role::Match))
        }
        None => spans,
    }
}

/// Where the pattern stands: small letters also match capitals, as in the search itself.
fn matches(text: &str, pattern: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    if pattern.is_empty() {
        return found;
    }
    let folded = pattern.chars().all(|c| !c.is_uppercase()) && text.is_ascii();
    let lower = text.to_ascii_lowercase();
    let text = if folded { lower.as_str() } else { text };
    let mut from = 0;
    while let Some(at) = text[from..].find(pattern) {
        let start = from + at;
        from = start + pattern.len();
        found.push(start..from);
    }
    found
}
