//! The two rows at the top: what runs, how it stands in words, and how long it will take; then the views.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use unicode_width::UnicodeWidthStr;

use super::controls;
use super::strip::Strip;
use super::words::{counted, shown_words};
use crate::engine::Pace;
use crate::run::{Kind, Phase, Shown, State};
use crate::time::{Timestamp, clock_span};
use crate::tui::keys::Act;
use crate::tui::layout::DETAIL_FROM;
use crate::tui::model::{Model, View};
use crate::tui::theme::{Role, Status, Theme};

/// From here on there is room for the critical path, and for so many of its steps.
const WIDE: u16 = 160;
const NAMED: usize = 8;
/// Columns that the names of the views want beside what stands at the right.
/// A narrow screen has no gaps in them.
const VIEWS: usize = 66;
const VIEWS_TIGHT: usize = 51;

pub(crate) fn render(model: &Model, theme: &Theme, buffer: &mut Buffer, area: Rect) {
    let muted = theme.style(Role::Muted);
    let mut strip = Strip::new(buffer, area);
    strip.right(&clock(model), theme.style(Role::Text));
    let workflow = model.run.workflow();
    strip
        .gap(1)
        .cut(&workflow.name, 32, theme, theme.style(Role::Title));
    let narrow = area.width < 60;
    if let Some(start) = model.run.started().filter(|_| !narrow) {
        strip.gap(1).cut(start.run.as_str(), 20, theme, muted);
    }
    strip.gap(2);
    let (words, style) = phase(model, theme);
    strip.own(&format!(" {words} "), style);
    if narrow {
        // Where little fits, what needs a person comes first.
        counts(model, theme, &mut strip);
    }
    if let Some(env) = workflow.labels.get("env") {
        let prod = env.to_lowercase().starts_with("prod");
        let role = if prod { Role::EnvProd } else { Role::EnvOther };
        strip
            .gap(2)
            .outside(&format!("env {}", env.to_uppercase()), theme.style(role));
    }
    if model.replay.is_some() {
        strip.gap(2).own(" REPLAY ", theme.style(Role::EnvOther));
    }
    let kind = model.run.started().map(|start| start.kind);
    match kind {
        Some(Kind::Drill) => _ = strip.gap(2).own("DRILL", theme.style(Role::EnvOther)),
        Some(Kind::Dry) => _ = strip.gap(2).own("DRY RUN", theme.style(Role::EnvOther)),
        Some(Kind::Live) | None => {}
    }
    if model.run.is_ungraceful() {
        strip.gap(2).own("UNGRACEFUL", theme.style(Role::Danger));
    }
    if !narrow {
        counts(model, theme, &mut strip);
    }
    if area.width >= WIDE {
        critical(model, theme, &mut strip);
    }
}

/// What decides when the run ends, as far as there is room.
fn critical(model: &Model, theme: &Theme, strip: &mut Strip) {
    let path = model.forecast().critical().iter();
    let open = path.filter(|index| !model.run.state(**index).is_resolved());
    let ids = open.map(|index| model.run.steps()[*index].id.as_str());
    let ids: Vec<&str> = ids.take(NAMED).collect();
    if !ids.is_empty() {
        let text = ids.join(&format!(" {} ", theme.lines().arrow));
        let room = strip.gap(1).room().saturating_sub(12);
        strip.own("critical: ", theme.style(Role::Muted));
        strip.cut(&text, room, theme, theme.style(Role::RailCritical));
    }
}

/// The word that says how the run stands. Loud where a person is needed.
fn phase(model: &Model, theme: &Theme) -> (String, Style) {
    let shown = model.run.shown();
    let ended = model.run.phase().is_terminal();
    match &model.pace {
        _ if model.run.started().is_none() => return ("STARTING".into(), theme.style(Role::Muted)),
        Pace::Over(_) if !ended => return ("UNATTENDED".into(), theme.style(Role::ToastError)),
        Pace::Stuck(_) => return ("STUCK".into(), theme.style(Role::ToastError)),
        _ => {}
    }
    let style = match shown {
        Shown::Running | Shown::Preflight => theme.status(Status::Run).style,
        Shown::Pausing(_) | Shown::Paused | Shown::Queued => theme.style(Role::Paused),
        Shown::Attention | Shown::Ended(Phase::Failed | Phase::RollbackFailed) => {
            theme.status(Status::Fail).style
        }
        Shown::Cancelling
        | Shown::RollingBack
        | Shown::Ended(Phase::Cancelled | Phase::RolledBack) => theme.style(Role::Danger),
        Shown::Ended(Phase::CompletedWithExceptions) => theme.status(Status::OkException).style,
        Shown::Ended(_) => theme.status(Status::Ok).style,
    };
    (shown_words(shown), style)
}

fn counts(model: &Model, theme: &Theme, strip: &mut Strip) {
    let counts = model.run.counts();
    let cancelled = match counts.unresolved {
        0 => 0,
        _ => cancelled(model),
    };
    let groups = [
        (counts.unresolved.saturating_sub(cancelled), Status::Fail),
        (cancelled, Status::Cancel),
        (counts.asking, Status::Ask),
        (counts.running, Status::Run),
        (counts.ok, Status::Ok),
        (counts.excepted, Status::OkException),
        (counts.waiting, Status::Wait),
        (counts.skipped, Status::Skip),
    ];
    strip.gap(1);
    for (n, status) in groups.into_iter().filter(|(n, _)| *n > 0) {
        let look = theme.status(status);
        let text = counted(n, &look.word);
        if strip.room() > text.len() {
            strip.gap(1).own(&text, look.style).gap(1);
        }
    }
}

/// Steps that a person stopped: no failures, though they are as open as those.
fn cancelled(model: &Model) -> usize {
    let alone = model.run.steps().iter().filter(|s| s.members.is_none());
    alone.filter(|step| step.state == State::Cancelled).count()
}

/// A running clock while something moves; else the moments that stay true without one.
fn clock(model: &Model) -> String {
    let Some(start) = model.run.started().map(|_| model.run.started_at()) else {
        return String::new();
    };
    match model.run.ended_at() {
        Some(end) => format!("took {} ", clock_span(end.since(start))),
        None if model.is_moving() => format!("{} ", clock_span(model.now.since(start))),
        None => format!("began {} ", start.clock()),
    }
}

pub(crate) fn tabs(model: &Model, theme: &Theme, buffer: &mut Buffer, area: Rect) {
    let mut strip = Strip::new(buffer, area);
    let tight = area.width < DETAIL_FROM;
    let (standing, (rto, late)) = (controls::standing(model), recovery(model, tight));
    let rto_role = if late { Role::Danger } else { Role::Text };
    let limit = model.run.attention_limit().unwrap_or_default();
    // Where there is no room for all: first what the run is about to do by itself, then who has the controls, then the objective, then what is expected.
    let wanted = [
        (limit, Role::Danger),
        (standing, Role::Accent),
        (rto, rto_role),
        (forecast(model), Role::Muted),
    ];
    let views = if tight { VIEWS_TIGHT } else { VIEWS };
    let mut room = usize::from(area.width).saturating_sub(views);
    let mut shown: Vec<(String, Role)> = Vec::new();
    for (text, role) in wanted {
        let len = text.trim_end().chars().count() + 2;
        if len > 2 && (len <= room || shown.is_empty()) {
            room = room.saturating_sub(len);
            shown.push((format!("{} ", text.trim_end()), role));
        }
    }
    for (text, role) in shown.iter().rev() {
        strip.right(text, theme.style(*role));
    }
    strip.gap(1);
    for (view, _, name) in names(model, tight) {
        let here = view == model.view;
        let style = theme.style(if here { Role::Title } else { Role::Muted });
        let style = if here {
            style.patch(theme.style(Role::Selection))
        } else {
            style
        };
        strip.own(&name, style);
        strip.gap(gap(tight));
    }
}

/// The views as they are named at the top.
fn names(model: &Model, tight: bool) -> impl Iterator<Item = (View, Act, String)> {
    let views = [
        (View::Outline, Act::ViewOutline, "Outline"),
        (View::Graph, Act::ViewGraph, "Graph"),
        (View::Gantt, Act::ViewGantt, "Gantt"),
        (View::Logs, Act::ViewLogs, "Logs"),
        (View::Audit, Act::ViewAudit, "Audit"),
        (View::Runbook, Act::ViewRunbook, "Runbook"),
        (View::Runs, Act::ViewRuns, "Runs"),
    ];
    let shown = move |view: &(View, Act, &str)| view.0 != View::Runs || model.has_source;
    views
        .into_iter()
        .filter(shown)
        .map(move |(view, act, name)| {
            let keys = model.keymap.keys_of(act);
            let key = keys.first().map_or("", String::as_str);
            let space = if tight { "" } else { " " };
            (view, act, format!("{key}{space}{name}"))
        })
}

fn gap(tight: bool) -> u16 {
    if tight { 1 } else { 2 }
}

/// What goes to the view that is named in this column.
pub(crate) fn tab_at(model: &Model, area: Rect, column: u16) -> Option<Act> {
    let tight = area.width < DETAIL_FROM;
    let mut from = area.x + 1;
    for (_, act, name) in names(model, tight) {
        let end = from + name.width() as u16;
        if (from..end).contains(&column) {
            return Some(act);
        }
        from = end + gap(tight);
    }
    None
}

/// The recovery time against its objective, and whether that is missed. While nothing moves no clock does either: then it says
/// when the time is over, since it counts on, and until when the run must go on for the objective to be met.
fn recovery(model: &Model, tight: bool) -> (String, bool) {
    let time = model.run.recovery_time(model.now);
    let Some(objective) = time.objective.filter(|_| model.run.started().is_some()) else {
        return (String::new(), false);
    };
    let (spent, late) = (clock_span(time.spent), time.met() == Some(false));
    let of = clock_span(objective);
    let text = match time.met() {
        Some(true) => format!("RTO {spent} of {of} met"),
        Some(false) if time.over && !time.reached => format!("RTO {of} not reached"),
        Some(false) if model.is_moving() || time.reached => format!("RTO {spent} of {of} MISSED"),
        None if model.is_moving() => format!("RTO {spent} of {of}"),
        _ => {
            let until = model.run.started_at().after(objective);
            return standing_still(model, until, tight);
        }
    };
    (text, late)
}

/// Each minute that nothing runs is one of those that are left.
fn standing_still(model: &Model, until: Timestamp, tight: bool) -> (String, bool) {
    let forecast = model.forecast();
    let left = forecast
        .recovered
        .map(|recovered| recovered.since(forecast.at()));
    let Some(left) = left else {
        return (format!("RTO until {}", until.clock()), false);
    };
    // The last moment from which what is left can still be done in time.
    let go_on = Timestamp(until.0.saturating_sub(left.as_millis() as i64));
    match (go_on < forecast.at(), tight) {
        (true, true) => (format!("RTO {} out of reach", until.clock()), true),
        (true, false) => {
            let left = clock_span(left);
            let text = format!(
                "RTO until {} out of reach: {left} are left to do",
                until.clock()
            );
            (text, true)
        }
        (false, true) => (format!("RTO: go on by {}", go_on.clock()), false),
        (false, false) => {
            let (until, go_on) = (until.clock(), go_on.clock());
            (format!("RTO until {until}: go on by {go_on}"), false)
        }
    }
}

/// What is expected of the whole run, or since when and by whom it stands still.
fn forecast(model: &Model) -> String {
    if model.run.stands_by() {
        return "standing by: nothing starts; p resumes ".into();
    }
    // Why stands on the card, which has the room for it.
    if model.run.queued().is_some() {
        return "queued: it starts by itself ".into();
    }
    if let Some((actor, at)) = model.run.paused() {
        return format!("paused by {actor} at {} ", at.clock());
    }
    let start = model.run.started_at();
    let expected = model.expected.map(clock_span);
    let forecast = model.forecast().end.filter(|_| model.is_moving());
    match (forecast, expected) {
        (Some(end), Some(expected)) => {
            format!("ETA {} (exp {expected}) ", clock_span(end.since(start)))
        }
        (None, Some(expected)) => format!("expected {expected} "),
        _ => String::new(),
    }
}
