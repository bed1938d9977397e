//! Goes through a plan and collects what each step needs, the same need once.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value as Json;

use super::given::{Given, items, params_of};
use super::look::{Look, look, secret};
use crate::id::StepId;
use crate::workflow::action::{Action, Work};
use crate::workflow::plan::{Preflight, Step, Ungraceful, Workflow};
use crate::workflow::template::Template;

/// For one look.
const TIMEOUT: Duration = Duration::from_secs(30);

/// All that can be told before anything has run.
#[derive(Clone, Debug, Default)]
pub struct Needs {
    /// `name` says what is looked at, `description` which steps need it, with commas.
    pub looks: Vec<Preflight>,
    /// Steps of which something is known only when they run.
    pub later: Vec<StepId>,
}

/// What `workflow` needs when it is run with `params`.
pub fn needs(workflow: &Workflow, params: &BTreeMap<String, Json>) -> Needs {
    let mut found: Vec<(Look, Vec<String>)> = Vec::new();
    let mut later = Vec::new();
    for name in workflow.secrets.keys() {
        add(&mut found, secret(name), "whoever uses it");
    }
    // A secret of a sub-workflow has no value out here.
    let known = |name: &str| workflow.secrets.contains_key(name);
    for (i, step) in workflow.steps.iter().enumerate() {
        if is_left_out(workflow, i, params) {
            continue;
        }
        let params = params_of(workflow, i, params);
        for item in items(step, &params) {
            let params = &params;
            let given = Given { params, item };
            for (of, work) in works(step) {
                let mut looks = Vec::new();
                let whole = look(work, &given, &mut looks).is_ok();
                if !whole && !later.contains(&step.id) {
                    later.push(step.id.clone());
                }
                let env = env(workflow, i, of, &given);
                looks
                    .into_iter()
                    .map(|look| look.within(&env))
                    .filter(|look| look.secrets().iter().all(|name| known(name)))
                    .for_each(|look| add(&mut found, look, step.id.as_str()));
            }
        }
    }
    let looks = found.into_iter().enumerate();
    Needs {
        looks: looks.map(|(n, (look, by))| check(n, look, &by)).collect(),
        later,
    }
}

/// Its own condition, or that of a group around it, does not hold with these params.
fn is_left_out(workflow: &Workflow, i: usize, params: &BTreeMap<String, Json>) -> bool {
    let mut all = std::iter::once(i).chain(workflow.around(i));
    all.any(|i| {
        let params = &params_of(workflow, i, params);
        let given = Given { params, item: None };
        let condition = workflow.steps[i].condition.as_ref();
        condition.is_some_and(|condition| condition.truth(&given) == Ok(false))
    })
}

/// What a step finds in its environment besides that of the whole run, as far as it is known.
fn env(workflow: &Workflow, i: usize, step: &Step, given: &Given<'_>) -> Vec<(String, Template)> {
    let file = workflow.inner_of(i).map_or(&[][..], |inner| &inner.env);
    let known = |(name, text): &(String, Template)| Some((name.clone(), given.text(text).ok()?));
    file.iter().chain(&step.env).filter_map(known).collect()
}

fn add(found: &mut Vec<(Look, Vec<String>)>, look: Look, by: &str) {
    match found.iter_mut().find(|(known, _)| *known == look) {
        Some((_, others)) if others.iter().any(|other| other == by) => {}
        Some((_, others)) => others.push(by.to_owned()),
        None => found.push((look, vec![by.to_owned()])),
    }
}

fn check(n: usize, look: Look, by: &[String]) -> Preflight {
    Preflight {
        // No author's id holds a full stop.
        id: StepId::new(format!("needs.{}", n + 1)),
        name: look.what,
        description: by.join(", "),
        action: Action::Work(look.work),
        env: look.env,
        timeout: TIMEOUT,
        blocks: true,
    }
}

/// Everything that a step may do, with the step that says it.
fn works(step: &Step) -> Vec<(&Step, &Work<Template>)> {
    let mut steps = vec![step];
    if let Some(Ungraceful::Other(other)) = &step.ungraceful {
        steps.push(other);
    }
    steps.extend(step.compensate.as_deref());
    let mut works = Vec::new();
    for step in steps {
        if let Action::Work(work) = &step.action {
            works.push((step, work));
        }
        works.extend(step.verify.iter().map(|work| (step, work)));
    }
    works
}
