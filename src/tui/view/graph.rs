//! The selected step in the middle, what it needs to the left and what needs it to the right. It costs what is seen, however
//! large the graph is.
//!
//! ```text
//! --- GRAPH promote-orders FAIL -----------------------------------
//!  + freeze-dep -v- + fence-prim -v->X promote-or -v- . approve-cu
//!                \- + snap-order -/                |
//!                                   > promote-us --/
//!  needs    fence-primary + ok, snapshot-orders + ok
//!  blocks   approve-cutover . wait                on the critical path
//!  level 3 of 8 [::#:::::]                    depth 2: - less, = more
//! ```

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::channel::Channel;
use super::outline::{label, word};
use super::strip::Strip;
use crate::tui::model::{Focus, Model, View};
use crate::tui::neighbours::{Column, Edge, Neighbours, Place};
use crate::tui::theme::{Role, Theme};

/// Columns of a name and its signs, at least, and of a gap.
const NAME_MIN: u16 = 10;
const NAME_MAX: u16 = 32;
const GAP: u16 = 4;
/// From this width on a name has room for the word of its state.
const WORDY: u16 = 22;
/// Rows below the picture, and rows of the picture without which they are left out.
const FOOT: u16 = 3;
const PICTURE_MIN: u16 = 3;
/// Steps that a line names.
const NAMED: usize = 8;
const MINIMAP: usize = 32;

pub(crate) fn render(model: &Model, theme: &Theme, buffer: &mut Buffer, area: Rect) {
    if area.height < 2 {
        return;
    }
    let beside = u16::from(area.x > 0);
    title(model, theme, buffer, area);
    for n in 1..area.height.min(area.height * beside) {
        let vertical = theme.lines().vertical;
        Strip::nth(buffer, area, n).own(vertical, theme.style(Role::Border));
    }
    if model.run.steps().is_empty() {
        return;
    }
    let alone = model.view == View::Graph;
    let foot = if alone && area.height > FOOT + PICTURE_MIN {
        FOOT
    } else {
        0
    };
    let inner = Rect {
        x: area.x + beside,
        y: area.y + 1,
        width: area.width.saturating_sub(beside),
        height: area.height - 1 - foot,
    };
    let depth = picture(model, theme, buffer, inner);
    let below = Rect {
        y: inner.bottom(),
        height: foot,
        ..inner
    };
    if foot > 0 {
        legs(model, theme, buffer, below, depth);
    }
}

/// The step in the middle: of a fan-out's member, the fan-out.
pub(crate) fn middle(model: &Model) -> usize {
    let group = model.step().and_then(|step| step.group);
    group.unwrap_or(model.selected)
}

/// As far as there is room for names.
fn depth(model: &Model, width: u16) -> usize {
    let columns = (width + GAP) / (NAME_MIN + GAP);
    model
        .depth
        .min(usize::from(columns.saturating_sub(1) / 2))
        .max(1)
}

fn title(model: &Model, theme: &Theme, buffer: &mut Buffer, area: Rect) {
    let border = theme.style(Role::Border);
    let name = theme.style(if model.focus == Focus::Steps {
        Role::BorderFocus
    } else {
        Role::Border
    });
    Strip::new(buffer, area).fill(theme.lines().horizontal, border);
    let mut strip = Strip::new(buffer, area);
    strip.gap(3).own(" GRAPH ", name);
    if let Some(step) = model.step() {
        let look = theme.status(model.status(model.selected));
        strip
            .cut(step.id.as_str(), 40, theme, name)
            .own(" ", name)
            .own(&word(model, theme, model.selected), look.style)
            .own(" ", border);
    }
}

/// Draws it, and says how deep.
fn picture(model: &Model, theme: &Theme, buffer: &mut Buffer, area: Rect) -> usize {
    // The last row is for how many are left out.
    let rows = usize::from(area.height.saturating_sub(1)).max(1);
    let style = |edge: &Edge| line_style(model, edge);
    let mut depth = depth(model, area.width);
    let (around, channels, wide) = loop {
        let around = Neighbours::new(&model.run, middle(model), depth, rows);
        let gaps = 1..around.columns.len();
        let edges = |gap: usize| around.edges.iter().filter(move |e| e.column + 1 == gap);
        let channels: Vec<Channel> = gaps.map(|gap| Channel::new(edges(gap), style)).collect();
        let gaps: u16 = channels.iter().map(Channel::width).sum();
        let wide = area.width.saturating_sub(gaps + 1) / around.columns.len().max(1) as u16;
        if wide >= NAME_MIN || depth == 1 {
            break (around, channels, wide.min(NAME_MAX));
        }
        // Lines of a dense part need much room: names go before far relatives.
        depth -= 1;
    };
    let mut x = area.x;
    for (n, column) in around.columns.iter().enumerate() {
        let part = Rect {
            x,
            width: wide,
            ..area
        }
        .intersection(area);
        let before = n.checked_sub(1).map(|before| &channels[before]);
        names(
            model,
            theme,
            buffer,
            part,
            column,
            (before, channels.get(n)),
        );
        x += wide;
        if let Some(channel) = channels.get(n) {
            let gap = Rect {
                x,
                width: channel.width(),
                ..area
            };
            channel.render(theme, buffer, gap.intersection(area));
            x += channel.width();
        }
    }
    depth
}

/// What is critical stands out, then the lines of the step itself.
fn line_style(model: &Model, edge: &Edge) -> Role {
    let middle = middle(model);
    if model.forecast().leads(edge.needed, edge.needs) {
        Role::RailCritical
    } else if edge.needed == middle || edge.needs == middle {
        Role::Accent
    } else {
        Role::Rail
    }
}

fn names(
    model: &Model,
    theme: &Theme,
    buffer: &mut Buffer,
    area: Rect,
    column: &Column,
    (before, behind): (Option<&Channel>, Option<&Channel>),
) {
    let lines = theme.lines();
    for (n, place) in column.places.iter().enumerate() {
        let row = column.first + n;
        let arrives = before.and_then(|channel| channel.arrives(row));
        let leaves = behind.and_then(|channel| channel.leaves(row));
        let style = |role: Option<Role>| role.map_or(Style::default(), |role| theme.style(role));
        let mut strip = Strip::nth(buffer, area, row as u16);
        let Place::Step(index) = *place else {
            if arrives.is_some() {
                strip.fill(lines.horizontal, style(leaves));
            }
            continue;
        };
        let look = theme.status(model.status(index));
        let here = index == middle(model);
        if here {
            strip.own(lines.cursor, theme.style(Role::Accent));
        } else if arrives.is_some() {
            strip.own(lines.horizontal, style(arrives));
        } else {
            strip.gap(1);
        }
        strip.own(&look.glyph, look.style).gap(1);
        let spare = if area.width >= WORDY { 8 } else { 1 };
        let room = strip.room().saturating_sub(spare);
        let name = theme.style(if here { Role::Selection } else { Role::Text });
        strip.cut(&label(model, index), room, theme, name);
        if spare > 1 {
            strip.gap(1).own(&word(model, theme, index), look.style);
        }
        if leaves.is_some() {
            strip.gap(1).fill(lines.horizontal, style(leaves));
        }
    }
    if column.more > 0 {
        let last = area.height.saturating_sub(1);
        let row = ((column.first + column.places.len()) as u16).min(last);
        let text = format!("+{}", column.more);
        let muted = theme.style(Role::Muted);
        Strip::nth(buffer, area, row).gap(3).own(&text, muted);
    }
}

/// What the step stands on and what stands on it, and where in the run that is.
fn legs(model: &Model, theme: &Theme, buffer: &mut Buffer, area: Rect, depth: usize) {
    let middle = middle(model);
    let needs = model.run.needs(middle);
    let needed = needs.iter().map(|need| need.step);
    let mut strip = Strip::nth(buffer, area, 0);
    named(model, theme, &mut strip, " needs    ", needed);
    let blocked = model.run.dependents(middle).iter().copied();
    let mut strip = Strip::nth(buffer, area, 1);
    if model.forecast().is_critical(middle) {
        let style = theme.style(Role::RailCritical);
        strip.right("on the critical path ", style);
    }
    named(model, theme, &mut strip, " blocks   ", blocked);
    let mut strip = Strip::nth(buffer, area, 2);
    let words = format!("depth {depth}: - less, = more ");
    strip.right(&words, theme.style(Role::Muted));
    minimap(model, theme, &mut strip, depth);
}

fn named(
    model: &Model,
    theme: &Theme,
    strip: &mut Strip,
    what: &str,
    steps: impl ExactSizeIterator<Item = usize>,
) {
    let muted = theme.style(Role::Muted);
    strip.own(what, muted);
    let count = steps.len();
    if count == 0 {
        strip.own("nothing", muted);
    }
    for (n, index) in steps.take(NAMED).enumerate() {
        let look = theme.status(model.status(index));
        let name = label(model, index);
        let more = format!("and {} more", count - n);
        let needed = name.len() + look.word.len() + 4 + more.len();
        if strip.room() < needed && n > 0 {
            strip.own(&more, muted);
            return;
        }
        let room = strip.room().saturating_sub(look.word.len() + 4);
        strip.cut(&name, room, theme, theme.style(Role::Text));
        strip.gap(1).own(&look.glyph, look.style).gap(1);
        strip.own(&look.word, look.style).gap(2);
    }
    if count > NAMED {
        strip.own(&format!("and {} more", count - NAMED), muted);
    }
}

/// The levels of the whole plan on one line, and which of them are seen.
fn minimap(model: &Model, theme: &Theme, strip: &mut Strip, depth: usize) {
    let (Some(level), levels) = (model.run.level(middle(model)), model.run.levels()) else {
        return;
    };
    let muted = theme.style(Role::Muted);
    strip.own(&format!(" level {} of {levels} [", level + 1), muted);
    let cells = levels.clamp(1, MINIMAP);
    let cell = |level: usize| (level * cells / levels.max(1)).min(cells - 1);
    let seen = cell(level.saturating_sub(depth))..=cell((level + depth).min(levels - 1));
    let lines = theme.lines();
    for n in 0..cells {
        let (glyph, role) = if n == cell(level) {
            (lines.bar_actual, Role::Accent)
        } else if seen.contains(&n) {
            (lines.bar_over, Role::Text)
        } else {
            (lines.bar_forecast, Role::Muted)
        };
        strip.own(glyph, theme.style(role));
    }
    strip.own("]", muted);
}
