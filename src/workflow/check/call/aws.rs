//! What `aws` may be asked: everything is held against AWS's own description of its services.

use serde_json::Value as Json;

use super::Asked;
use crate::aws_model::{
    self, Effect, Flaw, Kind, Operation, Service, Step, effect, shaped, watched,
};
use crate::workflow::call::Nature;
use crate::workflow::check::desk::Desk;
use crate::workflow::document::{AwsDoc, AwsGoal, AwsUntilDoc};
use crate::yaml::{At, did_you_mean};

pub(super) fn aws<'d>(desk: &mut Desk<'_>, doc: &'d AwsDoc, at: At<'_>) -> Asked<'d> {
    let mut asked = Asked {
        nature: Nature::Changes,
        outputs: &[],
        expect: doc.expect.as_ref(),
        until: None,
    };
    let Some((service, operation)) = operation(desk, doc, at) else {
        return asked;
    };
    asked.outputs = service.outputs(&operation);
    let none = Json::Object(serde_json::Map::new());
    let given = doc.params.as_ref().unwrap_or(&none);
    let at_params = at.down("params");
    let params = params(desk, service, &operation, given, at_params);
    if operation.streams(service) {
        let message = format!(
            "the answer of {} is a stream of events, which `aws` cannot read",
            operation.name
        );
        desk.error("not_here", at.down("action").span(), message);
    }
    if doc.to_file.is_some() && operation.payload(service) != Some(Kind::Blob) {
        let message = format!(
            "`to_file` is for what answers with bytes, as get-object does, not for {}",
            operation.name
        );
        desk.error("not_here", at.down("to_file").key_span(), message)
            .hint("take it away, and declare what you need as `outputs: {x: {query: ...}}`");
    }
    asked.nature = match effect(service, &operation, &params) {
        Effect::Reads => Nature::Reads,
        Effect::Repeatable => Nature::Repeatable,
        Effect::Changes => Nature::Changes,
    };
    if let Some(until) = &doc.until {
        let watch = Watch {
            service,
            operation: &operation,
            params: &params,
            reads: asked.nature == Nature::Reads,
        };
        watch.until(desk, until, at.down("until"));
    }
    asked
}

fn operation(
    desk: &mut Desk<'_>,
    doc: &AwsDoc,
    at: At<'_>,
) -> Option<(&'static Service, Operation)> {
    let (Some(name), Some(action)) = (&doc.service, &doc.action) else {
        if !desk.is_unread(at) {
            let message = "`aws` needs a service and an action";
            desk.error("missing_key", at.key_span(), message)
                .hint("for example `aws: {service: ec2, action: describe-instances}`");
        }
        return None;
    };
    let Some(service) = aws_model::service(name) else {
        let at = at.down("service");
        return constant(
            desk,
            at,
            name,
            format!("there is no service `{name}`"),
            did_you_mean(name, aws_model::known()),
        );
    };
    let Some(operation) = service.operation(action) else {
        let at = at.down("action");
        let message = format!("{} has no operation `{action}`", service.facts().name);
        return constant(
            desk,
            at,
            action,
            message,
            did_you_mean(action, service.operations()),
        );
    };
    Some((service, operation))
}

/// A name that is not known; one with an expression cannot be.
fn constant<T>(
    desk: &mut Desk<'_>,
    at: At<'_>,
    name: &str,
    message: String,
    hint: Option<String>,
) -> Option<T> {
    if is_open(name) {
        let message = "service and action must be constant: they say what is checked here";
        desk.error("not_constant", at.span(), message);
    } else {
        desk.error("unknown_name", at.span(), message).hint = hint;
    }
    None
}

/// Not filled in yet.
fn is_open(text: &str) -> bool {
    text.contains("${{")
}

fn params(
    desk: &mut Desk<'_>,
    service: &Service,
    operation: &Operation,
    given: &Json,
    at: At<'_>,
) -> Json {
    if given.as_str().is_some_and(is_open) {
        return given.clone();
    }
    let (params, flaws) = shaped(service, operation, given, &is_open);
    for flaw in flaws {
        tell(desk, &operation.name, &flaw, at);
    }
    params
}

fn tell(desk: &mut Desk<'_>, operation: &str, flaw: &Flaw, at: At<'_>) {
    let place = flaw.path().iter().fold(at, |at, step| match step {
        Step::Key(key) => at.down(key),
        Step::Nth(n) => at.nth(*n),
    });
    let text = format!("{operation}: {}", flaw.text());
    match (flaw, flaw.path().last()) {
        (Flaw::Unknown { known, .. }, Some(Step::Key(name))) => {
            let hint = did_you_mean(name, known.iter().map(String::as_str));
            desk.error("unknown_name", place.key_span(), text).hint = hint;
        }
        (Flaw::Twice { .. }, _) => drop(desk.error("twice", place.key_span(), text)),
        (Flaw::Missing { .. }, _) => {
            if !desk.is_unread(place) {
                desk.error("missing_key", place.key_span(), text);
            }
        }
        (Flaw::NotListed { value, known, .. }, _) => {
            let hint = did_you_mean(value, known.iter().map(String::as_str));
            desk.warning("unknown_value", place.span(), text).hint = hint;
        }
        _ => drop(desk.error("bad_value", place.span(), text)),
    }
}

/// What `until` is held against.
struct Watch<'a> {
    service: &'static Service,
    operation: &'a Operation,
    params: &'a Json,
    reads: bool,
}

impl Watch<'_> {
    fn until(&self, desk: &mut Desk<'_>, until: &AwsUntilDoc, at: At<'_>) {
        let goal = until.goal();
        if goal.waiter.is_some() == goal.query.is_some() {
            if !desk.is_unread(at) {
                desk.error(
                    "missing_key",
                    at.key_span(),
                    "until needs a waiter or a query",
                );
            }
            return;
        }
        for (key, span) in [("every", goal.every), ("timeout", goal.timeout)] {
            if let Some(span) = span {
                desk.positive(at.down(key), span);
            }
        }
        let polled = match &goal.waiter {
            Some(name) => self.by_waiter(desk, &goal, name, at),
            None => self.by_query(desk, &goal, at),
        };
        if let Some(polled) = polled {
            self.sources(desk, &goal, &polled, at);
        }
    }

    fn by_waiter(
        &self,
        desk: &mut Desk<'_>,
        goal: &AwsGoal,
        name: &str,
        at: At<'_>,
    ) -> Option<Operation> {
        for key in ["action", "failed"] {
            if at.has(key) {
                let message = format!("`{key}` goes with a query: a waiter has its own");
                desk.error("not_here", at.down(key).key_span(), message);
            }
        }
        if let Some(waiter) = self.service.waiter(name) {
            return self.service.operation(&waiter.operation);
        }
        let place = if goal.every.is_some() || at.has("waiter") {
            at.down("waiter")
        } else {
            at
        };
        let service = &self.service.facts().name;
        let known = self.service.waiters();
        let hint = did_you_mean(name, known.clone());
        let message = format!("{service} has no waiter `{name}`");
        desk.error("unknown_name", place.span(), message).hint = hint.or_else(|| {
            let none = "it has none: write a query, such as `State == 'COMPLETED'`".to_owned();
            known.clone().next().is_none().then_some(none)
        });
        None
    }

    fn by_query(&self, desk: &mut Desk<'_>, goal: &AwsGoal, at: At<'_>) -> Option<Operation> {
        for (key, query) in [("query", &goal.query), ("failed", &goal.failed)] {
            if let Some(Err(mistake)) = query.as_ref().map(|q| jmespath::compile(q)) {
                let message = format!("this is no JMESPath: {}", mistake.reason);
                desk.error("bad_query", at.down(key).span(), message)
                    .hint("for example `State == 'COMPLETED'`; see jmespath.org");
            }
        }
        let Some(name) = &goal.action else {
            if !self.reads {
                let message = format!(
                    "{} is made once: say what is looked at after it",
                    self.operation.name
                );
                desk.error("missing_key", at.key_span(), message).hint(
                    "for example `until: {action: describe-..., query: \"State == 'COMPLETED'\"}`",
                );
            }
            return self.reads.then(|| self.operation.clone());
        };
        let at = at.down("action");
        let Some(polled) = self.service.operation(name) else {
            let message = format!("{} has no operation `{name}`", self.service.facts().name);
            desk.error("unknown_name", at.span(), message).hint =
                did_you_mean(name, self.service.operations());
            return None;
        };
        let nothing = Json::Object(serde_json::Map::new());
        if effect(self.service, &polled, &nothing) != Effect::Reads {
            let message = format!(
                "{} changes something: only what reads can be looked at",
                polled.name
            );
            desk.error("not_here", at.span(), message);
            return None;
        }
        Some(polled)
    }

    /// Whether it is known what to look at.
    fn sources(&self, desk: &mut Desk<'_>, goal: &AwsGoal, polled: &Operation, at: At<'_>) {
        if let Some(own) = &goal.params {
            params(desk, self.service, polled, own, at.down("params"));
            return;
        }
        let itself = self.reads && polled.name == self.operation.name;
        if itself || self.params.is_string() {
            return;
        }
        let given: Vec<String> = self
            .params
            .as_object()
            .into_iter()
            .flatten()
            .map(|(k, _)| k.clone())
            .collect();
        if let Err(names) = watched(self.service, self.operation, &given, polled) {
            let names = names.join(", ");
            let message = format!(
                "it is not known what {} is to look at after {}",
                polled.name, self.operation.name
            );
            desk.error("missing_key", at.key_span(), message)
                .hint(format!("say `until: {{params: {{{names}: ...}}}}`"));
        }
    }
}
