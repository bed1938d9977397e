//! Which view fills the screen, which pane has the keys, what is folded.

use crate::text::Clean;
use crate::tui::keys::Act;
use crate::tui::layout::panes;
use crate::tui::message::Request;
use crate::tui::model::{Focus, Model, TextView, Tone, View};

/// Columns of the graph to each side at most.
pub(super) const DEPTH_MAX: usize = 5;
/// How often the time axis can be made finer.
pub(super) const FINEST: usize = 8;

pub(super) fn views(model: &mut Model, act: Act, out: &mut Vec<Request>) {
    match act {
        Act::ViewOutline => show(model, View::Outline),
        Act::ViewGraph => show(model, View::Graph),
        Act::ViewGantt => show(model, View::Gantt),
        Act::Merge => merge(model, !model.merges()),
        Act::ViewLogs if model.view == View::Logs => merge(model, !model.merge.on),
        Act::ViewLogs => show(model, View::Logs),
        Act::Output => merge(model, false),
        Act::ViewAudit => {
            model.audit_top = 0;
            show(model, View::Audit);
        }
        Act::ViewRunbook => show(model, View::Runbook),
        Act::Open | Act::Details | Act::Inputs => {
            let again = model.view == View::Detail;
            show(model, if again { View::Outline } else { View::Detail });
        }
        Act::Definition => definition(model),
        Act::ViewRuns => {
            out.push(Request::LoadRuns);
            show(model, View::Runs);
        }
        Act::ViewLast => {
            let last = model.last_view;
            show(model, last);
        }
        Act::FocusNext => turn(model, 1),
        Act::FocusPrevious => turn(model, 2),
        Act::Zoom => model.zoom = model.view.is_of_steps() && !model.zoom,
        Act::Fold | Act::Unfold if model.view == View::Graph => {
            deepen(model, act == Act::Unfold);
        }
        Act::Fold | Act::Unfold if model.view == View::Gantt => {
            stretch(model, act == Act::Unfold);
        }
        Act::Fold | Act::Unfold => fold(model, act == Act::Fold),
        _ => {}
    }
}

pub(super) fn show(model: &mut Model, view: View) {
    if model.view != view {
        model.last_view = std::mem::replace(&mut model.view, view);
    }
    model.zoom = false;
}

/// The log view, of several steps or of the selected one.
fn merge(model: &mut Model, on: bool) {
    model.merge.on = on;
    show(model, View::Logs);
}

/// The next pane that is on the screen.
fn turn(model: &mut Model, by: usize) {
    if !model.view.is_of_steps() {
        return show(model, View::Outline);
    }
    let zoomed = std::mem::take(&mut model.zoom);
    let panes = panes(model);
    let order = [Focus::Steps, Focus::Log, Focus::Detail];
    let shown = |focus: &Focus| match focus {
        Focus::Steps => true,
        Focus::Log => panes.log.height > 1,
        Focus::Detail => !panes.detail.is_empty(),
    };
    let at = order
        .iter()
        .position(|focus| *focus == model.focus)
        .unwrap_or(0);
    let next = (0..order.len())
        .map(|i| order[(at + by + i * by) % order.len()])
        .find(shown);
    model.focus = next.unwrap_or(Focus::Steps);
    model.zoom = zoomed;
}

/// More or fewer columns of the graph.
fn deepen(model: &mut Model, more: bool) {
    let depth = if more {
        model.depth + 1
    } else {
        model.depth - 1
    };
    model.depth = depth.clamp(1, DEPTH_MAX);
    let words = match (more, depth == model.depth) {
        (_, true) => format!("depth {depth}, as far as there is room"),
        (true, false) => "the graph shows no more columns than this".to_owned(),
        (false, false) => "the graph shows no fewer columns than this".to_owned(),
    };
    model.say(Tone::Info, &words);
}

/// A finer or a coarser time axis.
fn stretch(model: &mut Model, finer: bool) {
    let words = match (finer, model.zoom_in) {
        (true, FINEST..) => "the time axis is as fine as it can be",
        (false, 0) => "the time axis shows the whole run",
        (true, _) => {
            model.zoom_in += 1;
            "a finer time axis, around the step"
        }
        (false, _) => {
            model.zoom_in -= 1;
            "a coarser time axis"
        }
    };
    model.say(Tone::Info, words);
}

fn fold(model: &mut Model, fold: bool) {
    let Some(step) = model.step() else { return };
    let own = step.members.is_some().then_some(model.selected);
    let group = own.or_else(|| model.run.around(model.selected).next());
    let group = group.unwrap_or(model.selected);
    if model.rows.fold(&model.run, group, fold) {
        if fold {
            model.selected = group;
        }
        model.build_rows();
    } else {
        model.say(
            Tone::Info,
            "no fan-out or sub-workflow here to fold or unfold",
        );
    }
}

/// The workflow file as it was when the run started, at this step.
fn definition(model: &mut Model) {
    let workflow = model.run.workflow();
    let lines = Clean::lines(&workflow.text);
    let id = model
        .def(model.selected)
        .map(|def| def.id.as_str().to_owned());
    let marked = id.and_then(|id| lines.iter().position(|line| names(line.as_str(), &id)));
    model.text = TextView {
        title: format!("{} as it was when the run started", workflow.name),
        top: marked.unwrap_or(0).saturating_sub(2),
        lines,
        marked,
    };
    show(model, View::Text);
}

/// Whether a line of the file is the `id:` of this step.
fn names(line: &str, id: &str) -> bool {
    let line = line.trim_start_matches([' ', '-', '{']);
    let value = line.strip_prefix("id:").map(str::trim_start);
    value.is_some_and(|value| {
        let end = value.find([',', ' ', '}', '#']).unwrap_or(value.len());
        value[..end].trim_matches(['"', '\'']) == id
    })
}

#[cfg(test)]
mod tests {
    use super::names;

    #[test]
    fn finds_the_line_that_names_a_step() {
        assert!(names("  - id: drain", "drain"));
        assert!(names("  - {id: drain, run: x}", "drain"));
        assert!(names("    id: 'drain' # first", "drain"));
        assert!(!names("  - id: drain-all", "drain"));
        assert!(!names("  needs: [drain]", "drain"));
    }
}
