//! The mouse selects and scrolls. It never changes the run and never answers what lies in front: a hand on a table must not.

use ratatui::layout::{Position, Rect};

use super::act;
use crate::tui::keys::Act;
use crate::tui::layout::{Panes, panes};
use crate::tui::message::Request;
use crate::tui::model::{Focus, Front, Model, Tone, View};
use crate::tui::mouse::{Does, Mouse};
use crate::tui::view::{first_bar, run_at, tab_at};

/// Rows that one turn of the wheel scrolls.
const TURN: usize = 3;

/// On or off. Off, the terminal itself selects text again.
pub(super) fn turn(model: &mut Model, out: &mut Vec<Request>) {
    model.mouse = !model.mouse;
    let key = model.keymap.first_of(Act::Mouse);
    let words = if model.mouse {
        format!("mouse on: a click selects, the wheel scrolls; {key} gives text selection back")
    } else {
        "mouse off: the terminal selects text".to_owned()
    };
    model.say(Tone::Info, &words);
    out.push(Request::Mouse(model.mouse));
}

pub(super) fn mouse(model: &mut Model, mouse: Mouse, out: &mut Vec<Request>) {
    if !matches!(model.front, Front::None) {
        if mouse.does == Does::Click {
            model.say(Tone::Info, "a click answers nothing; the keys do");
        }
        return;
    }
    let panes = panes(model);
    let at = Position::new(mouse.column, mouse.row);
    match mouse.does {
        Does::Click => click(model, &panes, at, out),
        Does::WheelUp => wheel(model, &panes, at, Act::Up, out),
        Does::WheelDown => wheel(model, &panes, at, Act::Down, out),
    }
}

fn click(model: &mut Model, panes: &Panes, at: Position, out: &mut Vec<Request>) {
    if panes.tabs.contains(at) {
        if let Some(view) = tab_at(model, panes.tabs, at.x) {
            act::act(model, view, out);
        }
        return;
    }
    let Some(focus) = focus(model, panes, at) else {
        return;
    };
    model.focus = focus;
    let row = |area: Rect, head: u16| (at.y - area.y).checked_sub(head).map(usize::from);
    if panes.steps.contains(at) {
        select(model, row(panes.steps, 1).map(|n| model.top + n));
    } else if panes.gantt.contains(at) {
        let first = first_bar(model, panes.gantt);
        select(model, row(panes.gantt, 2).map(|n| first + n));
    } else if model.view == View::Runs
        && let Some(run) = run_at(model, panes.body, at.y)
    {
        model.runs.go_to(run);
    }
}

/// Below the last row there is nothing to be selected.
fn select(model: &mut Model, row: Option<usize>) {
    if let Some(row) = row.filter(|row| *row < model.rows.len()) {
        model.follow_run = false;
        model.select_row(row);
    }
}

/// In which pane keys move once it was clicked.
fn focus(model: &Model, panes: &Panes, at: Position) -> Option<Focus> {
    let lists = [panes.steps, panes.graph, panes.gantt, panes.body];
    if panes.log.contains(at) {
        Some(Focus::Log)
    } else if panes.detail.contains(at) {
        Some(Focus::Detail)
    } else if lists.iter().any(|area| area.contains(at)) {
        Some(Focus::Steps)
    } else {
        // What has no keys of its own leaves them where they are.
        panes.audit.contains(at).then_some(model.focus)
    }
}

/// Scrolls what lies under the pointer; the keys stay where they are.
fn wheel(model: &mut Model, panes: &Panes, at: Position, way: Act, out: &mut Vec<Request>) {
    let Some(focus) = focus(model, panes, at) else {
        return;
    };
    let keys = std::mem::replace(&mut model.focus, focus);
    for _ in 0..TURN {
        act::act(model, way, out);
    }
    model.focus = keys;
}
