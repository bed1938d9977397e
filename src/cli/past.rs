//! A run as its journal tells it, live or over: what `show`, `logs` and `resume` look at.

use super::exit::{Exit, Failure};
use super::out::quoted;
use crate::config::Settings;
use crate::headless;
use crate::id::{RunId, StepId};
use crate::journal::{self, FindError, Holder, RunDir, Shelf, Tail};
use crate::run::{Recorded, Run};

/// A run, folded up to the last complete record.
#[derive(Debug)]
pub(super) struct Past {
    pub id: RunId,
    pub dir: RunDir,
    pub run: Run,
    pub records: Vec<Recorded>,
    /// SHA-256 of the chain up to the last record.
    pub head: String,
    /// The record that the anchored head belongs to, if one was looked for and found.
    pub anchored: Option<u64>,
    /// Who drives it now.
    pub holder: Option<Holder>,
}

pub(super) fn shelf(settings: &Settings) -> Result<Shelf, Failure> {
    Shelf::open(&settings.state_dir).map_err(|error| {
        Failure::storage(format!("cannot use the state folder: {error}"))
            .hint("choose another one by --state-dir DIR or FLIGHTDECK_STATE_DIR")
    })
}

fn find(shelf: &Shelf, text: &str) -> Result<RunDir, Failure> {
    shelf.find(text).map_err(|error| match &error {
        FindError::NotAnId(_) => not_an_id(text),
        FindError::None(_) | FindError::Empty => {
            Failure::usage(error.to_string()).hint("`flightdeck list` shows the runs")
        }
        FindError::Several { .. } => Failure::usage(error.to_string()).hint("write more of it"),
        FindError::Io(_) => Failure::storage(format!("cannot read the runs: {error}")),
    })
}

fn not_an_id(text: &str) -> Failure {
    Failure::usage(format!("{} is not a run id", quoted(text)))
        .hint("`flightdeck list` shows the run ids; `last` is the newest")
}

/// Finds a run and folds its journal.
pub(super) fn open(settings: &Settings, text: &str) -> Result<Past, Failure> {
    whole(read(settings, text, None)?)
}

/// The same, looking for the record that an anchored head of the chain belongs to.
pub(super) fn open_anchored(settings: &Settings, text: &str, head: &str) -> Result<Past, Failure> {
    whole(read(settings, text, Some(head))?)
}

fn whole((past, damage): (Past, Option<journal::Error>)) -> Result<Past, Failure> {
    match damage {
        None => Ok(past),
        Some(damage) => Err(damage.into()),
    }
}

/// The same, up to where the journal is damaged, and what the damage is.
pub(super) fn open_readable(
    settings: &Settings,
    text: &str,
) -> Result<(Past, Option<journal::Error>), Failure> {
    read(settings, text, None)
}

fn read(
    settings: &Settings,
    text: &str,
    anchor: Option<&str>,
) -> Result<(Past, Option<journal::Error>), Failure> {
    if text != "last" && RunId::parse(text).is_none() {
        return Err(not_an_id(text));
    }
    let shelf = shelf(settings)?;
    let dir = find(&shelf, text)?;
    let mut tail = Tail::open(dir.path())?;
    if let Some(head) = anchor {
        tail.look_for(head);
    }
    let mut records = Vec::new();
    let damage = loop {
        // A long journal comes in pieces.
        match tail.read() {
            Ok(more) if more.is_empty() => break None,
            Ok(more) => records.extend(more),
            Err(error @ journal::Error::Corrupt { .. }) if !records.is_empty() => {
                break Some(error);
            }
            Err(error) => return Err(error.into()),
        }
    };
    if records.is_empty() {
        let path = dir.path().to_owned();
        return Err(journal::Error::NeverStarted { path }.into());
    }
    let run = headless::fold(&records).map_err(|what| {
        Failure::new(Exit::JournalUnreadable, format!("run {}: {what}", dir.id()))
    })?;
    let holder = dir.holder().unwrap_or_default();
    let past = Past {
        id: dir.id(),
        dir,
        run,
        records,
        head: tail.head(),
        anchored: tail.met(),
        holder,
    };
    Ok((past, damage))
}

/// The step of this run that `text` names.
pub(super) fn step(run: &Run, text: &str) -> Result<StepId, Failure> {
    let id = StepId::from(text);
    if run.step(&id).is_some() {
        return Ok(id);
    }
    let names = run.steps().iter().map(|s| s.id.as_str());
    Err(unknown_step(text, names))
}

/// The answer to a step that is not there.
pub(super) fn unknown_step<'a>(
    text: &str,
    names: impl Iterator<Item = &'a str> + Clone,
) -> Failure {
    let failure = Failure::usage(format!("no step {}", quoted(text)));
    if let Some(name) = super::out::meant(text, names.clone()) {
        return failure.hint(format!("did you mean `{name}`?"));
    }
    let some: Vec<&str> = names.take(20).collect();
    failure.hint(format!("steps: {}", some.join(", ")))
}
