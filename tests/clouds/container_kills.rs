//! The engine dies in the middle of `container: replace`, at any moment of it, alone or with its attempt process. Whoever takes
//! the run up brings it to the same end, and the old container is never lost.

use std::process::Child;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::container::Harbour;
use crate::parties::podman::{podman, releases, says};
use crate::parties::{free_port, until};
use crate::place::{Dice, cases};

/// A `replace` takes about this long: what comes later finds it done.
const SPAN_MS: u64 = 900;

const STEPS: &str = r#"
  - id: new
    container:
      replace:
        {image: "localhost/shop:NEW", name: NAME, ports: ["127.0.0.1:PORT:8080"], healthy: {http: "http://127.0.0.1:PORT/release.txt"}}
"#;

/// One `replace` of a container that runs.
struct Voyage {
    harbour: Harbour,
    name: &'static str,
    port: u16,
    old: String,
    begun: u64,
    run: Child,
    /// Something was left to the operator.
    asked: bool,
}

impl Voyage {
    fn begin(name: &'static str) -> Self {
        let [release, previous] = releases();
        let harbour = Harbour::new(name);
        let port = free_port();
        let publish = format!("127.0.0.1:{port}:8080");
        let image = format!("localhost/shop:{previous}");
        let made = podman(&["run", "-d", "--name", name, "-p", &publish, &image]);
        assert!(made.status.success(), "{made:?}");
        let old = id(name);
        let begun = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .expect("after 1970");
        let steps = STEPS.replace("PORT", &port.to_string());
        let steps = harbour.steps(&steps.replace("NEW", release));
        let run = harbour.begin(&steps, &["--hold"]);
        let journal = harbour.path("state/runs/r/journal");
        until("the run has begun", || journal.exists());
        Self {
            old,
            begun: begun.as_secs(),
            harbour,
            name,
            port,
            run,
            asked: false,
        }
    }

    /// Whether it was still under way.
    fn kill(&mut self, with_hands: bool) -> bool {
        if self.run.try_wait().expect("its state").is_some() {
            return false;
        }
        if with_hands {
            self.harbour.kill(&mut self.run);
        } else {
            self.run.kill().expect("killed");
            self.run.wait().expect("reaped");
        }
        true
    }

    fn resume(&mut self) {
        self.run = self.harbour.start(&["resume", "r", "--headless", "--hold"]);
    }

    /// What needs the operator is retried once.
    fn ends(&mut self) {
        let run = &mut self.run;
        until("its end", || {
            let ended = run.try_wait().expect("its state").is_some();
            if !ended
                && !self.asked
                && ["failed", "unknown"]
                    .iter()
                    .any(|s| self.harbour.is("new", s))
            {
                self.harbour.ctl(&["retry", "new"]);
                self.asked = true;
            }
            ended
        });
    }

    /// How many containers of the name were made by the run, as podman's own record has it.
    fn made(&self) -> usize {
        let (since, filter) = (self.begun.to_string(), format!("container={}", self.name));
        let ask = [
            "events",
            "--stream=false",
            "--since",
            &since,
            "--filter",
            &filter,
        ];
        let said = says(
            &[
                &ask[..],
                &["--filter", "event=create", "--format", "{{.ID}}"],
            ]
            .concat(),
        );
        said.lines().filter(|id| **id != self.old).count()
    }

    fn is_as_it_should_be(&self) {
        let log = self.harbour.log("new");
        assert_eq!(self.harbour.step("r", "new"), "succeeded", "{log}");
        let (name, before) = (self.name, format!("{}-before", self.name));
        let there = [format!("{name} running"), format!("{before} exited")];
        assert_eq!(self.harbour.there(), there, "{log}");
        let image = says(&["inspect", name, "--format", "{{.ImageName}}"]);
        assert_eq!(image, "localhost/shop:7.1");
        assert_eq!(id(&before), self.old, "the old one is kept: {log}");
        let made = self.made();
        assert!(made == 1 || self.asked, "made {made} times: {log}");
        let url = format!("http://127.0.0.1:{}/release.txt", self.port);
        let page = std::process::Command::new("curl")
            .args(["-sf", &url])
            .output();
        assert_eq!(page.expect("curl").stdout, b"7.1");
    }
}

fn id(name: &str) -> String {
    says(&["inspect", name, "--format", "{{.Id}}"])
}

#[test]
fn killed_at_any_moment_a_replace_comes_to_the_same_end() {
    const NAMES: [&str; 4] = ["killed-a", "killed-b", "killed-c", "killed-d"];
    let mut dice = Dice(0x5eed_0f41);
    let mut kills = 0;
    for name in NAMES.into_iter().cycle() {
        let mut voyage = Voyage::begin(name);
        for _ in 0..4 {
            // The moment is what is tried here, not a wait for something.
            std::thread::sleep(Duration::from_millis(dice.below(SPAN_MS)));
            if !voyage.kill(dice.below(3) > 0) {
                break;
            }
            kills += 1;
            voyage.resume();
        }
        voyage.ends();
        voyage.is_as_it_should_be();
        if kills >= cases(12) {
            break;
        }
    }
}
