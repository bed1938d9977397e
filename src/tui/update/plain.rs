//! Lines instead of a screen: what is told after each message, and what a typed line means. Nothing is decided here: a line
//! becomes what the same question on the screen would have been given by keys, so the same is asked, refused and sent.

use tui_input::Input;

use super::turn::press;
use super::{act, dialog, marks};
use crate::id::{AttemptId, StepId};
use crate::run::Recorded;
use crate::text::Clean;
use crate::time::Timestamp;
use crate::tui::ansi;
use crate::tui::keys::{Act, Group, Key, TABLE};
use crate::tui::message::{LogOf, Request, Said, Slice};
use crate::tui::model::{Confirmed, DEAF_MS, Dialog, Front, Model, Purpose, Tone, Value, What};
use crate::tui::options::Outcome;
use crate::tui::view::plain::{CHOICES, Does, choices, heading, question, steps};

/// Lines of a log that are told.
const LOG: u64 = 5;
const LONG_LOG: u64 = 20;
/// What ends a line besides Enter: Ctrl-c, Ctrl-d and Ctrl-z.
const STOPS: [char; 3] = ['\u{3}', '\u{4}', '\u{1a}'];

/// From the screen to lines.
pub(super) fn start(model: &mut Model, out: &mut Vec<Request>) {
    model.plain.on = true;
    model.plain.due = true;
    model.plain.field = None;
    // The panes come back as they were; until then nothing of the log is read for them.
    model.log.watched = None;
    out.push(Request::WatchLog(None));
    out.push(Request::Plain(true));
    say(
        model,
        "The screen is gone, the run goes on and is told in lines.",
    );
    catch_up(model);
}

/// And back.
fn stop(model: &mut Model, out: &mut Vec<Request>) {
    if !model.plain.has_screen {
        return say(model, "this terminal cannot show a screen");
    }
    model.plain.on = false;
    model.plain.choices_of = None;
    model.plain.log = None;
    model.log.open(None);
    out.push(Request::Plain(false));
}

/// Facts have arrived.
pub(super) fn facts(model: &mut Model, events: &[Recorded], first: bool) {
    let asks = !matches!(model.front, Front::None);
    model.plain.facts(events, first, asks);
    if first && model.plain.on {
        catch_up(model);
    }
}

/// A step newly needs a person: it is told with the end of its log, and what can be done.
pub(super) fn needs_person(model: &mut Model, index: usize, out: &mut Vec<Request>) {
    if !model.plain.on {
        return;
    }
    model.plain.due = true;
    model.plain.newcomer = Some(index);
    if matches!(model.front, Front::None) {
        model.select_near(index);
        if model.run.state(index).is_unresolved() {
            ask_log(model, LOG, out);
        }
    }
}

fn catch_up(model: &mut Model) {
    let id = model.run.started().map(|start| start.run.to_string());
    let rest = format!(
        "... older lines: flightdeck show {} --events",
        id.unwrap_or_default()
    );
    model.plain.catch_up(&rest);
}

fn say(model: &mut Model, text: &str) {
    model.plain.say(Clean::line(text));
}

/// After each message: what it has changed is told, and what lies in front now is asked.
pub(super) fn tell(model: &mut Model) {
    if !model.plain.on {
        return;
    }
    if matches!(model.front, Front::None) {
        model.plain.release();
    }
    if let Some(toast) = model.toast.take() {
        model.plain.say(toast.text);
    }
    if let Front::Dialog(dialog) = &model.front {
        if model.plain.field.is_none() {
            model.plain.field = Some(next_field(dialog, 0));
            model.plain.say_all(heading(dialog));
        }
    } else {
        model.plain.field = None;
    }
    let question = question(model);
    if question != model.plain.asked {
        model.plain.asked.clone_from(&question);
        if !question.is_empty() {
            model.plain.choices_of = None;
        }
        model.plain.say_all(question);
    }
    leave_at_the_end(model);
    let free = matches!(model.front, Front::None) && model.plain.log.is_none();
    if free && model.plain.due && model.outcome.is_none() && model.run.started().is_some() {
        tell_choices(model, false);
    }
}

fn tell_choices(model: &mut Model, all: bool) {
    model.plain.due = false;
    if let Some(index) = model.plain.newcomer.take() {
        model.select_near(index);
    }
    model.learn_what_is_legal();
    let lines = choices(model, all);
    model.plain.say_all(lines);
    model.plain.choices_of = Some(model.selected);
    model.plain.drawn = None;
}

/// What has ended has nothing more to tell; nobody is asked to leave it.
fn leave_at_the_end(model: &mut Model) {
    if model.outcome.is_some() || !matches!(model.front, Front::None) {
        return;
    }
    if model.run.started().is_some() && model.run.phase().is_terminal() {
        model.outcome = Some(Outcome::Ended(model.run.phase()));
    } else if let crate::engine::Pace::Over(why) = &model.pace {
        let text = format!("no engine drives this run any more: {why}");
        say(model, &text);
        model.outcome = Some(Outcome::Left);
    }
}

/// The end of a log was asked for.
pub(super) fn log(model: &mut Model, of: &LogOf, lines: Vec<Said>) {
    let LogOf::Attempt(attempt) = of else { return };
    if model.plain.log.take_if(|log| log == attempt).is_none() {
        return;
    }
    if lines.is_empty() {
        let text = format!("the log of {} is empty", attempt.step);
        return say(model, &text);
    }
    let text = format!("The log of {}, attempt {}, ends:", attempt.step, attempt.n);
    say(model, &text);
    for said in lines {
        let spans = ansi::parse(&said.line.bytes, &mut ansi::State::default());
        say(model, &format!("  | {}", ansi::text(&spans)));
    }
}

fn ask_log(model: &mut Model, lines: u64, out: &mut Vec<Request>) {
    let step = model.step();
    let attempt = step.and_then(|step| Some((step.id.clone(), step.attempts.last()?.n)));
    let Some((step, n)) = attempt else { return };
    let attempt = AttemptId::act(step, n);
    model.plain.log = Some(attempt.clone());
    out.push(Request::ReadLog {
        of: LogOf::Attempt(attempt),
        slice: Slice::End(lines),
    });
}

/// A line was typed.
pub(super) fn line(model: &mut Model, text: &str, at: Timestamp, out: &mut Vec<Request>) {
    let typed = text.trim_matches(['\n', '\r']);
    if typed.contains(STOPS) {
        // The terminal has not gone to a new line.
        say(model, "");
    }
    if typed.contains('\u{1a}') {
        return say(
            model,
            "Ctrl-z would stop the run with this program; detach leaves it running",
        );
    }
    if typed.contains(STOPS) {
        return interrupt(model, at, out);
    }
    if is_early(model, at) {
        return say(
            model,
            "that was typed before the question; nothing was done. Once more?",
        );
    }
    let asked = std::mem::take(&mut model.plain.asked);
    let number = typed.trim().parse::<usize>().ok();
    match &mut model.front {
        Front::Palette(_) | Front::Help(_) => model.front = Front::None,
        Front::None => {
            model.plain.asked = asked;
            choose(model, typed.trim(), out);
        }
        Front::Confirm(confirm) => {
            let keeps = matches!(confirm.what, Confirmed::Answer(_));
            match yes_or_no(typed) {
                Some(true) => press(model, Key::Char('y'), at, out),
                Some(false) if keeps => press(model, Key::Char('n'), at, out),
                Some(false) => press(model, Key::Esc, at, out),
                None => say(model, "type 1 or 2"),
            }
        }
        Front::Dialog(_) => in_box(model, typed, at, out),
        Front::Menu(menu) => match number.filter(|n| (1..=menu.items.len()).contains(n)) {
            Some(n) => {
                menu.at = n - 1;
                press(model, Key::Enter, at, out);
            }
            None => say(model, "type one of the numbers; Ctrl-c closes this"),
        },
        Front::Checklist(list) => match (&mut list.input, number) {
            (Some(typing), _) => {
                if !typed.is_empty() {
                    typing.input = Input::new(typed.to_owned());
                }
                press(model, Key::Enter, at, out);
            }
            (None, Some(n)) if n > 0 => {
                list.at = n - 1;
                press(model, Key::Char('t'), at, out);
            }
            (None, _) => press(model, Key::Esc, at, out),
        },
        Front::Prompt(prompt) => {
            if !typed.is_empty() {
                prompt.input = Input::new(typed.to_owned());
                prompt.problem.clear();
            }
            press(model, Key::Enter, at, out);
        }
    }
}

/// Ctrl-c: what is asked is dropped; where nothing is, it asks how to leave.
fn interrupt(model: &mut Model, at: Timestamp, out: &mut Vec<Request>) {
    model.plain.asked.clear();
    if matches!(model.front, Front::None) {
        model.plain.choices_of = None;
        return act::act(model, Act::Quit, out);
    }
    let told = matches!(model.front, Front::Confirm(_));
    press(model, Key::Esc, at, out);
    if !told {
        say(model, "closed; nothing more was done");
    }
}

/// Lines typed ahead, or pasted, answer nothing that could not be read yet.
fn is_early(model: &Model, at: Timestamp) -> bool {
    let asked = match &model.front {
        Front::None => model.plain.drawn,
        Front::Confirm(confirm) => confirm.drawn,
        Front::Dialog(dialog) => dialog.drawn,
        Front::Checklist(list) => list.drawn,
        Front::Menu(menu) => menu.drawn,
        Front::Prompt(_) | Front::Palette(_) | Front::Help(_) => return false,
    };
    let waits = model.deaf_until.is_some_and(|until| at < until);
    waits || asked.is_none_or(|drawn| (drawn.0..drawn.0 + DEAF_MS).contains(&at.0))
}

fn yes_or_no(typed: &str) -> Option<bool> {
    match typed.trim() {
        "1" | "y" | "yes" => Some(true),
        "2" | "n" | "no" => Some(false),
        _ => None,
    }
}

/// Nothing is asked: a number of the choices, a command, or a step.
fn choose(model: &mut Model, typed: &str, out: &mut Vec<Request>) {
    if typed.is_empty() {
        return tell_choices(model, true);
    }
    if let Ok(number) = typed.parse::<u8>() {
        let found = CHOICES.iter().find(|(n, _)| *n == number);
        return match (found, model.plain.choices_of) {
            (None, _) => say(
                model,
                &format!("{number} is none of the numbers; Enter tells them"),
            ),
            (Some((_, Does::Screen)), _) => stop(model, out),
            // It may be meant for a question that is gone.
            (Some(_), None) => say(
                model,
                "nothing is asked now; Enter tells what each number does",
            ),
            (Some((_, does)), Some(index)) => {
                model.select(index);
                do_it(model, *does, out);
            }
        };
    }
    let name = typed.trim_start_matches(':');
    let row = TABLE.iter().find(|row| row.command == name);
    let step = model.run.index(&StepId::from(typed));
    match (row, step) {
        (Some(row), _) if row.group == Group::Steer || row.act == Act::Quit => {
            act::act(model, row.act, out);
        }
        (Some(row), _) if row.act == Act::Plain => stop(model, out),
        (Some(row), _) if row.act == Act::Help => tell_choices(model, true),
        (Some(_), _) => say(model, &format!("{name} is for the screen; 0 goes there")),
        (None, Some(index)) => {
            model.follow_run = false;
            model.select(index);
            tell_choices(model, true);
        }
        (None, None) => {
            let text = format!("{typed} is no number, command or step; Enter tells the numbers");
            say(model, &text);
        }
    }
}

fn do_it(model: &mut Model, does: Does, out: &mut Vec<Request>) {
    match does {
        Does::Act(act) => act::act(model, act, out),
        Does::Screen => stop(model, out),
        Does::Log => ask_log(model, LONG_LOG, out),
        Does::Steps => {
            let lines = steps(model);
            model.plain.say_all(lines);
        }
        Does::Next => {
            let here = model.needs_you.iter().position(|i| *i == model.selected);
            let next = here.map_or(0, |at| at + 1) % model.needs_you.len().max(1);
            if let Some(index) = model.needs_you.get(next).copied() {
                model.select(index);
            }
            tell_choices(model, false);
        }
    }
}

/// A line for the field that is asked for, or the last yes or no.
fn in_box(model: &mut Model, typed: &str, at: Timestamp, out: &mut Vec<Request>) {
    let Front::Dialog(mut dialog) = std::mem::take(&mut model.front) else {
        return;
    };
    let here = model.plain.field.unwrap_or(0);
    if here < dialog.fields.len() {
        if fill(&mut dialog, here, typed) {
            let next = next_field(&dialog, here + 1);
            model.plain.field = Some(next);
            if next == dialog.fields.len() {
                refresh(model, &mut dialog);
            }
        }
        model.front = Front::Dialog(dialog);
        return;
    }
    let look = typed.trim() == "3" && dialog.purpose == Purpose::TakeUp;
    let key = match yes_or_no(typed) {
        Some(true) => {
            dialog.focus = dialog.fields.len() + 1;
            Some(Key::Enter)
        }
        Some(false) => Some(Key::Esc),
        None if look => Some(Key::Char('l')),
        None => None,
    };
    model.front = Front::Dialog(dialog);
    match key {
        None => say(model, "type one of the numbers; Ctrl-c closes this"),
        Some(key) => press(model, key, at, out),
    }
    match &model.front {
        // Something is missing or refused, and the box says what.
        Front::Dialog(dialog) if key == Some(Key::Enter) => {
            model.plain.field = Some(dialog.focus.min(dialog.fields.len()));
        }
        Front::None if key == Some(Key::Esc) => model.say(Tone::Info, "nothing was done"),
        _ => {}
    }
}

fn refresh(model: &Model, dialog: &mut Dialog) {
    match dialog.purpose {
        Purpose::Marked(act) => marks::refresh(model, act, dialog),
        Purpose::TakeUp | Purpose::Params => {}
        _ if dialog.definition.is_some() => {}
        _ => dialog::refresh(model, dialog),
    }
}

/// Puts a typed line into a field; false if it cannot be taken, which the field then says.
fn fill(dialog: &mut Dialog, at: usize, typed: &str) -> bool {
    let field = &mut dialog.fields[at];
    field.problem.clear();
    let number = typed.trim().parse::<usize>().ok();
    match &mut field.value {
        _ if typed.trim().is_empty() => {}
        Value::Text(input) => *input = Input::new(typed.to_owned()),
        Value::Choice { options, at } => {
            let named = options.iter().position(|option| option == typed.trim());
            let counted = number.filter(|n| (1..=options.len()).contains(n));
            match counted.map(|n| n - 1).or(named) {
                Some(n) => *at = n,
                None => "type one of the numbers".clone_into(&mut field.problem),
            }
        }
        Value::Toggle(on) => match yes_or_no(typed) {
            Some(yes) => *on = yes,
            None => "type 1 or 2".clone_into(&mut field.problem),
        },
    }
    if dialog.fields[at].problem.is_empty() {
        dialog::check(dialog, at);
    }
    dialog.fields[at].problem.is_empty()
}

/// The next field from `from` on that the answers so far leave open.
fn next_field(dialog: &Dialog, from: usize) -> usize {
    let rejects = dialog::rejects(dialog);
    let count = dialog.fields.len();
    let asked = |at: &usize| !(rejects && matches!(dialog.fields[*at].what, What::Param(_)));
    (from..count).find(asked).unwrap_or(count)
}
