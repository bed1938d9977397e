//! Out of the screen: a log in the person's pager or editor, a shell with the step's environment, a log or report in a file.

use super::{dialog, prompt};
use crate::run::Definition;
use crate::tui::keys::Act;
use crate::tui::message::{Copied, Request};
use crate::tui::model::{
    Asked, Confirm, Confirmed, Dialog, Front, Menu, Model, Purpose, SAVE, Tone,
};
use crate::tui::outside::Lend;

/// False if `act` does not leave the screen.
pub(super) fn outside(model: &mut Model, act: Act, out: &mut Vec<Request>) -> bool {
    match act {
        Act::Pager => copy(model, Copied::ForPager, out),
        Act::Editor => copy(model, Copied::ForEditor, out),
        Act::Shell if is_prod(model) => {
            let id = model.step().map(|step| step.id.to_string());
            let id = id.unwrap_or_default();
            model.front = Front::Confirm(Confirm {
                question: format!("A shell on PROD with the environment of {id}?"),
                what: Confirmed::Shell,
                aim: None,
                drawn: None,
            });
        }
        Act::Shell => shell(model, out),
        Act::Write => {
            model.front = Front::Menu(Menu {
                title: "Write to a file",
                items: SAVE,
                at: 0,
                drawn: None,
            });
        }
        _ => return false,
    }
    true
}

fn is_prod(model: &Model) -> bool {
    let env = model.run.workflow().labels.get("env");
    env.is_some_and(|env| env.to_lowercase().starts_with("prod"))
}

fn copy(model: &mut Model, to: Copied, out: &mut Vec<Request>) {
    match model.log.of.clone() {
        Some(of) => out.push(Request::CopyLog { of, to }),
        None => model.say(Tone::Warn, "this step has no log yet"),
    }
}

/// Asks for the name of a file; the one that is offered says what is in it.
pub(super) fn ask_name(model: &mut Model, what: Asked) {
    let run = model.run.started().map(|start| start.run.to_string());
    let run = run.unwrap_or_default();
    let name = match (&model.log.of, what) {
        (None, Asked::SaveLog) => return model.say(Tone::Warn, "this step has no log yet"),
        (Some(of), Asked::SaveLog) => format!("{run}-{}.log", of.name()),
        _ => format!("{run}.md"),
    };
    prompt::open_with(model, what, &name);
}

/// The name was typed.
pub(super) fn save(model: &mut Model, what: Asked, name: &str, out: &mut Vec<Request>) {
    let run = model.run.started().map(|start| start.run.clone());
    match (what, model.log.of.clone(), run) {
        _ if name.is_empty() => model.say(Tone::Info, "nothing was written"),
        (Asked::SaveLog, Some(of), _) => out.push(Request::CopyLog {
            of,
            to: Copied::File(name.to_owned()),
        }),
        (Asked::SaveReport, _, Some(run)) => out.push(Request::WriteReport {
            run,
            path: name.to_owned(),
        }),
        _ => {}
    }
}

/// What the step's next attempt would have in its environment, but for secrets: those are read by the attempt process only.
pub(super) fn shell(model: &mut Model, out: &mut Vec<Request>) {
    let Some(step) = model.step() else { return };
    let (mut env, mut kept_back) = (Vec::new(), Vec::new());
    for input in model.run.inputs(&step.id) {
        let Some(name) = input.path.strip_prefix("env.") else {
            continue;
        };
        // Of what holds a secret, or is not known yet, only the source is known here.
        if input.text.contains("{{") {
            kept_back.push(name.to_owned());
        } else {
            env.push((name.to_owned(), input.text));
        }
    }
    let names: Vec<&str> = env.iter().map(|(name, _)| name.as_str()).collect();
    let mut say = format!("flightdeck: a shell beside {}, the run goes on.", step.id);
    if !names.is_empty() {
        say = format!("{say} Set: {}.", names.join(" "));
    }
    if !kept_back.is_empty() {
        say = format!(
            "{say} Not set (secret or not known): {}.",
            kept_back.join(" ")
        );
    }
    say.push_str(" `exit` brings the screen back.");
    out.push(Request::Lend(Lend::Shell { env, say }));
}

/// `:reload`: which file the paused run shall go on by.
pub(super) fn ask_definition(model: &mut Model) {
    let file = model.run.started().map(|start| start.file.as_str());
    // A shipped workflow is no file that somebody could have changed.
    let file = file.filter(|file| !file.ends_with(" (shipped)"));
    let file = file.unwrap_or_default().to_owned();
    prompt::open_with(model, Asked::Reload, &file);
}

/// The file was read: what it would change, as the machine finds it, and a question.
pub(super) fn definition(model: &mut Model, read: Result<Box<Definition>, String>) {
    let definition = match read {
        Ok(definition) => definition,
        Err(why) => return model.say(Tone::Error, &why),
    };
    // Something else was begun meanwhile.
    if !matches!(model.front, Front::None) {
        return model.say(
            Tone::Warn,
            "the file was read, but something else is open; ask again",
        );
    }
    let title = format!("RELOAD FROM {}", definition.file);
    let mut dialog = Dialog::new(title, Purpose::Act(Act::Reload), None).with_fields(Vec::new());
    "Reload".clone_into(&mut dialog.yes);
    dialog.definition = Some(definition);
    dialog::refresh(model, &mut dialog);
    model.front = Front::Dialog(Box::new(dialog));
}

/// A copy of a log is ready. Where lines took the place of the screen meanwhile, no program gets the terminal.
pub(super) fn copied(model: &mut Model, lend: Lend, out: &mut Vec<Request>) {
    match &lend {
        Lend::Pager(path) | Lend::Editor(path) if model.plain.on => {
            let told = format!("the copy of the log is in {}", path.display());
            model.say(Tone::Info, &told);
        }
        _ => out.push(Request::Lend(lend)),
    }
}
