//! The names that a workflow declares.

use std::collections::BTreeMap;

use super::needs::Ids;
use crate::workflow::plan::{ParamSpec, Workflow};

pub(super) struct Known<'w> {
    pub(super) params: BTreeMap<&'w str, &'w ParamSpec>,
    pub(super) secrets: Vec<&'w str>,
    /// Names of the workflow's environment, in order.
    pub(super) env: Vec<&'w str>,
    pub(super) steps: &'w Ids<'w>,
}

impl<'w> Known<'w> {
    pub(super) fn of(workflow: &'w Workflow, steps: &'w Ids<'w>) -> Self {
        Self {
            params: workflow
                .params
                .iter()
                .map(|p| (p.name.as_str(), p))
                .collect(),
            secrets: workflow.secrets.keys().map(String::as_str).collect(),
            env: workflow.env.iter().map(|(name, _)| name.as_str()).collect(),
            steps,
        }
    }
}
