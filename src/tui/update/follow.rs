//! After each message: what the panes show is brought in line with the selection, and what is missing is asked for.

use super::runbook;
use crate::id::AttemptId;
use crate::tui::layout::{Panes, panes};
use crate::tui::message::{Request, Slice};
use crate::tui::model::{Detail, Model, Place, View};

pub(super) fn sync(model: &mut Model, out: &mut Vec<Request>) {
    let panes = panes(model);
    scroll(model, &panes);
    log(model, &panes, out);
    detail(model, &panes);
    if model.view == View::Runbook {
        runbook::sync(model, panes.body.width);
    }
    model.learn_what_is_legal();
}

/// Keeps the selected row visible.
fn scroll(model: &mut Model, panes: &Panes) {
    let rows = panes.step_rows().max(1);
    let last = model.rows.len().saturating_sub(rows);
    let lowest = model.cursor.saturating_sub(rows - 1);
    model.top = model
        .top
        .clamp(lowest.min(model.cursor), model.cursor)
        .min(last);
}

fn log(model: &mut Model, panes: &Panes, out: &mut Vec<Request>) {
    let of_other_step = match (&model.log.attempt, model.step()) {
        (Some(attempt), Some(step)) => attempt.step != step.id,
        _ => true,
    };
    if of_other_step {
        model.log.chosen = None;
    }
    let step = model.step().map(|step| step.id.clone());
    let wanted = step
        .zip(model.shown_attempt())
        .map(|(step, n)| AttemptId::act(step, n));
    let height = panes.log_rows();
    if wanted != model.log.attempt {
        model.log.open(wanted.clone());
        if let Some(attempt) = wanted {
            ask(model, attempt, Slice::End(height.max(1) * 2), out);
        }
    }
    watch(model, height, out);
    if let Some(attempt) = model.log.attempt.clone()
        && let Some(slice) = model.log.missing(height)
    {
        let following = model.log.place == Place::Follow && !model.log.only_matches;
        let slice = if following {
            Slice::End(height * 2)
        } else {
            slice
        };
        let asked = model.log.asked.as_ref() == Some(&slice);
        let answered = model.log.answered.as_ref() == Some(&(slice.clone(), model.log.count));
        if !asked && !answered {
            ask(model, attempt, slice, out);
        }
    }
}

fn ask(model: &mut Model, attempt: AttemptId, slice: Slice, out: &mut Vec<Request>) {
    model.log.asked = Some(slice.clone());
    out.push(Request::ReadLog { attempt, slice });
}

/// Growth is looked for only while the shown attempt runs; once it has ended, the rest is read.
fn watch(model: &mut Model, height: u64, out: &mut Vec<Request>) {
    let running = |attempt: &&AttemptId| {
        let step = model.run.step(&attempt.step);
        let found = step.and_then(|step| step.attempts.iter().find(|a| a.n == attempt.n));
        found.is_some_and(|attempt| attempt.ended_at.is_none())
    };
    let wanted = model.log.attempt.as_ref().filter(running).cloned();
    if wanted == model.log.watched {
        return;
    }
    let was = std::mem::replace(&mut model.log.watched, wanted.clone());
    out.push(Request::WatchLog(wanted));
    if let Some(attempt) = was.filter(|was| model.log.attempt.as_ref() == Some(was)) {
        // Counts what is new too, wherever the pane stands.
        let slice = match model.log.place {
            Place::Follow => Slice::End(height.max(1) * 2),
            Place::At(top) => Slice::Range(top.saturating_sub(height)..top + 2 * height),
        };
        if !model.log.only_matches {
            ask(model, attempt, slice, out);
        }
    }
}

fn detail(model: &mut Model, panes: &Panes) {
    let of = (model.selected, model.run.seq());
    if panes.detail.is_empty() || model.detail.of == Some(of) {
        return;
    }
    let Some(step) = model.step().map(|step| step.id.clone()) else {
        return;
    };
    let same_step = model
        .detail
        .of
        .is_some_and(|(index, _)| index == model.selected);
    model.detail = Detail {
        of: Some(of),
        inputs: model.run.inputs(&step),
        will_run: model.run.will_run(&step),
        top: if same_step { model.detail.top } else { 0 },
    };
}
