//! What is known of a step before anything has run.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use crate::workflow::plan::{FanSource, Step, Workflow};
use crate::workflow::template::{Filled, Part, Scope, Template, Tree};

/// Members of a fan-out that are looked at.
const MEMBERS_MAX: usize = 50;

/// A value is known only when the step runs.
pub(super) struct Unknown;

/// Where the expressions of a step find what is known.
pub(super) struct Given<'a> {
    pub(super) params: &'a BTreeMap<String, Json>,
    pub(super) item: Option<Json>,
}

impl Scope for Given<'_> {
    fn root(&self, name: &str) -> Option<Json> {
        match name {
            "params" => Some(json!(self.params)),
            "item" => self.item.clone(),
            "run" => Some(json!({"id": "doctor", "kind": "live"})),
            _ => None,
        }
    }

    fn step(&self, _id: &str) -> Option<Json> {
        None
    }
}

impl Given<'_> {
    /// With its expressions evaluated; secrets stay references.
    pub(super) fn text(&self, template: &Template) -> Result<Template, Unknown> {
        written(&template.fill(self).map_err(|_| Unknown)?)
    }

    pub(super) fn tree(&self, tree: &Tree<Template>) -> Result<Tree<Template>, Unknown> {
        again(&tree.fill(self).map_err(|_| Unknown)?)
    }
}

/// What is filled, as a text of the file again.
fn again(tree: &Tree<Filled>) -> Result<Tree<Template>, Unknown> {
    Ok(match tree {
        Tree::Plain(value) => Tree::Plain(value.clone()),
        Tree::Text(text) => Tree::Text(written(text)?),
        Tree::List(items) => {
            let items = items.iter().map(again);
            Tree::List(items.collect::<Result<_, _>>()?)
        }
        Tree::Map(entries) => {
            let entries = entries.iter().map(|(k, v)| Ok((k.clone(), again(v)?)));
            Tree::Map(entries.collect::<Result<_, _>>()?)
        }
    })
}

fn written(text: &Filled) -> Result<Template, Unknown> {
    let source: String = text.parts.iter().map(source).collect();
    Template::parse(&source).map_err(|_| Unknown)
}

/// As an author would write it.
fn source(part: &Part) -> String {
    match part {
        Part::Text(text) => Template::literal(text.as_str()).source().to_owned(),
        Part::Secret(name) => format!("${{{{ secrets.{name} }}}}"),
    }
}

/// The params that step `i` sees, as far as they are known; a sub-workflow gets its own from the file around it.
pub(super) fn params_of(
    workflow: &Workflow,
    i: usize,
    outer: &BTreeMap<String, Json>,
) -> BTreeMap<String, Json> {
    let inner = workflow.scope(i).and_then(|group| {
        let inner = workflow.steps[group].inner()?;
        Some((group, inner))
    });
    let Some((group, inner)) = inner else {
        return outer.clone();
    };
    let around = params_of(workflow, group, outer);
    let given = Given {
        params: &around,
        item: None,
    };
    let known = inner.params.iter().filter_map(|spec| {
        let value = match inner.given.get(&spec.name) {
            Some(tree) => tree.fill(&given).ok()?.masked_json(),
            None => spec.default.clone()?,
        };
        Some((spec.name.clone(), value))
    });
    known.collect()
}

/// The elements that a step fans out over; a step that does not has one, without a value.
pub(super) fn items(step: &Step, params: &BTreeMap<String, Json>) -> Vec<Option<Json>> {
    let given = Given { params, item: None };
    let some = |items: Vec<Json>| items.into_iter().take(MEMBERS_MAX).map(Some).collect();
    match step.fan_out.as_ref().map(|fan_out| &fan_out.source) {
        Some(FanSource::Items(items)) => some(items.clone()),
        Some(FanSource::ForEach(expr)) => match expr.eval(&given) {
            Ok(Json::Array(items)) => some(items),
            _ => vec![None],
        },
        _ => vec![None],
    }
}
