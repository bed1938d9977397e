//! `ssh` that is stopped, and `ssh` whose near end dies: nothing runs on at the far end unasked, nothing is done twice.

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Stdio};

use serde_json::Value as Json;

use crate::parties::link::Link;
use crate::parties::sshd::sshd;
use crate::parties::until;
use crate::ssh::command_lines;
use crate::support::Place;

/// One run with one step `far` that writes down when it begins and when it ends.
struct Stage {
    place: Place,
    child: Child,
}

impl Stage {
    /// `run` is its shell text; it finds `$BEGAN`, `$GO` and `$LEDGER`.
    fn start(run: &str, more: &str) -> Self {
        let place = Place::new();
        let file = |name: &str| place.work().join(name).display().to_string();
        let text = format!(
            "name: stops\nsteps:\n  - id: far\n    env: {{BEGAN: '{}', GO: '{}', LEDGER: '{}', OUT: '{}'}}\n    ssh:\n      config: '{}'\n      host: web1\n      run: |\n        {run}\n{more}",
            file("began"),
            file("go"),
            file("ledger"),
            file("out"),
            sshd().config.display(),
        );
        place.write("w.yaml", &text);
        let child = Self::spawn(
            &place,
            &["run", "w.yaml", "--headless", "--hold", "--id", "r"],
        );
        Self { place, child }
    }

    fn spawn(place: &Place, args: &[&str]) -> Child {
        let talk = fs::File::options()
            .create(true)
            .append(true)
            .open(place.work().join("talk"));
        let talk = talk.expect("a file");
        let mut command = place.command(args);
        command
            .stdout(talk.try_clone().expect("a file"))
            .stderr(talk)
            .stdin(Stdio::null());
        command.spawn().expect("the binary starts")
    }

    fn path(&self, name: &str) -> PathBuf {
        self.place.work().join(name)
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    /// Lets the command go on.
    fn go(&self) {
        fs::write(self.path("go"), "").expect("a file");
    }

    fn began(&self) {
        until("the command has begun", || !self.read("began").is_empty());
    }

    fn ctl(&self, args: &[&str]) {
        let answer = self.place.run(&[&["ctl", "r"], args].concat());
        assert_eq!(answer.code, 0, "{answer:?}");
    }

    fn step(&self) -> Json {
        let show = self.place.run(&["show", "r", "--json"]);
        let show: Json = serde_json::from_str(&show.out).unwrap_or_default();
        let steps = show["steps"].as_array().cloned().unwrap_or_default();
        steps
            .into_iter()
            .find(|s| s["id"] == "far")
            .unwrap_or_default()
    }

    fn stands(&self, state: &str) -> Json {
        until(&format!("it is {state}: {}", self.read("talk")), || {
            self.step()["state"] == state
        });
        self.step()
    }

    fn log(&self) -> String {
        self.place.run(&["logs", "r", "far"]).out
    }

    fn message(&self) -> String {
        let shown = self.place.run(&["show", "r", "--events"]);
        shown.out
    }

    /// No process of the command is left at the far end; it carries this word among its arguments.
    fn is_gone(word: &str) {
        assert!(!command_lines().contains(word), "{}", command_lines());
    }

    fn kill_engine(&mut self) {
        self.child.kill().expect("killed");
        self.child.wait().expect("reaped");
    }

    /// Ends the attempt process too, and with it its link.
    fn kill_all(&mut self) {
        let engine = self.child.id();
        let attempts: Vec<u32> = children(engine);
        assert!(!attempts.is_empty());
        self.kill_engine();
        for pid in attempts {
            kill9(pid);
        }
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn children(pid: u32) -> Vec<u32> {
    let list = fs::read_dir(format!("/proc/{pid}/task"))
        .into_iter()
        .flatten()
        .flatten();
    list.filter_map(|task| fs::read_to_string(task.path().join("children")).ok())
        .flat_map(|line| {
            line.split_whitespace()
                .filter_map(|p| p.parse().ok())
                .collect::<Vec<u32>>()
        })
        .collect()
}

fn kill9(pid: u32) {
    let gone = std::process::Command::new("kill")
        .args(["-9", &pid.to_string()])
        .status();
    assert!(gone.expect("kill").success());
}

#[test]
fn cancelling_ends_the_command_there() {
    let mut stage = Stage::start("echo $$ > \"$BEGAN\"; exec sleep 1001.25", "");
    stage.began();
    assert!(command_lines().contains("sleep 1001.25"));
    stage.ctl(&["cancel", "far"]);
    stage.stands("cancelled");
    Stage::is_gone("sleep 1001.25");
    stage.kill_engine();
}

#[test]
fn one_that_ignores_term_is_killed_when_the_grace_is_over() {
    let run = "trap '' TERM; echo $$ > \"$BEGAN\"; while :; do sleep 1002.25 & wait; done";
    let stage = Stage::start(run, "    kill_grace: 1s\n");
    stage.began();
    stage.ctl(&["cancel", "far"]);
    stage.stands("cancelled");
    Stage::is_gone("sleep 1002.25");
    assert!(
        stage.message().contains("ignored TERM"),
        "{}",
        stage.message()
    );
}

/// Longer than a link may be silent.
#[test]
fn one_that_needs_long_to_end_is_given_its_grace() {
    let run = "trap 'echo term >> \"$LEDGER\"; sleep 47; exit 0' TERM; echo $$ > \"$BEGAN\"; while :; do sleep 1 & wait; done";
    let stage = Stage::start(run, "    kill_grace: 2m\n");
    stage.began();
    stage.ctl(&["cancel", "far"]);
    stage.stands("cancelled");
    assert_eq!(stage.read("ledger"), "term\n");
    let log = stage.log();
    assert!(!log.contains("cannot be stopped yet"), "{log}");
}

#[test]
fn a_timeout_ends_the_command_there() {
    let stage = Stage::start("echo $$ > \"$BEGAN\"; sleep 1003.25", "    timeout: 2s\n");
    stage.began();
    stage.stands("timed_out");
    Stage::is_gone("sleep 1003.25");
}

const WAITS: &str = "echo one >> \"$LEDGER\"; echo begun > \"$BEGAN\"; until test -e \"$GO\"; do sleep 0.05; done; echo done; echo two >> \"$LEDGER\"";

/// Its link says nothing any more, and stays open: it is given up, and the command followed by another one.
fn silenced(stage: &Stage) {
    until("the link is given up", || {
        stage.log().contains("link lost, reconnecting")
    });
    stage.go();
    stage.stands("succeeded");
    assert_eq!(stage.read("ledger"), "one\ntwo\n");
    assert!(stage.log().contains("connected again"), "{}", stage.log());
}

#[test]
fn a_link_that_lets_nothing_through_is_given_up() {
    let link = Link::to(sshd().port);
    let stage = Stage::start(WAITS, &format!("      port: {}\n", link.port));
    stage.began();
    link.hush();
    silenced(&stage);
}

#[test]
fn a_far_end_that_says_nothing_is_given_up() {
    // What follows the command is of the process group of the shell that started the runner, our parent.
    let stops = "of() { awk \"{print \\$$1}\" \"/proc/$2/stat\"; }; group=-$(of 5 \"$(of 4 $PPID)\"); kill -STOP $group";
    let stage = Stage::start(&format!("{stops}; {WAITS}; kill -CONT $group"), "");
    stage.began();
    silenced(&stage);
}

#[test]
fn a_killed_engine_changes_nothing_for_the_command() {
    let mut stage = Stage::start(WAITS, "");
    stage.began();
    stage.kill_engine();
    stage.child = Stage::spawn(&stage.place, &["resume", "r", "--headless", "--hold"]);
    stage.go();
    stage.stands("succeeded");
    assert_eq!(stage.read("ledger"), "one\ntwo\n");
}

/// The attempt process dies as well: the outcome is unknown, and a retry takes over what the far end has written down.
fn killed_near_end(go_first: bool) {
    let mut stage = Stage::start(WAITS, "");
    stage.began();
    stage.kill_all();
    if go_first {
        stage.go();
        until("the command has ended", || {
            stage.read("ledger") == "one\ntwo\n"
        });
    }
    stage.child = Stage::spawn(&stage.place, &["resume", "r", "--headless", "--hold"]);
    stage.stands("unknown");
    assert!(
        stage.message().contains("a retry asks for that first"),
        "{}",
        stage.message()
    );
    stage.ctl(&["retry", "far"]);
    if !go_first {
        until("the command is followed again", || {
            stage.log().contains("attempt 1 still runs on web1")
        });
        stage.go();
    }
    stage.stands("succeeded");
    assert_eq!(stage.read("ledger"), "one\ntwo\n");
    let log = stage.place.run(&["logs", "r", "far"]);
    assert!(
        log.out.contains("nothing is started") && log.out.contains("done"),
        "{}",
        log.out
    );
}

#[test]
fn a_retry_follows_a_command_that_still_runs() {
    killed_near_end(false);
}

#[test]
fn a_retry_takes_over_a_result_that_nobody_heard() {
    killed_near_end(true);
}

#[test]
fn a_failure_that_nobody_heard_is_told_and_run_again() {
    let run = "echo one >> \"$LEDGER\"; echo begun > \"$BEGAN\"; test -e \"$OUT\" || { until test -e \"$GO\"; do sleep 0.05; done; : > \"$OUT\"; exit 3; }";
    let mut stage = Stage::start(run, "");
    stage.began();
    stage.kill_all();
    stage.go();
    until("the command has ended", || stage.path("out").exists());
    stage.child = Stage::spawn(&stage.place, &["resume", "r", "--headless", "--hold"]);
    stage.stands("unknown");
    stage.ctl(&["retry", "far"]);
    stage.stands("succeeded");
    assert_eq!(stage.read("ledger"), "one\none\n");
    let log = stage.place.run(&["logs", "r", "far"]);
    assert!(
        log.out
            .contains("attempt 1 had ended on web1 with exit 3; it is started again"),
        "{}",
        log.out
    );
}
