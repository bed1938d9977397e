//! The fast path of `main`: this process is an attempt process. Joins the attempt room to the journal's output files,
//! which may not know each other.

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;

use super::clock;
use crate::attempt::{Setup, Sink, serve};
use crate::id::AttemptId;
use crate::journal::{RunDir, Writer};
use crate::run::LogFacts;
use crate::time::Timestamp;

/// First argument of an attempt process; the run's folder and the process's number follow.
pub(super) const ARGUMENT: &str = "attempt-process";

/// If these arguments (without the program's name) are those of an attempt process: serves, and returns its exit code.
pub fn attempt_process(mut args: impl Iterator<Item = OsString>) -> Option<i32> {
    if args.next()? != ARGUMENT {
        return None;
    }
    let dir = RunDir::at(PathBuf::from(args.next()?));
    let number: u32 = args.next()?.to_str()?.parse().ok()?;
    let record = record_path(&dir, number);
    let open = move |attempt: &AttemptId, cap: u64| -> io::Result<Box<dyn Sink>> {
        Ok(Box::new(Output(Writer::create(
            &dir.output_path(attempt),
            cap,
        )?)))
    };
    Some(serve(Setup {
        record,
        open: Box::new(open),
        now: clock::now,
    }))
}

/// The record file of attempt process `number`.
pub(super) fn record_path(dir: &RunDir, number: u32) -> PathBuf {
    dir.attempts_dir().join(format!("{number}.record"))
}

/// The first number that no attempt process of this run has had.
pub(super) fn next_number(dir: &RunDir) -> io::Result<u32> {
    let mut next = 1;
    for entry in std::fs::read_dir(dir.attempts_dir())? {
        let name = entry?.file_name();
        let number = name
            .to_str()
            .and_then(|n| n.strip_suffix(".record"))
            .and_then(|n| n.parse::<u32>().ok());
        next = next.max(number.map_or(0, |n| n + 1));
    }
    Ok(next)
}

struct Output(Writer);

impl Sink for Output {
    fn write(&mut self, bytes: &[u8], now: Timestamp) {
        self.0.write(bytes, now);
    }

    fn finish(&mut self) -> LogFacts {
        self.0.finish()
    }
}
