//! Where the expressions of a step find their names: params, the run, the environment, items, and the steps before it.

use std::cell::Cell;

use serde_json::{Map, Value as Json, json};

use super::machine::Run;
use crate::workflow::{FanSource, Part, Scope, Template};

/// What step `index` sees. Without an index, only what all steps see.
pub(super) struct View<'a> {
    run: &'a Run,
    index: Option<usize>,
    /// The group of the sub-workflow whose names these are.
    scope: Option<usize>,
    /// The environment so far, while it is being filled itself.
    env: Option<&'a Map<String, Json>>,
    /// What a hook is told.
    hook: Option<&'a Json>,
    /// Whether it asked for another step: then its value is not known before that step has ended.
    pub(super) asked_for_steps: Cell<bool>,
}

impl<'a> View<'a> {
    pub(super) fn of(run: &'a Run, index: usize) -> Self {
        Self {
            run,
            index: Some(index),
            scope: run.workflow.scope(run.steps[index].def),
            env: None,
            hook: None,
            asked_for_steps: Cell::new(false),
        }
    }

    /// What is known to all steps alike, and before the first of them.
    pub(super) fn of_all(run: &'a Run) -> Self {
        Self {
            run,
            index: None,
            scope: None,
            env: None,
            hook: None,
            asked_for_steps: Cell::new(false),
        }
    }

    /// The same, and what a hook is told.
    pub(super) fn with_hook(self, told: &'a Json) -> Self {
        Self {
            hook: Some(told),
            ..self
        }
    }

    /// What is known inside the sub-workflow `group`.
    pub(super) fn within(run: &'a Run, group: usize) -> Self {
        Self {
            run,
            index: None,
            scope: Some(group),
            env: None,
            hook: None,
            asked_for_steps: Cell::new(false),
        }
    }

    /// Of a sub-workflow they are what its first step found out.
    fn params(&self) -> Option<Json> {
        let Some(group) = self.scope else {
            return Some(json!(self.run.start.as_ref()?.params));
        };
        self.asked_for_steps.set(true);
        let begin = self.run.graph.first.get(&group)?;
        Some(json!(self.run.steps[*begin].outputs))
    }

    /// The environment that all steps of the file share.
    fn common(&self) -> &'a [(String, Template)] {
        let inner = self.scope.and_then(|g| self.run.workflow.steps[g].inner());
        inner.map_or(&self.run.workflow.env, |inner| &inner.env)
    }

    fn item(&self, wanted_matrix: bool) -> Option<Json> {
        let step = &self.run.steps[self.index?];
        let fan_out = self.run.workflow.steps[step.def].fan_out.as_ref()?;
        let is_matrix = matches!(fan_out.source, FanSource::Matrix(_));
        step.item.clone().filter(|_| is_matrix == wanted_matrix)
    }

    /// Workflow environment, then the step's own; each entry sees those before it. An entry that holds a secret is left out:
    /// a secret has no value here.
    fn environment(&self) -> Map<String, Json> {
        let mut env = Map::new();
        let own = self.index.map(|i| &self.run.def(i).env);
        let entries = self.common().iter().chain(own.into_iter().flatten());
        for (name, template) in entries {
            let text = self.fill_env(template, &env);
            match text {
                Some(text) => env.insert(name.clone(), Json::String(text)),
                None => env.remove(name),
            };
        }
        env
    }

    fn fill_env(&self, template: &Template, env: &Map<String, Json>) -> Option<String> {
        let scope = View {
            run: self.run,
            index: self.index,
            scope: self.scope,
            env: Some(env),
            hook: self.hook,
            asked_for_steps: Cell::new(false),
        };
        let filled = template.fill(&scope).ok();
        if scope.asked_for_steps.get() {
            self.asked_for_steps.set(true);
        }
        let known = |part| match part {
            Part::Text(text) => Some(text),
            Part::Secret(_) => None,
        };
        filled?.parts.into_iter().map(known).collect()
    }
}

impl Scope for View<'_> {
    fn root(&self, name: &str) -> Option<Json> {
        let start = self.run.start.as_ref()?;
        match name {
            "params" => self.params(),
            "run" => Some(json!({
                "id": start.run.as_str(),
                "workflow": start.workflow,
                "kind": start.kind.word(),
            })),
            "hook" => self.hook.cloned(),
            "item" => self.item(false),
            "matrix" => self.item(true),
            "env" => Some(Json::Object(
                self.env.cloned().unwrap_or_else(|| self.environment()),
            )),
            _ => None,
        }
    }

    fn step(&self, id: &str) -> Option<Json> {
        self.asked_for_steps.set(true);
        let step = match self.scope {
            None => self.run.step(&id.into()),
            Some(group) => self.run.step(&self.run.steps[group].id.inner(id)),
        }?;
        Some(json!({"status": step.state.word(), "outputs": step.outputs}))
    }
}
