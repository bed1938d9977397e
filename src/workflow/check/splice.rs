//! Sub-workflows put in place: the plan is flat, so that whatever holds for a step holds for a step inside.
//!
//! ```text
//!   a step    restore: {file: f.yaml}, needs x        becomes
//!   restore/_begin   needs x; its `if`; finds out the params
//!   restore/fence    the steps of f.yaml; those that need nothing need `restore/_begin`
//!   restore/copy
//!   restore          the group: needs the last ones inside; whoever needed the step needs it
//! ```

use super::desk::Desk;
use super::file::STEPS_MAX;
use super::inner::Inners;
use crate::id::StepId;
use crate::workflow::action::{Action, Retries};
use crate::workflow::plan::{FailurePolicy, Need, Step, Workflow};
use crate::yaml::At;

/// No author can write this id, as it begins with `_`.
const BEGIN: &str = "_begin";
/// An attempt's files are named after the id of its step.
const ID_MAX: usize = 200;

/// Puts the steps of `inners` into the plan of a file without mistakes.
pub(super) fn splice(desk: &mut Desk<'_>, workflow: &mut Workflow, inners: &Inners, steps: At<'_>) {
    let inside: usize = inners.values().map(|inner| inner.steps.len() + 1).sum();
    let total = workflow.steps.len() + inside;
    if total > STEPS_MAX {
        let message =
            format!("{total} steps with those of sub-workflows, the limit is {STEPS_MAX}");
        desk.error("too_large", steps.key_span(), message);
        return;
    }
    for (&i, inner) in inners {
        let id = &workflow.steps[i].id;
        let longest = inner.steps.iter().map(|s| s.id.as_str().len()).max();
        let longest = longest.unwrap_or(0).max(BEGIN.len()) + 1 + id.as_str().len();
        if longest > ID_MAX {
            let message = format!(
                "the full id of a step inside `{id}` would have {longest} characters, the limit is {ID_MAX}"
            );
            desk.error("too_large", steps.nth(i).down("id").span(), message)
                .hint("give it a shorter id");
            return;
        }
    }
    let own = std::mem::take(&mut workflow.steps);
    workflow.steps = flat(own, inners);
}

/// The steps of a file, and in the place of each sub-workflow its own.
pub(crate) fn flat(own: Vec<Step>, inners: &Inners) -> Vec<Step> {
    let place = places(&own, inners);
    let mut plan = Vec::with_capacity(own.len());
    for (i, mut step) in own.into_iter().enumerate() {
        for need in &mut step.needs {
            need.step = place[need.step];
        }
        match inners.get(&i) {
            None => plan.push(step),
            Some(inner) => unfold(&mut plan, step, inner),
        }
    }
    plan
}

/// Where each step of the file stands in the plan; of a sub-workflow, its group.
fn places(own: &[Step], inners: &Inners) -> Vec<usize> {
    let mut next = 0;
    (0..own.len())
        .map(|i| {
            next += inners.get(&i).map_or(1, |inner| inner.steps.len() + 2);
            next - 1
        })
        .collect()
}

fn unfold(plan: &mut Vec<Step>, step: Step, inner: &Workflow) {
    let (begin, group) = (plan.len(), plan.len() + inner.steps.len() + 1);
    let always = step.always;
    let (first, mut step) = part(step, group);
    plan.push(first);
    let mut last = vec![true; inner.steps.len()];
    for (n, one) in inner.steps.iter().enumerate() {
        let mut one = one.clone();
        one.id = step.id.inner(one.id.as_str());
        for need in &mut one.needs {
            last[need.step] = false;
            need.step += begin + 1;
        }
        if one.needs.is_empty() {
            one.needs.push(on(begin));
        }
        one.inside = Some(one.inside.map_or(group, |inside| inside + begin + 1));
        one.outlives |= always;
        debug_assert_eq!(plan.len(), begin + 1 + n, "steps inside stand in a row");
        plan.push(one);
    }
    let ends = last.iter().enumerate().filter(|(_, last)| **last);
    step.needs = ends.map(|(n, _)| on(begin + 1 + n)).collect();
    plan.push(step);
}

/// The first step and the group of a sub-workflow.
fn part(step: Step, group: usize) -> (Step, Step) {
    let first = Step {
        id: StepId::inner(&step.id, BEGIN),
        action: Action::Begin,
        on_failure: FailurePolicy::Hold,
        // The same texts would give the same params.
        retry: Retries {
            limit: 0,
            ..step.retry.clone()
        },
        on_skip: std::collections::BTreeMap::new(),
        inside: Some(group),
        ..step.clone()
    };
    let rest = Step {
        condition: None,
        ..step
    };
    (first, rest)
}

fn on(step: usize) -> Need {
    Need { step, any: false }
}
