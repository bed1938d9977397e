//! Names in expressions: declared, allowed in this place, and of steps that run before.

use std::collections::BTreeMap;
use std::ops::Range;

use super::comparisons;
use super::desk::{Desk, Part, Role, Use};
use super::graph::Ancestry;
use super::known::Known;
use crate::workflow::action::Action;
use crate::workflow::plan::{FanSource, Step, Ungraceful, Workflow};
use crate::yaml::{did_you_mean, list_of};

const RUN_NAMES: [&str; 3] = ["id", "workflow", "kind"];

const HOOK_NAMES: [&str; 4] = ["name", "phase", "reason", "failed_steps"];

/// For each step that is referred to: who does, and where.
type Asked = BTreeMap<usize, Vec<(usize, Range<usize>)>>;

/// `acyclic`: without it there is no before and after.
pub(super) fn check(desk: &mut Desk<'_>, workflow: &Workflow, known: &Known<'_>, acyclic: bool) {
    let mut asked = Asked::new();
    for one in std::mem::take(&mut desk.uses) {
        one_use(desk, workflow, known, &one, &mut asked);
    }
    if acyclic {
        order(desk, workflow, asked);
    }
    comparisons::check(desk, known);
}

fn one_use(
    desk: &mut Desk<'_>,
    workflow: &Workflow,
    known: &Known<'_>,
    one: &Use,
    asked: &mut Asked,
) {
    let step = one.step.map(|i| &workflow.steps[i]);
    if let Role::Expect(names) = one.role {
        return answer(desk, one, names);
    }
    match one.reference.root() {
        "params" => param(desk, known, one),
        "secrets" => secret(desk, known, one),
        "steps" => other_step(desk, workflow, known, one, asked),
        "env" => env(desk, known, one, step),
        "run" => own(desk, one, &RUN_NAMES, "`run` has no"),
        "hook" if one.part == Part::Hook => own(desk, one, &HOOK_NAMES, "a hook is not told"),
        root @ ("item" | "matrix") => member(desk, one, root, step),
        root => {
            let roots = ["params", "steps", "env", "run", "item", "matrix", "secrets"];
            let hint = match root {
                "inputs" | "vars" | "parameters" => Some("here it is called `params`".to_owned()),
                "status" | "body" | "headers" => {
                    Some("these are known in `expect` only".to_owned())
                }
                _ if known.params.contains_key(root) => Some(format!("write `params.{root}`")),
                _ if known.steps.contains_key(root) => Some(format!("write `steps.{root}....`")),
                _ => desk
                    .meant(root, roots.iter().copied())
                    .or_else(|| list_of(roots).map(|list| format!("there is {list}"))),
            };
            unknown(desk, one, format!("`{root}` is not known here"), hint);
        }
    }
}

fn unknown(desk: &mut Desk<'_>, one: &Use, message: String, hint: Option<String>) {
    desk.error("unknown_name", one.span.clone(), message).hint = hint;
}

fn answer(desk: &mut Desk<'_>, one: &Use, names: &[&str]) {
    let root = one.reference.root();
    if names.contains(&root) {
        return;
    }
    let hint = match root {
        "secrets" => "secrets may not be compared".to_owned(),
        "params" | "steps" | "env" | "item" | "matrix" => {
            "publish what you need as an output, and compare it in an `assert` step".to_owned()
        }
        _ => format!(
            "there is {}",
            list_of(names.iter().copied()).unwrap_or_default()
        ),
    };
    let message = format!("`{root}` is not known in expect, which sees the answer only");
    unknown(desk, one, message, Some(hint));
}

fn param(desk: &mut Desk<'_>, known: &Known<'_>, one: &Use) {
    let Some(name) = one.reference.names().next() else {
        return;
    };
    if known.params.contains_key(name) {
        return;
    }
    let hint = desk
        .meant(name, known.params.keys().copied())
        .or_else(|| list_of(known.params.keys().copied()).map(|list| format!("there is {list}")))
        .or_else(|| {
            Some(format!(
                "declare it: `params: {{{name}: {{type: string}}}}`"
            ))
        });
    unknown(desk, one, format!("there is no parameter `{name}`"), hint);
}

fn secret(desk: &mut Desk<'_>, known: &Known<'_>, one: &Use) {
    let mut names = one.reference.names();
    let plainly = "use it plainly, as `${{ secrets.NAME }}`";
    let Some(name) = names.next() else {
        desk.error(
            "secret_use",
            one.span.clone(),
            "secrets cannot be used as a whole",
        )
        .hint(plainly);
        return;
    };
    if !known.secrets.contains(&name) {
        let hint = desk
            .meant(name, known.secrets.iter().copied())
            .or_else(|| list_of(known.secrets.iter().copied()).map(|l| format!("there is {l}")))
            .or_else(|| Some(format!("declare it: `secrets: {{{name}: {{env: NAME}}}}`")));
        unknown(desk, one, format!("there is no secret `{name}`"), hint);
        return;
    }
    let work = matches!(one.role, Role::Work | Role::Env(_) | Role::CommonEnv(_));
    if !work {
        let message = match one.role {
            Role::Condition | Role::ForEach => "a secret may not decide what runs",
            _ => "a secret may not be shown or published",
        };
        desk.error("secret_use", one.span.clone(), message)
            .hint("secrets may stand in env, argv, stdin and requests only");
    } else if !one.plain_secret {
        desk.error(
            "secret_use",
            one.span.clone(),
            "a secret may not be part of an expression",
        )
        .hint(plainly);
    }
}

fn env(desk: &mut Desk<'_>, known: &Known<'_>, one: &Use, step: Option<&Step>) {
    let Some(name) = one.reference.names().next() else {
        return;
    };
    let own = step.map_or(&[][..], |step| {
        let variant = match (one.part, &step.ungraceful) {
            (Part::Undo, _) => step.compensate.as_ref(),
            (Part::Rehearsal, _) => step.drill.as_ref(),
            (Part::Alternative, Some(Ungraceful::Other(other))) => Some(other),
            _ => None,
        };
        variant.map_or(&step.env, |variant| &variant.env)
    });
    let (common, own) = match one.role {
        Role::CommonEnv(n) => (&known.env[..n.min(known.env.len())], &own[..0]),
        Role::Env(n) => (&known.env[..], &own[..n.min(own.len())]),
        _ => (&known.env[..], own),
    };
    let mut names: Vec<&str> = common.to_vec();
    names.extend(own.iter().map(|(name, _)| name.as_str()));
    if names.contains(&name) {
        return;
    }
    let hint = desk
        .meant(name, names.iter().copied())
        .or_else(|| list_of(names.iter().copied()).map(|list| format!("there is {list}")))
        .or_else(|| Some("only variables that this file declares are known".to_owned()));
    unknown(
        desk,
        one,
        format!("there is no variable `{name}` before this"),
        hint,
    );
}

/// A name of our own: one of `names`, or `no`.
fn own(desk: &mut Desk<'_>, one: &Use, names: &[&str], no: &str) {
    if let Some(name) = one.reference.names().next()
        && !names.contains(&name)
    {
        let hint = list_of(names.iter().copied()).map(|list| format!("there is {list}"));
        unknown(desk, one, format!("{no} `{name}`"), hint);
    }
}

fn member(desk: &mut Desk<'_>, one: &Use, root: &str, step: Option<&Step>) {
    let source = step
        .and_then(|step| step.fan_out.as_ref())
        .map(|fan| &fan.source);
    let (key, fits) = match (root, source) {
        ("item", Some(FanSource::ForEach(_) | FanSource::Items(_))) => ("for_each", true),
        ("matrix", Some(FanSource::Matrix(axes))) => {
            if let Some(name) = one.reference.names().next()
                && !axes.iter().any(|(axis, _)| axis == name)
            {
                let hint = did_you_mean(name, axes.iter().map(|(axis, _)| axis.as_str()));
                unknown(desk, one, format!("the matrix has no `{name}`"), hint);
            }
            ("matrix", true)
        }
        ("item", _) => ("for_each", false),
        _ => ("matrix", false),
    };
    if !fits || one.role == Role::ForEach {
        let message = format!("`{root}` is not known here: the step has no {key}");
        let hint = match (root, source) {
            _ if one.role == Role::ForEach => None,
            ("item", Some(FanSource::Matrix(_))) => Some("write `matrix.NAME`".to_owned()),
            ("matrix", Some(_)) => Some("write `item`".to_owned()),
            _ => None,
        };
        unknown(desk, one, message, hint);
    }
}

fn other_step(
    desk: &mut Desk<'_>,
    workflow: &Workflow,
    known: &Known<'_>,
    one: &Use,
    asked: &mut Asked,
) {
    if one.step.is_none() && one.role != Role::Output {
        let message = "steps are not known here: this holds for all of them".to_owned();
        let hint = Some("write it in the step that needs it".to_owned());
        return unknown(desk, one, message, hint);
    }
    let mut names = one.reference.names();
    let Some(id) = names.next() else {
        let hint = Some("write `steps.ID.outputs.NAME` or `steps.ID.status`".to_owned());
        return unknown(desk, one, "name the step".to_owned(), hint);
    };
    let Some(&step) = known.steps.get(id) else {
        let hint = desk.meant(id, known.steps.keys().copied());
        return unknown(desk, one, format!("there is no step `{id}`"), hint);
    };
    let own_end = one.part == Part::Undo && one.step == Some(step);
    if let Some(reader) = one.step.filter(|_| !own_end) {
        let readers = asked.entry(step).or_default();
        readers.push((reader, one.span.clone()));
    }
    match (names.next(), names.next()) {
        // Of itself it knows nothing at all, which is told once.
        (Some("outputs"), Some(_))
            if one.step == Some(step) && !own_end || desk.unseen.contains(&step) => {}
        (Some("outputs"), Some(name)) => {
            output(desk, one, &workflow.steps[step], name);
            missed(desk, workflow, one, &workflow.steps[step], name);
        }
        (Some("outputs" | "status") | None, _) => {}
        (Some(other), _) => {
            let hint = desk
                .meant(other, ["outputs", "status"].into_iter())
                .unwrap_or_else(|| "there is `outputs` and `status`".to_owned());
            unknown(desk, one, format!("a step has no `{other}`"), Some(hint));
        }
    }
}

fn output(desk: &mut Desk<'_>, one: &Use, step: &Step, name: &str) {
    let names = step.output_names();
    if names.contains(&name) {
        return;
    }
    let id = &step.id;
    let hint = if step.fan_out.is_some() {
        format!("a fan-out publishes a list: `steps.{id}.outputs.items[0].{name}`")
    } else if let (Action::Workflow(inner), true) = (&step.action, names.is_empty()) {
        format!("declare it in {}: `outputs: {{{name}: ...}}`", inner.file)
    } else if let Some(meant) = desk.meant(name, names.iter().copied()) {
        meant
    } else if let Some(list) = list_of(names.iter().copied()) {
        format!("it has {list}")
    } else {
        format!("declare it in `{id}`: `outputs: {{{name}: {{file: true}}}}`, or by regex or json")
    };
    let code = "unknown_output";
    desk.error(
        code,
        one.span.clone(),
        format!("step `{id}` has no output `{name}`"),
    )
    .hint(hint);
}

/// In ungraceful mode a step that is passed over publishes nothing, unless something stands in for it.
fn missed(desk: &mut Desk<'_>, workflow: &Workflow, one: &Use, step: &Step, name: &str) {
    let skipped = |step: &Step| matches!(step.ungraceful, Some(Ungraceful::Skip));
    let reader = one.step.map(|i| &workflow.steps[i]);
    let reads = reader.is_some_and(|reader| !skipped(reader)) && one.part != Part::Undo;
    if skipped(step) && reads && !step.on_skip.contains_key(name) && step.fan_out.is_none() {
        let id = &step.id;
        let message = format!("in ungraceful mode `{id}` is skipped, and has no `{name}`");
        desk.warning("missed_output", one.span.clone(), message)
            .hint(format!(
                "give `{id}` what stands in: `on_skip: {{outputs: {{{name}: ...}}}}`"
            ));
    }
}

/// A step may only refer to steps that have ended when it starts.
fn order(desk: &mut Desk<'_>, workflow: &Workflow, asked: Asked) {
    let mut ancestry = None;
    for (step, mut readers) in asked {
        // Most read what they need directly.
        readers.retain(|(reader, _)| {
            let needs = &workflow.steps[*reader].needs;
            !needs.iter().any(|need| need.step == step)
        });
        if readers.is_empty() {
            continue;
        }
        let ancestry = ancestry.get_or_insert_with(|| Ancestry::of(&workflow.steps));
        let indices: Vec<usize> = readers.iter().map(|(reader, _)| *reader).collect();
        let before = ancestry.runs_before(step, &indices);
        let id = &workflow.steps[step].id;
        for (n, (reader, span)) in readers.into_iter().enumerate() {
            let (message, hint) = match before.as_ref().map(|before| before[n]) {
                Some(true) => continue,
                Some(false) if reader == step => (format!("`{id}` is this step itself"), None),
                Some(false) => (
                    format!("`{id}` does not run before this step"),
                    Some(format!("add `{id}` to its `needs`")),
                ),
                None => (
                    format!(
                        "cannot tell whether `{id}` runs before this step: there are too many paths"
                    ),
                    Some(format!("add `{id}` to its `needs`")),
                ),
            };
            desk.error("not_before", span, message).hint = hint;
        }
    }
}
