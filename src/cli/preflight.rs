//! `preflight`: runs the checks of a workflow alone, without its run, and says what they found.
//!
//! They are run by the same engine and in the same way as before a run. That engine has a folder of its own, which is gone
//! afterwards, and its run is paused, so that no step can start.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value as Json, json};

use super::args::PreflightArgs;
use super::exit::{Exit, Failure};
use super::launch;
use super::out::{Out, talk};
use super::{check, params};
use crate::config::Settings;
use crate::engine::{self, Handle, Pace};
use crate::id::RunId;
use crate::journal::Shelf;
use crate::run::{Finding, Kind, Run};
use crate::time::clock_span;
use crate::workflow::{Workflow, bind_params};

pub(super) fn preflight(
    args: &PreflightArgs,
    settings: &Settings,
    out: &mut Out,
) -> Result<Exit, Failure> {
    let (source, workflow) = check::load(&args.file, settings)?;
    let given = params::given(&args.params)?;
    let bound = bind_params(&workflow, &given).map_err(|p| params::refused(&workflow, &p))?;
    let workflow = Arc::new(workflow);
    let run = find_out(&workflow, (bound, args.kind.into()), &source.file, settings)?;
    if args.json {
        out.json(&objects(&run))?;
    } else if run.checks().is_empty() {
        talk(&format!(
            "flightdeck: {} has no preflight checks",
            workflow.name
        ));
    } else {
        rows(&run, out)?;
    }
    Ok(exit_of(&run))
}

/// 7: something blocks. 3: something warns.
pub(super) fn exit_of(run: &Run) -> Exit {
    let all_met = run.checks().iter().all(|c| c.finding() == Finding::Met);
    match (run.blocking().is_empty(), all_met) {
        (false, _) => Exit::Refused,
        (true, false) => Exit::CompletedWithExceptions,
        (true, true) => Exit::Succeeded,
    }
}

pub(super) fn find_out(
    workflow: &Arc<Workflow>,
    (params, kind): (BTreeMap<String, Json>, Kind),
    file: &str,
    settings: &Settings,
) -> Result<Run, Failure> {
    if workflow.preflight.is_empty() {
        return Ok(Run::empty(Arc::clone(workflow)));
    }
    let beginning = super::run::Beginning {
        params,
        kind,
        paused: true,
        attended: true,
        ..super::run::Beginning::default()
    };
    let unusable =
        |error| Failure::storage(format!("the folder for checks cannot be used: {error}"));
    let id = super::run::run_id(None)?;
    let folder = settings.state_dir.join("preflight").join(id.as_str());
    let found = (|| {
        let shelf = Shelf::open(&folder).map_err(unusable)?;
        let start = beginning.start(workflow, file, &RunId::parse("preflight").unwrap_or(id));
        let holder = launch::holder_of(&start.actor, false);
        let engine = engine::start(&shelf, Arc::clone(workflow), start, &holder)?;
        let handle = engine.handle();
        let found = launch::block_on(follow(&handle, workflow))?;
        launch::block_on(handle.let_go())?;
        engine.join()?;
        found
    })();
    // A record of nothing: what was found is told now.
    let _ = std::fs::remove_dir_all(&folder);
    found
}

/// Folds the run until every check has found something.
async fn follow(handle: &Handle, workflow: &Arc<Workflow>) -> Result<Run, Failure> {
    let mut feed = handle.feed()?;
    let mut run = Run::empty(Arc::clone(workflow));
    loop {
        let pace = feed.pace();
        for recorded in feed.ready()? {
            run.apply(&recorded).map_err(engine::Error::from)?;
        }
        let open = |finding| matches!(finding, Finding::Due | Finding::Running);
        let started = run.started().is_some();
        if started && !run.checks().iter().any(|c| open(c.finding())) {
            return Ok(run);
        }
        if let Pace::Over(words) = pace {
            return Err(Failure::storage(words));
        }
        feed.wait().await;
    }
}

/// A row for each check: how it stands, what it means for the run, why.
pub(super) fn rows(run: &Run, out: &mut Out) -> Result<(), Failure> {
    let ids = run.checks().iter().map(|c| c.id.as_str().len());
    let width = ids.max().unwrap_or(0);
    for (i, check) in run.checks().iter().enumerate() {
        let (def, finding) = (run.check_def(i), check.finding());
        let word = match finding {
            Finding::Unmet => "NOT MET",
            other => other.word(),
        };
        let means = if def.blocks { "blocks" } else { "warns" };
        let took = check
            .attempts
            .last()
            .and_then(|a| Some(a.ended_at?.since(a.started_at)));
        let took = took.map(clock_span).unwrap_or_default();
        let mut why = check.why().to_owned();
        if let Some(who) = &check.overridden {
            why = format!("{why} (overridden by {who})");
        }
        let row = format!(
            "{word:<10} {:width$}  {means:<6}  {took:>5}  {why}",
            check.id
        );
        out.line(row.trim_end())?;
        let advice = def.description.trim();
        if finding == Finding::Unmet && !advice.is_empty() {
            for line in advice.lines() {
                out.line(format!("{:11}{line}", ""))?;
            }
        }
    }
    if !run.checks().is_empty() && run.started().is_some_and(|s| s.run.as_str() != "preflight") {
        out.line("")?;
    }
    Ok(())
}

/// As `preflight --json` and `show --json` give them.
pub(super) fn objects(run: &Run) -> Json {
    let checks = run.checks().iter().enumerate();
    let object = |(i, check): (usize, &crate::run::CheckRun)| {
        json!({
            "id": check.id,
            "severity": if run.check_def(i).blocks { "block" } else { "warn" },
            "state": check.finding().word(),
            "why": check.why(),
            "overridden_by": check.overridden.as_ref().map(|a| &a.name),
            "attempts": check.attempts.iter().map(super::show::attempt).collect::<Vec<_>>(),
        })
    };
    checks.map(object).collect()
}
