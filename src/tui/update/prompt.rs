//! The line of text at the foot: filter, search, note.

use tui_input::Input;

use super::edit::edit;
use super::{logs, outside};
use crate::run::Command;
use crate::tui::keys::Key;
use crate::tui::message::Request;
use crate::tui::model::{Asked, Filter, Front, Model, Prompt, Tone};

pub(super) fn open(model: &mut Model, what: Asked) {
    let text = match what {
        Asked::Filter => model.rows.filter().to_owned(),
        Asked::FilterRuns => model.runs.filter().to_owned(),
        Asked::Search => model
            .log
            .search
            .as_ref()
            .map(|s| s.pattern.clone())
            .unwrap_or_default(),
        _ => String::new(),
    };
    open_with(model, what, &text);
}

/// With a text that may be taken as it is.
pub(super) fn open_with(model: &mut Model, what: Asked, text: &str) {
    model.front = Front::Prompt(Prompt {
        what,
        input: Input::new(text.to_owned()),
        problem: String::new(),
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
            narrow(model, prompt.what, "").unwrap_or_default();
            Front::None
        }
        // It says what is allowed, and can be mended.
        Key::Enter if !prompt.problem.is_empty() => Front::Prompt(prompt),
        Key::Enter => {
            done(model, &prompt, out);
            Front::None
        }
        _ => {
            edit(&mut prompt.input, key);
            let narrowed = narrow(model, prompt.what, prompt.input.value());
            prompt.problem = narrowed.err().unwrap_or_default();
            Front::Prompt(prompt)
        }
    }
}

/// The list narrows while it is typed; a term that means nothing leaves it as it is.
fn narrow(model: &mut Model, what: Asked, text: &str) -> Result<(), String> {
    match what {
        Asked::Filter => {
            let filter = Filter::parse(text, &model.run)?;
            model.rows.set_filter(filter);
            model.build_rows();
            Ok(())
        }
        Asked::FilterRuns => model.runs.set_filter(text),
        _ => Ok(()),
    }
}

fn clear(model: &mut Model) {
    model.rows.set_filter(Filter::default());
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
            clear(model);
        }
        Asked::FilterRuns if model.runs.len() == 0 => {
            model.say(Tone::Warn, &format!("no run matches {text}"));
            narrow(model, prompt.what, "").unwrap_or_default();
        }
        Asked::Filter | Asked::FilterRuns => {}
        Asked::Search => logs::search(model, text, out),
        Asked::Reload if text.is_empty() => model.say(Tone::Info, "nothing was reloaded"),
        Asked::Reload => out.push(Request::ReadDefinition(text.to_owned())),
        Asked::SaveLog | Asked::SaveReport => outside::save(model, prompt.what, text, out),
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
