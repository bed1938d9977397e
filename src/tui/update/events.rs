//! Facts arrive: the run is folded on, rows and selection follow, questions that no longer hold are closed.

use std::sync::Arc;
use std::time::Duration;

use super::turn::done_word;
use super::{caught_up, controls, memory, plain, take_up};
use crate::engine::Pace;
use crate::id::Role;
use crate::run::{Ask, BOOT_CHANGED, Command, Event, Outcome, Recorded, Shown, State};
use crate::text::Clean;
use crate::time::Timestamp;
use crate::tui::message::Request;
use crate::tui::model::{Aim, Confirm, Confirmed, Front, Model, Tone};

/// Running steps that a line may name.
const ACTIVE: usize = 8;
/// Keys after a question has closed by itself were meant for it.
const DEAF: Duration = Duration::from_secs(1);
/// A notification has no room for more.
const CALL_MAX: usize = 120;
const JUST_NOW: Duration = Duration::from_secs(2);

pub(super) fn take(model: &mut Model, events: &[Recorded], out: &mut Vec<Request>) {
    let first = model.run.seq() == 0;
    let plan = model.run.workflow().clone();
    let here = model.step().map(|step| step.id.clone());
    for recorded in events {
        if model.broken.is_some() {
            return;
        }
        let mine = model.run.controls().held_by(&model.actor);
        if let Err(error) = model.run.apply(recorded) {
            let why = format!("this screen cannot follow the run: {error}");
            model.say(Tone::Error, &why);
            model.broken = Some(why);
        }
        if !first {
            // In lines each fact is told by its own.
            if !model.plain.on {
                tell(model, recorded);
            }
            controls::tell(model, &recorded.event, mine, out);
        }
    }
    plain::facts(model, events, first);
    if !Arc::ptr_eq(&plan, model.run.workflow()) {
        model.replan(here.as_ref());
        // It was asked about a place in the plan of before.
        if !matches!(model.front, Front::None) {
            close(model);
            model.say(Tone::Warn, "the definition was reloaded; nothing was done");
        }
    }
    let has_members = model.run.steps().len() > model.run.workflow().steps.len();
    if first || has_members || model.rows.has_folded() || model.rows.follows_states() {
        model.build_rows();
    }
    let recalled = if first { memory::recall(model) } else { None };
    if let Some(last) = events.last() {
        model.now = model.now.max(last.at);
    }
    needs_you(model, first, out);
    let active = |index: &usize| model.run.state(*index).is_active();
    let leaves = model.run.steps().iter().enumerate();
    let leaves = leaves
        .filter(|(_, step)| step.members.is_none())
        .map(|(index, _)| index);
    model.active = leaves.filter(active).take(ACTIVE).collect();
    take_up::follow(model, events);
    follow(model);
    close_outdated(model);
    model.forget_forecast();
    if first
        && model.has_source
        && let Some(start) = model.run.started()
    {
        out.push(Request::LoadPast {
            workflow: start.workflow.clone(),
            kind: start.kind,
            but: start.run.clone(),
        });
    }
    let missed = if first {
        caught_up::line(model, events)
    } else {
        None
    };
    let told: Vec<String> = missed.into_iter().chain(recalled).collect();
    if !told.is_empty() {
        model.say(Tone::Info, &told.join("; "));
    }
}

/// What others did is told; what this person did is answered by its receipt.
fn tell(model: &mut Model, recorded: &Recorded) {
    match &recorded.event {
        Event::CommandAccepted { actor, .. } if !actor.same_terminal(&model.actor) => {
            if let Some(entry) = model.run.audit().last() {
                let text = format!("{actor}: {}", entry.text);
                model.say(Tone::Info, &text);
            }
        }
        // Of a run that was taken up, its own box tells.
        Event::CommandAccepted {
            command: resumed @ Command::Resume,
            ..
        } if !model.run.stands_by() => model.say(Tone::Info, done_word(resumed)),
        Event::Told { what } => model.say(Tone::Warn, what),
        Event::AttemptEnded { attempt, ended }
            if attempt.role == Role::Hook && ended.outcome != Outcome::Succeeded =>
        {
            if let Some(entry) = model.run.audit().last() {
                let text = entry.text.clone();
                model.say(Tone::Warn, &text);
            }
        }
        Event::BootChanged { .. } => model.say(Tone::Warn, BOOT_CHANGED),
        _ => {}
    }
}

/// Who waits for a decision now; a newcomer rings the bell.
fn needs_you(model: &mut Model, first: bool, out: &mut Vec<Request>) {
    let before = std::mem::take(&mut model.needs_you);
    let run = &model.run;
    let checks = run.is_before_steps() && run.shown() == Shown::Attention;
    let had_checks = std::mem::replace(&mut model.checks_need, checks);
    if checks && !had_checks {
        model.plain.due = true;
        if !first && model.pace == Pace::Live {
            out.push(call(model, "preflight is not met"));
        }
    }
    let run = &model.run;
    if run.steps().is_empty() || run.phase().is_terminal() {
        return;
    }
    let counts = run.counts();
    if counts.unresolved + counts.asking > 0 || run.steps().iter().any(|step| step.breakpoint) {
        let with_members = |step: usize| {
            let members = run.fanned_out(step).iter().copied();
            std::iter::once(step).chain(members)
        };
        let all = model.rails.order().flat_map(with_members);
        // What is undone asks nobody any more.
        let all = all
            .filter(|_| run.undoing().is_empty())
            .chain(run.undoing());
        let found: Vec<usize> = all.filter(|index| model.asks(*index)).collect();
        model.needs_you = found;
    }
    let new = model
        .needs_you
        .iter()
        .filter(|index| !before.contains(index));
    let new: Vec<usize> = new.copied().collect();
    let Some(index) = new.first().copied() else {
        return;
    };
    plain::needs_person(model, index, out);
    if !first && model.pace == Pace::Live {
        let step = &model.run.steps()[index];
        let more = match new.len() - 1 {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let words = format!("{} {}{more}", step.id, step.state.word());
        out.push(call(model, &words));
    }
}

/// Calls a person, once for each new need. Only names of steps and words of our own leave the terminal so.
pub(super) fn call(model: &Model, what: &str) -> Request {
    let words = format!("flightdeck: {}: {what}", model.run.workflow().name);
    let words: String = words.chars().take(CALL_MAX).collect();
    Request::Call(Clean::line(&words))
}

/// The selection goes to what needs a person, else to what runs, until the person moves it.
fn follow(model: &mut Model) {
    let active = |index: usize| model.run.state(index).is_active();
    // A step that was tried and will be again is still what the person looks at, also while the run is paused.
    let under_way = |index: usize| {
        let step = &model.run.steps()[index];
        active(index) || !step.attempts.is_empty() && !step.state.is_resolved()
    };
    if !model.follow_run || !matches!(model.front, Front::None) {
        return;
    }
    let failed = |index: &&usize| model.run.state(**index).is_unresolved();
    let pressing = model
        .needs_you
        .iter()
        .find(failed)
        .or(model.needs_you.first());
    let target = match pressing {
        Some(index) => Some(*index),
        None if under_way(model.selected) => None,
        None if model.run.counts().running == 0 => None,
        None => {
            let leaves = 0..model.run.steps().len();
            let running = leaves.filter(|index| active(*index));
            // Of several that began together the first one.
            running.min_by_key(|index| std::cmp::Reverse(model.run.steps()[*index].since))
        }
    };
    if let Some(index) = target {
        model.select(index);
    }
}

/// A question about a step that has changed meanwhile closes and says so: the answer was meant for what was there.
fn close_outdated(model: &mut Model) {
    let aim = match &model.front {
        Front::Confirm(Confirm {
            what: Confirmed::Answer(to),
            ..
        }) => {
            if !model.run.controls().asked_by(to) {
                let text = format!("{to} does not ask for the controls any more");
                close(model);
                model.say(Tone::Info, &text);
            }
            return;
        }
        Front::Confirm(confirm) => confirm.aim.as_ref(),
        Front::Dialog(dialog) => dialog
            .aim
            .as_ref()
            .or_else(|| dialog.marked.iter().find(|aim| has_changed(model, aim))),
        Front::Checklist(list) => {
            let step = &model.run.steps()[list.index];
            if matches!(step.ask, Some(Ask::Checklist { .. })) && step.state == State::Waiting {
                return;
            }
            let text = format!("{} is {} now", step.id, step.state.word());
            close(model);
            model.say(Tone::Info, &text);
            return;
        }
        _ => return,
    };
    let now = aim.and_then(|aim| model.aim_at(aim.index));
    let outdated = match (aim, &now) {
        (Some(then), Some(now)) if then.seen != now.seen => Some(changed(model, now)),
        (None, _) if model.run.phase().is_terminal() => Some("the run has ended".to_owned()),
        _ => None,
    };
    let Some(what) = outdated else { return };
    close(model);
    model.say(Tone::Warn, &format!("{what}; nothing was done"));
}

fn has_changed(model: &Model, aim: &Aim) -> bool {
    model
        .aim_at(aim.index)
        .is_none_or(|now| now.seen != aim.seen)
}

/// A question closes by itself: the keys of the next moment were meant for it.
pub(super) fn close(model: &mut Model) {
    model.front = Front::None;
    model.deaf_until = Some(model.now.after(DEAF));
}

/// What a step is now, and who made it so if that was a person just now.
fn changed(model: &Model, now: &Aim) -> String {
    let recent = |at: Timestamp| model.now.since(at) < JUST_NOW;
    let last = model.run.audit().last().filter(|entry| recent(entry.at));
    let by = last.and_then(|entry| Some((entry.actor.as_ref()?, entry)));
    let by = by.filter(|(_, entry)| entry.text.contains(now.step.as_str()));
    let by = by.map(|(actor, entry)| format!(" ({actor}, {})", entry.at.clock()));
    let word = now.seen.state.word();
    format!("{} is {word} now{}", now.step, by.unwrap_or_default())
}
