//! Who did what, when and why; newest first.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::strip::Strip;
use crate::tui::model::{Model, View};
use crate::tui::theme::{Role, Theme};

pub(crate) fn render(model: &Model, theme: &Theme, buffer: &mut Buffer, area: Rect) {
    if area.is_empty() {
        return;
    }
    let alone = model.view == View::Audit;
    let border = theme.style(if alone {
        Role::BorderFocus
    } else {
        Role::Border
    });
    Strip::new(buffer, area).fill(theme.lines().horizontal, border);
    Strip::new(buffer, area).gap(3).own(" AUDIT ", border);
    let entries = model.run.audit();
    let top = if alone { model.audit_top } else { 0 };
    for n in 1..area.height {
        if !alone {
            let vertical = theme.lines().vertical;
            Strip::nth(buffer, area, n).own(vertical, theme.style(Role::Border));
        }
        let at = top + usize::from(n) - 1;
        let Some(entry) = entries.len().checked_sub(at + 1).map(|i| &entries[i]) else {
            continue;
        };
        let mut strip = Strip::nth(buffer, area, n);
        strip.gap(if alone { 1 } else { 2 });
        strip
            .own(&entry.at.clock(), theme.style(Role::LogTime))
            .gap(1);
        let who = entry
            .actor
            .as_ref()
            .map_or("flightdeck", |actor| actor.name.as_str());
        let x = strip.x();
        strip
            .cut(who, 10, theme, theme.style(Role::Accent))
            .to(x + 11);
        let room = strip.room();
        strip.cut(&entry.text, room, theme, theme.style(Role::Text));
    }
}
