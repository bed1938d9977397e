//! Before a key that changes the run takes effect: nothing, one line, a box, or a box with a name to type.

use super::act::send;
use crate::id::StepId;
use crate::run::{Ask, Command, Finding, Phase, State};
use crate::tui::keys::{Act, Level, action};
use crate::tui::message::Request;
use crate::tui::model::{
    Aim, Checklist, Confirm, Confirmed, Dialog, Field, Front, Model, Purpose, What,
};
use crate::workflow::Action;

/// The way of an abort that undoes what has been done.
/// Of what the mode is changed.
pub(super) const WHOLE_RUN: &str = "the whole run";
pub(super) const STEP_ONLY: &str = "only ";

pub(super) const BACK: &str = "cancel now and roll back";

/// The choice that stands for every check.
pub(super) const ALL_CHECKS: &str = "all that are not met";

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
        Act::Pause | Act::Step => model.run.preview(&command, &model.actor, model.now).starts,
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
                what: Confirmed::Send(command),
                aim: aim(model, act, &starts),
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
        Act::Pause | Act::Step => {
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
fn aim(model: &Model, act: Act, starts: &[StepId]) -> Option<Aim> {
    match (act, starts.first()) {
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

fn open(model: &Model, act: Act, level: Level, command: &Command, starts: &[StepId]) -> Dialog {
    let step = model.step();
    let id = match (act, starts.first()) {
        (Act::Abort | Act::RollBack | Act::Ungraceful, _) => model.run.workflow().name.clone(),
        _ if matches!(command, Command::Recheck { .. } | Command::Override { .. }) => String::new(),
        (Act::Step | Act::Pause, Some(first)) => first.to_string(),
        _ => step.map(|step| step.id.to_string()).unwrap_or_default(),
    };
    let unskip = matches!(command, Command::Unskip { .. });
    let purpose = if unskip {
        Purpose::Unskip
    } else {
        Purpose::Act(act)
    };
    let (verb, yes) = words(act, command);
    let aim = aim(model, act, starts);
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

fn fields(model: &Model, act: Act, command: &Command) -> Vec<Field> {
    let reason = || Field::text_field(What::Reason, "Reason", "");
    match command {
        Command::Recheck { .. } => return vec![which(model, false)],
        Command::Override { .. } => return vec![which(model, true), reason().required()],
        _ => {}
    }
    match act {
        Act::RetryEdited => edited(model),
        Act::RetryFrom => rerun(model),
        Act::Skip if matches!(command, Command::Unskip { .. }) => vec![reason()],
        Act::Skip => skipped(model, command),
        Act::Mark => marked(model),
        Act::Ignore | Act::RollBack => vec![reason().required()],
        Act::Cancel => vec![reason()],
        Act::Ungraceful => {
            let id = model.step().map(|step| format!("{STEP_ONLY}{}", step.id));
            let options = [WHOLE_RUN.to_owned()].into_iter().chain(id);
            let options: Vec<String> = options.collect();
            let options: Vec<&str> = options.iter().map(String::as_str).collect();
            vec![
                Field::choice(What::Whole, "Of", &options, 0),
                reason().required(),
            ]
        }
        Act::Abort => {
            let mut ways = vec!["cancel now", "drain", "kill"];
            if model.run.phase() == Phase::Running {
                ways.push(BACK);
            }
            vec![
                Field::choice(What::How, "How", &ways, 0),
                reason().required(),
            ]
        }
        Act::Answer => answered(model),
        Act::Postpone => {
            let label = "From now, such as 10m or 1h30m";
            vec![Field::text_field(What::Span, label, "").required()]
        }
        _ => Vec::new(),
    }
}

/// All checks that are not met, or one of them.
fn which(model: &Model, blocking: bool) -> Field {
    let run = &model.run;
    let meant = |i: &usize| {
        let counts = !blocking || run.check_def(*i).blocks;
        counts && run.checks()[*i].finding() == Finding::Unmet
    };
    let unmet = (0..run.checks().len()).filter(meant);
    let mut options = vec![ALL_CHECKS];
    options.extend(unmet.map(|i| run.checks()[i].id.as_str()));
    Field::choice(What::Check, "Which", &options, 0)
}

fn edited(model: &Model) -> Vec<Field> {
    let Some(step) = model.step() else {
        return Vec::new();
    };
    let inputs = model
        .run
        .inputs(&step.id)
        .into_iter()
        .filter(|input| !input.fixed);
    let mut fields: Vec<Field> = inputs
        .map(|input| Field::text_field(What::Input(input.path.clone()), input.path, &input.text))
        .collect();
    fields.push(Field::toggle(
        What::RestOfRun,
        "Also for later attempts",
        false,
    ));
    fields.push(Field::text_field(What::Reason, "Reason", "").required());
    fields
}

/// Descendants that succeeded and may not simply run twice are kept unless the person says otherwise.
fn rerun(model: &Model) -> Vec<Field> {
    let mut fields = vec![Field::text_field(What::Reason, "Reason", "").required()];
    let mut seen = vec![false; model.run.steps().len()];
    let start = model
        .step()
        .map_or(0, |step| step.group.unwrap_or(model.selected));
    let mut open = vec![start];
    while let Some(index) = open.pop() {
        for child in model.run.dependents(index) {
            if std::mem::replace(&mut seen[*child], true) {
                continue;
            }
            open.push(*child);
            let once = model.def(*child).is_some_and(|def| !def.idempotent);
            if once && model.run.state(*child) == State::Succeeded {
                let id = model.run.steps()[*child].id.clone();
                let label = format!("Run {id} a second time (not idempotent)");
                fields.push(Field::toggle(What::Rerun(id), label, false));
            }
        }
    }
    fields
}

fn skipped(model: &Model, command: &Command) -> Vec<Field> {
    let mut fields = vec![Field::text_field(What::Reason, "Reason", "").required()];
    let mut alone = command.clone();
    if let Command::Skip { dependents, .. } = &mut alone {
        *dependents = false;
    }
    let loses = model.run.preview(&alone, &model.actor, model.now).loses;
    let mut names: Vec<&str> = loses
        .iter()
        .map(|(_, needed)| needed.rsplit('.').next().unwrap_or(needed))
        .collect();
    names.sort_unstable();
    names.dedup();
    for name in &names {
        let label = format!("Output {name} in its place");
        fields.push(Field::text_field(
            What::Output((*name).to_owned()),
            label,
            "",
        ));
    }
    if !names.is_empty() {
        let label = "Skip the steps that would miss an output";
        fields.push(Field::toggle(What::Dependents, label, false));
    }
    fields
}

fn marked(model: &Model) -> Vec<Field> {
    let mut fields = Vec::new();
    if let Some(def) = model.def(model.selected) {
        for output in &def.outputs {
            let label = format!("Output {}", output.name);
            let field = Field::text_field(What::Output(output.name.clone()), label, "");
            fields.push(if output.required {
                field.required()
            } else {
                field
            });
        }
        if def.verify.is_some() {
            let label = "Accept it even if verify says that it is not in place";
            fields.push(Field::toggle(What::OverrideVerify, label, false));
        }
    }
    fields.push(Field::text_field(What::Reason, "Reason", "").required());
    fields
}

fn answered(model: &Model) -> Vec<Field> {
    let ways = ["approve", "reject"];
    let mut fields = vec![Field::choice(What::Decision, "Decision", &ways, 0)];
    if let Some(def) = model.def(model.selected)
        && let Action::Approval(approval) = &def.action
    {
        fields.extend(approval.form.iter().map(Field::param));
    }
    fields.push(Field::text_field(
        What::Note,
        "Note (a rejection needs one)",
        "",
    ));
    fields
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
