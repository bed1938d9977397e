//! `doctor FILE`: what a workflow needs of the world, and whether it is there. Nothing is changed: the looks, and the workflow's
//! own preflight checks, are made in the way of `preflight`.

use std::sync::Arc;

use serde_json::{Value as Json, json};

use super::args::DoctorArgs;
use super::exit::{Exit, Failure};
use super::out::Out;
use super::{check, params, preflight};
use crate::config::Settings;
use crate::run::{Finding, Kind, Run};
use crate::workflow::{Needs, Preflight, bind_params};

pub(super) fn needs(
    file: &str,
    args: &DoctorArgs,
    settings: &Settings,
    out: &mut Out,
) -> Result<Exit, Failure> {
    let (source, mut workflow) = check::load(file, settings)?;
    let given = params::given(&args.params)?;
    let bound = bind_params(&workflow, &given).map_err(|p| params::refused(&workflow, &p))?;
    let Needs { looks, later } = crate::workflow::needs(&workflow, &bound);
    let own = std::mem::replace(&mut workflow.preflight, looks);
    workflow.preflight.extend(own);
    let workflow = Arc::new(workflow);
    let run = preflight::find_out(&workflow, (bound, Kind::Live), &source.file, settings)?;
    if args.json {
        out.json(&objects(&run))?;
        return Ok(preflight::exit_of(&run));
    }
    rows(&run, out)?;
    if !later.is_empty() {
        let steps: Vec<&str> = later.iter().map(crate::id::StepId::as_str).collect();
        out.line(format!("known only when they run: {}", steps.join(", ")))?;
    }
    Ok(preflight::exit_of(&run))
}

/// Whether a check was made of what the steps say; the others are the workflow's own.
fn is_look(def: &Preflight) -> bool {
    def.id.as_str().starts_with("needs.")
}

/// What is not there first says why, and who needs it.
fn rows(run: &Run, out: &mut Out) -> Result<(), Failure> {
    for (i, check) in run.checks().iter().enumerate() {
        let def = run.check_def(i);
        let good = check.finding() == Finding::Met;
        let mark = if good { "ok  " } else { "LOOK" };
        let by = if is_look(def) {
            format!("for {}", def.description)
        } else {
            format!("preflight {}", def.id)
        };
        out.line(format!("{mark}  {}  ({by})", def.name))?;
        if !good {
            out.line(format!("      {}", check.why()))?;
        }
        if !good && !is_look(def) {
            for line in def.description.trim().lines() {
                out.line(format!("      {line}"))?;
            }
        }
    }
    if run.checks().is_empty() {
        out.line("it needs nothing that can be looked at before it runs")?;
    }
    Ok(())
}

fn objects(run: &Run) -> Json {
    let checks = run.checks().iter().enumerate();
    let object = |(i, check): (usize, &crate::run::CheckRun)| {
        let def = run.check_def(i);
        let steps: Vec<&str> = def.description.split(", ").collect();
        json!({
            "what": def.name,
            "steps": is_look(def).then_some(steps),
            "state": check.finding().word(),
            "why": check.why(),
        })
    };
    checks.map(object).collect()
}
