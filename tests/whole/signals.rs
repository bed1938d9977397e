//! TERM, a suspended screen, a terminal that nobody reads, and a run that only waits.

use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::face::Face;
use crate::ledger;
use crate::place::{Dice, Place, cases, wait_for};

const STEPS: usize = 100;

fn begin(place: &Place) -> Face {
    let text = ledger::workflow(STEPS, 10, &place.path("ledger"));
    place.write("ledger.yaml", &text);
    let face = Face::start(place, &["run", "ledger.yaml", "--id", "r"], 80, 24);
    face.wait("ledger");
    face
}

/// TERM at a random moment gives the terminal back and leaves the attempts alone; the next engine has lost nothing.
/// `FLIGHTDECK_CASES=200 cargo test --test whole signals::term` is the long form.
#[test]
fn term_gives_the_terminal_back_and_the_run_can_be_taken_up() {
    let mut dice = Dice(0x5eed_0015);
    for round in 0..cases(3) {
        let place = Place::new();
        let mut face = begin(&place);
        std::thread::sleep(Duration::from_millis(dice.below(500)));
        let pid = Pid::from_raw(face.pid().cast_signed()).expect("a process");
        kill_process(pid, Signal::TERM).expect("sent");
        let told = std::time::Instant::now();
        wait_for(&format!("the end of round {round}"), || face.has_ended());
        assert!(told.elapsed() < Duration::from_secs(6), "round {round}");
        assert_eq!(face.end().exit_code(), 128 + 15, "round {round}");
        face.is_given_back();
        let resumed = place.output(&["resume", "r", "--headless"]);
        assert!(resumed.status.success(), "round {round}: {resumed:?}");
        ledger::check(&place.path("ledger"), STEPS);
    }
}

/// Suspended and brought back while steps are being started: nothing hangs, and the steps go on meanwhile.
/// `FLIGHTDECK_CASES=200 cargo test --test whole signals::a_suspended` is the long form.
#[test]
fn a_suspended_screen_holds_nothing_up() {
    let (mut left, mut dice) = (cases(5), Dice(0x5eed_0016));
    while left > 0 {
        let place = Place::new();
        let mut face = begin(&place);
        while left > 0 && place.phase("r") != "succeeded" {
            let on_screen = face.modes();
            face.keys("\u{1a}");
            face.wait("the screen is suspended");
            assert_ne!(face.modes(), on_screen, "the terminal is the shell's again");
            std::thread::sleep(Duration::from_millis(dice.below(50)));
            // What a person presses who thinks that nothing happened must not reach the run.
            face.keys("\u{1a}\u{3}\r");
            face.wait_until("the screen", |s| !s.contains("the screen is suspended"));
            face.wait("ledger");
            assert_eq!(face.modes(), on_screen, "the screen has its terminal again");
            left -= 1;
        }
        face.wait("SUCCEEDED");
        assert_eq!(face.quit(), 0);
        face.is_given_back();
        ledger::check(&place.path("ledger"), STEPS);
    }
}

/// A line that hangs without a hang-up: the terminal takes nothing more, and the run ends all the same.
#[test]
fn a_terminal_that_nobody_reads_holds_nothing_up() {
    let place = Place::new();
    place.write("talk.yaml", "name: talk\nsteps:\n  - id: a\n    run: |\n      for n in $(seq 1 60); do seq 1 2000; sleep 0.05; done\n  - {id: b, run: touch done}\n");
    let face = Face::start(&place, &["run", "talk.yaml", "--id", "r"], 200, 50);
    face.wait("talk");
    face.stall();
    wait_for("the end of the run", || place.phase("r") == "succeeded");
}

/// A run that waits for a person or a time takes no processor: below one percent.
#[test]
fn a_run_that_waits_takes_no_processor() {
    const LOOK: Duration = Duration::from_secs(3);
    let place = Place::new();
    place.write("wait.yaml", "name: waits\nsteps:\n  - {id: a, needs: [], approval: {message: go?}}\n  - {id: b, needs: [], wait: {for: 1h}}\n  - {id: c, needs: [], run: sleep 1000}\n");
    let args = ["run", "wait.yaml", "--headless", "--hold", "--id", "r"];
    let mut engine = place.start(&args);
    place.wait_for_run();
    wait_for("the steps", || {
        ["a", "b", "c"].map(|id| place.step("r", id)) == ["waiting", "waiting", "running"]
    });
    let before = processor_time(engine.id());
    std::thread::sleep(LOOK);
    let took = processor_time(engine.id()).saturating_sub(before);
    let abort = place.output(&["ctl", "r", "abort", "kill", "--reason", "measured"]);
    engine.wait().expect("reaped");
    assert!(abort.status.success(), "{abort:?}");
    assert!(took < LOOK / 100, "{took:?} in {LOOK:?}");
}

/// What all threads of a process have used: fields 14 and 15 of its `stat`, in hundredths of a second.
fn processor_time(pid: u32) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("it lives");
    let (_, rest) = stat.rsplit_once(')').expect("its name");
    let fields: Vec<u64> = rest
        .split_whitespace()
        .filter_map(|f| f.parse().ok())
        .collect();
    // The state is a letter and was left out.
    Duration::from_millis((fields[10] + fields[11]) * 10)
}
