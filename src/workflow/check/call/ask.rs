//! What all service calls have.

use serde::Serialize;

use super::super::desk::{Desk, Role};
use super::super::{http, step};
use super::{aws, container, kubernetes, probe, sql, ssh, terraform};
use crate::workflow::action::Until;
use crate::workflow::call::{Call, Nature, Service};
use crate::workflow::document::{Formula, StepDoc, UntilDoc};
use crate::workflow::template::{Expr, Template};
use crate::yaml::At;

/// The services, by their keys.
pub(in super::super) const SERVICES: [&str; 7] = [
    "aws",
    "container",
    "kubernetes",
    "probe",
    "sql",
    "ssh",
    "terraform",
];

/// What there is to know of a question to a service.
pub(super) struct Asked<'d> {
    pub(super) nature: Nature,
    /// The names of what it publishes, which `expect` sees.
    pub(super) outputs: &'static [&'static str],
    pub(super) expect: Option<&'d Formula>,
    pub(super) until: Option<&'d UntilDoc>,
}

/// The service call that a step says, if it says one.
pub(in super::super) fn call(
    desk: &mut Desk<'_>,
    doc: &StepDoc,
    at: At<'_>,
) -> Option<Call<Template>> {
    if let Some(doc) = &doc.kubernetes {
        let at = at.down("kubernetes");
        let asked = kubernetes::kubernetes(desk, doc, at);
        return Some(made(desk, Service::Kubernetes, doc, &asked, at));
    }
    if let Some(doc) = &doc.probe {
        let at = at.down("probe");
        let asked = probe::probe(desk, doc, at);
        return Some(made(desk, Service::Probe, doc, &asked, at));
    }
    if let Some(doc) = &doc.ssh {
        let at = at.down("ssh");
        let (one, asked) = ssh::ssh(desk, doc, at);
        return Some(made(desk, Service::Ssh, &one, &asked, at));
    }
    if let Some(doc) = &doc.terraform {
        let at = at.down("terraform");
        let asked = terraform::terraform(desk, doc, at);
        return Some(made(desk, Service::Terraform, doc, &asked, at));
    }
    if let Some(doc) = &doc.aws {
        let at = at.down("aws");
        let asked = aws::aws(desk, doc, at);
        return Some(made(desk, Service::Aws, doc, &asked, at));
    }
    if let Some(doc) = &doc.container {
        let at = at.down("container");
        let asked = container::container(desk, doc, at);
        return Some(made(desk, Service::Container, doc, &asked, at));
    }
    if let Some(doc) = &doc.sql {
        let at = at.down("sql");
        let asked = sql::sql(desk, doc, at);
        return Some(made(desk, Service::Sql, doc, &asked, at));
    }
    None
}

fn made(
    desk: &mut Desk<'_>,
    service: Service,
    doc: &impl Serialize,
    asked: &Asked<'_>,
    at: At<'_>,
) -> Call<Template> {
    let ask = serde_json::to_value(doc).unwrap_or_default();
    if asked.until.is_some() && asked.nature != Nature::Reads {
        let message = "`until` asks again and again, so it is only for what changes nothing";
        desk.error("not_here", at.down("until").key_span(), message)
            .hint("wait for the effect in a step of its own");
    }
    Call {
        service,
        ask: desk.tree(Role::Work, at, &ask),
        expect: expectation(desk, asked.expect, asked.outputs, at),
        until: asked.until.map(|doc| until(desk, doc, at)),
        nature: asked.nature,
        trial: false,
        outputs: asked.outputs.to_vec(),
    }
}

/// `expect`, which sees the answer by `names`.
pub(in super::super) fn expectation(
    desk: &mut Desk<'_>,
    formula: Option<&Formula>,
    names: &'static [&'static str],
    at: At<'_>,
) -> Option<Expr> {
    let at = at.down("expect");
    let expr = desk.expr(Role::Expect(names), at, &formula?.0)?;
    step::is_truth(desk, at, "expect", &expr);
    Some(expr)
}

fn until(desk: &mut Desk<'_>, doc: &UntilDoc, at: At<'_>) -> Until {
    http::until(desk, doc, at.down("until"))
}

/// Exactly one of `verbs` is said in what `service` is asked; which.
pub(super) fn one_verb<'t>(
    desk: &mut Desk<'_>,
    service: &str,
    verbs: &[&'t str],
    at: At<'t>,
) -> Option<&'t str> {
    let said: Vec<(&str, At<'_>)> = at
        .entries()
        .filter(|(key, _)| verbs.contains(key))
        .collect();
    match said.as_slice() {
        [(verb, _)] => Some(verb),
        [] if desk.is_unread(at) => None,
        [] => {
            let message = format!("`{service}` needs one of {}", verbs.join(", "));
            desk.error("missing_key", at.key_span(), message);
            None
        }
        [(first, at_first), (second, at_second), ..] => {
            let message = format!("`{service}` does one thing, here are `{first}` and `{second}`");
            desk.error("two_actions", at_second.key_span(), message)
                .also(at_first.key_span(), "the first")
                .hint("make two steps of it");
            None
        }
    }
}
