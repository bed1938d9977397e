//! No live start in a freeze window, unless whoever starts it says why.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::exit::{Exit, Failure};
use super::launch::{self, Face};
use super::screen;
use crate::config::Settings;
use crate::run::{FreezeOverride, Kind};
use crate::workflow::{ParamKind, ParamSpec, Window, Workflow};

/// What is recorded if the run starts in spite of a window; an error if it must not. At a screen a form asks for the reason.
pub(super) fn pass(
    workflow: &Workflow,
    kind: Kind,
    reason: Option<&str>,
    face: Face,
    settings: &Settings,
) -> Result<Option<FreezeOverride>, Failure> {
    if reason.is_some_and(|reason| reason.trim().is_empty()) {
        return Err(
            Failure::usage("--override-freeze needs a reason").hint("it goes into the record")
        );
    }
    let live = kind == Kind::Live;
    let window = live
        .then(|| workflow.policies.frozen(launch::now()))
        .flatten();
    let Some(window) = window else {
        return Ok(None);
    };
    let reason = match reason {
        Some(reason) => Some(reason.to_owned()),
        None if face == Face::Screen => asked(workflow, &window, settings)?,
        None => None,
    };
    let reason = reason.ok_or_else(|| refused(&window))?;
    let window = window.said;
    Ok(Some(FreezeOverride { window, reason }))
}

fn refused(window: &Window) -> Failure {
    let message = format!("no live run starts now: {}", window.said);
    Failure::new(Exit::Refused, message).hint(
        "wait, rehearse it by --kind drill, or say why it cannot wait: --override-freeze REASON",
    )
}

/// The form that asks for parameters asks for the reason too; `None` if the person gave up.
fn asked(
    workflow: &Workflow,
    window: &Window,
    settings: &Settings,
) -> Result<Option<String>, Failure> {
    let question = ParamSpec {
        name: "reason".to_owned(),
        kind: ParamKind::String {
            pattern: Some(r"\S".to_owned()),
        },
        default: None,
        required: true,
        prompt: "Why must it start now?".to_owned(),
    };
    let form = Workflow {
        params: vec![question],
        description: format!("In a {}", window.said),
        ..workflow.clone()
    };
    let title = format!("{} in spite of a freeze", workflow.name);
    let given = screen::ask_params(&title, &Arc::new(form), BTreeMap::new(), settings)?;
    let reason = given.and_then(|mut given| given.remove("reason"));
    Ok(reason.and_then(|reason| reason.as_str().map(str::to_owned)))
}
