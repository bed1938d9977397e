//! One row a step, with git-style lanes on the step's own row. Only visible rows are laid out.
//!
//! ```text
//! --- STEPS 4/14 ----------------------- STATE --- TIME --- EXP -- TRY -------
//! >X-/ | |  promote-orders     DANGER    FAIL      0:48    1:10    2/3
//! ```

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::strip::Strip;
use super::words::{counted, time_of, took};
use crate::run::{State, StepRun};
use crate::time::clock_span;
use crate::tui::model::{Focus, Model};
use crate::tui::rails::{Cell, Drawn, Edge};
use crate::tui::theme::{Role, Status, Theme};

/// Where the columns stand; `None` where there is no room for one.
#[derive(Clone, Copy, Debug)]
struct Columns {
    state: u16,
    time: u16,
    expected: Option<u16>,
    tries: Option<u16>,
    note: Option<u16>,
}

const STATE: u16 = 8;
const TIME: u16 = 8;
const EXPECTED: u16 = 8;
const TRIES: u16 = 6;
const NOTE: u16 = 8;
/// With less room, what a call says of itself tells nothing.
const INSIDE_MIN: usize = 8;

impl Columns {
    fn of(area: Rect) -> Self {
        let mut x = area.right();
        let mut take = |width: u16, from: u16| {
            (area.width >= from).then(|| {
                x = x.saturating_sub(width);
                x
            })
        };
        let note = take(NOTE, 70);
        let tries = take(TRIES, 50);
        let expected = take(EXPECTED, 60);
        let time = take(TIME, 0).unwrap_or(area.x);
        let state = take(STATE, 0).unwrap_or(area.x);
        Self {
            state,
            time,
            expected,
            tries,
            note,
        }
    }
}

pub(crate) fn render(model: &Model, theme: &Theme, buffer: &mut Buffer, area: Rect) {
    if area.is_empty() {
        return;
    }
    let columns = Columns::of(area);
    title(model, theme, buffer, area, columns);
    if model.rows.is_empty() {
        let words = if model.rows.is_filtered() {
            " no step matches"
        } else {
            " no steps"
        };
        Strip::nth(buffer, area, 1).own(words, theme.style(Role::Muted));
        return;
    }
    for n in 1..area.height {
        let row = model.top + usize::from(n) - 1;
        let Some(step) = model.rows.step(row) else {
            break;
        };
        let line = Rect {
            y: area.y + n,
            height: 1,
            ..area
        };
        render_row(model, theme, buffer, line, columns, (row, step));
    }
}

fn title(model: &Model, theme: &Theme, buffer: &mut Buffer, area: Rect, columns: Columns) {
    // Only the words show the focus: to paint two whole rules anew at each Tab would cost too much.
    let focused = model.focus == Focus::Steps;
    let name = theme.style(if focused {
        Role::BorderFocus
    } else {
        Role::Border
    });
    let border = theme.style(Role::Border);
    Strip::new(buffer, area).fill(theme.lines().horizontal, border);
    let counts = model.run.counts();
    let done = counts.ok + counts.excepted + counts.skipped;
    let mut strip = Strip::new(buffer, area);
    strip
        .gap(3)
        .own(&format!(" STEPS {done}/{} ", counts.total), name);
    let marked = model.marked().len();
    if marked > 0 {
        strip.own(&format!("{marked} marked "), name);
    }
    if model.rows.is_filtered() {
        let of = format!(" {} of {} ", model.rows.matching(), counts.total);
        strip
            .own("/", border)
            .cut(model.rows.filter(), 24, theme, border)
            .own(&of, border);
    } else if model.top > 0 || model.rows.len() > usize::from(area.height.saturating_sub(1)) {
        strip.own(
            &format!("row {} of {} ", model.cursor + 1, model.rows.len()),
            border,
        );
    }
    let mut head = |x: Option<u16>, word: &str| {
        if let Some(x) = x.filter(|x| *x >= strip.x()) {
            strip.to(x).own(word, border);
        }
    };
    head(Some(columns.state), "STATE ");
    head(Some(columns.time), "  TIME  ");
    head(columns.expected, "   EXP  ");
    head(columns.tries, "TRY ");
}

fn render_row(
    model: &Model,
    theme: &Theme,
    buffer: &mut Buffer,
    area: Rect,
    columns: Columns,
    (row, index): (usize, usize),
) {
    let step = &model.run.steps()[index];
    let look = theme.status(model.status(index));
    let selected = row == model.cursor;
    let left = Rect {
        width: columns.state.saturating_sub(area.x + 1),
        ..area
    };
    let mut strip = Strip::new(buffer, left);
    let narrow = columns.expected.is_none();
    if selected {
        strip.own(theme.lines().cursor, theme.style(Role::Accent));
    } else {
        strip.gap(1);
    }
    lanes(model, theme, &mut strip, (index, step), left);
    strip.own(sign(model, row, index), theme.style(Role::Key));
    let from = strip.x();
    name(model, theme, &mut strip, (index, step), narrow);
    if selected {
        strip.paint(from, theme.style(Role::Selection));
    }
    let mut strip = Strip::new(buffer, area);
    strip
        .to(columns.state)
        .own(&word(model, theme, index), look.style);
    if let Some(members) = folded(model, index).filter(|_| columns.expected.is_some()) {
        strip.to(columns.time);
        tally(model, theme, &mut strip, &members);
        return;
    }
    let time = time_of(&model.run, index, model.now);
    strip
        .to(columns.time)
        .own(&format!("{time:>6}"), theme.style(Role::Text));
    cells(model, theme, &mut strip, columns, index);
}

/// Rails, with the step's glyph as its node. While the list is filtered, lanes would join strangers: glyphs only.
fn lanes(
    model: &Model,
    theme: &Theme,
    strip: &mut Strip,
    (index, step): (usize, &StepRun),
    area: Rect,
) {
    let look = theme.status(model.status(index));
    let lane = theme.style(Role::Rail);
    if model.rows.is_filtered() {
        strip.own(&look.glyph, look.style).gap(1);
        return;
    }
    // The roll back is a list: one after the other.
    if step.compensates.is_some() {
        strip.own(&look.glyph, look.style).gap(1);
        return;
    }
    let selected = model.selected;
    let row = model.rails.row(step.group.unwrap_or(index));
    let strong = |wanted: &dyn Fn(Edge) -> bool| match step.group {
        None => model.rails.cells(row, wanted),
        Some(_) => model.rails.continuation(row, wanted),
    };
    let critical = strong(&|edge| model.forecast().leads(edge.from, edge.to));
    let own = strong(&|edge| edge.from == selected || edge.to == selected);
    // On a narrow screen names come first.
    let most = usize::from(area.width / 3).max(3);
    for (Drawn { cell, strong }, own) in critical.into_iter().zip(own).take(most) {
        let style = match (strong, own.strong) {
            (true, _) => theme.style(Role::RailCritical),
            (false, true) => theme.style(Role::Accent),
            (false, false) => lane,
        };
        match cell {
            Cell::Node => strip.own(&look.glyph, look.style),
            cell => strip.own(theme.lines().rail(cell), style),
        };
    }
    let bundled = model.rails.bundled(row);
    if bundled > 0 {
        strip.own(&format!(" +{bundled}"), lane);
    }
    strip.to(area.x + 1 + model.rails.width().min(most) as u16);
    if step.group.is_some() {
        strip.gap(2).own(&look.glyph, look.style);
    }
}

/// Before its name: marked, or else bookmarked.
fn sign(model: &Model, row: usize, index: usize) -> &'static str {
    if model.is_marked(row, index) {
        "#"
    } else if model.marks.is_bookmarked(&model.run.steps()[index].id) {
        "'"
    } else {
        " "
    }
}

/// The steps of a group that is one row.
fn folded(model: &Model, index: usize) -> Option<Vec<usize>> {
    let folded = model.rows.is_folded(&model.run, index);
    folded.then(|| model.run.leaves(index))
}

fn name(
    model: &Model,
    theme: &Theme,
    strip: &mut Strip,
    (index, step): (usize, &StepRun),
    narrow: bool,
) {
    let def = model.def(index);
    let danger = def.is_some_and(|def| def.danger);
    let gate = step.ask.is_some();
    let style = match model.run.state(index) {
        _ if gate => theme.style(Role::Gate),
        State::Pending | State::Skipped(_) => theme.style(Role::Muted),
        _ => theme.style(Role::Text),
    };
    strip.gap(1);
    let mark = if strip.room() > 24 { "DANGER" } else { "!" };
    if danger {
        strip.right(mark, theme.style(Role::Danger));
    }
    if step.breakpoint {
        strip.right("break", theme.style(Role::Gate));
    }
    let room = strip.room();
    if step.members.is_some() {
        let folded = model.rows.is_folded(&model.run, index);
        let lines = theme.lines();
        let fold = if folded { lines.folded } else { lines.unfolded };
        strip.own(fold, theme.style(Role::Muted)).gap(1);
        strip.cut(&label(model, index), room, theme, style);
        if folded && narrow {
            strip.gap(2);
            tally(model, theme, strip, &model.run.leaves(index));
        }
        return;
    }
    strip.cut(&label(model, index), room, theme, style);
    if let Some(words) = model.inside_of(index).filter(|_| strip.room() > INSIDE_MIN) {
        let room = strip.gap(2).room();
        strip.cut(words, room, theme, theme.style(Role::Muted));
    }
}

/// Its id; a group's with the number of its steps, and of a member of a fan-out its number and item.
pub(super) fn label(model: &Model, index: usize) -> String {
    let step = &model.run.steps()[index];
    if let Some(members) = &step.members {
        let count = match model.run.fanned_out(index).len() {
            0 if !members.is_empty() => model.run.leaves(index).len(),
            count => count,
        };
        return format!("{} x{count}", step.id);
    }
    if step.group.is_some() {
        let item = step.item.as_ref().map(item_text).unwrap_or_default();
        let n = step.id.as_str().rsplit_once('[').map_or("", |(_, n)| n);
        return format!("[{n} {item}");
    }
    step.id.to_string()
}

/// `ok 40  run 8  FAIL 1` of a folded group.
fn tally(model: &Model, theme: &Theme, strip: &mut Strip, members: &[usize]) {
    let mut counts = [0_usize; Status::ALL.len()];
    for member in members {
        counts[model.status(*member) as usize] += 1;
    }
    let loud_first = [
        Status::Fail,
        Status::Time,
        Status::Unknown,
        Status::Ask,
        Status::Run,
    ];
    let rest = Status::ALL
        .into_iter()
        .filter(|status| !loud_first.contains(status));
    for status in loud_first.into_iter().chain(rest) {
        let n = counts[status as usize];
        let look = theme.status(status);
        let text = counted(n, &look.word);
        if n > 0 && strip.room() >= text.len() {
            strip.own(&text, look.style).gap(2);
        }
    }
}

fn item_text(item: &serde_json::Value) -> String {
    match item {
        serde_json::Value::String(text) => text.clone(),
        serde_json::Value::Object(map) => {
            let pairs = map
                .iter()
                .map(|(key, value)| format!("{key}={}", item_text(value)));
            pairs.collect::<Vec<_>>().join(" ")
        }
        other => other.to_string(),
    }
}

/// The state in a word; a little more exact than its status where that helps.
pub(super) fn word(model: &Model, theme: &Theme, index: usize) -> String {
    let state = model.run.state(index);
    match state {
        State::Stopping => "stop".into(),
        State::Compensating => "undoing".into(),
        State::Compensated => "undone".into(),
        State::Running if model.run.steps()[index].verifying => "verify".into(),
        _ => theme.status(model.status(index)).word.clone(),
    }
}

fn cells(model: &Model, theme: &Theme, strip: &mut Strip, columns: Columns, index: usize) {
    let muted = theme.style(Role::Muted);
    let step = &model.run.steps()[index];
    let Some(def) = model.def(index) else { return };
    if let (Some(x), Some(expected)) = (columns.expected, expected(model, index)) {
        strip.to(x).own(&format!("{expected:>6}"), muted);
    }
    if let Some(x) = columns.tries
        && !step.attempts.is_empty()
    {
        let tries = match def.retry.limit {
            limit if step.attempts.len() > limit as usize + 1 || limit == 0 => {
                step.attempts.len().to_string()
            }
            limit => format!("{}/{}", step.attempts.len(), limit + 1),
        };
        strip.to(x).own(&tries, theme.style(Role::Text));
    }
    if let Some(x) = columns.note {
        let (text, style) = note(model, theme, index);
        strip.to(x).own(&text, style);
    }
}

/// What it should take: `~` marks what the file only declares, where past runs tell of other steps.
pub(super) fn expected(model: &Model, index: usize) -> Option<String> {
    let expected = model.expected_of(index)?;
    let declared = expected.past.is_none() && model.expectations.know_the_past();
    let mark = if declared { "~" } else { "" };
    Some(format!("{mark}{}", clock_span(expected.time)))
}

/// How far over its expected time it is, or when it goes on.
pub(super) fn note(model: &Model, theme: &Theme, index: usize) -> (String, Style) {
    let step = &model.run.steps()[index];
    let until = match (&step.ask, step.state) {
        (_, State::Retrying { until }) => Some(until),
        (Some(crate::run::Ask::Timer { until }), _) => Some(*until),
        _ => None,
    };
    if let Some(until) = until {
        let text = format!("in {}", clock_span(until.since(model.now)));
        return (text, theme.style(Role::Accent));
    }
    let expected = model.expected_of(index);
    if let (Some(expected), Some(attempt)) = (expected, step.attempts.last()) {
        // Against a second at least: of what takes an instant, any wait would be thousands of per cent.
        let expected = expected.time.as_secs_f64().max(1.0);
        let over = took(attempt, model.now).as_secs_f64() / expected - 1.0;
        if over >= 0.1 {
            let percent = (over * 100.0).min(9_999.0) as u32;
            return (format!("+{percent}%"), theme.style(Role::BarOver));
        }
    }
    (String::new(), Style::default())
}
