//! Two terminals on one run: one drives, the other watches, and takes the controls when the first is gone.

use std::time::{Duration, Instant};

use serde_json::Value as Json;

use crate::face::Face;
use crate::place::Place;

const WORKFLOW: &str = r"
name: two-pilots
steps:
  - id: gate
    run: test -e go
    idempotent: true
  - id: cutover
    run: echo done >> ledger
    needs: gate
";

/// Only a broken machine takes so long to hand over what nobody holds; it takes some milliseconds (README).
const TAKEN_WITHIN: Duration = Duration::from_secs(2);

#[test]
fn the_second_pilot_takes_over_from_a_dead_terminal_and_finishes() {
    let place = Place::new();
    let file = place.write("w.yaml", WORKFLOW);
    let file = file.to_str().expect("a path");
    let mut first = Face::start(&place, &["run", file, "--id", "r1"], 120, 30);
    first.wait("FAIL");
    let mut second = Face::start(&place, &["attach", "r1"], 120, 30);
    second.wait("WATCHING  controls: ");

    // Watching changes nothing; and while the first is there, its controls are asked for, and refused.
    second.keys("r");
    second.wait("watching only");
    second.keys("C");
    second.wait("Ask ");
    second.keys("y");
    first.wait("asks for the controls: C answers");
    second.wait("You have asked");
    first.keys("C");
    first.wait("Hand the controls over");
    first.keys("n");
    second.wait("you do not get the controls");

    first.hang_up();
    second.wait("who is gone");
    let begun = Instant::now();
    second.keys("C");
    second.wait("Take the controls?");
    second.keys("y");
    second.wait("you have the controls: their holder was gone");
    let took = begun.elapsed();
    assert!(took < TAKEN_WITHIN, "took {took:?}");

    place.write("go", "");
    second.keys("r");
    second.wait("Retry gate");
    second.keys("y");
    second.wait("SUCCEEDED");
    assert_eq!(second.quit(), 0);
    let ledger = std::fs::read_to_string(place.path("ledger")).expect("a ledger");
    assert_eq!(ledger, "done\n");
    both_are_named(&place);
}

/// The record knows the two terminals apart, though one person sat at both.
fn both_are_named(place: &Place) {
    let output = place.output(&["show", "r1", "--events", "--json"]);
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let events = text
        .lines()
        .map(|line| serde_json::from_str(line).expect("a line"));
    let events: Vec<Json> = events.collect();
    let at = |name: &str, test: &dyn Fn(&Json) -> bool| {
        let found = events.iter().find(|e| e["event"] == name && test(e));
        let found = found.unwrap_or_else(|| panic!("no {name}:\n{text}"));
        found["actor_at"].as_str().unwrap_or_default().to_owned()
    };
    let first = at("run_started", &|_| true);
    let lost = at("controls_lapsed", &|_| true);
    let second = at("controls_taken", &|e| e["grounds"] == "lapsed");
    let retried = at("command_accepted", &|e| e["command"] == "retry");
    assert_eq!(first, lost);
    assert_eq!(second, retried);
    assert_ne!(first, second);
}
