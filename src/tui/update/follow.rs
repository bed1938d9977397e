//! After each message: what the panes show is brought in line with the selection, and what is missing is asked for.

use super::runbook;
use crate::id::AttemptId;
use crate::tui::layout::{Card, Panes, panes};
use crate::tui::message::{LogOf, Request, Slice};
use crate::tui::model::{Before, Detail, Model, Place, View};

pub(super) fn sync(model: &mut Model, out: &mut Vec<Request>) {
    if model.plain.on {
        return model.learn_what_is_legal();
    }
    before(model);
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
    let of_other_step = match (&model.log.of, model.step()) {
        (Some(LogOf::Merged(_)), _) => false,
        (Some(LogOf::Attempt(attempt)), Some(step)) => attempt.step != step.id,
        _ => true,
    };
    if of_other_step {
        model.log.chosen = None;
    }
    let wanted = if model.merges() {
        Some(merge(model, out))
    } else {
        let step = model.step().map(|step| step.id.clone());
        let attempt = step.zip(model.shown_attempt());
        attempt.map(|(step, n)| LogOf::Attempt(AttemptId::act(step, n)))
    };
    let height = panes.log_rows();
    if wanted != model.log.of {
        model.log.open(wanted.clone());
        if let Some(of) = wanted {
            ask(model, of, Slice::End(height.max(1) * 2), out);
        }
    }
    watch(model, height, out);
    search_on(model, out);
    if let Some(of) = model.log.of.clone()
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
            ask(model, of, slice, out);
        }
    }
}

/// What is added to the log is searched too.
fn search_on(model: &mut Model, out: &mut Vec<Request>) {
    let count = model.log.count;
    if let (Some(of), Some(search)) = (&model.log.of, &mut model.log.search)
        && let Some(from) = search.go_on(count)
    {
        out.push(Request::Search {
            of: of.clone(),
            pattern: search.pattern.clone(),
            from,
        });
    }
}

/// The logs of all steps or of the marked ones, as they are now.
fn merge(model: &mut Model, out: &mut Vec<Request>) -> LogOf {
    if model.choose_logs() {
        out.push(Request::Merge {
            number: model.merge.number,
            parts: model.merge.parts.clone(),
        });
    }
    LogOf::Merged(model.merge.number)
}

fn ask(model: &mut Model, of: LogOf, slice: Slice, out: &mut Vec<Request>) {
    model.log.asked = Some(slice.clone());
    out.push(Request::ReadLog { of, slice });
}

/// Growth is looked for only while the shown attempt runs; once it has ended, the rest is read.
fn watch(model: &mut Model, height: u64, out: &mut Vec<Request>) {
    let running = |of: &&LogOf| match of {
        LogOf::Merged(_) => model.merge.parts.iter().any(|part| part.live),
        LogOf::Attempt(attempt) => {
            let step = model.run.step(&attempt.step);
            let found = step.and_then(|step| step.attempts.iter().find(|a| a.n == attempt.n));
            found.is_some_and(|attempt| attempt.ended_at.is_none())
        }
    };
    let wanted = model.log.of.as_ref().filter(running).cloned();
    if wanted == model.log.watched {
        return;
    }
    let was = std::mem::replace(&mut model.log.watched, wanted.clone());
    out.push(Request::WatchLog(wanted));
    if let Some(of) = was.filter(|was| model.log.of.as_ref() == Some(was)) {
        // Counts what is new too, wherever the pane stands.
        let slice = match model.log.place {
            Place::Follow => Slice::End(height.max(1) * 2),
            Place::At(top) => Slice::Range(top.saturating_sub(height)..top + 2 * height),
        };
        if !model.log.only_matches {
            ask(model, of, slice, out);
        }
    }
}

/// What past runs say of the selected step, where a person must decide about it.
fn before(model: &mut Model) {
    let of = (model.selected, model.run.seq());
    if model.before.of == Some(of) {
        return;
    }
    let mut before = Before {
        of: Some(of),
        ..Before::default()
    };
    let step = model.step().filter(|_| Card::of(model) == Card::Failure);
    if let Some(step) = step {
        let precedents = &model.past.precedents;
        before.precedent = precedents.of(&step.id).cloned();
        let changed = precedents.changed(&model.run, &step.id);
        before.changed = changed.filter(|changed| !changed.inputs.is_empty());
    }
    model.before = before;
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
