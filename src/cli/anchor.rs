//! The head of a run's chain, put where whoever can change the journal cannot: a file, or a web hook of the settings.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value as Json, json};

use super::exit::Failure;
use super::launch::now;
use super::out::talk;
use crate::config::Anchor;
use crate::engine::Handle;
use crate::headless::{self, phase_word};

/// A web hook that is slower must not keep an operator.
const PATIENCE: Duration = Duration::from_secs(10);

/// Does nothing while the run goes on. What cannot be put there is told, and changes nothing: the head stands in the last lines.
pub(super) fn put(anchor: &Anchor, handle: &Handle) -> Result<(), Failure> {
    if anchor.file.is_none() && anchor.url.is_none() {
        return Ok(());
    }
    let mut feed = handle.feed()?;
    let Ok(run) = headless::fold(&feed.ready()?) else {
        return Ok(());
    };
    if !run.phase().is_terminal() {
        return Ok(());
    }
    let message = json!({
        "run": handle.run_dir().id(),
        "phase": phase_word(run.phase()),
        "seq": run.seq(),
        "head": feed.head(),
        "at": now(),
    });
    if let Some(path) = &anchor.file
        && let Err(error) = append(path, &message)
    {
        let path = path.display();
        talk(&format!("flightdeck: the head is not in {path}: {error}"));
    }
    if let Some(url) = &anchor.url
        && let Err(why) = crate::attempt::post(url, &message, PATIENCE)
    {
        talk(&format!(
            "flightdeck: the head did not reach its web hook: {why}"
        ));
    }
    Ok(())
}

/// One line for each run.
fn append(path: &Path, message: &Json) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(format!("{message}\n").as_bytes())?;
    file.sync_all()
}
