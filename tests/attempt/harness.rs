//! A real attempt process on a bench: specifications in, reports out, files in a folder of its own.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use flightdeck::attempt::{Report, Standing, has_begun, settle};
use flightdeck::id::{AttemptId, RunId};
use flightdeck::run::{Ended, Spec};
use flightdeck::workflow::{self, Filled, OutputFrom, OutputSpec, Part, SecretSource, Work};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, kill_process};

const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Bench {
    pub(crate) dir: tempfile::TempDir,
    pub(crate) child: Child,
    stdin: Option<ChildStdin>,
    stdout: Option<ChildStdout>,
    unread: Vec<u8>,
}

impl Bench {
    pub(crate) fn new() -> Self {
        Self::with_env(&[])
    }

    pub(crate) fn with_env(env: &[(&str, &str)]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("attempts")).unwrap();
        std::fs::create_dir(dir.path().join("output")).unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_flightdeck"))
            .arg("attempt-process")
            .arg(dir.path())
            .arg("1")
            .envs(env.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        Self {
            dir,
            stdin: child.stdin.take(),
            stdout: child.stdout.take(),
            unread: Vec::new(),
            child,
        }
    }

    pub(crate) fn record(&self) -> PathBuf {
        self.dir.path().join("attempts").join("1.record")
    }

    pub(crate) fn send(&mut self, spec: &Spec) {
        self.send_line(&serde_json::to_string(spec).unwrap());
    }

    pub(crate) fn send_line(&mut self, line: &str) {
        let line = format!("{line}\n");
        let stdin = self.stdin.as_mut().unwrap();
        stdin.write_all(line.as_bytes()).unwrap();
    }

    /// The next report's end; from the record file if the report says so.
    pub(crate) fn end(&mut self) -> Ended {
        let line = self.report();
        assert!(line.len() <= 4096, "{} bytes at once", line.len());
        match serde_json::from_str(&line).unwrap() {
            Report::Ended { ended, .. } => *ended,
            Report::Look { attempt } => match self.standing(&attempt) {
                Standing::Ended(ended) => *ended,
                other => panic!("{other:?}"),
            },
        }
    }

    pub(crate) fn report(&mut self) -> String {
        let stdout = self.stdout.as_mut().unwrap();
        loop {
            if let Some(end) = self.unread.iter().position(|b| *b == b'\n') {
                let rest = self.unread.split_off(end + 1);
                let line = std::mem::replace(&mut self.unread, rest);
                return String::from_utf8(line).unwrap();
            }
            let mut fds = [PollFd::new(&*stdout, PollFlags::IN)];
            let limit = Timespec {
                tv_sec: PATIENCE.as_secs() as i64,
                tv_nsec: 0,
            };
            assert_eq!(poll(&mut fds, Some(&limit)), Ok(1), "no report");
            let mut buffer = [0; 8192];
            let n = stdout.read(&mut buffer).unwrap();
            assert!(n > 0, "the attempt process has ended");
            self.unread.extend_from_slice(&buffer[..n]);
        }
    }

    pub(crate) fn run(&mut self, spec: &Spec) -> Ended {
        self.send(spec);
        self.end()
    }

    pub(crate) fn shell(&mut self, text: &str) -> Ended {
        let spec = shell(text);
        self.run(&spec)
    }

    pub(crate) fn standing(&self, attempt: &AttemptId) -> Standing {
        let records = std::fs::read_dir(self.dir.path().join("attempts")).unwrap();
        let records = records.map(|entry| entry.unwrap().path());
        settle(records, std::slice::from_ref(attempt))
            .unwrap()
            .remove(0)
            .1
    }

    pub(crate) fn log(&self, spec: &Spec) -> Vec<u8> {
        let name = format!("{}.log", spec.attempt.file_stem());
        std::fs::read(self.dir.path().join("output").join(name)).unwrap_or_default()
    }

    pub(crate) fn text(&self, spec: &Spec) -> String {
        String::from_utf8(self.log(spec)).unwrap()
    }

    pub(crate) fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).unwrap();
    }

    pub(crate) fn wait_begun(&self, spec: &Spec) {
        until("it begins", || {
            has_begun(&self.record(), &spec.attempt).unwrap()
        });
    }

    pub(crate) fn wait_output(&self, spec: &Spec, text: &str) {
        until(text, || {
            memchr::memmem::find(&self.log(spec), text.as_bytes()).is_some()
        });
    }

    /// No more specifications.
    pub(crate) fn close(&mut self) {
        self.stdin = None;
    }

    /// The engine dies.
    pub(crate) fn abandon(&mut self) {
        self.stdin = None;
        self.stdout = None;
    }

    pub(crate) fn exit(&mut self) -> i32 {
        self.close();
        let mut code = None;
        until("the attempt process exits", || {
            code = self.child.try_wait().unwrap();
            code.is_some()
        });
        code.unwrap().code().unwrap_or(-1)
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        self.close();
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn until(what: &str, mut done: impl FnMut() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < PATIENCE, "waited in vain: {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// A specification of an attempt of step `s`, with the number 1 and generous limits.
pub(crate) fn spec(work: Work<Filled>) -> Spec {
    Spec {
        run: RunId::parse("test-run").unwrap(),
        attempt: AttemptId::act("s".into(), 1),
        work,
        env: Vec::new(),
        timeout_ms: None,
        grace_ms: 10_000,
        outputs: Vec::new(),
        max_log: 1 << 30,
        kind: "live".into(),
        idempotency_key: "test-run/s/1".into(),
        idempotent: false,
        secrets: BTreeMap::new(),
    }
}

pub(crate) fn shell(text: &str) -> Spec {
    spec(Work::Run(command(&["/bin/sh", "-c", text])))
}

pub(crate) fn exec(argv: &[&str]) -> Spec {
    spec(Work::Exec(command(argv)))
}

pub(crate) fn command(argv: &[&str]) -> workflow::Command<Filled> {
    workflow::Command {
        argv: argv.iter().map(|a| Filled::text(*a)).collect(),
        cwd: None,
        stdin: None,
    }
}

pub(crate) fn secret(name: &str) -> Filled {
    Filled {
        parts: vec![Part::Secret(name.into())],
    }
}

pub(crate) fn with_secrets(mut spec: Spec, secrets: &[(&str, SecretSource)]) -> Spec {
    for (name, source) in secrets {
        spec.secrets.insert((*name).into(), source.clone());
        spec.env.push(((*name).to_uppercase(), secret(name)));
    }
    spec
}

pub(crate) fn output(name: &str, from: OutputFrom) -> OutputSpec {
    OutputSpec {
        name: name.into(),
        from,
        required: true,
    }
}
