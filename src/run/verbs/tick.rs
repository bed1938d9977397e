//! Tick: one item of a checklist is done, or not done after all.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::super::actor::Actor;
use super::super::desk::Desk;
use super::super::event::Event;
use super::super::machine::Run;
use super::super::state::{Ask, Tick};
use super::aim::{Check, refuse, wrong_state};
use crate::id::StepId;

pub(super) fn check(
    run: &Run,
    step: &StepId,
    item: usize,
    done: bool,
    value: Option<&str>,
) -> Check {
    let Some(items) = items(run, step) else {
        return wrong_state(run, step, "tick", "a checklist that waits");
    };
    let Some(tick) = items.get(item) else {
        return refuse(
            format!("{step} has no item {}", item + 1),
            format!("it has {}", items.len()),
        );
    };
    match (&tick.done, done) {
        (Some((actor, at)), true) => refuse(
            format!("already ticked by {actor} {}", at.clock()),
            "untick it first",
        ),
        (None, false) => refuse("this item is not ticked", ""),
        _ => match &tick.input {
            Some(name) if done && value.is_none_or(|v| v.trim().is_empty()) => refuse(
                format!("this item asks for a value: {name}"),
                "type it with the tick",
            ),
            _ => Ok(()),
        },
    }
}

pub(super) fn act(
    desk: &mut Desk,
    step: &StepId,
    (item, done): (usize, bool),
    actor: &Actor,
    note: &str,
    value: Option<&String>,
) {
    desk.emit(Event::ItemTicked {
        step: step.clone(),
        item,
        done,
        actor: actor.clone(),
        note: note.to_owned(),
        value: value.filter(|_| done).cloned(),
    });
}

fn items<'a>(run: &'a Run, step: &StepId) -> Option<&'a [Tick]> {
    match &run.step(step)?.ask {
        Some(Ask::Checklist { items }) => Some(items),
        _ => None,
    }
}

/// Every required item; where none is required, every item.
pub(in crate::run) fn all_done(items: &[Tick]) -> bool {
    let any_required = items.iter().any(|i| i.required);
    let counts = |i: &&Tick| i.required || !any_required;
    items.iter().filter(counts).all(|i| i.done.is_some())
}

pub(in crate::run) fn outputs(items: &[Tick]) -> BTreeMap<String, Json> {
    let record = |item: &Tick| {
        json!({
            "text": item.text,
            "done": item.done.is_some(),
            "by": item.done.as_ref().map(|(actor, _)| actor.to_string()),
            "note": item.note,
            "value": item.value,
        })
    };
    let all = items.iter().map(record).collect();
    let mut outputs = BTreeMap::from([("items".to_owned(), Json::Array(all))]);
    for item in items {
        if let (Some(name), Some(value)) = (&item.input, &item.value) {
            outputs.insert(name.clone(), json!(value));
        }
    }
    outputs
}
