//! What a run does by itself when nobody is there, with the real binary.

mod support;

use std::time::{Duration, Instant};

use serde_json::Value as Json;
use support::Place;

/// Waits for a condition of the world, with a limit.
fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < Duration::from_secs(20), "never: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn events(place: &Place, run: &str) -> Vec<Json> {
    let lines = place.run(&["show", run, "--events"]).out;
    let lines = lines.lines();
    lines
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect()
}

fn has(place: &Place, run: &str, event: &str) -> bool {
    let all = events(place, run);
    all.iter().any(|e| e["event"] == event)
}

const ASKS: &str = "name: w
attention_timeout: 3s
on_attention_timeout: rollback
steps:
  - {id: a, run: touch done, compensate: {run: rm done}}
  - {id: go, approval: {message: go on?}}
";

/// Without `--hold` it stays, since it goes out by itself; the engine's death does not move that moment.
#[test]
fn nobody_answers_and_the_run_is_rolled_back_at_the_moment_that_was_told() {
    let place = Place::new();
    place.write("w.yaml", ASKS);
    let args = ["run", "w.yaml", "--headless", "--id", "alone"];
    let mut engine = place.command(&args).spawn().expect("the binary starts");
    until("it asks", || has(&place, "alone", "attention_began"));
    engine.kill().expect("it lives");
    engine.wait().expect("it is dead");
    assert!(place.work().join("done").exists());
    let answer = place.run(&["resume", "alone", "--headless"]);
    assert_eq!(answer.code, 5, "{answer:?}");
    assert!(!place.work().join("done").exists());
    let all = events(&place, "alone");
    let of = |name: &str| {
        let mut found = all.iter().filter(|e| e["event"] == name);
        let first = found.next().unwrap_or_else(|| panic!("no {name}"));
        assert_eq!(found.next(), None, "{name} twice");
        first
    };
    let moment = of("attention_began")["until"].as_str().expect("a moment");
    let out = all.iter().find(|e| e["phase"] == "cancelling");
    let out = out.expect("it went out");
    assert!(out["at"].as_str().expect("a moment") >= moment, "{out}");
    assert_eq!(out["why"], "nobody has acted for 3s (attention_timeout)");
    let report = place.run(&["report", "alone"]).out;
    assert!(report.contains("nobody has acted for 3s"), "{report}");
}

#[test]
fn an_answer_in_time_is_an_answer() {
    let place = Place::new();
    place.write("w.yaml", &ASKS.replace("3s", "30m"));
    let args = ["run", "w.yaml", "--headless", "--id", "asked"];
    let mut engine = place.command(&args).spawn().expect("the binary starts");
    until("it asks", || has(&place, "asked", "attention_began"));
    let told = place.run(&["show", "asked"]).out;
    assert!(told.contains("rolls back"), "{told}");
    let answer = place.run(&["ctl", "asked", "approve", "go"]);
    assert_eq!(answer.code, 0, "{answer:?}");
    let code = engine.wait().expect("it ends").code();
    assert_eq!(code, Some(0));
}

const HOOKED: &str = "name: w
hooks:
  attention:
    run: 'env | grep ^FLIGHTDECK_ | grep -v OUTPUT >attention; echo told'
  ended: {run: 'echo \"$FLIGHTDECK_PHASE: $FLIGHTDECK_REASON: $FLIGHTDECK_FAILED_STEPS\" >ended; exit 3'}
steps:
  - {id: a, run: 'exit 7'}
  - {id: b, run: 'true'}
";

/// They hear what has happened, and what becomes of them changes nothing.
#[test]
fn hooks_are_told_and_change_nothing() {
    let place = Place::new();
    place.write("w.yaml", HOOKED);
    let args = ["run", "w.yaml", "--headless", "--hold", "--id", "paged"];
    let mut engine = place.command(&args).spawn().expect("the binary starts");
    let ended = |hook: &str| {
        let all = events(&place, "paged");
        let of = |e: &&Json| e["step"] == hook && e["event"] == "attempt_ended";
        all.iter().find(of).cloned()
    };
    until("it has paged", || ended("hooks.attention").is_some());
    let told = std::fs::read_to_string(place.work().join("attention")).expect("it ran");
    for line in [
        "FLIGHTDECK_HOOK=attention",
        "FLIGHTDECK_RUN_ID=paged",
        "FLIGHTDECK_PHASE=running",
        "FLIGHTDECK_REASON=a has failed: exit 7",
        "FLIGHTDECK_FAILED_STEPS=a",
    ] {
        assert!(told.lines().any(|l| l == line), "{line}: {told}");
    }
    assert_eq!(
        place.run(&["logs", "paged", "hooks.attention"]).out,
        "told\n"
    );
    let reason = ["--reason", "no \"way\" $(touch pwned) on"];
    let abort = ["ctl", "paged", "abort", "now"];
    let answer = place.run(&[&abort[..], &reason[..]].concat());
    assert_eq!(answer.code, 0, "{answer:?}");
    // Its own end is that of the run, and it stays until the hook has ended.
    assert_eq!(engine.wait().expect("it ends").code(), Some(4));
    let hook = ended("hooks.ended").expect("the hook has ended before the engine");
    assert_eq!(hook["exit_code"], 3);
    let told = std::fs::read_to_string(place.work().join("ended")).expect("it ran");
    assert!(told.starts_with("cancelled: "), "{told}");
    assert!(told.contains("no \"way\" $(touch pwned) on: a\n"), "{told}");
    assert!(!place.work().join("pwned").exists());
    let report = place.run(&["report", "paged"]).out;
    assert!(report.contains("hooks.ended"), "{report}");
    let shown = place.run(&["show", "paged"]).out;
    assert!(shown.contains("hooks.ended failed: exit 3"), "{shown}");
}

/// A hook that runs when the engine is killed is not begun again: its end is found, and recorded by whoever takes the run up.
#[test]
fn a_hook_outlives_its_engine_and_runs_once() {
    let place = Place::new();
    let text = HOOKED.replace("exit 7", "true").replace(
        "echo \"$FLIGHTDECK_PHASE",
        "echo begun >>begun; until test -e go; do sleep 0.02; done; echo \"$FLIGHTDECK_PHASE",
    );
    place.write("w.yaml", &text);
    let args = ["run", "w.yaml", "--headless", "--id", "killed"];
    let mut engine = place.command(&args).spawn().expect("the binary starts");
    until("the hook runs", || place.work().join("begun").exists());
    engine.kill().expect("it lives");
    engine.wait().expect("it is dead");
    place.write("go", "");
    let answer = place.run(&["resume", "killed", "--headless"]);
    assert_eq!(answer.code, 0, "{answer:?}");
    let begun = std::fs::read_to_string(place.work().join("begun")).expect("it ran");
    assert_eq!(begun, "begun\n");
    let all = events(&place, "killed");
    let of = |name: &str| {
        let hook = all.iter().filter(|e| e["step"] == "hooks.ended");
        hook.filter(|e| e["event"] == name).count()
    };
    assert_eq!((of("attempt_started"), of("attempt_ended")), (1, 1));
    let answer = place.run(&["resume", "killed", "--headless"]);
    assert!(answer.err.contains("nothing to take up"), "{answer:?}");
}
