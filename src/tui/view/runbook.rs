//! The runbook of the selected step, as the update has laid it out.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

use super::strip::Strip;
use crate::tui::markdown::Face;
use crate::tui::model::Model;
use crate::tui::theme::{Role, Theme};

pub(crate) fn render(model: &Model, theme: &Theme, buffer: &mut Buffer, area: Rect) {
    title(model, theme, buffer, area);
    let rows = &model.runbook.rows;
    if rows.is_empty() {
        let words = "nothing is written about this step or this workflow";
        Strip::nth(buffer, area, 1)
            .gap(1)
            .own(words, theme.style(Role::Muted));
    }
    for (n, row) in (1..area.height).zip(rows.iter().skip(model.runbook.top)) {
        let mut strip = Strip::nth(buffer, area, n);
        strip.gap(1);
        for (face, text) in row {
            strip.outside(text, style(theme, *face));
        }
    }
}

fn title(model: &Model, theme: &Theme, buffer: &mut Buffer, area: Rect) {
    let border = theme.style(Role::BorderFocus);
    Strip::new(buffer, area).fill(theme.lines().horizontal, border);
    let mut strip = Strip::new(buffer, area);
    strip.gap(3).own(" RUNBOOK ", border);
    if let Some(step) = model.step() {
        let look = theme.status(model.status(model.selected));
        strip
            .cut(step.id.as_str(), 40, theme, border)
            .own(" ", border);
        strip.own(&look.word, look.style).own(" ", border);
    }
    let rows = model.runbook.rows.len();
    let below = rows.saturating_sub(model.runbook.top + usize::from(area.height.saturating_sub(1)));
    if below > 0 {
        strip.gap(2).own(&format!(" {below} more below "), border);
    }
}

/// Attributes say it too, so nothing depends on colour.
fn style(theme: &Theme, face: Face) -> Style {
    let text = theme.style(Role::Text);
    match face {
        Face::Plain => text,
        Face::Strong => text.add_modifier(Modifier::BOLD),
        Face::Emphasis => text.add_modifier(Modifier::UNDERLINED),
        Face::Code => theme.style(Role::Accent),
        Face::Heading => theme.style(Role::Title),
        Face::Muted => theme.style(Role::Muted),
    }
}
