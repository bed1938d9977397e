//! The log of the selected step. Only the visible lines are laid out; the terminal never sees a control character of it.

use std::ops::Range;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Style};

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::strip::{Strip, fit};
use crate::text::Clean;
use crate::time::{Timestamp, clock_span};
use crate::tui::ansi::{self, Span};
use crate::tui::keys::Act;
use crate::tui::layout::panes;
use crate::tui::message::LogOf;
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
    if log.of.is_none() || log.lines.is_empty() {
        let words = empty_words(model);
        Strip::new(buffer, below)
            .gap(1)
            .own(words, theme.style(Role::Muted));
        return;
    }
    let height = usize::from(below.height);
    let start = start_of(model);
    let names = name_width(model, below.width);
    let width = usize::from(below.width)
        .saturating_sub(stamp_width(log) + names + 1)
        .max(1);
    for (n, (line, spans)) in rows(log, height, width).into_iter().enumerate() {
        let mut strip = Strip::nth(buffer, below, n as u16);
        strip.gap(1);
        if let Some(stamp) = line.map(|line| stamp(log, line, start)) {
            strip.own(&stamp, theme.style(Role::LogTime));
        } else {
            strip.gap(stamp_width(log) as u16);
        }
        if names > 0 {
            name(model, theme, &mut strip, line, names);
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
    match &log.of {
        Some(LogOf::Attempt(attempt)) => {
            strip.cut(attempt.step.as_str(), 40, theme, name);
            strip.own(&format!(" try {} ", attempt.n), name);
        }
        Some(LogOf::Merged(_)) => _ = strip.own(&merged_words(model), name),
        None => {}
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
        let more = if search.has_more() { "+" } else { "" };
        tell(&format!(
            "/{} {at} of {}{more}",
            search.pattern,
            search.lines.len()
        ));
    }
    if log.only_matches {
        tell("only matches");
    }
    // Which clock it is goes before where one stands: a time that is taken for local time misleads.
    if log.stamps == Stamps::Clock {
        tell("UTC");
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
    match log.stamps {
        Stamps::SinceStart if log.attempt().is_none() => tell("since the run's start"),
        Stamps::SinceStart => tell("since the try's start"),
        Stamps::Clock | Stamps::Off => {}
    }
    if model.view == View::Logs {
        let key = model.keymap.first_of(Act::ViewLogs);
        let other = if model.merge.on {
            "one step"
        } else {
            "all steps"
        };
        tell(&format!("{key} {other}"));
    }
}

/// Whose logs are merged.
fn merged_words(model: &Model) -> String {
    let merge = &model.merge;
    let whose = match merge.of.len() {
        0 => "all steps".to_owned(),
        n => counted_steps(n),
    };
    match merge.left_out {
        0 => format!("{whose} by time "),
        n => format!("{whose} by time, without the {n} oldest logs "),
    }
}

fn counted_steps(n: usize) -> String {
    let steps = if n == 1 { "step" } else { "steps" };
    format!("{n} marked {steps}")
}

/// Columns for the names of steps, with the gap behind them; none if there is but one.
fn name_width(model: &Model, width: u16) -> usize {
    match model.log.of {
        Some(LogOf::Merged(_)) => model.merge.longest.min(usize::from(width / 4).max(8)) + 1,
        _ => 0,
    }
}

/// Whose line it is. Of a long name the end stays too: members of a fan-out differ there.
fn name(model: &Model, theme: &Theme, strip: &mut Strip, line: Option<&Shown>, width: usize) {
    let end = strip.x().saturating_add(width as u16);
    if let Some(origin) = line.and_then(|line| line.origin.as_ref()) {
        let nth = model.merge.nth.get(origin.part).copied().unwrap_or(0);
        let role = Role::STEPS[nth % Role::STEPS.len()];
        let text = squeezed(&origin.attempt.short_name(), width - 1, theme);
        strip.own(&text, theme.style(role));
    }
    strip.to(end);
}

fn squeezed(name: &str, width: usize, theme: &Theme) -> String {
    let name = Clean::line(name);
    if name.as_str().width() <= width {
        return name.as_str().to_owned();
    }
    let (tail, mut used) = (width / 3, 0);
    let from_end = name.as_str().chars().rev();
    let kept: Vec<char> = from_end
        .take_while(|c| {
            used += c.width().unwrap_or(0);
            used <= tail
        })
        .collect();
    let head = fit(&name, width.saturating_sub(tail), theme);
    head.chars().chain(kept.into_iter().rev()).collect()
}

fn empty_words(model: &Model) -> &'static str {
    let log = &model.log;
    match (&log.of, &log.watched) {
        (None, _) => words_without_attempt(model),
        (Some(LogOf::Merged(_)), None) if model.merge.parts.is_empty() => {
            "none of these steps has a log yet"
        }
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
    let shown = match &model.log.of {
        Some(LogOf::Merged(_)) => return model.run.started_at(),
        Some(LogOf::Attempt(attempt)) => Some(attempt.n),
        None => None,
    };
    let found = attempts
        .unwrap_or_default()
        .iter()
        .find(|a| Some(a.n) == shown);
    found.map(|attempt| attempt.started_at).unwrap_or_default()
}

fn stamp_width(log: &LogPane) -> usize {
    match log.stamps {
        Stamps::Clock | Stamps::SinceStart => 9,
        Stamps::Off => 0,
    }
}

fn stamp(log: &LogPane, line: &Shown, start: Timestamp) -> String {
    let text = match (log.stamps, line.at) {
        (Stamps::Off, _) => return String::new(),
        (_, None) => String::new(),
        (Stamps::Clock, Some(at)) => at.clock(),
        (Stamps::SinceStart, Some(at)) => {
            format!("{:>8}", format!("+{}", clock_span(at.since(start))))
        }
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
