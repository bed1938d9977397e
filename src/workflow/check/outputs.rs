//! What a step publishes.

use super::desk::{Desk, named};
use super::params;
use crate::workflow::action::{Action, Work};
use crate::workflow::call::Nature;
use crate::workflow::document::{Named, OutputDoc};
use crate::workflow::plan::{OutputFrom, OutputSpec, Step};
use crate::yaml::At;

pub(super) fn specs(
    desk: &mut Desk<'_>,
    at: At<'_>,
    outputs: &Named<OutputDoc>,
) -> Vec<OutputSpec> {
    named(at, outputs)
        .filter_map(|(name, doc, at)| {
            params::check_name(desk, at, name, "output");
            let from = from(desk, at, name, doc)?;
            Some(OutputSpec {
                name: name.to_owned(),
                from,
                required: doc.required.unwrap_or(false),
            })
        })
        .collect()
}

fn from(desk: &mut Desk<'_>, at: At<'_>, name: &str, doc: &OutputDoc) -> Option<OutputFrom> {
    match (&doc.regex, &doc.json, &doc.query, doc.file) {
        (Some(regex), None, None, None) => {
            params::is_pattern(desk, at.down("regex"), regex);
            Some(OutputFrom::Regex(regex.clone()))
        }
        (None, Some(path), None, None) => Some(OutputFrom::Json(path.clone())),
        (None, None, Some(query), None) => {
            is_query(desk, at.down("query"), query);
            Some(OutputFrom::Query(query.clone()))
        }
        (None, None, None, Some(true)) => Some(OutputFrom::File),
        _ if desk.is_unread(at) => None,
        _ => {
            let message =
                format!("output `{name}` needs exactly one of regex, json, query and `file: true`");
            desk.error("output_source", at.key_span(), message)
                .hint(r"for example `{regex: '^name=(\S+)$'}`");
            None
        }
    }
}

/// Tells if it is no JMESPath.
pub(super) fn is_query(desk: &mut Desk<'_>, at: At<'_>, query: &str) {
    if let Err(mistake) = jmespath::compile(query) {
        let reason = mistake.reason.to_string();
        desk.error(
            "bad_query",
            at.span(),
            format!("this is no JMESPath: {reason}"),
        )
        .hint("for example `Instances[0].InstanceId`; see jmespath.org");
    }
}

impl Step {
    /// Whether anything outside may be different after it.
    pub fn changes_something(&self) -> bool {
        match &self.action {
            Action::Work(Work::Http(http)) => {
                !matches!(http.method.as_str(), "GET" | "HEAD" | "OPTIONS")
            }
            Action::Work(Work::Call(call)) => call.nature != Nature::Reads,
            Action::Work(_) | Action::Checklist(_) => true,
            _ => false,
        }
    }

    /// The names of what it publishes, declared or by its nature.
    pub fn output_names(&self) -> Vec<&str> {
        if self.fan_out.is_some() {
            return vec!["items"];
        }
        let mut names: Vec<&str> = self.outputs.iter().map(|o| o.name.as_str()).collect();
        match &self.action {
            Action::Work(Work::Run(_) | Work::Exec(_)) | Action::Assert { .. } | Action::Begin => {}
            Action::Work(Work::Http(_) | Work::Notify(_)) => {
                names.extend(["status", "headers", "body"]);
            }
            Action::Work(Work::Call(call)) => names.extend(&call.outputs),
            Action::Wait(_) => names.push("waited"),
            Action::Approval(approval) => {
                names.push("votes");
                names.extend(approval.form.iter().map(|field| field.name.as_str()));
            }
            Action::Checklist(list) => {
                names.push("items");
                names.extend(list.items.iter().filter_map(|item| item.input.as_deref()));
            }
            Action::Workflow(inner) => names.extend(inner.outputs.keys().map(String::as_str)),
            Action::Set { values } => names.extend(values.keys().map(String::as_str)),
        }
        names
    }
}
