//! A run of a shipped workflow on a screen, and the keys that an operator presses in it.

use serde_json::Value as Json;

use crate::face::Face;
use crate::place::{Place, wait_for};

pub(crate) struct Stage {
    pub(crate) place: Place,
    pub(crate) face: Face,
}

impl Stage {
    /// Starts `workflow` as the run `r` with these params.
    pub(crate) fn start(place: Place, workflow: &str, params: &Json) -> Self {
        Self::start_with(place, workflow, params, &[])
    }

    /// With more words.
    pub(crate) fn start_with(place: Place, workflow: &str, params: &Json, more: &[&str]) -> Self {
        place.write("params.yaml", &params.to_string());
        let args = ["run", workflow, "--id", "r", "--params", "params.yaml"];
        let face = Face::start(&place, &[&args, more].concat(), 100, 30);
        place.wait_for_run();
        face.wait("STEPS");
        Self { place, face }
    }

    pub(crate) fn state(&self, step: &str) -> String {
        self.place.step("r", step)
    }

    pub(crate) fn wait_for(&self, step: &str, state: &str) {
        let begun = std::time::Instant::now();
        while self.state(step) != state {
            let screen = self.face.text();
            assert!(
                begun.elapsed() < std::time::Duration::from_mins(2),
                "{step} is {}, not {state}:\n{screen}",
                self.state(step),
            );
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
    }

    /// Waits for the approval `step` and gives it, by keys.
    pub(crate) fn approve(&mut self, step: &str) {
        self.wait_for(step, "waiting");
        self.face.select(step);
        self.face.keys("a");
        self.face.wait(&format!("ANSWER {step}"));
        Face::settle();
        // Decision, note, No, Confirm.
        self.face.keys("\t\t\t\r");
        self.wait_for(step, "succeeded");
        Face::after_box();
    }

    /// Has `step`, which failed, done again.
    pub(crate) fn retry(&mut self, step: &str) {
        self.wait_for(step, "failed");
        // A member of a fan-out stands there by its number.
        let label = step.find('[').map_or(step, |at| &step[at..]);
        self.face.select(label);
        self.face.keys("r");
        let asks = format!("Retry {step} (attempt");
        self.face.wait_until("the question", |screen| {
            screen.contains("RETRY") || screen.contains(&asks)
        });
        Face::settle();
        if self.face.text().contains(&asks) {
            return self.face.keys("y");
        }
        // What is dangerous wants its name typed.
        if self.face.text().contains("(paste is off)") {
            self.face.keys(step);
            self.face.keys("\t");
        }
        // No, Retry.
        self.face.keys("\t\r");
    }

    /// `step` is left as it is.
    pub(crate) fn skip(&mut self, step: &str) {
        self.face.select(step);
        self.face.keys("S");
        self.face.wait(&format!("SKIP {step}"));
        Face::settle();
        // Reason, of what is dangerous its name, No, Skip.
        self.face.keys("drill\t");
        if self.face.text().contains("(paste is off)") {
            self.face.keys(step);
            self.face.keys("\t");
        }
        self.face.keys("\t\r");
        self.wait_for(step, "skipped");
        Face::after_box();
    }

    /// Nothing of `step` starts before somebody says so.
    pub(crate) fn breakpoint(&mut self, step: &str) {
        self.face.select(step);
        self.face.keys("b");
        self.face.wait("breakpoint set");
    }

    /// Rolls the run of `workflow` back, by keys, and waits until that is done.
    pub(crate) fn roll_back(&mut self, workflow: &str) {
        self.order_roll_back(workflow);
        self.ends("rolled_back");
    }

    pub(crate) fn order_roll_back(&mut self, workflow: &str) {
        self.face.keys("B");
        self.face.wait("ROLL BACK");
        Face::settle();
        // Reason, name, No, Roll back.
        self.face.keys("drill\t");
        self.face.keys(workflow);
        self.face.keys("\t\t\r");
    }

    /// The engine and its screen are gone, without a word.
    pub(crate) fn kill(&mut self) {
        let pid = self.face.pid().to_string();
        let killed = std::process::Command::new("kill")
            .args(["-KILL", &pid])
            .status();
        assert!(killed.expect("kill").success());
        wait_for("its end", || self.face.has_ended());
    }

    /// Takes the run up again.
    pub(crate) fn resume(&mut self) {
        self.face = Face::start(&self.place, &["resume", "r"], 100, 30);
        self.face.wait("TAKE UP r");
        Face::settle();
        self.face.keys("\r");
        wait_for("it goes on", || !self.face.text().contains("TAKE UP r"));
        Face::after_box();
    }

    pub(crate) fn ends(&self, phase: &str) {
        let show = || format!("{}\n{:#}", self.face.text(), self.place.show("r"));
        let begun = std::time::Instant::now();
        while self.place.phase("r") != phase {
            assert!(
                begun.elapsed() < std::time::Duration::from_mins(3),
                "not {phase}:\n{}",
                show()
            );
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        wait_for("the end on the screen", || {
            let text = self.face.text();
            text.contains("SUCCEEDED") || text.contains("ROLLED BACK") || text.contains("FAILED")
        });
    }
}
