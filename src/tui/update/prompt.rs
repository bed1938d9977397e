//! The line of text at the foot: filter, search, note.

use tui_input::Input;

use super::edit::edit;
use super::logs;
use crate::run::Command;
use crate::tui::keys::Key;
use crate::tui::message::Request;
use crate::tui::model::{Asked, Front, Model, Prompt, Tone};

pub(super) fn open(model: &mut Model, what: Asked) {
    let text = match what {
        Asked::Filter => model.rows.filter().to_owned(),
        Asked::Search => model
            .log
            .search
            .as_ref()
            .map(|s| s.pattern.clone())
            .unwrap_or_default(),
        Asked::Note => String::new(),
    };
    model.front = Front::Prompt(Prompt {
        what,
        input: Input::new(text),
    });
}

pub(super) fn key(
    model: &mut Model,
    mut prompt: Prompt,
    key: Key,
    out: &mut Vec<Request>,
) -> Front {
    match key {
        Key::Esc | Key::Ctrl('c') => {
            if prompt.what == Asked::Filter {
                filter(model, "");
            }
            Front::None
        }
        Key::Enter => {
            done(model, &prompt, out);
            Front::None
        }
        _ => {
            edit(&mut prompt.input, key);
            if prompt.what == Asked::Filter {
                filter(model, prompt.input.value());
            }
            Front::Prompt(prompt)
        }
    }
}

/// The list narrows while it is typed.
fn filter(model: &mut Model, text: &str) {
    model.rows.set_filter(text);
    model.build_rows();
}

fn done(model: &mut Model, prompt: &Prompt, out: &mut Vec<Request>) {
    let text = prompt.input.value().trim();
    match prompt.what {
        Asked::Filter if model.rows.is_empty() => {
            model.say(
                Tone::Warn,
                &format!("no step matches {text}; Tab to the log, then / searches the log"),
            );
            filter(model, "");
        }
        Asked::Filter => {}
        Asked::Search => logs::search(model, text, out),
        Asked::Note if text.is_empty() => model.say(Tone::Info, "no note was written"),
        Asked::Note => out.push(Request::Send {
            command: Command::Note {
                step: model.step().map(|step| step.id.clone()),
                text: text.to_owned(),
            },
            seen: None,
        }),
    }
}
