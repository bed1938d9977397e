//! Plans for tests, built by hand.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use crate::id::StepId;
use crate::workflow::{
    Action, Approval, Checklist, ChecklistItem, Command, FailurePolicy, FanOut, FanSource, Need,
    Objectives, OnReject, OnTimeout, OutputFrom, OutputSpec, ParamKind, ParamSpec, Policies,
    Preflight, Retries, Step, Template, Work, Workflow,
};

pub(super) fn step(id: &str, needs: &[usize]) -> Step {
    let argv = ["/bin/sh", "-c", "./do-it.sh"]
        .map(Template::literal)
        .to_vec();
    let need = |&step| Need { step, any: false };
    Step {
        id: StepId::from(id),
        name: id.to_owned(),
        description: String::new(),
        labels: BTreeMap::new(),
        needs: needs.iter().map(need).collect(),
        condition: None,
        action: Action::Work(Work::Run(Command {
            argv,
            cwd: None,
            stdin: None,
        })),
        env: Vec::new(),
        outputs: Vec::new(),
        retry: Retries {
            limit: 0,
            delay: Duration::from_secs(5),
            backoff: 1.0,
            max_delay: Duration::from_mins(1),
        },
        timeout: None,
        kill_grace: Duration::from_secs(10),
        on_failure: FailurePolicy::Hold,
        verify: None,
        verify_timeout: Duration::from_mins(1),
        expected: Some(Duration::from_mins(1)),
        danger: false,
        required: false,
        idempotent: true,
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

/// The failover with three preflight checks, of which the last only warns.
pub(super) fn with_preflight() -> Arc<Workflow> {
    let check = |id: &str, description: &str| Preflight {
        id: id.into(),
        name: id.into(),
        description: description.into(),
        action: step(id, &[]).action,
        env: Vec::new(),
        timeout: Duration::from_secs(30),
        blocks: id != "pager",
    };
    let mut workflow = Workflow::clone(&failover());
    workflow.preflight = vec![
        check("tools", ""),
        check(
            "replica-lag",
            "Ask the dba: orders that are not replicated are lost.",
        ),
        check("pager", ""),
    ];
    Arc::new(workflow)
}

pub(super) fn workflow(name: &str, steps: Vec<Step>) -> Arc<Workflow> {
    Arc::new(Workflow {
        name: name.to_owned(),
        description: String::from("Move checkout from eu-west to eu-north"),
        labels: BTreeMap::from([("env".to_owned(), "prod".to_owned())]),
        objectives: Objectives::default(),
        params: Vec::new(),
        secrets: BTreeMap::new(),
        max_parallel: 16,
        max_parallel_said: None,
        env: Vec::new(),
        preflight: Vec::new(),
        steps,
        digest: String::new(),
        text: Arc::from("name: failover-eu\nsteps:\n  - id: freeze-deploys\n    run: ./do-it.sh\n"),
        outputs: BTreeMap::new(),
        files: BTreeMap::new(),
        policies: Policies::default(),
        attention_timeout: None,
        hooks: BTreeMap::new(),
    })
}

pub(super) fn param(name: &str, kind: ParamKind) -> ParamSpec {
    ParamSpec {
        name: name.to_owned(),
        kind,
        default: None,
        required: true,
        prompt: String::new(),
    }
}

fn approval() -> Action {
    Action::Approval(Approval {
        not_starter: false,
        message: Template::literal("Send traffic to eu-north?"),
        from: Vec::new(),
        count: 1,
        timeout: None,
        on_timeout: OnTimeout::Hold,
        on_reject: OnReject::Hold,
        form: vec![ParamSpec {
            default: Some(json!(30)),
            required: false,
            prompt: "Seconds to live".into(),
            ..param(
                "ttl",
                ParamKind::Int {
                    min: Some(1),
                    max: None,
                },
            )
        }],
    })
}

fn checklist() -> Action {
    let item = |text: &str, required: bool, input: Option<&str>| ChecklistItem {
        text: Template::literal(text),
        required,
        link: None,
        input: input.map(str::to_owned),
    };
    Action::Checklist(Checklist {
        items: vec![
            item("replication lag below 5 s", true, None),
            item("paste the fencing token", true, Some("token")),
            item("tell the channel", false, None),
        ],
    })
}

/// Twelve steps with everything that the outline has to show.
pub(crate) fn failover() -> Arc<Workflow> {
    let danger = |step: Step| Step {
        danger: true,
        idempotent: false,
        ..step
    };
    let mut promote = step("promote-orders", &[1, 2]);
    promote.retry.limit = 2;
    promote.expected = Some(Duration::from_secs(70));
    promote.env = vec![("TARGET".into(), Template::literal("db-orders-2"))];
    promote.outputs = vec![OutputSpec {
        name: "endpoint".into(),
        from: OutputFrom::File,
        required: true,
    }];
    let mut warm = step("warm-cache", &[7]);
    warm.fan_out = Some(FanOut {
        source: FanSource::Items((1..=8).map(|n| json!(format!("cache-{n}"))).collect()),
        max_parallel: Some(4),
        fail_fast: false,
    });
    let acting = |step: Step, action: Action| Step { action, ..step };
    let steps = vec![
        step("freeze-deploys", &[]),
        step("fence-primary", &[0]),
        step("snapshot-orders", &[0]),
        promote,
        step("snapshot-users", &[0]),
        Step {
            idempotent: false,
            ..step("promote-users", &[1, 4])
        },
        step("drain-queue", &[0]),
        acting(step("approve-cutover", &[3, 5, 6]), approval()),
        danger(step("dns-switch", &[7])),
        warm,
        step("smoke-test", &[8, 9]),
        acting(step("hand-over", &[10]), checklist()),
    ];
    workflow("failover-eu", steps)
}
