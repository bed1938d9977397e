//! Approval of the start (`policies.approvals`), answered from another terminal.

mod support;

use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value as Json;
use support::Place;

fn workflow(live: &str) -> String {
    format!(
        "name: w
policies: {{approvals: {{live: {live}}}}}
params: {{to: {{type: string, default: north}}, note: {{type: string}}}}
steps:
  - {{id: a, run: touch ran}}
"
    )
}

fn held(place: &Place, id: &str) -> Child {
    let args = ["run", "w.yaml", "--headless", "--hold", "--id", id];
    let mut command = place.command(&args);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().expect("it starts")
}

fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < Duration::from_secs(25), "never: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn nothing_starts_before_somebody_approves_and_the_record_says_who_saw_what() {
    let place = Place::new();
    place.write("w.yaml", &workflow("{count: 1}"));
    // With no one to wait, it says what it waits for and lets go.
    let alone = place.run(&["run", "w.yaml", "--headless", "--id", "alone"]);
    assert_eq!(alone.code, 75, "{alone:?}");
    let said = "_approval: waiting, 0 of 1 approvals";
    assert!(alone.err.contains(said), "{alone:?}");

    let mut run = held(&place, "r");
    let approve = ["ctl", "r", "approve", "_approval", "--reason", "go"];
    until("the approval is taken", || {
        assert!(
            !place.work().join("ran").exists(),
            "not before the approval"
        );
        place.run(&approve).code == 0
    });
    assert_eq!(run.wait().expect("it ends").code(), Some(0));
    assert!(place.work().join("ran").exists());
    let report = place.run(&["report", "r", "--format", "json"]);
    assert!(
        report
            .out
            .contains("Start w live? With to = north, note = -"),
        "{}",
        report.out
    );
}

#[test]
fn whoever_started_it_does_not_count() {
    let place = Place::new();
    place.write("w.yaml", &workflow("{count: 1, not_starter: true}"));
    let mut run = held(&place, "r");
    let approve = || place.run(&["ctl", "r", "approve", "_approval"]);
    until("it is refused", || {
        let refused = approve();
        assert_ne!(refused.code, 0, "{refused:?}");
        refused
            .err
            .contains("has started the run, and may not answer")
    });
    let mark = ["ctl", "r", "mark", "_approval", "--reason", "done"];
    assert_eq!(place.run(&mark).code, 7);
    let abort = [
        "ctl",
        "r",
        "abort",
        "now",
        "--reason",
        "nobody else is here",
    ];
    assert_eq!(place.run(&abort).code, 0);
    assert_eq!(run.wait().expect("it ends").code(), Some(4));
    assert!(!place.work().join("ran").exists());

    let drill = [
        "run",
        "w.yaml",
        "--headless",
        "--kind",
        "drill",
        "--id",
        "d",
    ];
    assert_eq!(place.run(&drill).code, 0);
    let shown = place.run(&["show", "d", "--json"]);
    let shown: Json = serde_json::from_str(&shown.out).expect("JSON");
    assert_eq!(shown["steps"][0]["id"], "_approval");
    assert_eq!(shown["steps"][0]["state"], "skipped");
}
