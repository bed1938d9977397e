//! Movement: in the list, in the log, to what matters.

use crate::run::State;
use crate::tui::keys::Act;
use crate::tui::layout::panes;
use crate::tui::message::Request;
use crate::tui::model::{Focus, Model, Tone, View};
use crate::tui::neighbours::{siblings, telling};

/// Columns that a step to the side moves a log.
const ASIDE: usize = 8;

/// False if `act` is no movement.
pub(super) fn moves(model: &mut Model, act: Act, _out: &mut Vec<Request>) -> bool {
    if in_graph(model) && graph(model, act) {
        return true;
    }
    let page = page(model);
    match act {
        Act::Down => by(model, 1),
        Act::Up => by(model, -1),
        Act::PageDown => by(model, page),
        Act::PageUp => by(model, -page),
        Act::HalfDown => by(model, (page / 2).max(1)),
        Act::HalfUp => by(model, -(page / 2).max(1)),
        Act::Top => by(model, i64::MIN / 2),
        Act::Bottom => by(model, i64::MAX / 2),
        Act::Left => left(model),
        Act::Right => right(model),
        Act::ToFailed => to(model, "failed", |model, i| {
            model.run.state(i).is_unresolved()
        }),
        Act::ToRunning => to(model, "running", |model, i| model.run.state(i).is_active()),
        Act::ToApproval => to(model, "asking", |model, i| {
            model.run.state(i) == State::Waiting && model.asks(i)
        }),
        Act::ToBreakpoint => to(model, "held by a breakpoint", |model, i| {
            model.run.steps()[i].breakpoint
        }),
        Act::ToCritical => to_critical(model),
        Act::BookmarkNext => to(model, "bookmarked", |model, i| {
            model.marks.is_bookmarked(&model.run.steps()[i].id)
        }),
        Act::NeedsNext => needs(model, true),
        Act::NeedsPrevious => needs(model, false),
        Act::AttemptNext => attempt(model, 1),
        Act::AttemptPrevious => attempt(model, -1),
        Act::FollowRun => {
            model.follow_run = !model.follow_run;
            let word = if model.follow_run {
                "the selection follows the run"
            } else {
                "the selection stays"
            };
            model.say(Tone::Info, word);
        }
        _ => return false,
    }
    true
}

/// In which pane movement keys move.
pub(super) fn focus(model: &Model) -> Focus {
    match model.view {
        View::Logs => Focus::Log,
        View::Detail | View::Runbook => Focus::Detail,
        View::Graph | View::Gantt if model.focus == Focus::Detail => Focus::Steps,
        _ => model.focus,
    }
}

pub(super) fn page(model: &Model) -> i64 {
    let panes = panes(model);
    let rows = match (model.view, focus(model)) {
        (View::Outline | View::Gantt, Focus::Steps) => panes.step_rows(),
        (View::Graph, Focus::Steps) => usize::from(panes.graph.height),
        (_, Focus::Log) => panes.log_rows() as usize,
        (View::Audit, _) => usize::from(panes.audit.height),
        (View::Runbook | View::Runs | View::Text, _) => usize::from(panes.body.height),
        _ => usize::from(panes.detail.height),
    };
    (rows as i64 - 1).max(1)
}

fn by(model: &mut Model, rows: i64) {
    let moved = |at: usize, last: usize| {
        usize::try_from((at as i64).saturating_add(rows))
            .unwrap_or(0)
            .min(last)
    };
    match (model.view, focus(model)) {
        (View::Audit, _) => {
            let last = model.run.audit().len().saturating_sub(1);
            model.audit_top = moved(model.audit_top, last);
        }
        (View::Runs, _) => model.runs.move_by(rows),
        (View::Text, _) => {
            let last = model.text.lines.len().saturating_sub(1);
            model.text.top = moved(model.text.top, last);
        }
        (View::Runbook, _) => {
            let last = model.runbook.rows.len().saturating_sub(1);
            model.runbook.top = moved(model.runbook.top, last);
        }
        (_, Focus::Log) => {
            let height = panes(model).log_rows();
            model.log.scroll(rows, height);
        }
        (_, Focus::Detail) => {
            // The view knows how long it is and stops there.
            model.detail.top = moved(model.detail.top, DETAIL_MAX);
        }
        (_, Focus::Steps) => {
            model.follow_run = false;
            let last = model.rows.len().saturating_sub(1);
            model.select_row(moved(model.cursor, last));
        }
    }
}

fn in_graph(model: &Model) -> bool {
    model.view == View::Graph && focus(model) == Focus::Steps
}

/// Along the graph: to what the step needs, to what needs it, to those beside it. False if `act` means here what it always does.
fn graph(model: &mut Model, act: Act) -> bool {
    let group = model.step().and_then(|step| step.group);
    let here = group.unwrap_or(model.selected);
    let run = &model.run;
    let beside = |by: i64| {
        let siblings = siblings(run, here);
        let at = siblings.iter().position(|step| *step == here)?;
        let last = siblings.len() - 1;
        let to = usize::try_from(at as i64 + by).unwrap_or(0).min(last);
        Some(siblings[to])
    };
    let page = page(model);
    let to = match act {
        Act::Left => telling(run, run.needs(here).iter().map(|need| need.step)),
        Act::Right => telling(run, run.dependents(here).iter().copied()),
        Act::Down => beside(1),
        Act::Up => beside(-1),
        Act::PageDown => beside(page),
        Act::PageUp => beside(-page),
        Act::HalfDown => beside((page / 2).max(1)),
        Act::HalfUp => beside(-(page / 2).max(1)),
        _ => return false,
    };
    match to.filter(|to| *to != here) {
        Some(to) => go(model, to, None),
        None => model.say(Tone::Info, "there is no step that way"),
    }
    true
}

/// A detail pane is never longer.
const DETAIL_MAX: usize = 500;

fn left(model: &mut Model) {
    if focus(model) == Focus::Log {
        model.log.left = model.log.left.saturating_sub(ASIDE);
        return;
    }
    let Some(step) = model.step() else { return };
    let (group, selected) = (step.group, model.selected);
    model.follow_run = false;
    if let Some(group) = group {
        model.select(group);
    } else if model.rows.fold(&model.run, selected, true) {
        model.build_rows();
    } else if let Some(need) = model.run.needs(selected).first().map(|need| need.step) {
        model.select(need);
    }
}

fn right(model: &mut Model) {
    if focus(model) == Focus::Log {
        model.log.left = (model.log.left + ASIDE).min(8_000);
        return;
    }
    let selected = model.selected;
    model.follow_run = false;
    if model.step().is_some() && model.rows.fold(&model.run, selected, false) {
        model.build_rows();
        return;
    }
    let from = model.step().and_then(|step| step.group).unwrap_or(selected);
    if let Some(child) = model.run.dependents(from).first().copied() {
        model.select(child);
    }
}

/// The next such step below the selection, going round at the end.
fn to(model: &mut Model, what: &str, is: impl Fn(&Model, usize) -> bool) {
    let count = model.rows.len();
    let order = (1..=count).map(|offset| (model.cursor + offset) % count);
    let found = order
        .filter_map(|row| Some((row, model.rows.step(row)?)))
        .find(|(_, step)| model.run.steps()[*step].members.is_none() && is(model, *step));
    match found {
        Some((row, _)) if row == model.cursor => {
            model.say(Tone::Info, &format!("no other step is {what}"));
        }
        Some((row, _)) => {
            model.follow_run = false;
            model.select_row(row);
        }
        None => model.say(Tone::Info, &format!("no step is {what}")),
    }
}

/// To the first step of the critical path that is still open; from there along it, going round at the end.
fn to_critical(model: &mut Model) {
    let path = model.forecast().critical();
    let open = |index: &&usize| !model.run.state(**index).is_resolved();
    let left: Vec<usize> = path.iter().filter(open).copied().collect();
    // Of a run that is over, all of it tells what took so long.
    let path = if left.is_empty() { path.to_vec() } else { left };
    let here = model.step().and_then(|step| step.group);
    let here = here.unwrap_or(model.selected);
    let at = path.iter().position(|index| *index == here);
    let at = at.map_or(0, |at| (at + 1) % path.len());
    let Some(target) = path.get(at).copied() else {
        return model.say(Tone::Info, "there is no critical path yet");
    };
    let text = format!("step {} of {} on the critical path", at + 1, path.len());
    go(model, target, Some(text));
}

/// Selects a step that may have no row, and says so then.
fn go(model: &mut Model, target: usize, said: Option<String>) {
    model.follow_run = false;
    if !model.select_near(target) {
        let text = format!("the filter hides {}", model.run.steps()[target].id);
        model.say(Tone::Info, &text);
    } else if let Some(said) = said {
        model.say(Tone::Info, &said);
    }
}

fn needs(model: &mut Model, forward: bool) {
    let rows = model
        .needs_you
        .iter()
        .filter_map(|step| model.rows.row_of(*step, model.cursor));
    let rows: Vec<usize> = rows.collect();
    let next = if forward {
        rows.iter()
            .find(|row| **row > model.cursor)
            .or(rows.first())
    } else {
        rows.iter()
            .rfind(|row| **row < model.cursor)
            .or(rows.last())
    };
    match next.copied() {
        Some(row) if row == model.cursor => model.say(Tone::Info, "nothing else needs a person"),
        Some(row) => {
            model.follow_run = false;
            model.select_row(row);
        }
        None => model.say(Tone::Info, "nothing needs a person"),
    }
}

fn attempt(model: &mut Model, by: i64) {
    if model.merges() {
        return model.say(Tone::Info, "the merged log holds all attempts");
    }
    let count = model.step().map_or(0, |step| step.attempts.len());
    let Some(shown) = model.shown_attempt() else {
        return model.say(Tone::Info, "this step has not been tried");
    };
    let next = (i64::from(shown) + by).clamp(1, count.max(1) as i64) as u32;
    // The newest one is followed to the next attempt too.
    model.log.chosen = (next as usize != count).then_some(next);
    model.say(Tone::Info, &format!("attempt {next} of {count}"));
}
