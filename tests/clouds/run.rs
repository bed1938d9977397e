//! Workflow files run by the real binary without a screen, and what it says of them.

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
    place.write("w.yaml", text);
    let all = [&["run", "w.yaml", "--headless", "--json"], args].concat();
    let mut command = place.command(&all);
    set(&mut command);
    let began = std::time::Instant::now();
    let output = command.output().expect("the binary starts");
    let Answer { code, out, err } = Answer::of(&output, began.elapsed());
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
