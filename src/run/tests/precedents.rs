//! What past runs tell of a step that went wrong.

use super::scenario::play;
use crate::run::{PastRuns, Run};

const PLAN: &str = "step a\nstep b needs a\nstart";

fn run(text: &str) -> Run {
    play(&format!("{PLAN}\n{text}")).run
}

/// What these runs, the newest first, tell of step `b`.
fn told(runs: &[&str]) -> Option<String> {
    let mut past = PastRuns::default();
    for text in runs {
        past.add(&run(text));
    }
    let before = past.precedents.of(&"b".into())?;
    Some(format!("{}; {}", before.failure, before.then))
}

#[test]
fn what_went_wrong_is_told_with_what_was_done_and_what_came_of_it() {
    let retried = "! a.1 succeeded\n! b.1 failed exit 3\n> mira: retry b\n! b.2 succeeded";
    assert_eq!(
        told(&[retried]).as_deref(),
        Some("exit 3; mira retried, ok at try 2")
    );
    let skipped = "! a.1 succeeded\n! b.1 failed exit 3\n> sam: skip b because broken";
    assert_eq!(
        told(&[skipped]).as_deref(),
        Some("exit 3; sam skipped: because")
    );
    let marked = "! a.1 succeeded\n! b.1 failed\n> mark b because";
    assert_eq!(
        told(&[marked]).as_deref(),
        Some("failed; ana marked: because")
    );
    let left = "! a.1 succeeded\n! b.1 failed exit 3\n> abort now because";
    assert_eq!(told(&[left]).as_deref(), Some("exit 3; it stayed failed"));
}

#[test]
fn the_newest_run_in_which_it_went_wrong_counts() {
    let well = "! a.1 succeeded\n! b.1 succeeded";
    let skipped = "! a.1 succeeded\n! b.1 failed exit 3\n> sam: skip b because";
    let retried = "! a.1 succeeded\n! b.1 failed exit 4\n> retry b\n! b.2 succeeded";
    assert_eq!(told(&[well]), None);
    assert_eq!(
        told(&[well, skipped, retried]).as_deref(),
        Some("exit 3; sam skipped: because")
    );
}

#[test]
fn inputs_that_changed_since_the_last_success_are_told() {
    let plan = |target: &str| {
        format!(
            "file w.yaml\n| name: w\n| steps:\n|   - {{id: a, run: do-it, env: {{TARGET: {target}}}}}\nstart\n"
        )
    };
    let mut past = PastRuns::default();
    past.add(&play(&format!("{}! a.1 succeeded", plan("blue"))).run);
    let now = play(&format!("{}! a.1 failed", plan("green"))).run;
    let changed = past
        .precedents
        .changed(&now, &"a".into())
        .expect("both have attempts");
    let told: Vec<_> = changed
        .inputs
        .iter()
        .map(|pair| (&*pair.name, pair.values.clone()))
        .collect();
    let values = ["blue", "green"].map(|value| Some(value.to_owned()));
    assert_eq!(told, [("env.TARGET", values)]);
    let same = play(&format!("{}! a.1 failed", plan("blue"))).run;
    let changed = past
        .precedents
        .changed(&same, &"a".into())
        .expect("both have attempts");
    assert_eq!(changed.inputs, []);
    let untried = play(&plan("green")).run;
    assert!(past.precedents.changed(&untried, &"b".into()).is_none());
}
