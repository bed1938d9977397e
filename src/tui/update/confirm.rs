//! The small questions: one line with `y` or `n`, a menu of letters, a checklist.

use tui_input::Input;

use super::edit::edit;
use super::{act, outside};
use crate::run::{Ask, Command, Tick};
use crate::time::Timestamp;
use crate::tui::keys::{Act, Key};
use crate::tui::message::Request;
use crate::tui::model::{
    Asked, Checklist, Chosen, Confirm, Confirmed, DEAF_MS, Front, Menu, Model, Shown, Tone, Typing,
};
use crate::tui::options::Outcome;

/// `y` confirms; Enter does nothing, so that a habit confirms nothing.
pub(super) fn confirm(
    model: &mut Model,
    front: Confirm,
    key: Key,
    out: &mut Vec<Request>,
) -> Front {
    match key {
        // A `y` that was typed before the question was seen answers something else.
        _ if front.drawn.is_none() => Front::Confirm(front),
        Key::Char('y') => {
            match front.what {
                Confirmed::Send(command) => {
                    let seen = front.aim.map(|aim| aim.seen);
                    out.push(Request::Send { command, seen });
                }
                Confirmed::Shell => outside::shell(model, out),
                Confirmed::Detach => model.outcome = Some(Outcome::Detach),
                Confirmed::Answer(to) => out.push(Request::Send {
                    command: Command::HandOver { to: Some(to) },
                    seen: None,
                }),
            }
            Front::None
        }
        Key::Char('n') if let Confirmed::Answer(to) = front.what => {
            out.push(Request::Send {
                command: Command::Deny {
                    to: Some(to),
                    reason: String::new(),
                },
                seen: None,
            });
            Front::None
        }
        Key::Char('n' | 'q') | Key::Esc | Key::Ctrl('c') => {
            model.say(Tone::Info, "nothing was done");
            Front::None
        }
        _ => Front::Confirm(front),
    }
}

fn deaf(drawn: Option<Timestamp>, at: Timestamp) -> bool {
    drawn.is_none_or(|drawn| (drawn.0..drawn.0 + DEAF_MS).contains(&at.0))
}

pub(super) fn menu(
    model: &mut Model,
    mut menu: Menu,
    key: Key,
    at: Timestamp,
    out: &mut Vec<Request>,
) -> Front {
    let last = menu.items.len() - 1;
    let chosen = match key {
        Key::Esc | Key::Char('q') | Key::Ctrl('c') => return Front::None,
        _ if deaf(menu.drawn, at) => return Front::Menu(menu),
        Key::Down | Key::Char('j') | Key::Tab => {
            menu.at = (menu.at + 1).min(last);
            return Front::Menu(menu);
        }
        Key::Up | Key::Char('k') | Key::BackTab => {
            menu.at = menu.at.saturating_sub(1);
            return Front::Menu(menu);
        }
        Key::Enter => Some(menu.items[menu.at]),
        Key::Char(c) => menu.items.iter().find(|item| item.key == c).copied(),
        _ => None,
    };
    match chosen {
        Some(item) => {
            choose(model, item.does, out);
            Front::None
        }
        None => Front::Menu(menu),
    }
}

fn choose(model: &mut Model, chosen: Chosen, out: &mut Vec<Request>) {
    match chosen {
        Chosen::Stay => {}
        Chosen::Detach => model.outcome = Some(Outcome::Detach),
        Chosen::PauseAndQuit if model.run.paused().is_some() => {
            model.outcome = Some(Outcome::PausedAndLeft);
        }
        Chosen::PauseAndQuit => {
            model.leaving = true;
            out.push(Request::Send {
                command: Command::Pause,
                seen: None,
            });
        }
        Chosen::SaveLog => outside::ask_name(model, Asked::SaveLog),
        Chosen::SaveReport => outside::ask_name(model, Asked::SaveReport),
        Chosen::Abort => act::act(model, Act::Abort, out),
        Chosen::CopyName | Chosen::CopyError | Chosen::CopyCommand | Chosen::CopyLog => {
            copy(model, chosen, out);
        }
    }
}

/// Bytes that go to the clipboard: some terminals drop what is longer than 75,000 bytes in base64.
const COPY_MAX: usize = 56_000;

pub(super) fn copy(model: &mut Model, what: Chosen, out: &mut Vec<Request>) {
    let Some(step) = model.step() else { return };
    let text = match what {
        Chosen::CopyName => step.id.to_string(),
        Chosen::CopyError => step.why.clone(),
        Chosen::CopyCommand => model.command_text(),
        _ => {
            let height = crate::tui::layout::panes(model).log_rows();
            let skip = model.log.top(height).saturating_sub(model.log.from) as usize;
            let lines = model.log.lines.iter().skip(skip).take(height as usize);
            let texts: Vec<String> = lines.map(Shown::text).collect();
            texts.join("\n")
        }
    };
    if text.is_empty() {
        return model.say(Tone::Warn, "there is nothing to copy");
    }
    let all = text.chars().count();
    let kept = &text[..text.floor_char_boundary(COPY_MAX)];
    if kept.len() < text.len() {
        let count = kept.chars().count();
        let write = model.keymap.first_of(Act::Write);
        let words = format!(
            "only {count} of {all} characters: terminals take no more; {write} writes a log to a file"
        );
        model.say(Tone::Warn, &words);
    } else {
        // The terminal gives no answer, and tmux or a setting of the terminal may stand in between.
        let words = format!(
            "{all} characters: the terminal was asked to copy them, it does not say if it did"
        );
        model.say(Tone::Info, &words);
    }
    out.push(Request::Copy(kept.to_owned()));
}

pub(super) fn checklist(
    model: &mut Model,
    mut list: Checklist,
    key: Key,
    at: Timestamp,
    out: &mut Vec<Request>,
) -> Front {
    let step = &model.run.steps()[list.index];
    let Some(Ask::Checklist { items }) = &step.ask else {
        return Front::None;
    };
    let Some(item) = items.get(list.at) else {
        return Front::None;
    };
    if deaf(list.drawn, at) && key != Key::Esc {
        return Front::Checklist(list);
    }
    if let Some(mut typing) = list.input.take() {
        match key {
            Key::Esc => {}
            Key::Enter => out.push(tick(model, &list, item, &typing)),
            _ => {
                edit(&mut typing.input, key);
                list.input = Some(typing);
            }
        }
        return Front::Checklist(list);
    }
    match key {
        Key::Esc | Key::Char('q') | Key::Ctrl('c') => return Front::None,
        Key::Down | Key::Char('j') => list.at = (list.at + 1).min(items.len() - 1),
        Key::Up | Key::Char('k') => list.at = list.at.saturating_sub(1),
        Key::Char('c') => list.input = Some(typing(true, &item.note)),
        Key::Char('t' | ' ') if item.input.is_some() && item.done.is_none() => {
            let value = item.value.as_deref().unwrap_or_default();
            list.input = Some(typing(false, value));
        }
        Key::Char('t' | ' ') => out.push(tick(model, &list, item, &typing(false, ""))),
        _ => {}
    }
    Front::Checklist(list)
}

fn typing(note: bool, text: &str) -> Typing {
    let input = Input::new(text.to_owned());
    Typing { note, input }
}

/// Turns the tick, or keeps it and changes its note.
fn tick(model: &Model, list: &Checklist, item: &Tick, typed: &Typing) -> Request {
    let text = typed.input.value().trim().to_owned();
    let ticked = item.done.is_some();
    let (done, note, value) = if typed.note {
        (ticked, text, item.value.clone())
    } else {
        let value = Some(text).filter(|text| !text.is_empty());
        (!ticked, item.note.clone(), value)
    };
    Request::Send {
        command: Command::Tick {
            step: list.step.clone(),
            item: list.at,
            done,
            note,
            value,
        },
        seen: model.aim_at(list.index).map(|aim| aim.seen),
    }
}
