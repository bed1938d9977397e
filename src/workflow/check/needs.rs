//! Ids of steps, which step comes before which, and that no step waits for itself.

use std::collections::{BTreeMap, HashSet};

use super::desk::{Desk, named};
use super::{graph, ids as names};
use crate::workflow::document::{Document, NeedWord, Needs, StepDoc};
use crate::workflow::plan::{Need, Workflow};
use crate::yaml::{At, list_of, place};

/// Each id, and the first step that has it.
pub(super) type Ids<'d> = BTreeMap<&'d str, usize>;

/// Cycles of one file that are told.
const CYCLES_MAX: usize = 10;
/// Steps of a cycle that are printed.
const CYCLE_SHOWN: usize = 12;

pub(super) fn ids<'d>(desk: &mut Desk<'_>, document: &'d Document, root: At<'_>) -> Ids<'d> {
    let mut ids = Ids::new();
    let at = root.down("steps");
    let steps = document.steps.as_deref().unwrap_or_default();
    for (i, step) in steps.iter().enumerate() {
        let at = at.nth(i);
        let Some(id) = step.id.as_deref() else {
            if !at.has("id") && !desk.is_unread(at) {
                no_id(desk, at, i, step);
            }
            continue;
        };
        if !names::is_step_id(id) && !desk.is_unread(at.down("id")) {
            bad_id(desk, at.down("id"), id);
        }
        if let Some(&first) = ids.get(id) {
            let first = root.down("steps").nth(first).down("id").span();
            let line = place(desk.text, first.start).0;
            let message = format!("the id `{id}` is there twice, first at line {line}");
            desk.error("duplicate_id", at.down("id").span(), message)
                .label("and here again")
                .also(first, "first here")
                .hint("give one of the two steps another id");
        } else {
            ids.insert(id, i);
        }
    }
    ids
}

fn no_id(desk: &mut Desk<'_>, at: At<'_>, i: usize, step: &StepDoc) {
    let better = step.name.as_deref().and_then(names::as_step_id);
    let better = better.unwrap_or_else(|| format!("step-{}", i + 1));
    desk.error(
        "missing_key",
        at.span(),
        format!("step {} has no id", i + 1),
    )
    .hint(format!("add `id: {better}`"));
}

pub(super) fn bad_id(desk: &mut Desk<'_>, at: At<'_>, id: &str) {
    let message =
        format!("`{id}` cannot be an id: an id must be [a-z0-9_-], at most 64 characters");
    let hint = match names::as_step_id(id) {
        Some(better) if better != id => format!("perhaps `{better}`; `name` may be any text"),
        _ => "start with a small letter or a digit; `name` may be any text".to_owned(),
    };
    desk.error("bad_id", at.span(), message).hint(hint);
}

/// What step `i` needs.
pub(super) fn needs(
    desk: &mut Desk<'_>,
    step: &StepDoc,
    at: At<'_>,
    i: usize,
    ids: &Ids<'_>,
) -> Vec<Need> {
    let at = at.down("needs");
    match &step.needs {
        None => i
            .checked_sub(1)
            .map(|step| Need { step, any: false })
            .into_iter()
            .collect(),
        Some(Needs::List(list)) => {
            let wanted = list.iter().enumerate();
            let wanted = wanted.map(|(n, id)| (id.as_str(), false, at.nth(n)));
            collect(desk, i, ids, wanted)
        }
        Some(Needs::Map(map)) => {
            let wanted = named(at, map).map(|(id, word, at)| (id, *word == NeedWord::Any, at));
            collect(desk, i, ids, wanted)
        }
    }
}

fn collect<'d>(
    desk: &mut Desk<'_>,
    i: usize,
    ids: &Ids<'_>,
    wanted: impl Iterator<Item = (&'d str, bool, At<'d>)>,
) -> Vec<Need> {
    let mut needs = Vec::new();
    let mut seen = HashSet::new();
    for (id, any, at) in wanted {
        // In a list the value is the id, in a map the key.
        let span = if at.key_span() == at.span() || any {
            at.key_span()
        } else {
            at.span()
        };
        match ids.get(id) {
            None => {
                let hint = desk.meant(id, ids.keys().copied());
                let hint = hint.or_else(|| few(ids));
                desk.error("unknown_need", span, format!("unknown step `{id}`"))
                    .label("no step has this id")
                    .hint = hint;
            }
            Some(&step) if step == i => {
                desk.error("self_need", span, "the step needs itself")
                    .hint("remove it");
            }
            Some(&step) => {
                if seen.insert(step) {
                    needs.push(Need { step, any });
                } else {
                    desk.warning("duplicate_need", span, format!("`{id}` is needed twice"));
                }
            }
        }
    }
    needs
}

/// All ids, if they are few enough to be read.
fn few(ids: &Ids<'_>) -> Option<String> {
    let list = list_of(ids.keys().copied())?;
    (ids.len() <= 12).then(|| format!("the steps are {list}"))
}

/// Tells every cycle. True if there is none.
pub(super) fn cycles(desk: &mut Desk<'_>, workflow: &Workflow, steps: At<'_>) -> bool {
    let cycles = graph::cycles(&workflow.steps);
    for cycle in cycles.iter().take(CYCLES_MAX) {
        let id = |i: usize| workflow.steps[i].id.as_str();
        let mut shown: Vec<&str> = cycle.iter().take(CYCLE_SHOWN).map(|&i| id(i)).collect();
        if cycle.len() > CYCLE_SHOWN {
            shown.push("...");
        }
        shown.push(id(cycle[0]));
        let place = |i: usize| {
            let at = steps.nth(i);
            at.get("needs")
                .map_or_else(|| at.down("id").span(), At::span)
        };
        let message = format!("steps need each other in a circle: {}", shown.join(" -> "));
        let problem = desk.error("cycle", place(cycle[0]), message);
        problem.hint("`a -> b` means that a needs b: remove one of these needs");
        for (n, &i) in cycle.iter().enumerate().take(CYCLE_SHOWN).skip(1) {
            let next = cycle[(n + 1) % cycle.len()];
            problem.also(place(i), format!("`{}` needs `{}`", id(i), id(next)));
        }
    }
    cycles.is_empty()
}
