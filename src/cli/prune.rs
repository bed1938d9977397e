//! `prune`: removes runs that ended long ago. Never a live run, never one that still needs a person unless that is asked for.

use std::path::Path;
use std::time::Duration;

use serde_json::{Value as Json, json};

use super::args::PruneArgs;
use super::exit::{Exit, Failure};
use super::launch::{holder_of, now};
use super::out::{Out, talk};
use super::{actor, past};
use crate::config::{Retention, Settings};
use crate::journal::{LockError, RunDir, Summary};
use crate::time::{Timestamp, spoken_span};
use crate::workflow::parse_span;

/// A run that may go.
struct Candidate {
    dir: RunDir,
    summary: Summary,
    bytes: u64,
}

pub(super) fn prune(args: &PruneArgs, settings: &Settings, out: &mut Out) -> Result<Exit, Failure> {
    let wish = wish(args, &settings.retention)?;
    let shelf = past::shelf(settings)?;
    if !args.dry_run {
        shelf.sweep().map_err(|e| {
            Failure::storage(format!("cannot clear what an earlier prune left: {e}"))
        })?;
    }
    let dirs = shelf
        .list()
        .map_err(|error| Failure::storage(format!("cannot read the runs: {error}")))?;
    let mut gone = Vec::new();
    let mut failed = false;
    for candidate in candidates(dirs, &wish, args.include_unfinished, now()) {
        if args.dry_run {
            gone.push(candidate);
            continue;
        }
        match remove(&candidate, args.include_unfinished) {
            Ok(true) => gone.push(candidate),
            Ok(false) => {}
            Err(why) => {
                failed = true;
                talk(&format!(
                    "flightdeck: run {} stays: {why}",
                    candidate.summary.id
                ));
            }
        }
    }
    tell(&gone, args, out)?;
    Ok(if failed {
        Exit::Storage
    } else {
        Exit::Succeeded
    })
}

/// What may go, by the arguments, else by the settings.
fn wish(args: &PruneArgs, retention: &Retention) -> Result<Retention, Failure> {
    let older_than = match &args.older_than {
        Some(text) => Some(parse_span(text).map_err(|mistake| {
            Failure::usage(format!("--older-than: {mistake}"))
                .hint("write a number and a unit, such as 12h or 30d")
        })?),
        None => None,
    };
    let given = Retention {
        older_than,
        keep: args.keep,
    };
    let wish = if given == Retention::default() {
        retention.clone()
    } else {
        given
    };
    if wish == Retention::default() {
        return Err(Failure::usage("say what may go: --older-than, --keep, or both").hint(
            "for example: flightdeck prune --older-than 90d --keep 20 --dry-run; or `prune: {older_than: 90d}` in the settings",
        ));
    }
    Ok(wish)
}

/// Newest first, as the list is: so the first `keep` of them stay.
fn candidates(
    dirs: Vec<RunDir>,
    wish: &Retention,
    unfinished_too: bool,
    now: Timestamp,
) -> Vec<Candidate> {
    let old = |summary: &Summary, limit: Duration| {
        let since = summary.ended_at.unwrap_or(summary.started_at);
        now.since(since) > limit
    };
    let mut found = Vec::new();
    let mut seen = 0;
    for dir in dirs {
        let summary = match dir.summary() {
            Ok(summary) => summary,
            Err(error) => {
                talk(&format!("flightdeck: run {} stays: {error}", dir.id()));
                continue;
            }
        };
        if !summary.phase.is_terminal() && !unfinished_too {
            continue;
        }
        seen += 1;
        let beyond = wish.keep.is_none_or(|keep| seen > keep);
        if beyond && wish.older_than.is_none_or(|limit| old(&summary, limit)) {
            let bytes = size(dir.path());
            found.push(Candidate {
                dir,
                summary,
                bytes,
            });
        }
    }
    found
}

/// False if somebody is at work in it. It is looked at again under the lock: it may have been reopened meanwhile.
fn remove(candidate: &Candidate, unfinished_too: bool) -> Result<bool, String> {
    let holder = holder_of(&actor::current(), false);
    let lock = match candidate.dir.lock(&holder) {
        Ok(lock) => lock,
        Err(LockError::Held(_)) => return Ok(false),
        Err(error) => return Err(error.to_string()),
    };
    let summary = candidate.dir.summary().map_err(|e| e.to_string())?;
    if !summary.phase.is_terminal() && !unfinished_too {
        return Ok(false);
    }
    let removed = candidate.dir.remove(lock);
    removed.map(|()| true).map_err(|e| e.to_string())
}

fn tell(gone: &[Candidate], args: &PruneArgs, out: &mut Out) -> Result<(), Failure> {
    let bytes: u64 = gone.iter().map(|c| c.bytes).sum();
    if args.json {
        let line = |c: &Candidate| json!({"id": c.summary.id, "workflow": c.summary.workflow, "ended_at": c.summary.ended_at.map(Timestamp::rfc3339), "bytes": c.bytes});
        let runs: Vec<Json> = gone.iter().map(line).collect();
        return out.json(&json!({"dry_run": args.dry_run, "bytes": bytes, "runs": runs}));
    }
    for c in gone {
        let age = now().since(c.summary.ended_at.unwrap_or(c.summary.started_at));
        let days = Duration::from_secs(age.as_secs() / 60 * 60);
        out.line(format!(
            "{}  {}  {}, {} ago  {}",
            c.summary.id,
            c.summary.workflow,
            c.summary.shown,
            spoken_span(days),
            megabytes(c.bytes)
        ))?;
    }
    let would = if args.dry_run { "would go" } else { "gone" };
    out.line(format!("{} runs {would}, {}", gone.len(), megabytes(bytes)))
}

fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}

/// Bytes of all files below; what cannot be read counts nothing. Links are not followed.
fn size(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| match entry.metadata() {
            Ok(facts) if facts.is_dir() => size(&entry.path()),
            Ok(facts) => facts.len(),
            Err(_) => 0,
        })
        .sum()
}
