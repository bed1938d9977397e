//! Goes through a plan and collects what each step needs, the same need once.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value as Json;

use super::given::{Given, Unknown, items, params_of};
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
    for (i, step) in workflow.steps.iter().enumerate() {
        let params = params_of(workflow, i, params);
        // A secret of a sub-workflow has no value out here.
        let known = |name: &str| workflow.secrets.contains_key(name);
        for item in items(step, &params) {
            let params = &params;
            let given = Given { params, item };
            for work in works(step) {
                match look(work, &given) {
                    Ok(looks) => looks
                        .into_iter()
                        .filter(|look| look.secrets().iter().all(|name| known(name)))
                        .for_each(|look| add(&mut found, look, step.id.as_str())),
                    Err(Unknown) if later.contains(&step.id) => {}
                    Err(Unknown) => later.push(step.id.clone()),
                }
            }
        }
    }
    let looks = found.into_iter().enumerate();
    Needs {
        looks: looks.map(|(n, (look, by))| check(n, look, &by)).collect(),
        later,
    }
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
        env: Vec::new(),
        timeout: TIMEOUT,
        blocks: true,
    }
}

/// Everything that a step may do.
fn works(step: &Step) -> Vec<&Work<Template>> {
    let mut steps = vec![step];
    if let Some(Ungraceful::Other(other)) = &step.ungraceful {
        steps.push(other);
    }
    steps.extend(step.compensate.as_deref());
    let mut works = Vec::new();
    for step in steps {
        if let Action::Work(work) = &step.action {
            works.push(work);
        }
        works.extend(&step.verify);
    }
    works
}
