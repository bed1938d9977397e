//! A state folder of its own for each test, and the binary in it.

use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// Longest wait for anything that should happen soon.
pub(crate) const SOON: Duration = Duration::from_secs(30);

pub(crate) struct Place {
    pub dir: tempfile::TempDir,
    /// What the binary finds in its environment besides the usual.
    pub env: Vec<(String, String)>,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self {
            dir: tempfile::tempdir().expect("a folder"),
            env: Vec::new(),
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, text).expect("written");
        path
    }

    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_flightdeck"));
        command.args(args).current_dir(self.dir.path());
        command
            .env("FLIGHTDECK_STATE_DIR", self.path("state"))
            .env("HOME", self.dir.path());
        command
            .env_remove("SSH_CONNECTION")
            .env_remove("NO_COLOR")
            .stdin(Stdio::null())
            .envs(self.env.iter().map(|(name, value)| (name, value)));
        command
    }

    pub(crate) fn output(&self, args: &[&str]) -> Output {
        self.command(args).output().expect("the binary runs")
    }

    /// Starts it without a screen; its words go to the file `talk`.
    pub(crate) fn start(&self, args: &[&str]) -> Child {
        let talk = || {
            let file = std::fs::OpenOptions::new()
                .create(true)
                .append(true)
                .open(self.path("talk"));
            Stdio::from(file.expect("a file for its words"))
        };
        self.command(args)
            .stdout(talk())
            .stderr(talk())
            .spawn()
            .expect("the binary starts")
    }

    /// `show RUN --json`.
    pub(crate) fn show(&self, run: &str) -> serde_json::Value {
        let output = self.output(&["show", run, "--json"]);
        serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&output.stderr)))
    }

    /// Waits until there is a run `r` to be read.
    pub(crate) fn wait_for_run(&self) {
        wait_for("the first record", || {
            self.output(&["show", "r", "--json"]).status.success()
        });
    }

    /// State of one step, empty if there is no such step.
    pub(crate) fn step(&self, run: &str, step: &str) -> String {
        let show = self.show(run);
        let steps = show["steps"].as_array().cloned().unwrap_or_default();
        let found = steps.iter().find(|s| s["id"] == step);
        found
            .and_then(|s| s["state"].as_str())
            .unwrap_or_default()
            .to_owned()
    }

    /// The program's own log, for a test that failed.
    #[allow(dead_code, reason = "not every test that shares this file needs it")]
    pub(crate) fn diagnostics(&self) -> String {
        let files = std::fs::read_dir(self.path("state/log"));
        let texts = files
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(|file| std::fs::read_to_string(file.path()).ok());
        texts.collect()
    }

    pub(crate) fn phase(&self, run: &str) -> String {
        self.show(run)["phase"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }
}

/// Waits for a condition; says what was waited for if it never came.
pub(crate) fn wait_for(what: &str, mut done: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !done() {
        assert!(begun.elapsed() < SOON, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A small generator: the same seed, the same sequence; a failing test prints its seed.
pub(crate) struct Dice(pub u64);

impl Dice {
    pub(crate) fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % n
    }
}

/// How often a long test repeats: `FLIGHTDECK_CASES`, else a few for every day.
pub(crate) fn cases(everyday: u64) -> u64 {
    std::env::var("FLIGHTDECK_CASES")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(everyday)
}
