//! A run of the real binary in a place of its own, without a screen, and what it says and keeps of it.

use std::ops::Deref;
use std::path::PathBuf;
use std::process::{Child, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value as Json;

use crate::parties::until;
use crate::place::Place;

/// The run is called `r`.
pub(crate) struct Ride(pub(crate) Place);

impl Deref for Ride {
    type Target = Place;

    fn deref(&self) -> &Place {
        &self.0
    }
}

impl Ride {
    /// Without a person.
    pub(crate) fn run(&self, steps: &str) -> (i32, String) {
        let mut child = self.begin(steps, &[]);
        let code = child.wait().expect("its end").code().expect("a code");
        let talk = std::fs::read_to_string(self.0.path("talk")).expect("its words");
        (code, talk)
    }

    pub(crate) fn begin(&self, steps: &str, more: &[&str]) -> Child {
        self.0
            .write("w.yaml", &format!("name: stack\nsteps:\n{steps}"));
        let args = [&["run", "w.yaml", "--headless", "--id", "r"], more].concat();
        self.start(&args)
    }

    pub(crate) fn start(&self, args: &[&str]) -> Child {
        let talk = || {
            let mut file = std::fs::OpenOptions::new();
            let file = file.create(true).append(true).open(self.0.path("talk"));
            Stdio::from(file.expect("a file for its words"))
        };
        let mut command = self.0.command(args);
        command.env_remove("TF_CLI_CONFIG_FILE");
        command.stdout(talk()).stderr(talk());
        command.spawn().expect("the binary starts")
    }

    /// The end of the newest attempt of a step, as the journal has it.
    pub(crate) fn attempt(&self, step: &str) -> Json {
        let output = self.0.output(&["show", "r", "--events"]);
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        let events = text.lines().rev().map(|line| {
            let event: Json = serde_json::from_str(line).expect("JSON");
            event
        });
        let mut ends = events.filter(|e| e["event"] == "attempt_ended" && e["step"] == step);
        ends.next()
            .unwrap_or_else(|| panic!("{step} has not ended: {text}"))
    }

    pub(crate) fn message(&self, step: &str) -> String {
        let attempt = self.attempt(step);
        let message = attempt["message"].as_str();
        message.unwrap_or_else(|| panic!("{attempt}")).to_owned()
    }

    pub(crate) fn log(&self, step: &str) -> String {
        let output = self.0.output(&["logs", "r", step]);
        String::from_utf8(output.stdout).expect("UTF-8")
    }

    pub(crate) fn ctl(&self, args: &[&str]) {
        let output = self.0.output(&[&["ctl", "r"], args].concat());
        assert!(output.status.success(), "{output:?}");
    }

    pub(crate) fn logs(&self, step: &str, text: &str) {
        until(&format!("{step} says {text}"), || {
            self.log(step).contains(text)
        });
    }

    /// Whether a step has come to a state.
    pub(crate) fn is(&self, step: &str, state: &str) -> bool {
        self.0.output(&["show", "r", "--json"]).status.success() && self.0.step("r", step) == state
    }

    /// Engine and attempt processes die at once.
    pub(crate) fn kill(&self, engine: &mut Child) {
        engine.kill().expect("killed");
        engine.wait().expect("reaped");
        let run = self.0.path("state/runs/r");
        for pid in processes(&format!("attempt-process\0{}\0", run.display())) {
            kill_process(pid, Signal::KILL).expect("killed");
        }
    }
}

/// Those whose command line has `wanted` in it.
pub(crate) fn processes(wanted: &str) -> Vec<Pid> {
    let entries = std::fs::read_dir("/proc").expect("Linux").flatten();
    let is_it = |path: PathBuf| {
        let line = std::fs::read(path.join("cmdline")).unwrap_or_default();
        memchr::memmem::find(&line, wanted.as_bytes()).is_some()
    };
    entries
        .filter(|entry| is_it(entry.path()))
        .filter_map(|e| Pid::from_raw(e.file_name().to_str()?.parse().ok()?))
        .collect()
}
