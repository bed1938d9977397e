//! The whole screen of a run, back to front.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::strip::Strip;
use super::{
    audit, card, compare, detail, dialog, gantt, graph, hints, log, outline, pick, runbook, runs,
    status,
};
use crate::tui::layout::{HEIGHT_MIN, WIDTH_MIN, is_too_small, panes};
use crate::tui::model::{Front, Model, View};
use crate::tui::theme::{Role, Theme};

/// Draws everything; gives the place of the cursor, if there is one.
pub(crate) fn render(model: &Model, theme: &Theme, buffer: &mut Buffer) -> Option<Position> {
    let area = buffer.area;
    if is_too_small(model.width, model.height) {
        too_small(theme, buffer);
        return None;
    }
    let panes = panes(model);
    status::render(model, theme, buffer, panes.status);
    status::tabs(model, theme, buffer, panes.tabs);
    outline::render(model, theme, buffer, panes.steps);
    graph::render(model, theme, buffer, panes.graph);
    gantt::render(model, theme, buffer, panes.gantt);
    detail::render(model, theme, buffer, panes.detail);
    audit::render(model, theme, buffer, panes.audit);
    card::render(model, theme, buffer, panes.card);
    log::render(model, theme, buffer, panes.log);
    match model.view {
        View::Runbook => runbook::render(model, theme, buffer, panes.body),
        View::Runs => all_runs(model, theme, buffer, panes.body),
        View::Text => text(model, theme, buffer, panes.body),
        _ => {}
    }
    hints::why(model, theme, buffer, panes.why);
    let cursor = hints::line(model, theme, buffer, panes.line);
    hints::render(model, theme, buffer, panes.hints);
    cursor.or(front(model, theme, buffer, panes.middle(area)))
}

fn front(model: &Model, theme: &Theme, buffer: &mut Buffer, area: Rect) -> Option<Position> {
    match &model.front {
        Front::None | Front::Confirm(_) | Front::Prompt(_) => None,
        Front::Dialog(front) => dialog::render(front, theme, buffer, area),
        Front::Checklist(front) => dialog::checklist(model, front, theme, buffer, area),
        Front::Menu(front) => {
            dialog::menu(front, theme, buffer, area);
            None
        }
        Front::Palette(front) => pick::render(model, front, false, theme, buffer, area),
        Front::Help(front) => pick::render(model, front, true, theme, buffer, area),
    }
}

/// Which run of the list stands on row `y`.
pub(crate) fn run_at(model: &Model, area: Rect, y: u16) -> Option<usize> {
    let below = list_of_runs(area);
    let inside = model.runs.comparing.is_none() && (below.y..below.bottom()).contains(&y);
    let row =
        runs::first(&model.runs, usize::from(below.height)) + usize::from(y.saturating_sub(area.y));
    // The title stands above.
    (inside && row <= model.runs.len()).then(|| row - 1)
}

/// Between the title and what there is to say of the selected one.
fn list_of_runs(area: Rect) -> Rect {
    let about = u16::from(area.height > 4);
    Rect {
        y: area.y + 1,
        height: area.height.saturating_sub(1 + about),
        ..area
    }
}

fn all_runs(model: &Model, theme: &Theme, buffer: &mut Buffer, area: Rect) {
    if let Some(comparing) = &model.runs.comparing {
        return compare::render(comparing, theme, buffer, area);
    }
    runs::title(&model.runs, theme, buffer, area);
    let below = list_of_runs(area);
    runs::render(&model.runs, model.now, theme, buffer, below);
    let about = area.height.saturating_sub(1 + below.height);
    let mut strip = Strip::nth(buffer, area, area.height - about);
    runs::about(&model.runs, model.now, theme, strip.gap(1));
}

fn text(model: &Model, theme: &Theme, buffer: &mut Buffer, area: Rect) {
    title(theme, buffer, area, &format!(" {} ", model.text.title));
    for n in 1..area.height {
        let at = model.text.top + usize::from(n) - 1;
        let Some(line) = model.text.lines.get(at) else {
            break;
        };
        let marked = model.text.marked == Some(at);
        let role = if marked { Role::Selection } else { Role::Text };
        let mut strip = Strip::nth(buffer, area, n);
        strip.own(&format!("{:>5} ", at + 1), theme.style(Role::Muted));
        strip.own(line.as_str(), theme.style(role));
    }
}

fn title(theme: &Theme, buffer: &mut Buffer, area: Rect, words: &str) {
    let border = theme.style(Role::BorderFocus);
    Strip::new(buffer, area).fill(theme.lines().horizontal, border);
    Strip::new(buffer, area).gap(3).outside(words, border);
}

fn too_small(theme: &Theme, buffer: &mut Buffer) {
    let area = buffer.area;
    let text = theme.style(Role::Text);
    let needs = format!("needs {WIDTH_MIN}x{HEIGHT_MIN}");
    Strip::nth(buffer, area, 0).own("screen too small:", text);
    Strip::nth(buffer, area, 1).own(&needs, text);
    Strip::nth(buffer, area, 2).own("the run goes on", text);
}
