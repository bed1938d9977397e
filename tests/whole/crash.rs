//! The engine is killed at random moments, and the terminal goes away at random moments; nothing is lost or done twice.

use std::time::Duration;

use crate::face::Face;
use crate::ledger;
use crate::place::{Dice, Place, cases, wait_for};

const STEPS: usize = 200;

/// `kill -9` of the engine again and again, each time followed by `resume`, until the run has ended; then the next run.
/// `FLIGHTDECK_CASES=200 cargo test --release --test whole kill` is the long form.
#[test]
fn a_killed_engine_loses_nothing_and_repeats_nothing() {
    let kills = cases(20);
    let (mut dice, mut killed, mut run) = (Dice(0x5eed_0001), 0, 0);
    while killed < kills {
        run += 1;
        let place = Place::new();
        let ledger_file = place.path("ledger");
        place.write("ledger.yaml", &ledger::workflow(STEPS, 10, &ledger_file));
        let mut child = place.start(&["run", "ledger.yaml", "--headless", "--id", "r"]);
        place.wait_for_run();
        loop {
            std::thread::sleep(Duration::from_millis(dice.below(400)));
            if child.try_wait().expect("its state").is_some() || killed == kills {
                break;
            }
            child.kill().expect("killed");
            child.wait().expect("reaped");
            killed += 1;
            child = place.start(&["resume", "r", "--headless"]);
        }
        let status = child.wait().expect("its end");
        let talk = std::fs::read_to_string(place.path("talk")).unwrap_or_default();
        // A run that had ended when it was taken up says so, and with the same code.
        assert!(
            status.success(),
            "run {run} after {killed} kills: {status}\n{}",
            tail(&talk)
        );
        assert_eq!(place.phase("r"), "succeeded");
        ledger::check(&ledger_file, STEPS);
    }
    assert!(killed >= kills);
}

/// Killed inside a sub-workflow, whose file is gone when the run is taken up: the journal holds all that is needed.
#[test]
fn a_sub_workflow_is_taken_up_without_its_file() {
    let place = Place::new();
    let ledger_file = place.path("ledger");
    place.write(
        "outer.yaml",
        "name: outer\nsteps:\n  - {id: name, set: {host: db1}}\n  - {id: restore, workflow: {file: inner.yaml, params: {host: \"${{ steps.name.outputs.host }}\"}}}\n  - {id: after, run: 'test \"$WHERE\" = db1-restored', env: {WHERE: \"${{ steps.restore.outputs.where }}\"}}\n",
    );
    let inner = format!(
        "name: inner\nparams: {{host: {{type: string, required: true}}}}\nenv: {{LEDGER: \"{}\", HOST: \"${{{{ params.host }}}}\"}}\noutputs: {{where: \"${{{{ params.host }}}}-restored\"}}\nsteps:\n  - id: first\n    run: |\n      echo \"$FLIGHTDECK_STEP_ID $HOST\" >> \"$LEDGER\"\n      while ! test -e go; do sleep 0.05; done\n  - {{id: second, run: 'echo \"$FLIGHTDECK_STEP_ID $HOST\" >> \"$LEDGER\"'}}\n",
        ledger_file.display()
    );
    place.write("inner.yaml", &inner);
    let mut child = place.start(&["run", "outer.yaml", "--headless", "--id", "r"]);
    wait_for("the first step inside", || ledger_file.exists());
    child.kill().expect("killed");
    child.wait().expect("reaped");
    std::fs::remove_file(place.path("inner.yaml")).expect("removed");
    place.write("go", "");
    let resumed = place.output(&["resume", "r", "--headless"]);
    assert!(resumed.status.success(), "{resumed:?}");
    assert_eq!(place.step("r", "restore"), "succeeded");
    let lines = std::fs::read_to_string(&ledger_file).expect("a ledger");
    assert_eq!(lines, "restore/first db1\nrestore/second db1\n");
}

/// A retry that became due while no engine was there is started once by the next one.
#[test]
fn a_retry_that_is_due_at_resume_starts_once() {
    let place = Place::new();
    let ledger_file = place.path("ledger");
    let text = format!(
        "name: due\nsteps:\n  - id: a\n    retry: {{limit: 5, delay: 1s}}\n    env: {{LEDGER: \"{}\"}}\n    run: |\n      echo \"$FLIGHTDECK_STEP_ID $FLIGHTDECK_ATTEMPT\" >> \"$LEDGER\"\n      sleep 0.3\n      test -e fixed\n",
        ledger_file.display()
    );
    place.write("due.yaml", &text);
    let mut child = place.start(&["run", "due.yaml", "--headless", "--id", "r"]);
    place.wait_for_run();
    wait_for("the retry", || place.step("r", "a") == "retrying");
    child.kill().expect("killed");
    child.wait().expect("reaped");
    place.write("fixed", "");
    // Until it is due.
    std::thread::sleep(Duration::from_millis(1200));
    let resumed = place.output(&["resume", "r", "--headless"]);
    assert!(resumed.status.success(), "{resumed:?}");
    let attempts: Vec<_> = ledger::read(&ledger_file).into_keys().collect();
    assert_eq!(attempts, ["a 1", "a 2"]);
}

/// The terminal goes away at a random moment; the same process goes on without it to the end.
#[test]
fn a_run_outlives_its_terminal() {
    let mut dice = Dice(0x5eed_0002);
    for round in 0..=(cases(20) / 4) {
        let place = Place::new();
        let ledger_file = place.path("ledger");
        place.write("ledger.yaml", &ledger::workflow(STEPS, 10, &ledger_file));
        let mut face = Face::start(&place, &["run", "ledger.yaml", "--id", "r"], 80, 24);
        face.wait("ledger");
        std::thread::sleep(Duration::from_millis(dice.below(600)));
        face.hang_up();
        wait_for(&format!("the end of round {round}"), || face.has_ended());
        let events = place.output(&["show", "r", "--events"]);
        assert_eq!(
            place.phase("r"),
            "succeeded",
            "round {round}: {:?}\n{}\n{}",
            face.end(),
            tail(&String::from_utf8_lossy(&events.stdout)),
            place.diagnostics()
        );
        ledger::check(&ledger_file, STEPS);
    }
}

/// After a hang-up a failed step parks; a new screen takes the run over and the operator goes on.
#[test]
fn a_new_screen_takes_over_what_a_hang_up_left() {
    let place = Place::new();
    let text = "name: two\nsteps:\n  - id: slow\n    run: sleep 3\n  - id: bad\n    needs: []\n    run: test -e fixed\n";
    place.write("two.yaml", text);
    let mut face = Face::start(&place, &["run", "two.yaml", "--id", "r"], 80, 24);
    face.wait("FAIL");
    face.hang_up();
    wait_for("the word of the hang-up", || {
        let events = place.output(&["show", "r", "--events"]);
        String::from_utf8_lossy(&events.stdout).contains("terminal went away")
    });
    place.write("fixed", "");
    let mut second = Face::start(&place, &["resume", "r"], 80, 24);
    second.wait("FAIL");
    // If the process that was hung up upon had let go already, the run stands by.
    if second.text().contains("TAKE UP r") {
        Face::settle();
        second.keys("\r");
        wait_for("the run to go on", || !second.text().contains("TAKE UP r"));
        Face::after_box();
    }
    second.select("bad");
    second.keys("r");
    second.wait("RETRY bad");
    Face::settle();
    second.keys("\t\r");
    second.wait("SUCCEEDED");
    second.quit();
}

fn tail(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(15)..].join("\n")
}

/// `resume` at a terminal says how the run stands and why an outcome is unknown, and nothing starts before Enter. Leaving
/// leaves the run as it is.
#[test]
fn resume_at_a_terminal_starts_nothing_before_enter() {
    let place = Place::new();
    let text = "name: two\nsteps:\n  - id: lost\n    run: touch began; until test -e dead; do sleep 0.02; done; kill -9 $PPID; sleep 5\n  - id: next\n    needs: []\n    run: touch started\n";
    place.write("two.yaml", text);
    let args = [
        "run",
        "two.yaml",
        "--headless",
        "--hold",
        "--max-parallel",
        "1",
    ];
    let mut child = place.start(&[&args[..], &["--id", "r"]].concat());
    wait_for("the step to begin", || place.path("began").exists());
    child.kill().expect("killed");
    child.wait().expect("reaped");
    // Only now does its attempt process die: no engine can have gone on from that.
    place.write("dead", "");
    for key in ["q", "\u{1b}", "\r"] {
        let mut face = Face::start(&place, &["resume", "r"], 100, 30);
        face.wait("TAKE UP r");
        face.wait("nothing starts until you press Enter");
        face.wait("Unknown       lost: attempt 1 began");
        Face::settle();
        assert!(!place.path("started").exists());
        face.keys(key);
        if key == "\r" {
            wait_for("the next step", || place.step("r", "next") == "succeeded");
        } else {
            wait_for("the program to end", || face.has_ended());
            assert!(!place.path("started").exists());
        }
    }
    assert_eq!(place.step("r", "lost"), "unknown");
}
