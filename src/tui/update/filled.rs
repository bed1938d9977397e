//! From the fields of a box to the command that they describe.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::fields::ALL_CHECKS;
use crate::id::StepId;
use crate::run::{AbortHow, Changes, Command};
use crate::tui::keys::Act;
use crate::tui::model::{Dialog, Field, Model, Purpose, Value, What};

/// The command that the fields describe.
pub(super) fn command(model: &Model, dialog: &Dialog) -> Option<Command> {
    let reason = dialog.text_of(&What::Reason).trim().to_owned();
    let step = dialog.aim.as_ref().map(|aim| aim.step.clone());
    let act = match dialog.purpose {
        Purpose::Act(act) => act,
        Purpose::Unskip => {
            return Some(Command::Unskip {
                step: step?,
                reason,
            });
        }
        Purpose::TakeUp => return Some(Command::Resume),
        Purpose::Params | Purpose::Marked(_) => return None,
    };
    if model.run.is_before_steps() {
        let chosen = dialog.text_of(&What::Check);
        let check = (chosen != ALL_CHECKS).then(|| chosen.as_str().into());
        match act {
            Act::Retry => return Some(Command::Recheck { check }),
            Act::Skip => return Some(Command::Override { check, reason }),
            _ => {}
        }
    }
    Some(match act {
        Act::Step => Command::Step { step },
        Act::Force => super::controls::take(true, &reason),
        Act::Abort => Command::Abort {
            how: how(&dialog.text_of(&What::How)),
            reason,
        },
        Act::RollBack => Command::Rollback { reason },
        Act::Reload => Command::Reload {
            definition: dialog.definition.clone()?,
        },
        Act::Ungraceful => ungraceful(model, &dialog.text_of(&What::Whole), reason),
        Act::Retry | Act::RetryEdited => Command::Retry {
            changes: changes(model, dialog),
            step: step?,
            reason,
        },
        Act::RetryFrom => Command::RetryFrom {
            step: step?,
            rerun: rerun(dialog),
            reason,
        },
        Act::Skip => Command::Skip {
            step: step?,
            outputs: outputs(dialog),
            dependents: dialog.is_on(&What::Dependents),
            reason,
        },
        Act::Mark => Command::Mark {
            step: step?,
            outputs: outputs(dialog),
            override_verify: dialog.is_on(&What::OverrideVerify),
            reason,
        },
        Act::Ignore => Command::Ignore {
            step: step?,
            reason,
        },
        Act::Answer if dialog.text_of(&What::Decision) == "reject" => Command::Reject {
            step: step?,
            reason: dialog.text_of(&What::Note).trim().to_owned(),
        },
        Act::Answer => Command::Approve {
            step: step?,
            form: params(dialog),
            note: dialog.text_of(&What::Note).trim().to_owned(),
        },
        Act::Postpone => Command::Postpone {
            step: step?,
            until: model
                .now
                .after(span(&dialog.text_of(&What::Span)).unwrap_or_default()),
        },
        Act::Cancel => match model.command_for(Act::Cancel)? {
            Command::Cancel { step, kill, .. } => Command::Cancel { step, kill, reason },
            _ => return None,
        },
        other => model.command_for(other)?,
    })
}

/// The other mode than the one in which the run, or the step, is.
fn ungraceful(model: &Model, of: &str, reason: String) -> Command {
    let step = of.strip_prefix(super::fields::STEP_ONLY).map(StepId::from);
    let now = match step.as_ref().and_then(|step| model.run.step(step)) {
        Some(step) => step.ungraceful,
        None => model.run.is_ungraceful(),
    };
    Command::Ungraceful {
        step,
        on: !now,
        reason,
    }
}

fn how(text: &str) -> AbortHow {
    match text {
        "drain" => AbortHow::Drain,
        "kill" => AbortHow::Kill,
        super::fields::BACK => AbortHow::Rollback,
        _ => AbortHow::Now,
    }
}

pub(super) fn span(text: &str) -> Option<std::time::Duration> {
    let span: jiff::SignedDuration = text.trim().parse().ok()?;
    std::time::Duration::try_from(span).ok()
}

/// Only what differs from what the attempt would get anyway.
fn changes(model: &Model, dialog: &Dialog) -> Option<Changes> {
    let before = model.run.inputs(&dialog.aim.as_ref()?.step);
    let typed = dialog.fields.iter().filter_map(|field| match &field.what {
        What::Input(path) => Some((path.clone(), field.text())),
        _ => None,
    });
    let differs = |(path, text): &(String, String)| {
        !before
            .iter()
            .any(|input| input.path == *path && input.text == *text)
    };
    let inputs: BTreeMap<String, String> = typed.filter(differs).collect();
    let rest_of_run = dialog.is_on(&What::RestOfRun);
    (!inputs.is_empty()).then_some(Changes {
        inputs,
        rest_of_run,
    })
}

fn rerun(dialog: &Dialog) -> Vec<StepId> {
    let on = |field: &&Field| matches!(field.value, Value::Toggle(true));
    let chosen = dialog.fields.iter().filter(on);
    chosen
        .filter_map(|field| match &field.what {
            What::Rerun(step) => Some(step.clone()),
            _ => None,
        })
        .collect()
}

fn outputs(dialog: &Dialog) -> BTreeMap<String, Json> {
    let typed = dialog.fields.iter().filter_map(|field| match &field.what {
        What::Output(name) if !field.text().is_empty() => {
            Some((name.clone(), Json::String(field.text())))
        }
        _ => None,
    });
    typed.collect()
}

/// Values of declared parameters, as texts (they are read as the declared type later); what is empty is left out.
pub(crate) fn params(dialog: &Dialog) -> BTreeMap<String, Json> {
    let typed = dialog.fields.iter().filter_map(|field| match &field.what {
        What::Param(name) if !field.text().is_empty() => {
            let value = match field.value {
                Value::Toggle(on) => Json::Bool(on),
                _ => Json::String(field.text()),
            };
            Some((name.clone(), value))
        }
        _ => None,
    });
    typed.collect()
}
