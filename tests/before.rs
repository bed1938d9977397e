//! Before the first step, with the real binary: preflight checks, and what holds a run back.

mod support;

use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::Value as Json;
use support::Place;

const CHECKED: &str = "name: w
preflight:
  - {id: tools, exec: {argv: [sh, -c, 'echo found']}}
  - {id: ready, run: 'test -e ready', description: make the file ready}
  - {id: kind, severity: warn, run: 'test \"$FLIGHTDECK_RUN_KIND\" = drill'}
  - {id: sane, assert: {that: params.n > 1, message: 'n is ${{ params.n }}'}}
params: {n: {type: int, default: 2}}
steps:
  - {id: a, run: touch ran}
";

#[test]
fn the_checks_alone_are_told_as_a_table_and_by_the_exit_code() {
    let place = Place::new();
    place.write("w.yaml", CHECKED);
    let answer = place.run(&["preflight", "w.yaml"]);
    assert_eq!(answer.code, 7, "{answer:?}");
    for row in [
        "met        tools  blocks",
        "NOT MET    ready  blocks",
        "make the file ready",
        "NOT MET    kind   warns",
    ] {
        assert!(answer.out.contains(row), "{row}: {}", answer.out);
    }
    place.write("ready", "");
    let answer = place.run(&["preflight", "w.yaml"]);
    assert_eq!(answer.code, 3, "{answer:?}");
    let answer = place.run(&["preflight", "w.yaml", "--kind", "drill", "--json"]);
    assert_eq!(answer.code, 0, "{answer:?}");
    let checks: Json = serde_json::from_str(&answer.out).expect("JSON");
    assert_eq!(checks[1]["id"], "ready");
    assert_eq!(checks[1]["state"], "met");
    let answer = place.run(&["preflight", "w.yaml", "-p", "n=1"]);
    assert_eq!(answer.code, 7, "{answer:?}");
    assert!(answer.out.contains("n is 1"), "{}", answer.out);
    // It leaves no run, no folder, and has started no step.
    assert!(place.run(&["list"]).out.is_empty());
    let left = place
        .state()
        .join("preflight")
        .read_dir()
        .expect("the folder");
    assert_eq!(left.count(), 0);
    assert!(!place.work().join("ran").exists());
}

#[test]
fn a_run_begins_when_its_preflight_is_met_and_fails_when_it_blocks() {
    let place = Place::new();
    place.write("w.yaml", CHECKED);
    let answer = place.run(&["run", "w.yaml", "--headless", "--id", "held"]);
    assert_eq!(answer.code, 1, "{answer:?}");
    assert!(
        answer.err.contains("preflight ready: not met"),
        "{answer:?}"
    );
    assert!(!place.work().join("ran").exists());
    let shown = place.run(&["show", "held", "--json"]);
    let shown: Json = serde_json::from_str(&shown.out).expect("JSON");
    assert_eq!(shown["phase"], "failed");
    assert_eq!(shown["preflight"][1]["state"], "unmet");
    assert_eq!(shown["steps"][0]["state"], "skipped");
    let log = place.run(&["logs", "held", "tools"]);
    assert_eq!(log.out, "found\n", "{log:?}");

    place.write("ready", "");
    let answer = place.run(&["run", "w.yaml", "--headless", "--json", "--id", "well"]);
    assert_eq!(answer.code, 0, "{answer:?}");
    assert!(place.work().join("ran").exists());
    let events: Vec<Json> = answer
        .out
        .lines()
        .map(|l| serde_json::from_str(l).expect("JSON"))
        .collect();
    let place_of =
        |test: &dyn Fn(&Json) -> bool| events.iter().position(test).expect("it is there");
    let checked = place_of(&|e| e["event"] == "attempt_ended" && e["step"] == "kind");
    let began = place_of(&|e| e["event"] == "phase_changed" && e["phase"] == "running");
    let started = place_of(&|e| e["event"] == "attempt_started" && e["step"] == "a");
    assert!(checked < began && began < started, "{}", answer.out);
    assert!(
        events[began]["why"]
            .as_str()
            .unwrap_or_default()
            .contains("warning: kind")
    );
}

#[test]
fn another_terminal_overrides_what_blocks_and_the_record_says_who_and_why() {
    let place = Place::new();
    place.write("w.yaml", CHECKED);
    let args = ["run", "w.yaml", "--headless", "--hold", "--id", "held"];
    let mut run = place
        .command(&args)
        .stdout(Stdio::null())
        .spawn()
        .expect("it starts");
    let asked = |args: &[&str]| place.run(&[&["ctl", "held"], args].concat());
    let began = Instant::now();
    // Refused until the check has found something, and the socket is there.
    while asked(&["override", "--reason", "the dba agrees"]).code != 0 {
        assert!(
            began.elapsed() < Duration::from_secs(20),
            "never overridden"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(run.wait().expect("it ends").code(), Some(0));
    assert!(place.work().join("ran").exists());
    let shown = place.run(&["show", "held"]);
    assert!(
        shown.out.contains("override preflight: the dba agrees"),
        "{}",
        shown.out
    );
    assert!(shown.out.contains("(overridden by"), "{}", shown.out);
}
