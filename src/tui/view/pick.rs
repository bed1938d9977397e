//! The palette and the help, both made from the table of actions; what cannot act says why.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::dialog::framed;
use super::hints::input;
use super::strip::Strip;
use crate::tui::keys::{Act, Group, action};
use crate::tui::model::{Model, Pick};
use crate::tui::theme::{Role, Theme};

const COMMAND: u16 = 18;
const KEYS: u16 = 10;
const ASKS: u16 = 20;

/// A list to choose from; the help groups it as long as nothing is typed.
pub(crate) fn render(
    model: &Model,
    pick: &Pick,
    help: bool,
    theme: &Theme,
    buffer: &mut Buffer,
    area: Rect,
) -> Option<Position> {
    let grouped = help && pick.input.value().is_empty();
    let rows = rows(pick, grouped);
    let width = area.width.saturating_sub(2).min(100);
    let title = if help {
        "HELP: keys and commands"
    } else {
        "COMMAND"
    };
    let wanted = if help { rows.len() } else { rows.len().min(12) };
    let inside = framed(theme, buffer, area, title, (width, wanted + 1));
    if inside.is_empty() {
        return None;
    }
    let mut strip = Strip::new(buffer, inside);
    let prompt = if help { " search: " } else { " :" };
    strip.right("Enter runs  Esc closes ", theme.style(Role::Muted));
    strip.own(prompt, theme.style(Role::Key));
    let cursor = input(&mut strip, theme, &pick.input);
    let height = usize::from(inside.height - 1);
    let at = rows
        .iter()
        .position(|row| matches!(row, Row::Act(n, _) if *n == pick.at));
    let top = (at.unwrap_or(0) + 1).saturating_sub(height);
    if rows.is_empty() {
        let mut strip = Strip::nth(buffer, inside, 1);
        strip
            .gap(1)
            .own("no command is called so", theme.style(Role::Muted));
    }
    for (n, row) in rows.iter().skip(top).take(height).enumerate() {
        let mut strip = Strip::nth(buffer, inside, n as u16 + 1);
        match row {
            Row::Title(group) => _ = strip.gap(1).own(group.title(), theme.style(Role::Title)),
            Row::Act(n, act) => line(model, theme, &mut strip, *act, *n == pick.at),
        }
    }
    Some(cursor)
}

enum Row {
    Title(Group),
    Act(usize, Act),
}

fn rows(pick: &Pick, grouped: bool) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut last = None;
    for (n, act) in pick.acts.iter().enumerate() {
        let group = action(*act).group;
        if grouped && last != Some(group) {
            rows.push(Row::Title(group));
            last = Some(group);
        }
        rows.push(Row::Act(n, *act));
    }
    rows
}

fn line(model: &Model, theme: &Theme, strip: &mut Strip, act: Act, here: bool) {
    let row = action(act);
    let refused = model.why_not(act);
    let start = strip.x();
    let muted = theme.style(Role::Muted);
    let name = match (here, &refused) {
        (true, _) => theme.style(Role::Selection),
        (false, Some(_)) => muted,
        (false, None) => theme.style(Role::Text),
    };
    strip.own(
        if here { theme.lines().cursor } else { " " },
        theme.style(Role::Accent),
    );
    strip.own(row.command, name).to(start + 1 + COMMAND);
    let keys = model.keymap.keys_of(act).join(" ");
    strip
        .own(&keys, theme.style(Role::Key))
        .to(start + 1 + COMMAND + KEYS)
        .gap(1);
    let asks = row.asks.text();
    if !asks.is_empty() && strip.room() > 50 {
        strip.right(
            &format!("asks {asks:<width$}", width = usize::from(ASKS)),
            muted,
        );
    }
    let room = strip.room();
    match refused {
        Some(why) => _ = strip.cut(&format!("{} ({why})", row.help), room, theme, muted),
        None => _ = strip.cut(row.help, room, theme, theme.style(Role::Text)),
    }
}
