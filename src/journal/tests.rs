//! Tests of the journal room: real files in folders of their own.

mod damage;
mod full;
mod group;
mod lock;
mod log;
mod merged;
mod output;
mod power;
mod shelf;
mod tail;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use tempfile::TempDir;

use super::Log;
use crate::id::RunId;
use crate::run::{Actor, Event, Kind, Phase, Recorded, RunStart};
use crate::time::Timestamp;

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

/// One in memory where there is such a thing: for thousands of cases whose syncs prove nothing.
fn fast_folder() -> TempDir {
    tempfile::tempdir_in("/dev/shm").unwrap_or_else(|_| folder())
}

/// Set in a child, to the folder that it is to work in.
const CHILD: &str = "FLIGHTDECK_TEST_CHILD";

/// The folder, in a child that runs one test alone.
fn as_child() -> Option<PathBuf> {
    std::env::var_os(CHILD).map(PathBuf::from)
}

/// A child of this test program that will run one test (its path from the crate's root) alone.
fn child(test: &str, dir: &Path) -> Command {
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", test, "--nocapture"]).env(CHILD, dir);
    child
}

/// How often a long test repeats, or how long it is: `FLIGHTDECK_CASES`, else a few for every day.
fn cases(everyday: u64) -> u64 {
    let given = std::env::var("FLIGHTDECK_CASES").ok();
    given.and_then(|n| n.parse().ok()).unwrap_or(everyday)
}

fn journal_of(dir: &Path) -> PathBuf {
    dir.join("journal")
}

fn told(seq: u64, what: &str) -> Recorded {
    Recorded {
        seq,
        at: Timestamp(1_764_000_000_000 + seq.cast_signed()),
        event: Event::Told {
            what: what.to_owned(),
        },
    }
}

fn started(run: &str) -> Recorded {
    Recorded {
        seq: 1,
        at: Timestamp(1_764_000_000_001),
        event: Event::RunStarted(Box::new(RunStart {
            run: RunId::parse(run).unwrap(),
            format: 1,
            by: "0.1.0".to_owned(),
            workflow: "demo".to_owned(),
            digest: "d1".to_owned(),
            text: Arc::from("not a workflow that any version accepts"),
            file: "demo.yaml".to_owned(),
            cwd: String::new(),
            params: std::collections::BTreeMap::new(),
            kind: Kind::Live,
            actor: Actor::default(),
            paused: false,
            breakpoints: Vec::new(),
            max_parallel: None,
            attended: true,
            files: std::collections::BTreeMap::new(),
            controls: false,
            boot: String::new(),
            ungraceful: false,
            freeze_override: None,
            like: None,
        })),
    }
}

fn ended(seq: u64, phase: Phase) -> Recorded {
    Recorded {
        seq,
        at: Timestamp(1_764_000_000_000 + seq.cast_signed()),
        event: Event::RunEnded { phase },
    }
}

/// The beginning of a run: `n` events, of different lengths, some with text that looks like our own columns.
fn history(n: u64) -> Vec<Recorded> {
    let mut all = vec![started("r1")];
    all.extend((2..=n).map(|seq| {
        let text = "\"\n 00000001 00000000 0000000001 0000000000 {}\n";
        told(seq, &text[..(seq % 5) as usize * 11])
    }));
    all
}

/// A journal with these records, one append each; closed.
fn write(dir: &Path, records: &[Recorded]) {
    let mut log = Log::create(dir).unwrap();
    for record in records {
        log.append(std::slice::from_ref(record)).unwrap();
    }
}
