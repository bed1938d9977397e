//! The screen inside tmux, as people have it over a jump host: keys by `send-keys`, the screen by `capture-pane`. Whoever sits
//! there has learnt nothing: each key that is pressed stands on the screen at that moment.

use std::process::Command;

use crate::face::{BINARY, Face};
use crate::place::{Place, wait_for};
use crate::tasks::NIGHT;

struct Tmux {
    place: Place,
}

impl Tmux {
    fn start(args: &[&str]) -> Self {
        let place = Place::new();
        place.write("night.yaml", NIGHT);
        let tmux = Self { place };
        let home = tmux.place.dir.path().display().to_string();
        let state = format!("FLIGHTDECK_STATE_DIR={home}/state");
        let home = format!("HOME={home}");
        let size = ["-x", "80", "-y", "24"];
        let program = ["env", &state, &home, "LANG=C.UTF-8", BINARY];
        let session = [&["new-session", "-d"], &size[..], &program, args].concat();
        tmux.tell(&session);
        tmux
    }

    fn tell(&self, args: &[&str]) -> String {
        let output = Command::new("tmux")
            .arg("-S")
            .arg(self.place.path("tmux"))
            .args(["-f", "/dev/null", "-u"])
            .args(args)
            .current_dir(self.place.dir.path())
            .env_remove("TMUX")
            .env_remove("NO_COLOR")
            .env_remove("SSH_CONNECTION")
            .output()
            .expect("tmux is there: tests/run installs it");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "tmux {args:?}: {said}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    fn screen(&self) -> String {
        self.tell(&["capture-pane", "-p"])
    }

    fn wait(&self, text: &str) {
        let mut last = String::new();
        let mut there = || {
            last = self.screen();
            last.contains(text)
        };
        let begun = std::time::Instant::now();
        while !there() {
            assert!(
                begun.elapsed() < crate::place::SOON,
                "waited in vain for {text}:\n{}",
                self.screen()
            );
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
    }

    /// Presses a key that the screen names.
    fn press(&self, key: &str, named: &str) {
        self.wait(named);
        self.tell(&["send-keys", key]);
    }

    /// Letter by letter, as a person types.
    fn write(&self, text: &str) {
        for letter in text.chars() {
            self.tell(&["send-keys", "-l", &letter.to_string()]);
        }
    }
}

impl Drop for Tmux {
    fn drop(&mut self) {
        self.tell(&["kill-server"]);
    }
}

#[test]
fn who_knows_nothing_but_the_screen_mends_a_failed_step_by_six_keys() {
    let tmux = Tmux::start(&["run", "night.yaml", "--id", "r"]);
    tmux.wait("promote FAIL");
    tmux.press("}", "} next");
    // Why, without another key: the last words of its log.
    tmux.wait("ERROR lag of 9 MB is more than 1 MB");
    tmux.press("e", "e edit+retry");
    tmux.wait("RETRY WITH CHANGED INPUTS");
    Face::settle();
    tmux.write("9");
    tmux.press("Enter", "Enter");
    // Short: six letters in one read, as a busy machine has them, would be a paste.
    tmux.write("known");
    tmux.press("Enter", "Enter");
    tmux.press("Enter", "[ Retry ]");
    wait_for("its success", || {
        tmux.place.step("r", "promote") == "succeeded"
    });
    wait_for("its success on the screen", || {
        let screen = tmux.screen();
        let row = screen.lines().find(|row| row.contains("promote"));
        row.is_some_and(|row| row.contains(" ok "))
    });
}

#[test]
fn a_wall_screen_and_back() {
    let tmux = Tmux::start(&["run", "night.yaml", "--id", "r"]);
    tmux.wait("promote FAIL");
    tmux.tell(&["resize-window", "-x", "200", "-y", "50"]);
    for pane in ["STEPS", "GRAPH", "GANTT", "LOG"] {
        tmux.wait(pane);
    }
    let screen = tmux.screen();
    assert!(
        screen.lines().all(|row| row.chars().count() <= 200),
        "{screen}"
    );
    tmux.tell(&["resize-window", "-x", "80", "-y", "24"]);
    wait_for("the narrow screen", || !tmux.screen().contains("GANTT "));
    tmux.wait("promote FAIL");
}
