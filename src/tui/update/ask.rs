//! Before a key that changes the run takes effect: nothing, one line, a box, or a box with a name to type.

use super::act::send;
use super::fields::fields;
use crate::id::StepId;
use crate::run::{Ask, Command, State};
use crate::tui::keys::{Act, Level, action};
use crate::tui::message::Request;
use crate::tui::model::{
    Aim, Checklist, Confirm, Confirmed, Dialog, Field, Front, Model, Purpose, What,
};

/// Asks what `act` needs to have asked, or sends it at once.
pub(super) fn ask(model: &mut Model, act: Act, out: &mut Vec<Request>) {
    if act == Act::Answer && open_checklist(model) {
        return;
    }
    let Some(command) = model.command_for(act) else {
        return;
    };
    // `step` may start another one than the selected; what starts decides how much is asked.
    let before = model.run.is_before_steps();
    let starts = match act {
        Act::Pause | Act::Step | Act::Undo => model.effects_of(&command).starts,
        _ => Vec::new(),
    };
    let command = match (command, starts.first()) {
        // The very step that the question names, or none.
        (Command::Step { step: None }, Some(first)) => Command::Step {
            step: Some(first.clone()),
        },
        (command, _) => command,
    };
    let asked = match act {
        // Both ask which check is meant.
        Act::Retry | Act::Skip if before => Level::Dialog,
        _ => level_of(model, act, model.selected, &starts),
    };
    match asked {
        Level::Free => send(model, act, out),
        Level::Line => {
            let question = question(model, act, &starts);
            model.front = Front::Confirm(Confirm {
                question,
                aim: aim(model, act, &command, &starts),
                what: Confirmed::Send(command),
                drawn: None,
            });
        }
        level => model.front = Front::Dialog(Box::new(open(model, act, level, &command, &starts))),
    }
}

/// How much is asked before `act` on this step.
pub(super) fn level_of(model: &Model, act: Act, index: usize, starts: &[StepId]) -> Level {
    let asks = action(act).asks;
    let def = model.def(index);
    match act {
        Act::Pause | Act::Step | Act::Undo => {
            let danger = starts.iter().any(|step| model.is_danger(step));
            asks.level(danger, true)
        }
        Act::Retry | Act::Cancel => {
            let idempotent = def.is_none_or(|def| def.idempotent);
            asks.level(def.is_some_and(|def| def.danger), idempotent)
        }
        _ => asks.level(def.is_some_and(|def| def.danger), true),
    }
}

/// What a change of must close the question: nothing of a step for commands to the whole run.
fn aim(model: &Model, act: Act, command: &Command, starts: &[StepId]) -> Option<Aim> {
    match (act, starts.first()) {
        (Act::Undo, _) => model.aim_at(model.run.index(command.step()?)?),
        (Act::Pause | Act::Abort | Act::RollBack | Act::Ungraceful, _) => None,
        (Act::Retry | Act::Skip, _) if model.run.is_before_steps() => None,
        (Act::Step, Some(first)) => model.aim_at(model.run.index(first)?),
        _ => model.aim(),
    }
}

fn question(model: &Model, act: Act, starts: &[StepId]) -> String {
    let id = model
        .step()
        .map(|step| step.id.to_string())
        .unwrap_or_default();
    let first = starts.first().map_or("nothing", |step| step.as_str());
    match act {
        Act::Pause => format!("Resume? A danger step starts at once: {first}"),
        Act::Step => format!("Start exactly one step: {first}?"),
        Act::Undo => undo_question(model, starts),
        Act::Retry => {
            let next = model.step().map_or(1, |step| step.attempts.len() + 1);
            format!("Retry {id} (attempt {next})?")
        }
        Act::Cancel if model.run.state(model.selected) == State::Stopping => {
            format!("Kill {id} now (SIGKILL)?")
        }
        // What waits for a person or a clock has no process that could be told to stop.
        Act::Cancel if model.run.state(model.selected) == State::Running => {
            format!("Cancel {id} (TERM)?")
        }
        Act::Cancel => format!("Cancel {id}?"),
        _ => format!("{} {id}?", action(act).help),
    }
}

/// `Undo mark restore: done by hand (14:02:11)? Starts now: healthy`.
fn undo_question(model: &Model, starts: &[StepId]) -> String {
    let Ok(way) = model.run.way_back(&model.actor) else {
        return String::new();
    };
    let starts: Vec<&str> = starts.iter().map(StepId::as_str).collect();
    let starts = if starts.is_empty() {
        String::new()
    } else {
        format!(" Starts now: {}", starts.join(", "))
    };
    format!("Undo `{}` ({})?{starts}", way.what, way.at.clock())
}

fn open(model: &Model, act: Act, level: Level, command: &Command, starts: &[StepId]) -> Dialog {
    let step = model.step();
    let id = match (act, starts.first()) {
        (Act::Abort | Act::RollBack | Act::Ungraceful, _) => model.run.workflow().name.clone(),
        _ if matches!(command, Command::Recheck { .. } | Command::Override { .. }) => String::new(),
        (Act::Step | Act::Pause, Some(first)) => first.to_string(),
        (Act::Undo, _) => {
            let way = model.run.way_back(&model.actor);
            way.map(|way| way.what).unwrap_or_default()
        }
        _ => step.map(|step| step.id.to_string()).unwrap_or_default(),
    };
    let unskip = matches!(command, Command::Unskip { .. });
    let purpose = if unskip {
        Purpose::Unskip
    } else {
        Purpose::Act(act)
    };
    let (verb, yes) = words(act, command);
    let aim = aim(model, act, command, starts);
    let mut dialog = Dialog::new(format!("{verb} {id}").trim_end().to_owned(), purpose, aim);
    yes.clone_into(&mut dialog.yes);
    let mut fields = fields(model, act, command);
    if level == Level::Typed {
        let label = format!("Type {id} to confirm (paste is off)");
        fields.push(Field::text_field(What::Name(id), label, "").required());
    }
    let mut dialog = dialog.with_fields(fields);
    super::dialog::refresh(model, &mut dialog);
    dialog
}

/// What a box over several steps is headed with.
pub(super) fn verb(act: Act) -> &'static str {
    match act {
        Act::Retry => "RETRY",
        Act::Skip => "SKIP",
        Act::Mark => "MARK AS DONE:",
        _ => "CANCEL",
    }
}

/// And what its button says.
pub(super) fn yes(act: Act) -> &'static str {
    match act {
        Act::Retry => "Retry",
        Act::Skip => "Skip",
        Act::Mark => "Mark",
        _ => "Cancel",
    }
}

fn words(act: Act, command: &Command) -> (&'static str, &'static str) {
    match act {
        Act::Cancel if matches!(command, Command::Cancel { kill: true, .. }) => ("KILL", "Kill it"),
        Act::Skip if matches!(command, Command::Unskip { .. }) => {
            ("TAKE BACK THE SKIP OF", "Take back")
        }
        Act::Retry if matches!(command, Command::Recheck { .. }) => {
            ("RUN PREFLIGHT CHECKS AGAIN", "Run")
        }
        Act::Skip if matches!(command, Command::Override { .. }) => {
            ("BEGIN ALTHOUGH PREFLIGHT IS NOT MET", "Override")
        }
        Act::Pause => ("RESUME, STARTS", "Resume"),
        Act::Step => ("START ONLY", "Start"),
        Act::Undo => ("UNDO", "Undo"),
        Act::Retry => ("RETRY", "Retry"),
        Act::RetryEdited => ("RETRY WITH CHANGED INPUTS", "Retry"),
        Act::RetryFrom => ("RETRY FROM HERE:", "Retry all"),
        Act::Skip => ("SKIP", "Skip"),
        Act::Mark => ("MARK AS DONE:", "Mark"),
        Act::Ignore => ("IGNORE THE FAILURE OF", "Ignore"),
        Act::Cancel => ("CANCEL", "Cancel it"),
        Act::Abort => ("ABORT THE RUN", "Abort"),
        Act::RollBack => ("ROLL BACK THE RUN", "Roll back"),
        Act::Ungraceful if matches!(command, Command::Ungraceful { on: false, .. }) => {
            ("BACK TO GRACEFUL MODE:", "Change")
        }
        Act::Ungraceful => ("UNGRACEFUL MODE:", "Change"),
        Act::Answer => ("ANSWER", "Confirm"),
        Act::Postpone => ("MOVE THE END OF", "Move"),
        _ => ("", "Yes"),
    }
}

fn open_checklist(model: &mut Model) -> bool {
    let Some(step) = model.step() else {
        return false;
    };
    let Some(Ask::Checklist { items }) = &step.ask else {
        return false;
    };
    let at = items.iter().position(|item| item.done.is_none());
    model.front = Front::Checklist(Checklist {
        index: model.selected,
        step: step.id.clone(),
        at: at.unwrap_or(0),
        input: None,
        drawn: None,
    });
    true
}
