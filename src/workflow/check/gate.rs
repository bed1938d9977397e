//! The approval of the start of a live run (`policies.approvals`): a step like any other approval, before all others, so that
//! whatever holds for approvals holds for it. Drills and dry runs pass it by.

use std::collections::BTreeMap;
use std::time::Duration;

use super::desk::Desk;
use super::people;
use crate::id::StepId;
use crate::workflow::action::{Action, Approval, OnReject, OnTimeout, Retries};
use crate::workflow::document::{ApprovalDoc, Document, LiveApprovalDoc};
use crate::workflow::plan::{FailurePolicy, Need, ParamSpec, Step, Workflow};
use crate::workflow::template::{Expr, Template};
use crate::yaml::At;

/// No author can write this id, as it begins with `_`.
const GATE: &str = "_approval";

/// The approval that the file demands, if it does.
pub(super) fn approval(desk: &mut Desk<'_>, document: &Document, root: At<'_>) -> Option<Approval> {
    let approvals = document.policies.as_ref()?.approvals.as_ref()?;
    let at = root.down("policies").down("approvals");
    let Some(LiveApprovalDoc {
        count,
        not_starter,
        from,
        timeout,
    }) = &approvals.live
    else {
        if !desk.is_unread(at) {
            desk.error(
                "missing_key",
                at.key_span(),
                "approvals say nothing about live runs",
            )
            .hint("for example `approvals: {live: {count: 2, not_starter: true}}`");
        }
        return None;
    };
    let at = at.down("live");
    let doc = ApprovalDoc {
        from: from.clone(),
        ..ApprovalDoc::default()
    };
    let from = people::answerers(desk, &doc, at.down("from"));
    let count = count.unwrap_or(1);
    people::quorum(desk, count, &from, at);
    Some(Approval {
        message: Template::literal(""),
        from,
        count,
        timeout: timeout.map(|span| desk.positive(at.down("timeout"), span.0)),
        on_timeout: OnTimeout::Reject,
        on_reject: OnReject::Hold,
        form: Vec::new(),
        not_starter: not_starter.unwrap_or(false),
    })
}

/// Puts it before all steps of a plan without mistakes.
pub(super) fn put(workflow: &mut Workflow, mut approval: Approval) {
    approval.message = question(workflow);
    for step in &mut workflow.steps {
        for need in &mut step.needs {
            need.step += 1;
        }
        step.inside = step.inside.map(|group| group + 1);
        if step.needs.is_empty() {
            step.needs.push(Need {
                step: 0,
                any: false,
            });
        }
    }
    workflow.steps.insert(0, gate(approval));
    workflow.policies.gate = Some(0);
}

/// What an approver is shown: what would start, with which params.
fn question(workflow: &Workflow) -> Template {
    let value = |param: &ParamSpec| {
        let name = &param.name;
        format!("{name} = ${{{{ params.{name} if params.{name} is not none else \"-\" }}}}")
    };
    let values: Vec<String> = workflow.params.iter().map(value).collect();
    let with = if values.is_empty() { "" } else { " With " };
    let text = format!(
        "Start ${{{{ run.workflow }}}} live?{with}{}",
        values.join(", ")
    );
    Template::parse(&text).expect("a sound text of checked names")
}

fn gate(approval: Approval) -> Step {
    let live = Expr::parse("run.kind == \"live\"").expect("a sound expression");
    Step {
        id: StepId::new(GATE),
        name: "Approval of the start".to_owned(),
        description: "Nothing starts before it: the workflow demands it of live runs.".to_owned(),
        labels: BTreeMap::new(),
        needs: Vec::new(),
        condition: Some(live),
        action: Action::Approval(approval),
        env: Vec::new(),
        outputs: Vec::new(),
        retry: Retries {
            limit: 0,
            delay: Duration::ZERO,
            backoff: 1.0,
            max_delay: Duration::ZERO,
        },
        timeout: None,
        kill_grace: Duration::ZERO,
        on_failure: FailurePolicy::Hold,
        verify: None,
        verify_timeout: Duration::ZERO,
        expected: None,
        danger: false,
        required: true,
        idempotent: true,
        always: false,
        fan_out: None,
        on_skip: BTreeMap::new(),
        max_log: 0,
        compensate: None,
        inside: None,
        outlives: false,
        ungraceful: None,
        drill: None,
    }
}
