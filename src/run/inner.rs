//! What goes into a sub-workflow and what comes out of it: its params when it begins, its outputs when all of it has ended.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::machine::Run;
use super::scope::View;
use super::state::State;
use crate::workflow::{self, Inner, Step, Template, Tree};

impl Run {
    /// The params of the sub-workflow that begins with step `i`: what it is given, typed and completed.
    pub(super) fn inner_params(&self, i: usize) -> Result<BTreeMap<String, Json>, String> {
        let group = self.def(i).inside.map(|group| &self.workflow.steps[group]);
        let Some(inner) = group.and_then(Step::inner) else {
            return Err(format!("{} begins nothing", self.steps[i].id));
        };
        let given = self.values(i, &inner.given)?;
        workflow::bind(&inner.params, &given).map_err(|problems| {
            let told = problems.iter();
            let told = told.map(|p| format!("{}: {}", p.param, p.message));
            told.collect::<Vec<_>>().join("; ")
        })
    }

    /// One line for each param of the sub-workflow that begins with step `i`, as far as it is known.
    pub(super) fn params_as_known(&self, i: usize) -> Vec<String> {
        if let Ok(params) = self.inner_params(i) {
            return params.iter().map(|(k, v)| format!("{k}: {v}")).collect();
        }
        let group = self.def(i).inside.map(|group| &self.workflow.steps[group]);
        let given = group.and_then(Step::inner).map(|inner| &inner.given);
        let line = |(name, tree): (&String, &Tree<Template>)| {
            let value = self.values(i, &[(name.clone(), tree.clone())].into());
            match value.ok().and_then(|mut values| values.remove(name)) {
                Some(value) => format!("{name}: {value}"),
                None => format!("{name}: not known yet"),
            }
        };
        given.into_iter().flatten().map(line).collect()
    }

    /// What a sub-workflow publishes, and why something of it is missing.
    pub(super) fn inner_outputs(
        &self,
        group: usize,
        inner: &Inner,
        state: State,
    ) -> (BTreeMap<String, Json>, String) {
        if matches!(state, State::Skipped(_)) {
            // Whoever skipped it may have given its outputs: its first step keeps them.
            let given = &self.steps[self.graph.first[&group]].outputs;
            let outputs = self.stand_ins(group, given);
            return outputs.map_or_else(|why| (given.clone(), why), |o| (o, String::new()));
        }
        let view = View::within(self, group);
        let (mut outputs, mut why) = (BTreeMap::new(), String::new());
        for (name, tree) in &inner.outputs {
            match tree.fill(&view) {
                Ok(filled) => drop(outputs.insert(name.clone(), filled.masked_json())),
                Err(error) => why = format!("output {name}: {error}"),
            }
        }
        (outputs, why)
    }
}
