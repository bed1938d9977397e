//! Engine, attempt processes, or both are killed at random moments. What cannot be known is shown as unknown, says why in a
//! sentence, and is settled by the operator, who looks into the ledger: nothing is lost, nothing runs twice.

use std::path::Path;
use std::process::Child;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value as Json;

use crate::ledger;
use crate::place::{Dice, Place, cases, wait_for};

const STEPS: usize = 200;

/// `FLIGHTDECK_CASES=1000 cargo test --test whole hands` is the long form.
#[test]
fn killed_hands_are_unknown_and_never_run_again_in_silence() {
    let kills = cases(20);
    let (mut dice, mut killed, mut unknown) = (Dice(0x5eed_0007), 0, 0);
    while killed < kills {
        let mut night = Night::begin();
        while night.goes_on() {
            std::thread::sleep(Duration::from_millis(dice.below(150)));
            if killed < kills {
                killed += night.kill(&mut dice);
            }
            unknown += night.settle();
        }
        let phase = night.place.phase("r");
        assert!(
            ["succeeded", "completed_with_exceptions"].contains(&phase.as_str()),
            "{phase} after {killed} kills"
        );
        ledger::check(&night.place.path("ledger"), STEPS);
    }
    println!("{killed} kills, {unknown} unknown outcomes settled by hand");
}

/// A run of many steps, and the engine that has it now.
struct Night {
    place: Place,
    engine: Child,
}

impl Night {
    fn begin() -> Self {
        let place = Place::new();
        let text = ledger::workflow(STEPS, 10, &place.path("ledger"));
        place.write("ledger.yaml", &text);
        let engine = place.start(&["run", "ledger.yaml", "--headless", "--hold", "--id", "r"]);
        place.wait_for_run();
        Self { place, engine }
    }

    fn goes_on(&mut self) -> bool {
        self.engine.try_wait().expect("its state").is_none()
    }

    /// Kills the engine, one attempt process, or both; gives how many died. A dead engine is followed by another.
    fn kill(&mut self, dice: &mut Dice) -> u64 {
        let way = dice.below(3);
        let mut dead = 0;
        if way != 0 {
            let hands = self.hands();
            if !hands.is_empty() {
                let one = hands[dice.below(hands.len() as u64) as usize];
                dead += u64::from(kill_process(one, Signal::KILL).is_ok());
            }
        }
        if way != 1 && self.goes_on() {
            self.engine.kill().expect("killed");
            self.engine.wait().expect("reaped");
            dead += 1;
            self.engine = self.place.start(&["resume", "r", "--headless", "--hold"]);
        }
        dead
    }

    /// The attempt processes of this run.
    fn hands(&self) -> Vec<Pid> {
        let run = self.place.path("state/runs/r");
        let wanted = format!("attempt-process\0{}\0", run.display());
        processes("cmdline", |line| contains(line, &wanted))
    }

    /// Settles every step whose outcome is not known, as a person would: it is in the ledger, or it is not. A step's own process
    /// looks like its attempt process until it is replaced by the shell, so one may be killed too: that is a plain failure.
    fn settle(&mut self) -> usize {
        let steps = self.place.show("r")["steps"].clone();
        let steps = steps.as_array().expect("steps").iter();
        let open = |s: &&Json| s["state"] == "unknown" || s["state"] == "failed";
        let open: Vec<&Json> = steps.filter(open).collect();
        open.iter().filter(|step| self.settle_one(step)).count()
    }

    fn settle_one(&self, step: &Json) -> bool {
        let id = step["id"].as_str().expect("an id");
        let why = step["why"].as_str().expect("a text");
        if step["state"] == "unknown" {
            assert!(why.split(' ').count() > 5, "{id} is unknown: {why:?}");
        }
        // What its attempt process had started may still be at work.
        let ledger = self.place.path("ledger");
        wait_for("the end of what it had started", || {
            !is_at_work(&ledger, id)
        });
        let attempt = step["attempts"].as_array().map_or(0, Vec::len);
        let done = ledger::read(&ledger).contains_key(&format!("{id} {attempt}"));
        let verb = if done { "mark" } else { "retry" };
        let n = attempt.to_string();
        // It may be refused: the engine may just have died, or settled it itself. The next look tells.
        let answer =
            self.place
                .output(&["ctl", "r", verb, id, "--attempt", &n, "--reason", "ledger"]);
        answer.status.success()
    }
}

impl Drop for Night {
    fn drop(&mut self) {
        // Only after a failed assertion is there anything left.
        let _ = self.engine.kill();
        for one in self.hands() {
            let _ = kill_process(one, Signal::KILL);
        }
    }
}

/// Whether a process of this step lives.
fn is_at_work(ledger: &Path, step: &str) -> bool {
    let here = format!("LEDGER={}\0", ledger.display());
    let step = format!("FLIGHTDECK_STEP_ID={step}\0");
    !processes("environ", |all| {
        contains(all, &here) && contains(all, &step)
    })
    .is_empty()
}

pub(crate) fn processes(file: &str, wanted: impl Fn(&[u8]) -> bool) -> Vec<Pid> {
    let entries = std::fs::read_dir("/proc").expect("Linux").flatten();
    let found = entries.filter(|e| std::fs::read(e.path().join(file)).is_ok_and(|b| wanted(&b)));
    found
        .filter_map(|e| e.file_name().to_str()?.parse().ok().and_then(Pid::from_raw))
        .collect()
}

pub(crate) fn contains(bytes: &[u8], text: &str) -> bool {
    memchr::memmem::find(bytes, text.as_bytes()).is_some()
}
