//! Boxes: questions with fields, menus, checklists. Drawn over the panes, never over the toast and the hints.
//!
//! ```text
//! ┌─ SKIP dns-switch ────────────────────────────┐
//! │ Starts now    warm-cache                     │
//! │ Reason        [____________________] needed  │
//! │            [ No ]   [ Skip ]                 │
//! └──────────────────────────────────────────────┘
//! ```

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use ratatui::widgets::{Block, Clear, Widget};
use unicode_width::UnicodeWidthStr;

use super::hints::input;
use super::strip::{Strip, wrap};
use crate::run::Ask;
use crate::text::Clean;
use crate::tui::model::{Checklist, Dialog, Field, Menu, Model, Purpose, Value};
use crate::tui::theme::{Role, Theme};

const WIDTH_MAX: u16 = 84;
const LABEL_MAX: usize = 24;

/// One row of a box.
enum Row {
    Fact(&'static str, String, bool),
    /// The label of a field that has no room beside its value.
    Label(usize),
    Field(usize),
    Problem(String),
    Blank,
    Buttons,
}

pub(crate) fn render(
    dialog: &Dialog,
    theme: &Theme,
    buffer: &mut Buffer,
    area: Rect,
) -> Option<Position> {
    let width = area.width.saturating_sub(2).min(WIDTH_MAX);
    let inner = usize::from(width.saturating_sub(4));
    let label = label_width(dialog, inner);
    let rows = rows(dialog, inner, label);
    let inside = framed(theme, buffer, area, &dialog.title, (width, rows.len()));
    let height = usize::from(inside.height);
    let focused = rows.iter().position(|row| match row {
        Row::Field(at) => *at == dialog.focus,
        Row::Buttons => dialog.on_no() || dialog.on_yes(),
        _ => false,
    });
    // What has the focus is always visible, on however small a screen.
    let top = focused
        .unwrap_or(0)
        .saturating_sub(height.saturating_sub(1));
    if rows.len() > top + height {
        below(rows.len() - top - height, theme, buffer, inside);
    }
    let mut cursor = None;
    for (n, row) in rows.iter().skip(top).take(height).enumerate() {
        let mut strip = Strip::nth(buffer, inside, n as u16);
        strip.gap(1);
        let found = draw(dialog, theme, &mut strip, row, label);
        cursor = cursor.or(found);
    }
    cursor
}

/// Says on the lower edge that the box goes on, with its buttons, below what is visible.
fn below(rows: usize, theme: &Theme, buffer: &mut Buffer, inside: Rect) {
    let edge = Rect {
        y: inside.bottom(),
        height: 1,
        ..inside
    };
    let mut strip = Strip::new(buffer, edge);
    strip.right(
        &format!(" {rows} more below, Tab "),
        theme.style(Role::Accent),
    );
}

fn label_width(dialog: &Dialog, inner: usize) -> usize {
    let fields = dialog
        .fields
        .iter()
        .map(|field| Clean::line(&field.label).as_str().width());
    let short = fields
        .filter(|width| *width <= LABEL_MAX.min(inner / 2))
        .max();
    short.unwrap_or(0).max(12)
}

fn rows(dialog: &Dialog, inner: usize, label: usize) -> Vec<Row> {
    let mut rows = Vec::new();
    for fact in &dialog.facts {
        // A plan, say, has a line for each thing that it changes.
        let texts = Clean::lines(&fact.text).into_iter();
        let width = inner.saturating_sub(label + 2);
        let lines = texts.flat_map(|text| wrap(&text, width));
        for (n, line) in lines.enumerate() {
            rows.push(Row::Fact(
                if n == 0 { fact.label } else { "" },
                line,
                fact.grave,
            ));
        }
    }
    if !rows.is_empty() {
        rows.push(Row::Blank);
    }
    for (at, field) in dialog.fields.iter().enumerate() {
        if Clean::line(&field.label).as_str().width() > label {
            rows.push(Row::Label(at));
        }
        rows.push(Row::Field(at));
    }
    if !dialog.fields.is_empty() {
        rows.push(Row::Blank);
    }
    if !dialog.problem.is_empty() {
        let lines = wrap(&Clean::line(&dialog.problem), inner);
        rows.extend(lines.into_iter().map(Row::Problem));
    }
    rows.push(Row::Buttons);
    rows
}

fn draw(
    dialog: &Dialog,
    theme: &Theme,
    strip: &mut Strip,
    row: &Row,
    label: usize,
) -> Option<Position> {
    let muted = theme.style(Role::Muted);
    let start = strip.x();
    match row {
        Row::Fact(name, text, grave) => {
            strip.own(name, muted).to(start + label as u16 + 2);
            let role = if *grave { Role::Danger } else { Role::Text };
            strip.own(text, theme.style(role));
        }
        Row::Label(at) => {
            let room = strip.room();
            strip.cut(&dialog.fields[*at].label, room, theme, muted);
        }
        Row::Field(at) => {
            let field = &dialog.fields[*at];
            if Clean::line(&field.label).as_str().width() <= label {
                strip.outside(&field.label, muted);
            }
            strip.to(start + label as u16 + 2);
            return draw_field(field, *at == dialog.focus, theme, strip);
        }
        Row::Problem(text) => _ = strip.own(text, theme.style(Role::ToastError)),
        Row::Blank => {}
        Row::Buttons => buttons(dialog, theme, strip),
    }
    None
}

fn draw_field(field: &Field, focused: bool, theme: &Theme, strip: &mut Strip) -> Option<Position> {
    let style = theme.style(if focused {
        Role::FieldFocus
    } else {
        Role::Field
    });
    if !field.problem.is_empty() {
        strip.right(&field.problem, theme.style(Role::ToastError));
    } else if field.required {
        strip.right("needed", theme.style(Role::Muted));
    }
    let lines = theme.lines();
    match &field.value {
        Value::Text(text) if focused => {
            strip.right("]", style).own("[", style);
            return Some(input(strip, theme, text));
        }
        Value::Text(text) => {
            strip.right("]", style).own("[", style);
            let room = strip.room();
            strip.cut(text.value(), room, theme, style);
        }
        Value::Toggle(on) => {
            let mark = if *on { lines.check_on } else { lines.check_off };
            strip.own(mark, style).gap(1);
            if focused {
                strip.own("Space turns it", theme.style(Role::Muted));
            }
        }
        Value::Choice { options, at } => choice(options, *at, focused, theme, strip, style),
    }
    None
}

/// All options, or the chosen one and how many there are where there is no room for all.
fn choice(
    options: &[String],
    at: usize,
    focused: bool,
    theme: &Theme,
    strip: &mut Strip,
    style: Style,
) {
    let lines = theme.lines();
    let muted = theme.style(Role::Muted);
    let width: usize = options.iter().map(|option| option.width() + 6).sum();
    if width > strip.room() {
        let option = options.get(at).map_or("", String::as_str);
        let room = strip.room().saturating_sub(9);
        strip.cut(option, room, theme, style).gap(1);
        strip.own(&format!("{} of {}", at + 1, options.len()), muted);
        return;
    }
    for (n, option) in options.iter().enumerate() {
        let chosen = n == at;
        let mark = if chosen {
            lines.radio_on
        } else {
            lines.radio_off
        };
        strip.own(mark, style).gap(1);
        let style = if chosen { style } else { Style::default() };
        strip.outside(option, style).gap(2);
    }
    if focused && strip.room() > 16 {
        strip.own("Left/Right choose", muted);
    }
}

fn buttons(dialog: &Dialog, theme: &Theme, strip: &mut Strip) {
    let style = |on: bool| theme.style(if on { Role::Selection } else { Role::Text });
    let keys = match dialog.purpose {
        Purpose::TakeUp => "Enter choose  l look around  Esc leave",
        _ => "Tab next  Enter choose  Esc no",
    };
    strip.right(keys, theme.style(Role::Muted));
    strip
        .own(&format!("[ {} ]", dialog.no), style(dialog.on_no()))
        .gap(3);
    strip.own(&format!("[ {} ]", dialog.yes), style(dialog.on_yes()));
}

/// Draws an empty framed box of so many rows in the middle of `area`; gives its inside.
pub(crate) fn framed(
    theme: &Theme,
    buffer: &mut Buffer,
    area: Rect,
    title: &str,
    (width, rows): (u16, usize),
) -> Rect {
    let height = u16::try_from(rows)
        .unwrap_or(u16::MAX)
        .saturating_add(2)
        .min(area.height);
    let frame = Rect::new(
        area.x + (area.width.saturating_sub(width)) / 2,
        area.y + (area.height.saturating_sub(height)) / 2,
        width,
        height,
    );
    Clear.render(frame, buffer);
    let block = Block::bordered()
        .border_set(theme.lines().border)
        .border_style(theme.style(Role::BorderFocus))
        .style(theme.style(Role::Dialog));
    let inside = block.inner(frame);
    block.render(frame, buffer);
    let mut strip = Strip::new(buffer, frame);
    let room = strip.room().saturating_sub(8);
    strip
        .gap(2)
        .own(" ", Style::default())
        .cut(title, room, theme, theme.style(Role::Title));
    strip.own(" ", Style::default());
    inside
}

pub(crate) fn menu(menu: &Menu, theme: &Theme, buffer: &mut Buffer, area: Rect) {
    let width = area.width.saturating_sub(2).min(64);
    let inside = framed(
        theme,
        buffer,
        area,
        menu.title,
        (width, menu.items.len() + 1),
    );
    for (n, item) in menu.items.iter().enumerate() {
        let mut strip = Strip::nth(buffer, inside, n as u16);
        let here = n == menu.at;
        strip.own(
            if here { theme.lines().cursor } else { " " },
            theme.style(Role::Accent),
        );
        strip
            .own(&item.key.to_string(), theme.style(Role::Key))
            .gap(2);
        let role = if here { Role::Selection } else { Role::Text };
        strip.own(item.label, theme.style(role));
    }
    let mut strip = Strip::nth(buffer, inside, menu.items.len() as u16);
    strip.gap(1).own(
        "j/k and Enter, or the letter; Esc closes",
        theme.style(Role::Muted),
    );
}

pub(crate) fn checklist(
    model: &Model,
    list: &Checklist,
    theme: &Theme,
    buffer: &mut Buffer,
    area: Rect,
) -> Option<Position> {
    let step = model.run.steps().get(list.index)?;
    let Some(Ask::Checklist { items }) = &step.ask else {
        return None;
    };
    let width = area.width.saturating_sub(2).min(WIDTH_MAX);
    let title = format!("CHECKLIST {}", step.id);
    let inside = framed(theme, buffer, area, &title, (width, items.len() * 2 + 2));
    let muted = theme.style(Role::Muted);
    let rows = usize::from(inside.height.saturating_sub(2)) / 2;
    let top = (list.at + 1).saturating_sub(rows.max(1));
    for (n, item) in items.iter().enumerate().skip(top).take(rows) {
        let y = ((n - top) * 2) as u16;
        let here = n == list.at;
        let lines = theme.lines();
        let mut strip = Strip::nth(buffer, inside, y);
        let mark = if item.done.is_some() {
            lines.check_on
        } else {
            lines.check_off
        };
        strip.own(
            if here { lines.cursor } else { " " },
            theme.style(Role::Accent),
        );
        strip.own(&format!("{mark} {} ", n + 1), theme.style(Role::Key));
        if item.required && item.done.is_none() {
            strip.right("needed", muted);
        }
        let room = strip.room();
        let role = if here { Role::Selection } else { Role::Text };
        strip.cut(&item.text, room, theme, theme.style(role));
        let mut strip = Strip::nth(buffer, inside, y + 1);
        strip.gap(7);
        let room = strip.room();
        strip.cut(&said_of(item), room, theme, muted);
    }
    let last = inside.height.saturating_sub(1);
    let mut strip = Strip::nth(buffer, inside, last);
    strip.gap(1);
    let Some(typing) = &list.input else {
        strip.own("t tick  j/k item  c note  Esc back", muted);
        return None;
    };
    let value = items.get(list.at).and_then(|item| item.input.as_deref());
    let label = if typing.note {
        "note"
    } else {
        value.unwrap_or("value")
    };
    strip.outside(&format!("{label}: "), theme.style(Role::Key));
    Some(input(&mut strip, theme, &typing.input))
}

/// Who ticked an item, its value and note; else what it asks for.
fn said_of(item: &crate::run::Tick) -> String {
    let mut parts = Vec::new();
    if let Some((actor, at)) = &item.done {
        parts.push(format!("{actor} {}", at.clock()));
    }
    match (&item.input, &item.value) {
        (Some(name), Some(value)) => parts.push(format!("{name} = {value}")),
        (Some(name), None) => parts.push(format!("asks for {name}")),
        _ => {}
    }
    parts.extend(
        [item.link.clone(), Some(item.note.clone())]
            .into_iter()
            .flatten(),
    );
    parts.retain(|part| !part.is_empty());
    parts.join("   ")
}
