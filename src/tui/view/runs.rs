//! The list of runs: live ones, unattended ones, and history.
//!
//! ```text
//! --- RUNS 12 of 40 ----------------------------- trend ._.,_*. 5:31 ---
//! >X 20261124-113538-c547 failover-eu FAIL   2:07/5:40 mira promote-orders  12d
//!  ...
//!  what there is to say of the selected one
//! ```

use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

use super::spark::spark;
use super::strip::Strip;
use super::words::counted;
use crate::id::StepId;
use crate::run::Kind;
use crate::text::Clean;
use crate::time::{Timestamp, age, clock_span};
use crate::tui::keys::Act;
use crate::tui::model::{RunList, status};
use crate::tui::source::RunEntry;
use crate::tui::theme::{Role, Status, Theme};

/// What keys do with the list.
pub(crate) const KEYS: &[(Act, &str)] = &[
    (Act::Open, "open"),
    (Act::Find, "filter"),
    (Act::Select, "mark two"),
    (Act::Details, "compare"),
    (Act::RetryFrom, "rerun"),
    (Act::Write, "report"),
    (Act::ViewOutline, "steps"),
];

/// Widths of the columns; what a run came to has the rest.
struct Columns {
    id: usize,
    /// None where all are of one workflow.
    name: usize,
    word: usize,
    time: usize,
    by: usize,
}

impl Columns {
    fn of(list: &RunList, width: u16) -> Self {
        let (id, name, word, time, by) = match width {
            ..60 => (10, 9, 6, 0, 0),
            60..100 => (20, 12, 10, 11, 6),
            100..160 => (26, 20, 12, 15, 10),
            _ => (26, 28, 12, 15, 14),
        };
        let longest = |most: usize, text: fn(&RunEntry) -> &str| {
            let widths = list
                .rows()
                .map(|entry| Clean::line(text(entry)).as_str().width());
            widths.max().unwrap_or(0).min(most)
        };
        let name = if list.is_of_one_workflow() { 0 } else { name };
        Self {
            id: longest(id, |entry| entry.summary.id.as_str()),
            name: longest(name, |entry| &entry.summary.workflow),
            word,
            time,
            by: longest(by, |entry| &entry.summary.by),
        }
    }
}

/// The rule above the list: how many there are, what narrows it, and how long the selected run's workflow has taken.
pub(crate) fn title(list: &RunList, theme: &Theme, buffer: &mut Buffer, area: Rect) {
    let border = theme.style(Role::BorderFocus);
    Strip::new(buffer, area).fill(theme.lines().horizontal, border);
    let mut strip = Strip::new(buffer, area);
    let times = list.trend();
    let name = list.selected().map(|entry| entry.summary.workflow.as_str());
    if let (Some(name), [_, .., last]) = (name, times.as_slice()) {
        let times = format!("{} {}", spark(&times, theme), clock_span(*last));
        let long = format!(" trend of {name} {times} ");
        let short = format!(" trend {times} ");
        let fits = long.chars().count() + 30 < strip.room();
        strip.right(if fits { &long } else { &short }, border);
    }
    let of = match list.total() {
        Some(total) if list.is_filtered() => format!("{} of {total} ", list.len()),
        Some(total) => format!("{total} "),
        None => String::new(),
    };
    strip.gap(3).own(&format!(" RUNS {of}"), border);
    if list.marked() > 0 {
        strip.own(&format!("{} marked ", list.marked()), border);
    }
    if list.is_filtered() {
        strip.own("/", border).cut(list.filter(), 24, theme, border);
        strip.own(" ", border);
    }
}

/// Rows of runs, the selected one visible; or why there are none.
pub(crate) fn render(
    list: &RunList,
    now: Timestamp,
    theme: &Theme,
    buffer: &mut Buffer,
    area: Rect,
) {
    if list.len() == 0 {
        let words = match list.total() {
            None => "reading the runs",
            Some(0) => "no runs yet",
            Some(_) => "no run matches",
        };
        Strip::new(buffer, area)
            .gap(1)
            .own(words, theme.style(Role::Muted));
    }
    let height = usize::from(area.height);
    let top = first(list, height);
    let columns = Columns::of(list, area.width);
    for (n, entry) in list.rows().enumerate().skip(top).take(height) {
        let mut strip = Strip::nth(buffer, area, (n - top) as u16);
        let time = time(entry, list.expected(entry), now);
        row(
            entry,
            (n == list.at(), list.is_marked(entry)),
            &time,
            now,
            &columns,
            theme,
            &mut strip,
        );
    }
}

/// The first visible run.
pub(crate) fn first(list: &RunList, height: usize) -> usize {
    (list.at() + 1).saturating_sub(height)
}

fn row(
    entry: &RunEntry,
    (here, marked): (bool, bool),
    time: &str,
    now: Timestamp,
    columns: &Columns,
    theme: &Theme,
    strip: &mut Strip,
) {
    let run = &entry.summary;
    let look = theme.status(status(entry));
    let (text, muted) = (theme.style(Role::Text), theme.style(Role::Muted));
    let accent = theme.style(Role::Accent);
    if entry.live {
        strip.right(" live ", accent);
    } else {
        strip.right(&format!(" {} ", ago(entry, now)), muted);
    }
    strip.own(if here { theme.lines().cursor } else { " " }, accent);
    strip.own(&look.glyph, look.style);
    let sign = if marked { "#" } else { " " };
    strip.own(sign, theme.style(Role::Key));
    let mut x = strip.x();
    let mut cell = |strip: &mut Strip, text: &str, width: usize, style| {
        if width > 0 {
            strip.cut(text, width, theme, style);
            x += width as u16 + 1;
            strip.to(x);
        }
    };
    let id = theme.style(if here { Role::Selection } else { Role::Text });
    cell(strip, run.id.as_str(), columns.id, id);
    cell(strip, &run.workflow, columns.name, text);
    cell(strip, &word(entry, theme), columns.word, look.style);
    cell(strip, time, columns.time, text);
    cell(strip, &run.by, columns.by, muted);
    let room = strip.room();
    strip.cut(&came_to(entry, theme), room, theme, muted);
}

/// How it stands: the word of its status, or of what the header would say, where that tells more.
fn word(entry: &RunEntry, theme: &Theme) -> String {
    let shown = &entry.summary.shown;
    let status = status(entry);
    match status {
        Status::Ok | Status::OkException | Status::Fail | Status::Cancel => {
            theme.status(status).word.clone()
        }
        _ => shown.replace('_', " "),
    }
}

/// How long it took, or has taken so far, and how long it should take.
fn time(entry: &RunEntry, expected: Option<Duration>, now: Timestamp) -> String {
    let run = &entry.summary;
    let taken = match run.ended_at {
        Some(end) => clock_span(end.since(run.started_at)),
        None if entry.live => clock_span(now.since(run.started_at)),
        // Nobody drives it: its time stands for nothing.
        None => "-".to_owned(),
    };
    match expected {
        Some(expected) => format!("{taken}/{}", clock_span(expected)),
        None => taken,
    }
}

fn ago(entry: &RunEntry, now: Timestamp) -> String {
    let run = &entry.summary;
    age(now.since(run.ended_at.unwrap_or(run.started_at)))
}

/// Where it failed, what was passed over, and what is still to be done.
fn came_to(entry: &RunEntry, theme: &Theme) -> String {
    let run = &entry.summary;
    let mut parts = Vec::new();
    if run.kind != Kind::Live {
        parts.push(run.kind.word().to_uppercase());
    }
    let over = run.phase.is_terminal();
    if !run.failed.is_empty() {
        let names = names(&run.failed, run.counts.unresolved);
        // Where the run itself has failed its word says so already; of one that was stopped, not all of them have.
        parts.push(match status(entry) {
            Status::Fail => names,
            Status::Cancel => format!("open {names}"),
            _ => format!("{} {names}", theme.status(Status::Fail).word),
        });
    }
    if !run.passed_over.is_empty() {
        let names = names(&run.passed_over, 0);
        parts.push(format!("by hand {names}"));
    }
    let counts = [
        (run.counts.running, Status::Run),
        (run.counts.asking, Status::Ask),
        (run.counts.waiting, Status::Wait),
    ];
    if !over {
        let left = counts.into_iter().filter(|(n, _)| *n > 0);
        parts.extend(left.map(|(n, status)| counted(n, &theme.status(status).word)));
    }
    if run.counts.skipped > 0 {
        parts.push(counted(
            run.counts.skipped,
            &theme.status(Status::Skip).word,
        ));
    }
    if !run.why.is_empty() {
        parts.push(run.why.clone());
    }
    parts.join("  ")
}

/// The first few, and how many more of `all` there are.
fn names(ids: &[StepId], all: usize) -> String {
    let named: Vec<&str> = ids.iter().map(StepId::as_str).collect();
    match all.saturating_sub(ids.len()) {
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}

/// All of the selected run in one line, also where its row has no room for it.
pub(crate) fn about(list: &RunList, now: Timestamp, theme: &Theme, strip: &mut Strip) {
    let Some(entry) = list.selected() else {
        return;
    };
    let run = &entry.summary;
    let whose = match (entry.live, run.ended_at) {
        (true, _) => "live".to_owned(),
        (false, Some(_)) => format!("ended {} ago", ago(entry, now)),
        (false, None) => format!("no engine holds it; started {} ago", ago(entry, now)),
    };
    let by = match run.by.as_str() {
        "" => String::new(),
        by => format!("by {by}, "),
    };
    let came_to = came_to(entry, theme);
    let text = format!(
        "{} {}: {by}{whose}  {came_to}",
        run.workflow,
        word(entry, theme)
    );
    let room = strip.room();
    strip.cut(text.trim_end(), room, theme, theme.style(Role::Muted));
}
