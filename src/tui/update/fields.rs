//! The fields of each box: what must be said before the act, and what may be.

use crate::run::{Command, Finding, Phase, State};
use crate::tui::keys::Act;
use crate::tui::model::{Field, Model, What};
use crate::workflow::Action;

/// Of what the mode is changed.
pub(super) const WHOLE_RUN: &str = "the whole run";
pub(super) const STEP_ONLY: &str = "only ";

/// The way of an abort that undoes what has been done.
pub(super) const BACK: &str = "cancel now and roll back";

/// The choice that stands for every check.
pub(super) const ALL_CHECKS: &str = "all that are not met";

pub(super) fn fields(model: &Model, act: Act, command: &Command) -> Vec<Field> {
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
    let loses = model.effects_of(&alone).loses;
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
