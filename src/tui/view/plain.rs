//! What is asked where there is no screen, in lines: the choices by their numbers, and whatever the boxes of the screen
//! would ask, in the same words.

use std::fmt::Write as _;

use super::preflight;
use crate::run::{Ask, SkipReason, State};
use crate::text::Clean;
use crate::tui::keys::{Act, action};
use crate::tui::model::{
    Asked, Checklist, Confirmed, Dialog, Field, Front, Menu, Model, Purpose, Value, What,
};

/// Steps that are told one by one.
const STEPS: usize = 200;

/// What a number does. The number of each is its own for good: a hand that knows it need not listen to the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Does {
    Act(Act),
    /// The screen again.
    Screen,
    /// The end of the step's log.
    Log,
    /// Every step.
    Steps,
    /// The next step that needs a person.
    Next,
}

pub(crate) const CHOICES: [(u8, Does); 21] = [
    (1, Does::Act(Act::Retry)),
    (2, Does::Act(Act::Skip)),
    (3, Does::Act(Act::Mark)),
    (4, Does::Act(Act::Ignore)),
    (5, Does::Act(Act::RetryEdited)),
    (6, Does::Act(Act::RetryFrom)),
    (7, Does::Act(Act::Cancel)),
    (8, Does::Act(Act::Answer)),
    (9, Does::Act(Act::Breakpoint)),
    (10, Does::Act(Act::Step)),
    (11, Does::Act(Act::Pause)),
    (12, Does::Act(Act::Note)),
    (13, Does::Act(Act::Controls)),
    (14, Does::Act(Act::RollBack)),
    (15, Does::Act(Act::Abort)),
    (16, Does::Act(Act::Detach)),
    (17, Does::Act(Act::Quit)),
    (20, Does::Log),
    (21, Does::Next),
    (22, Does::Steps),
    (0, Does::Screen),
];

/// Choices up to this number are about the step, and told whenever it needs a person; the others when they are asked for.
const OF_STEP: u8 = 9;

/// How the selected step stands, and what can be done.
pub(crate) fn choices(model: &Model, all: bool) -> Vec<Clean> {
    let mut lines = vec![Clean::line(&standing(model))];
    if model.run.is_before_steps() {
        let checks = preflight::lines(model);
        lines.extend(checks.map(|check| Clean::line(&format!("preflight {check}"))));
    } else if let Some(step) = model.step() {
        lines.push(step_line(model, model.selected));
        lines.extend(asked_of(step.ask.as_ref()).map(|text| Clean::line(&text)));
    }
    let told = |number: u8| all || number <= OF_STEP || number == 21;
    for (number, does) in CHOICES.into_iter().filter(|(number, _)| told(*number)) {
        if let Some(words) = choice(model, does) {
            lines.push(Clean::line(&format!("  {number} {words}")));
        }
    }
    lines.push(Clean::line(if all {
        "Type a number and Enter, or the name of a step."
    } else {
        "Type a number and Enter. Enter alone tells all numbers: pause, log, steps, abort, leave."
    }));
    lines
}

/// `failover-eu r-42: paused. 5 done, 1 failed or stopped, 3 to go`.
fn standing(model: &Model) -> String {
    let run = &model.run;
    let id = run.started().map_or("", |start| start.run.as_str());
    let paused = match run.paused() {
        Some((actor, _)) => format!("paused by {actor}. "),
        None => String::new(),
    };
    format!("{} {id}: {paused}{}", run.workflow().name, run.stock())
}

/// `promote-orders: failed, attempt 3: exit 1`.
pub(crate) fn step_line(model: &Model, index: usize) -> Clean {
    let step = &model.run.steps()[index];
    let mut text = format!("{}: {}", step.id, step.state.word());
    if model.is_danger(&step.id) {
        text.push_str(", DANGER");
    }
    if let Some(attempt) = step.attempts.last() {
        let _ = write!(text, ", attempt {}", attempt.n);
    }
    if !step.why.is_empty() {
        let _ = write!(text, ": {}", step.why);
    }
    Clean::line(&text)
}

fn asked_of(ask: Option<&Ask>) -> Option<String> {
    match ask {
        Some(Ask::Approval { message, .. }) => Some(format!("It asks: {message}")),
        Some(Ask::Checklist { items }) => {
            let open = items.iter().filter(|item| item.done.is_none()).count();
            Some(format!(
                "It asks: {open} of {} items are to be ticked",
                items.len()
            ))
        }
        _ => None,
    }
}

/// The words of a choice; `None` if it would be refused now.
fn choice(model: &Model, does: Does) -> Option<String> {
    let act = match does {
        Does::Act(act) => act,
        Does::Screen => return model.plain.has_screen.then(|| "back to the screen".into()),
        Does::Log => {
            let step = model.step().filter(|step| !step.attempts.is_empty());
            return step.map(|_| "log: the last lines of the step's log".into());
        }
        Does::Steps => return Some("steps: every step and how it stands".into()),
        Does::Next => {
            let others = model.needs_you.iter().filter(|i| **i != model.selected);
            let others = others.count();
            return (others > 0).then(|| format!("next: another step that needs you, of {others}"));
        }
    };
    if model.why_not(act).is_some() {
        return None;
    }
    Some(format!("{}: {}", action(act).command, now(model, act)))
}

/// What the number does now. The help of the key tells all that it can do, which is too much to choose by.
fn now(model: &Model, act: Act) -> &'static str {
    let before = model.run.is_before_steps();
    let step = model.step();
    let state = model.run.state(model.selected);
    match act {
        Act::Pause if model.run.paused().is_some() || model.run.stands_by() => "resume the run",
        Act::Pause => "pause the run; running steps finish",
        Act::Quit => "leave: stay, detach, pause and quit, or abort",
        Act::Skip if before => "begin although a check is not met",
        Act::Skip if state == State::Skipped(SkipReason::Operator) => "take the skip back",
        Act::Skip => "skip the step",
        Act::Retry if before => "run the checks again",
        Act::Retry if matches!(state, State::Retrying { .. }) => "try again now",
        Act::Retry => "try the step again",
        Act::Breakpoint if step.is_some_and(|step| step.breakpoint) => match state {
            State::Held => "release the step",
            _ => "clear the breakpoint",
        },
        Act::Breakpoint => "set a breakpoint: the step is held before it starts",
        Act::Cancel => match state {
            State::Stopping => "kill the step",
            State::Waiting => "cancel the step: it waits no longer",
            State::Retrying { .. } => "cancel the step: it is not tried again",
            _ => "cancel the step (TERM)",
        },
        Act::Answer => match step.and_then(|step| step.ask.as_ref()) {
            Some(Ask::Approval { .. }) => "approve or reject",
            Some(Ask::Checklist { .. }) => "tick the checklist",
            _ => action(act).help,
        },
        _ => action(act).help,
    }
}

/// Every step in the order of the list.
pub(crate) fn steps(model: &Model) -> Vec<Clean> {
    let all = model.rails.order();
    let mut lines: Vec<Clean> = all
        .take(STEPS)
        .map(|index| step_line(model, index))
        .collect();
    let more = model.run.workflow().steps.len().saturating_sub(STEPS);
    if more > 0 {
        lines.push(Clean::line(&format!("and {more} more: flightdeck show")));
    }
    lines
}

/// What lies in front, as a question.
pub(crate) fn question(model: &Model) -> Vec<Clean> {
    let texts = match &model.front {
        Front::None | Front::Palette(_) | Front::Help(_) => Vec::new(),
        Front::Confirm(confirm) => {
            let (yes, no) = match confirm.what {
                Confirmed::Answer(_) => ("hand them over", "keep them"),
                _ => ("yes", "no: nothing is done"),
            };
            vec![confirm.question.clone(), numbered(1, yes), numbered(2, no)]
        }
        Front::Dialog(dialog) => match model.plain.field.and_then(|at| dialog.fields.get(at)) {
            Some(field) => asks(field),
            None => decides(dialog),
        },
        Front::Menu(menu) => items(menu),
        Front::Checklist(list) => ticks(model, list),
        Front::Prompt(prompt) => {
            let offered = prompt.input.value();
            let label = prompted(prompt.what);
            let told = [prompt.problem.clone()].into_iter();
            let told = told.filter(|problem| !problem.is_empty());
            told.chain([with_default(label, offered)]).collect()
        }
    };
    texts.iter().map(|text| Clean::line(text)).collect()
}

fn numbered(number: usize, words: &str) -> String {
    format!("  {number} {words}")
}

/// The label of a line of text.
pub(crate) fn prompted(what: Asked) -> &'static str {
    match what {
        Asked::Filter => "filter steps",
        Asked::FilterRuns => "filter runs",
        Asked::Search => "search the log",
        Asked::Note => "note",
        Asked::SaveLog => "write the log to",
        Asked::SaveReport => "write the report to",
        Asked::Reload => "go on by the definition in",
    }
}

fn with_default(label: &str, text: &str) -> String {
    match text {
        "" => format!("{label}:"),
        text => format!("{label}: (Enter keeps {text})"),
    }
}

/// What a box is about, before its first field is asked for.
pub(crate) fn heading(dialog: &Dialog) -> Vec<Clean> {
    let title = Clean::line(&dialog.title);
    let way_out = match dialog.purpose {
        Purpose::TakeUp => "Ctrl-c leaves it as it is.",
        _ => "Ctrl-c: nothing is done.",
    };
    let facts = if dialog.fields.is_empty() {
        Vec::new()
    } else {
        facts(dialog)
    };
    [title]
        .into_iter()
        .chain(facts)
        .chain([Clean::line(way_out)])
        .collect()
}

fn facts(dialog: &Dialog) -> Vec<Clean> {
    let line = |fact: &crate::tui::model::Fact| match fact.label {
        "" => Clean::line(&format!("  {}", fact.text)),
        label => Clean::line(&format!("  {label}: {}", fact.text)),
    };
    dialog.facts.iter().map(line).collect()
}

/// One field.
fn asks(field: &Field) -> Vec<String> {
    let mut lines = Vec::new();
    if !field.problem.is_empty() {
        lines.push(field.problem.clone());
    }
    let keeps = |n: usize| format!("Enter keeps {n}.");
    match (&field.what, &field.value) {
        (What::Name(name), _) => lines.push(format!("Type {name} to confirm:")),
        (_, Value::Text(text)) if !text.value().is_empty() => {
            lines.push(with_default(&field.label, text.value()));
        }
        (_, Value::Text(_)) if field.required => lines.push(format!("{} (needed):", field.label)),
        (_, Value::Text(_)) => lines.push(format!("{} (Enter leaves it empty):", field.label)),
        (_, Value::Choice { options, at }) => {
            lines.push(format!("{}?", field.label));
            let options = options.iter().enumerate();
            lines.extend(options.map(|(n, option)| numbered(n + 1, option)));
            lines.push(keeps(at + 1));
        }
        (_, Value::Toggle(on)) => {
            lines.push(format!("{}?", field.label));
            lines.extend([numbered(1, "yes"), numbered(2, "no")]);
            lines.push(keeps(if *on { 1 } else { 2 }));
        }
    }
    lines
}

/// What follows from the answers, and whether to do it.
fn decides(dialog: &Dialog) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    if !dialog.problem.is_empty() {
        lines.push(dialog.problem.clone());
    }
    lines.push(format!("{}:", dialog.title));
    let facts = facts(dialog);
    lines.extend(facts.iter().map(|fact| fact.as_str().to_owned()));
    lines.push(numbered(1, &dialog.yes));
    let no = match dialog.purpose {
        Purpose::TakeUp => dialog.no.clone(),
        _ => "No: nothing is done".to_owned(),
    };
    lines.push(numbered(2, &no));
    if dialog.purpose == Purpose::TakeUp {
        lines.push(numbered(3, "Look around first"));
    }
    lines
}

fn items(menu: &Menu) -> Vec<String> {
    let items = menu.items.iter().enumerate();
    let items = items.map(|(n, item)| numbered(n + 1, item.label));
    [menu.title.to_owned()].into_iter().chain(items).collect()
}

fn ticks(model: &Model, list: &Checklist) -> Vec<String> {
    let step = &model.run.steps()[list.index];
    let Some(Ask::Checklist { items }) = &step.ask else {
        return Vec::new();
    };
    if let Some(typing) = &list.input {
        let value = items.get(list.at).and_then(|item| item.input.as_deref());
        let label = value.filter(|_| !typing.note).unwrap_or("note");
        return vec![with_default(label, typing.input.value())];
    }
    let mut lines = vec![format!("Checklist of {}:", step.id)];
    for (n, item) in items.iter().enumerate() {
        let mark = match (&item.done, item.required) {
            (Some((actor, _)), _) => format!("ticked by {actor}"),
            (None, true) => "open, needed".to_owned(),
            (None, false) => "open".to_owned(),
        };
        lines.push(numbered(n + 1, &format!("{mark}: {}", item.text)));
    }
    lines.push(
        "A number ticks the item, or takes its tick back. Enter alone closes the list.".into(),
    );
    lines
}
