//! `plan --json`: what would run, as one object.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::plan::{does, is_for_good, longest_path, members, own_env};
use crate::run::Run;
use crate::workflow::{Expr, OnConflict, Step, Window, Work, Workflow};

/// `order` holds the steps, as indices, in the order in which they would start.
pub(super) fn object(
    workflow: &Workflow,
    run: &Run,
    order: &[usize],
    frozen: Option<&Window>,
) -> Json {
    let (longest, unexpected) = longest_path(workflow);
    let started = run.started();
    let objectives = &workflow.objectives;
    let millis = |span: Option<std::time::Duration>| span.map(|span| span.as_millis() as u64);
    json!({
        "workflow": workflow.name,
        "digest": workflow.digest,
        "kind": started.map(|s| s.kind),
        "params": started.map(|s| &s.params),
        "objectives": {"rto_ms": millis(objectives.rto), "rpo_ms": millis(objectives.rpo)},
        "expected_ms": longest.as_millis() as u64,
        "without_expected": unexpected,
        "concurrency": concurrency(run),
        "frozen": frozen.map(|window| json!({
            "until": window.until.rfc3339(),
            "window": window.said,
        })),
        "preflight": (0..run.checks().len()).map(|i| check(run, i)).collect::<Vec<_>>(),
        "steps": order.iter().map(|i| step(workflow, order, *i, run)).collect::<Vec<_>>(),
    })
}

fn concurrency(run: &Run) -> Json {
    let Some(Ok(claim)) = run.claim() else {
        return Json::Null;
    };
    let on_conflict = match claim.on_conflict {
        OnConflict::Reject => "reject",
        OnConflict::Queue => "queue",
    };
    json!({"group": claim.group, "limit": claim.limit, "on_conflict": on_conflict})
}

fn check(run: &Run, i: usize) -> Json {
    let def = run.check_def(i);
    json!({
        "id": def.id,
        "severity": if def.blocks { "block" } else { "warn" },
        "action": def.action.kind(),
        "does": run.will_check(i),
    })
}

fn step(workflow: &Workflow, order: &[usize], index: usize, run: &Run) -> Json {
    let step: &Step = &workflow.steps[index];
    let hidden = workflow
        .policies
        .gate
        .filter(|gate| order.first() != Some(gate));
    let after = step.needs.iter().filter(|need| Some(need.step) != hidden);
    let after = after.map(|need| {
        let id = &workflow.steps[need.step].id;
        json!({"step": id, "even_if_failed": need.any})
    });
    let env: BTreeMap<String, String> = own_env(step, run).into_iter().collect();
    json!({
        "id": step.id,
        "name": step.name,
        "action": step.action.kind(),
        "does": does(step, run),
        "env": env,
        "after": after.collect::<Vec<_>>(),
        "only_if": step.condition.as_ref().map(Expr::source),
        "members": step.fan_out.as_ref().map(members),
        "expected_ms": step.expected.map(|span| span.as_millis() as u64),
        "needs_person": step.needs_person(),
        "danger": step.danger,
        "required": step.required,
        "always": step.always,
        "verify": step.verify.as_ref().map(Work::kind),
        "undo": step.compensate.as_ref().map(|undo| undo.action.kind()),
        "cannot_be_undone": is_for_good(step),
    })
}
