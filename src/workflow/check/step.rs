//! The steps: what all of them have, and exactly one action each.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value as Json;

use super::call::SERVICES;
use super::defaults::{Defaults, on_failure, retries};
use super::desk::{Desk, Role, named};
use super::file::{STEPS_MAX, labels};
use super::include::Library;
use super::inner::{self, Inners};
use super::needs::{self, Ids};
use super::{compensate, drill, fan_out, ids, looks, outputs, people, ungraceful, work};
use crate::id::StepId;
use crate::workflow::action::{Action, Work};
use crate::workflow::call::Nature;
use crate::workflow::document::{Danger, Document, Named, Span, StepDoc};
use crate::workflow::plan::Step;
use crate::workflow::template::{Expr, Template, Tree, Yields};
use crate::yaml::At;

/// Every action of this version beside the services, and those that are known for later.
const ACTIONS: [&str; 10] = [
    "run",
    "exec",
    "http",
    "wait",
    "approval",
    "checklist",
    "notify",
    "assert",
    "set",
    "workflow",
];
pub(super) const LATER_ACTIONS: [&str; 1] = ["scale"];
/// What means nothing for an action without a process.
const WORK_ONLY: [&str; 9] = [
    "verify",
    "outputs",
    "cwd",
    "shell",
    "stdin",
    "retry",
    "timeout",
    "kill_grace",
    "max_log",
];
/// What the steps of a sub-workflow say themselves.
const INNER_OWN: [&str; 14] = [
    "verify",
    "outputs",
    "cwd",
    "shell",
    "stdin",
    "retry",
    "timeout",
    "kill_grace",
    "max_log",
    "env",
    "on_failure",
    "idempotent",
    "expected",
    "compensate",
];
/// What means nothing but for `run` and `exec`.
const COMMAND_ONLY: [&str; 2] = ["cwd", "stdin"];

pub(super) fn steps(
    desk: &mut Desk<'_>,
    document: &Document,
    root: At<'_>,
    ids: &Ids<'_>,
    library: &mut Library<'_>,
    inners: &mut Inners,
) -> Vec<Step> {
    let at = root.down("steps");
    let docs = document.steps.as_deref().unwrap_or_default();
    let told = desk.is_misspelt("steps") || (root.has("steps") && desk.is_unread(at));
    if docs.is_empty() && !told {
        let span = if root.has("steps") {
            at.key_span()
        } else {
            0..0
        };
        desk.error("missing_key", span, "the workflow has no steps")
            .hint("add `steps:` with at least one step");
    }
    if docs.len() > STEPS_MAX {
        let message = format!("{} steps, the limit is {STEPS_MAX}", docs.len());
        desk.error("too_large", at.key_span(), message);
        return Vec::new();
    }
    let defaults = Defaults::of(desk, document, root.down("defaults"));
    let mut steps = Vec::with_capacity(docs.len());
    for (i, doc) in docs.iter().enumerate() {
        desk.step = Some(i);
        let inner = doc
            .workflow
            .as_ref()
            .map(|inner| inner::action(desk, inner, at.nth(i).down("workflow"), library, inners));
        steps.push(step(desk, doc, at.nth(i), i, ids, &defaults, inner));
    }
    desk.step = None;
    steps
}

fn step(
    desk: &mut Desk<'_>,
    doc: &StepDoc,
    at: At<'_>,
    i: usize,
    ids: &Ids<'_>,
    defaults: &Defaults,
    inner: Option<Action>,
) -> Step {
    desk.later(at, &LATER_ACTIONS);
    desk.later(at, &["tty"]);
    let id = doc.id.clone().unwrap_or_else(|| format!("step-{}", i + 1));
    let name = doc.name.clone().unwrap_or_else(|| id.clone());
    looks::shown(desk, at.down("name"), &name);
    looks::shown(
        desk,
        at.down("description"),
        doc.description.as_deref().unwrap_or_default(),
    );
    let action = action(desk, doc, at, defaults, inner);
    belongs(desk, at, &action);
    let outputs = doc.outputs.as_ref();
    let outputs = outputs.map_or_else(Vec::new, |o| outputs::specs(desk, at.down("outputs"), o));
    let env = doc.env.as_ref();
    let env = env.map_or_else(Vec::new, |env| {
        self::env(desk, env, at.down("env"), &Role::Env)
    });
    let verify = doc
        .verify
        .as_ref()
        .and_then(|v| work::verify(desk, v, at.down("verify"), doc, at, defaults));
    let verify_timeout = doc.verify.as_ref().and_then(|v| v.timeout);
    let verify_timeout = time(desk, at.down("verify").down("timeout"), verify_timeout);
    let verify_timeout = verify_timeout.unwrap_or(Duration::from_mins(1));
    let idempotent = doc.idempotent.unwrap_or_else(|| is_idempotent(&action));
    let mut step = Step {
        id: StepId::new(id),
        name,
        description: doc.description.clone().unwrap_or_default(),
        labels: labels(desk, doc.labels.as_ref(), at.down("labels")),
        needs: needs::needs(desk, doc, at, i, ids),
        condition: condition(desk, doc, at),
        action,
        env,
        outputs,
        retry: retries(desk, at.down("retry"), doc.retry.as_ref(), &defaults.retry),
        timeout: time(desk, at.down("timeout"), doc.timeout).or(defaults.timeout),
        kill_grace: doc.kill_grace.map_or(defaults.kill_grace, |s| s.0),
        on_failure: on_failure(doc.on_failure).unwrap_or(defaults.on_failure),
        verify,
        verify_timeout,
        expected: time(desk, at.down("expected"), doc.expected),
        danger: doc.danger == Some(Danger::High),
        required: doc.required.unwrap_or(false),
        idempotent,
        always: doc.always.unwrap_or(false),
        fan_out: fan_out::fan_out(desk, doc, at),
        on_skip: BTreeMap::new(),
        max_log: doc.max_log.map_or(defaults.max_log, |s| s.0),
        compensate: None,
        inside: None,
        outlives: doc.always.unwrap_or(false),
        ungraceful: None,
        drill: None,
    };
    judged_afterwards(desk, &step, at);
    step.on_skip = on_skip(desk, doc, at, &step);
    step.compensate = compensate::compensate(desk, doc, at, &step, defaults);
    step.ungraceful = ungraceful::ungraceful(desk, doc, at, &step, defaults);
    step.drill = drill::drill(desk, doc, at, &step, defaults);
    step
}

pub(super) fn time(desk: &mut Desk<'_>, at: At<'_>, said: Option<Span>) -> Option<Duration> {
    said.map(|span| desk.positive(at, span.0))
}

/// What was done and is not as expected has failed, so a retry would do it a second time.
fn judged_afterwards(desk: &mut Desk<'_>, step: &Step, at: At<'_>) {
    let Action::Work(Work::Call(call)) = &step.action else {
        return;
    };
    let once = call.nature == Nature::Changes && !step.idempotent;
    if once && call.expect.is_some() && step.retry.limit > 0 {
        let expect = at.down(call.service.word()).down("expect");
        let message = "it is done before `expect` is looked at, and `retry` would do it again";
        desk.warning("done_again", expect.key_span(), message)
            .hint("look in a step of its own, or take `retry` away");
    }
}

/// See the table "outcome unknown" of the semantics.
pub(super) fn is_idempotent(action: &Action) -> bool {
    match action {
        Action::Work(Work::Run(_) | Work::Exec(_)) => false,
        Action::Work(Work::Http(http) | Work::Notify(http)) => {
            http.idempotency_key
                || matches!(
                    http.method.as_str(),
                    "GET" | "HEAD" | "OPTIONS" | "PUT" | "DELETE"
                )
        }
        Action::Work(Work::Call(call)) => call.nature != Nature::Changes,
        _ => true,
    }
}

/// The one action of a step. Without a sensible one, a harmless one stands in: then there are errors anyway.
fn action(
    desk: &mut Desk<'_>,
    doc: &StepDoc,
    at: At<'_>,
    defaults: &Defaults,
    inner: Option<Action>,
) -> Action {
    let said: Vec<(&str, At<'_>)> = at
        .entries()
        .filter(|(key, _)| {
            [&ACTIONS[..], &SERVICES, &LATER_ACTIONS]
                .iter()
                .any(|list| list.contains(key))
        })
        .collect();
    match said.as_slice() {
        [] if desk.is_unread(at) => {}
        [] => {
            let message = format!(
                "the step has no action: it needs one of {}, {}",
                ACTIONS.join(", "),
                SERVICES.join(", ")
            );
            desk.error("no_action", at.down("id").span(), message)
                .hint("add for example `run: echo hello`");
        }
        [_] => {}
        [(first, at_first), (second, at_second), ..] => {
            let message = format!("the step has two actions, `{first}` and `{second}`");
            desk.error("two_actions", at_second.key_span(), message)
                .label("the second")
                .also(at_first.key_span(), "the first")
                .hint("make two steps of it");
        }
    }
    work::work(desk, doc, at, defaults)
        .map(Action::Work)
        .or_else(|| people::action(desk, doc, at))
        .or(inner)
        .unwrap_or_else(|| Action::Set {
            values: BTreeMap::new(),
        })
}

/// Keys that do nothing for this action are mistakes: their author expects something of them.
fn belongs(desk: &mut Desk<'_>, at: At<'_>, action: &Action) {
    let kind = action.kind();
    // The stand-in of an unreadable action says nothing about the author's.
    if !at.has(kind) {
        return;
    }
    let refused: &[&str] = match action {
        Action::Work(Work::Run(_)) => &[],
        Action::Work(Work::Exec(_)) => &["shell"],
        Action::Work(_) => &[COMMAND_ONLY[0], COMMAND_ONLY[1], "shell"],
        Action::Workflow(_) => return belongs_inside(desk, at),
        _ => &WORK_ONLY,
    };
    for (key, value) in at.entries().filter(|(key, _)| refused.contains(key)) {
        let message = match key {
            "verify" => format!("verify is not allowed on {} `{kind}`", article(kind)),
            _ => format!("`{key}` does nothing for {} `{kind}`", article(kind)),
        };
        let problem = desk.error("not_here", value.key_span(), message);
        if key == "timeout" && kind == "approval" {
            problem.hint("write it inside: `approval: {timeout: ...}`");
        } else {
            problem.hint("remove it");
        }
    }
}

/// The same for a sub-workflow, whose steps say for themselves how they run.
fn belongs_inside(desk: &mut Desk<'_>, at: At<'_>) {
    for (key, value) in at.entries() {
        if ["for_each", "matrix"].contains(&key) {
            let message = format!("`{key}` over a sub-workflow is not in this version");
            desk.error("not_in_this_version", value.key_span(), message)
                .hint("fan out inside it, or write one step for each");
        } else if INNER_OWN.contains(&key) {
            let message = format!("`{key}` does nothing for a `workflow`");
            desk.error("not_here", value.key_span(), message)
                .hint("write it in the steps of its file");
        }
    }
}

pub(super) fn article(kind: &str) -> &'static str {
    if kind.starts_with(['a', 'e', 'h']) || kind == "ssh" {
        "an"
    } else {
        "a"
    }
}

fn condition(desk: &mut Desk<'_>, doc: &StepDoc, at: At<'_>) -> Option<Expr> {
    let formula = doc.condition.as_ref()?;
    let at = at.down("if");
    let expr = desk.expr(Role::Condition, at, &formula.0)?;
    is_truth(desk, at, "if", &expr);
    Some(expr)
}

/// Tells if an expression can be seen to give neither true nor false.
pub(super) fn is_truth(desk: &mut Desk<'_>, at: At<'_>, key: &str, expr: &Expr) {
    let instead = match expr.yields() {
        Yields::NotTruth(what) => *what,
        Yields::Reference(r) if r.names().count() > 0 && matches!(r.root(), "env" | "run") => {
            "a text"
        }
        Yields::Reference(r) if r.root() == "steps" && r.names().nth(1) == Some("status") => {
            "a word such as succeeded"
        }
        Yields::Reference(reference) => {
            desk.truths.push((reference.clone(), at.span()));
            return;
        }
        _ => return,
    };
    let message = format!("`{key}` must give true or false, this gives {instead}");
    desk.error("not_a_condition", at.span(), message)
        .hint("compare it: `... == ...`, `... > 0`, `... is defined`");
}

/// The environment of a step, or of all steps; `role` gets the number of the entry.
pub(super) fn env(
    desk: &mut Desk<'_>,
    env: &Named<String>,
    at: At<'_>,
    role: &dyn Fn(usize) -> Role,
) -> Vec<(String, Template)> {
    let mut entries = Vec::with_capacity(env.0.len());
    for (n, (name, text, at)) in named(at, env).enumerate() {
        if !ids::is_name(name) {
            let message = format!("`{name}` cannot be the name of an environment variable");
            desk.error("bad_name", at.key_span(), message)
                .hint("letters, digits and `_`, not starting with a digit");
        } else if name.starts_with("FLIGHTDECK_") {
            let message = format!("`{name}`: names with FLIGHTDECK_ are set by flightdeck itself");
            desk.error("bad_name", at.key_span(), message);
        }
        looks::secret_by_name(desk, name, text, at);
        entries.push((name.to_owned(), desk.template(role(n), at, text)));
    }
    entries
}

fn on_skip(
    desk: &mut Desk<'_>,
    doc: &StepDoc,
    at: At<'_>,
    step: &Step,
) -> BTreeMap<String, Tree<Template>> {
    let Some(outputs) = doc.on_skip.as_ref().and_then(|o| o.outputs.as_ref()) else {
        return BTreeMap::new();
    };
    let at_key = at.down("on_skip").key_span();
    if step.required {
        desk.error(
            "not_here",
            at_key,
            "`on_skip` does nothing: a required step cannot be skipped",
        );
    }
    let known = step.output_names();
    let mut values = BTreeMap::new();
    for (name, value, at) in named(at.down("on_skip").down("outputs"), outputs) {
        if !known.contains(&name) {
            let hint = desk.meant(name, known.iter().copied());
            desk.error(
                "unknown_output",
                at.key_span(),
                format!("the step has no output `{name}`"),
            )
            .hint = hint;
        }
        let value: &Json = value;
        values.insert(name.to_owned(), desk.tree(Role::Said, at, value));
    }
    values
}
