//! Workflow files run by the real binary without a screen, and what it says of them.

use std::process::Output;
use std::time::{Duration, Instant};

use serde_json::Value as Json;

use crate::support::{Answer, Place};

/// What came of a run.
pub(crate) struct Outcome {
    pub(crate) code: i32,
    /// The events, as `--json` gives them.
    pub(crate) events: Vec<Json>,
    pub(crate) err: String,
}

impl Outcome {
    /// The end of the last attempt of `step`.
    pub(crate) fn ended(&self, step: &str) -> &Json {
        let ended = |e: &&Json| e["step"] == step && !e["outcome"].is_null();
        let last = self.events.iter().rev().find(ended);
        last.unwrap_or_else(|| panic!("{step} has not ended: {:#?} {}", self.events, self.err))
    }
}

/// Writes `text` as a workflow file of `place` and runs it to its end. `set` adds to what it is started with.
pub(crate) fn run_with(
    place: &Place,
    text: &str,
    args: &[&str],
    set: impl FnOnce(&mut std::process::Command),
) -> Outcome {
    let began = Instant::now();
    let output = output_of(place, text, args, set);
    outcome(&output, began.elapsed())
}

/// The same, however long it takes.
pub(crate) fn run_slowly(
    place: &Place,
    text: &str,
    args: &[&str],
    set: impl FnOnce(&mut std::process::Command),
) -> Outcome {
    outcome(&output_of(place, text, args, set), Duration::ZERO)
}

fn output_of(
    place: &Place,
    text: &str,
    args: &[&str],
    set: impl FnOnce(&mut std::process::Command),
) -> Output {
    place.write("w.yaml", text);
    let all = [&["run", "w.yaml", "--headless", "--json"], args].concat();
    let mut command = place.command(&all);
    set(&mut command);
    command.output().expect("the binary starts")
}

fn outcome(output: &Output, took: Duration) -> Outcome {
    let Answer { code, out, err } = Answer::of(output, took);
    let events = out
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"));
    Outcome {
        code,
        events: events.collect(),
        err,
    }
}

pub(crate) fn run(place: &Place, text: &str) -> Outcome {
    run_with(place, text, &[], |_| {})
}
