//! A real run that fails and is undone under the outside ledger: in reverse order, each step once, whatever dies meanwhile.

use std::path::Path;
use std::process::Output;

use crate::place::{Place, wait_for};

/// Three steps; the last one fails and its author wants all of it undone. A compensation waits for the file `go`.
fn workflow(place: &Place) {
    let ledger = place.path("ledger");
    let text = format!(
        r#"name: three
env: {{LEDGER: "{}"}}
steps:
  - id: a
    run: |
      echo "$FLIGHTDECK_STEP_ID $FLIGHTDECK_ATTEMPT" >> "$LEDGER"
      echo "made=house-1" >> "$FLIGHTDECK_OUTPUT"
    outputs: {{made: {{file: true, required: true}}}}
    compensate:
      run: |
        echo "$FLIGHTDECK_STEP_ID $FLIGHTDECK_ATTEMPT $MADE" >> "$LEDGER"
      env: {{MADE: "${{{{ steps.a.outputs.made }}}}"}}
  - id: b
    run: echo "$FLIGHTDECK_STEP_ID $FLIGHTDECK_ATTEMPT" >> "$LEDGER"
    compensate:
      run: |
        echo "$FLIGHTDECK_STEP_ID $FLIGHTDECK_ATTEMPT" >> "$LEDGER"
        while ! [ -e go ]; do sleep 0.02; done
  - id: c
    run: echo "$FLIGHTDECK_STEP_ID $FLIGHTDECK_ATTEMPT" >> "$LEDGER"; exit 3
    on_failure: rollback
    compensate: {{run: exit 9}}
"#,
        ledger.display()
    );
    place.write("three.yaml", &text);
}

fn ledger(place: &Place) -> Vec<String> {
    let text = std::fs::read_to_string(place.path("ledger")).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

const UNDONE: [&str; 5] = ["a 1", "b 1", "c 1", "b.undo 1", "a.undo 1 house-1"];

fn is_rolled_back(place: &Place, output: &Output) {
    let talk = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(5), "{talk}");
    assert_eq!(place.phase("r"), "rolled_back");
    assert_eq!(ledger(place), UNDONE);
    assert_eq!(place.step("r", "a"), "compensated");
    assert_eq!(place.step("r", "c"), "failed");
    assert_eq!(place.step("r", "a.undo"), "succeeded");
}

#[test]
fn a_run_that_fails_is_undone_in_reverse_order() {
    let place = Place::new();
    workflow(&place);
    place.write("go", "");
    let output = place.output(&["run", "three.yaml", "--headless", "--id", "r"]);
    is_rolled_back(&place, &output);
    let talk = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        talk.contains("rolling back: b, a; left as they are: c"),
        "{talk}"
    );
    // Each compensation has its own log.
    let logs = place.output(&["logs", "r", "b.undo"]);
    assert!(logs.status.success(), "{logs:?}");
    assert!(Path::new(&place.path("state/runs/r")).exists());
}

#[test]
fn a_roll_back_survives_the_death_of_its_engine() {
    let place = Place::new();
    workflow(&place);
    let mut child = place.start(&["run", "three.yaml", "--headless", "--id", "r"]);
    wait_for("the first compensation", || ledger(&place).len() == 4);
    child.kill().expect("killed");
    child.wait().expect("reaped");
    place.write("go", "");
    let output = place.output(&["resume", "r", "--headless"]);
    is_rolled_back(&place, &output);
}
