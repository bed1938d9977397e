//! Calls of the real binary, each in a place of its own. Shared by the tests of the command line.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

/// A place of its own for each test: an empty working folder, configuration and state.
pub(crate) struct Place {
    dir: tempfile::TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().expect("a temporary folder");
        for name in ["work", "home"] {
            std::fs::create_dir(dir.path().join(name)).expect("a folder");
        }
        Self { dir }
    }

    pub(crate) fn work(&self) -> PathBuf {
        self.dir.path().join("work")
    }

    /// Where runs are kept when nothing else is said.
    #[allow(dead_code, reason = "not every test that shares this file looks there")]
    pub(crate) fn state(&self) -> PathBuf {
        self.dir.path().join("home/.local/state/flightdeck")
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.work().join(name), text).expect("a file");
    }

    pub(crate) fn command<S: AsRef<OsStr>>(&self, args: &[S]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_flightdeck"));
        command
            .args(args)
            .current_dir(self.work())
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", self.dir.path().join("home"))
            .env("TERM", "xterm")
            .stdin(Stdio::null());
        command
    }

    #[allow(dead_code, reason = "not every test that shares this file runs it so")]
    pub(crate) fn run<S: AsRef<OsStr>>(&self, args: &[S]) -> Answer {
        let began = Instant::now();
        let output = self.command(args).output().expect("the binary starts");
        Answer::of(&output, began.elapsed())
    }
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Answer {
    pub(crate) fn of(output: &Output, took: Duration) -> Self {
        let answer = Self {
            code: output.status.code().expect("it was not killed"),
            out: String::from_utf8(output.stdout.clone()).expect("UTF-8"),
            err: String::from_utf8(output.stderr.clone()).expect("UTF-8"),
        };
        assert!(!answer.err.contains("panicked"), "{answer:?}");
        assert!(took < Duration::from_secs(30), "took {took:?}: {answer:?}");
        answer
    }
}
