//! Small plans for tests, built by hand: no file, no checking.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use crate::id::{RunId, StepId};
use crate::run::{Actor, Ended, Outcome, RunStart};
use crate::workflow::{
    Action, Command, Expr, FailurePolicy, Hook, Need, Objectives, Policies, Preflight, Retries,
    Step, Template, Work, Workflow,
};

pub(super) fn template(text: &str) -> Template {
    Template::literal(text)
}

pub(super) fn expr(text: &str) -> Expr {
    serde_json::from_value(json!(text)).expect("an expression is a text")
}

pub(super) fn work(text: &str) -> Work<Template> {
    Work::Run(Command {
        argv: ["/bin/sh", "-c", text].map(template).to_vec(),
        cwd: None,
        stdin: None,
    })
}

pub(super) fn step(id: &str, needs: &[usize]) -> Step {
    let need = |&step| Need { step, any: false };
    Step {
        id: StepId::from(id),
        name: id.to_owned(),
        description: String::new(),
        labels: BTreeMap::new(),
        needs: needs.iter().map(need).collect(),
        condition: None,
        action: Action::Work(work("true")),
        env: Vec::new(),
        outputs: Vec::new(),
        retry: Retries {
            limit: 0,
            delay: Duration::ZERO,
            backoff: 1.0,
            max_delay: Duration::from_mins(1),
        },
        timeout: None,
        kill_grace: Duration::from_secs(10),
        on_failure: FailurePolicy::Hold,
        verify: None,
        verify_timeout: Duration::from_mins(1),
        expected: None,
        danger: false,
        required: false,
        idempotent: false,
        always: false,
        fan_out: None,
        on_skip: BTreeMap::new(),
        max_log: 1 << 20,
        compensate: None,
        inside: None,
        outlives: false,
        ungraceful: None,
        drill: None,
    }
}

/// What undoes `step`.
pub(super) fn undo(of: &Step) -> Arc<Step> {
    Arc::new(Step {
        danger: of.danger,
        ..step(of.id.undo().as_str(), &[])
    })
}

pub(super) fn hook() -> Hook {
    Hook {
        work: work("page"),
        env: Vec::new(),
        timeout: Duration::from_secs(30),
    }
}

/// A preflight check that runs something.
pub(super) fn check(id: &str, blocks: bool) -> Preflight {
    Preflight {
        id: StepId::from(id),
        name: id.to_owned(),
        description: String::new(),
        action: Action::Work(work("true")),
        env: Vec::new(),
        timeout: Duration::from_secs(30),
        blocks,
    }
}

pub(super) fn workflow(steps: Vec<Step>) -> Arc<Workflow> {
    workflow_after(Vec::new(), steps)
}

/// A workflow with preflight checks.
pub(super) fn workflow_after(preflight: Vec<Preflight>, steps: Vec<Step>) -> Arc<Workflow> {
    Arc::new(Workflow {
        name: "test".to_owned(),
        description: String::new(),
        labels: BTreeMap::new(),
        objectives: Objectives::default(),
        params: Vec::new(),
        secrets: BTreeMap::new(),
        max_parallel: 16,
        max_parallel_said: None,
        env: Vec::new(),
        preflight,
        steps,
        digest: String::new(),
        text: Arc::from(""),
        outputs: BTreeMap::new(),
        files: BTreeMap::new(),
        policies: Policies::default(),
        attention_timeout: None,
        hooks: BTreeMap::new(),
    })
}

pub(super) fn actor(name: &str) -> Actor {
    Actor {
        name: name.to_owned(),
        ..Actor::default()
    }
}

pub(super) fn start(workflow: &Workflow) -> RunStart {
    RunStart {
        file: "test.yaml".to_owned(),
        actor: actor("ana"),
        ..RunStart::new(RunId::parse("r1").expect("`r1` is a run id"), workflow)
    }
}

pub(super) fn ended(outcome: Outcome, message: &str) -> Ended {
    Ended {
        took_ms: 10,
        ..Ended::new(outcome, message)
    }
}
