//! A new run like another one: its workflow as it is now, or as it was then, with the other's params, kind and folder.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use serde_json::Value as Json;

use super::exit::{Exit, Failure};
use super::library;
use super::past::{self, Past};
use crate::config::Settings;
use crate::id::RunId;
use crate::run::{Kind, RunStart};
use crate::tui;
use crate::workflow::Workflow;

/// What is taken over from the other run.
#[derive(Clone, Debug)]
pub(super) struct Like {
    pub run: RunId,
    pub workflow: Arc<Workflow>,
    /// As the other one's record has it.
    pub file: String,
    pub cwd: String,
    pub kind: Kind,
    /// Of those that the workflow still declares.
    pub params: BTreeMap<String, Json>,
    /// By which text, and which params are left out, in words.
    pub by: String,
}

/// Finds the run, and its workflow: the file as it is now, else the text in its journal.
pub(super) fn like(text: &str, settings: &Settings) -> Result<Like, Failure> {
    let past = past::open(settings, text)?;
    let start = started(&past)?;
    let folder = Path::new(&start.cwd);
    if !start.cwd.is_empty() && !folder.is_dir() {
        let text = format!(
            "run {} was started in a folder that is gone: {}",
            past.id, start.cwd
        );
        let hint = format!(
            "start it from another one: flightdeck run FILE --like {}",
            past.id
        );
        return Err(Failure::usage(text).hint(hint));
    }
    let (workflow, by) = match current(start, settings) {
        Ok(workflow) if workflow.digest == start.digest => {
            (workflow, format!("{}, unchanged since", start.file))
        }
        Ok(workflow) => {
            let by = format!("{} as it is now: it has changed since", start.file);
            (workflow, by)
        }
        Err(why) => (
            recorded(&past, start)?,
            format!("the text in its journal: {why}"),
        ),
    };
    Ok(of(&past, start, workflow, by))
}

/// The params of the run, for a workflow that is named.
pub(super) fn like_for(
    text: &str,
    workflow: Arc<Workflow>,
    settings: &Settings,
) -> Result<Like, Failure> {
    let past = past::open(settings, text)?;
    let start = started(&past)?;
    let by = "the file that is named".to_owned();
    Ok(of(&past, start, workflow, by))
}

fn of(past: &Past, start: &RunStart, workflow: Arc<Workflow>, by: String) -> Like {
    let declared = |name: &String| workflow.params.iter().any(|spec| spec.name == *name);
    let (kept, dropped): (BTreeMap<_, _>, BTreeMap<_, _>) = start
        .params
        .clone()
        .into_iter()
        .partition(|(name, _)| declared(name));
    let dropped: Vec<String> = dropped.into_keys().collect();
    let by = match dropped.as_slice() {
        [] => by,
        _ => format!("{by}; not declared any more: {}", dropped.join(", ")),
    };
    Like {
        run: past.id.clone(),
        workflow,
        file: start.file.clone(),
        cwd: start.cwd.clone(),
        kind: start.kind,
        params: kept,
        by,
    }
}

fn started(past: &Past) -> Result<&RunStart, Failure> {
    let unreadable = || {
        Failure::new(
            Exit::JournalUnreadable,
            format!("run {} never started", past.id),
        )
    };
    past.run.started().ok_or_else(unreadable)
}

/// The workflow as its file is now, or why that cannot be had.
fn current(start: &RunStart, settings: &Settings) -> Result<Arc<Workflow>, String> {
    let source = if let Some(name) = start.file.strip_suffix(" (shipped)") {
        library::shipped(name).ok_or(format!("nothing shipped is called {name}"))?
    } else {
        let path = Path::new(&start.cwd).join(&start.file);
        if !path.is_file() {
            return Err(format!("{} is gone", start.file));
        }
        let path = path.display().to_string();
        library::open(&path, settings).map_err(|failure| failure.message)?
    };
    let workflow = source.check().workflow;
    let workflow = workflow.ok_or_else(|| format!("{} has errors now", start.file))?;
    if workflow.name != start.workflow {
        return Err(format!(
            "{} is another workflow now, {}",
            start.file, workflow.name
        ));
    }
    Ok(Arc::new(workflow))
}

fn recorded(past: &Past, start: &RunStart) -> Result<Arc<Workflow>, Failure> {
    let workflow = start.plan().workflow.map(Arc::new);
    workflow.ok_or_else(|| {
        let text = format!(
            "this version does not understand the workflow of run {}",
            past.id
        );
        Failure::new(Exit::JournalUnreadable, text)
    })
}

impl From<Like> for tui::Like {
    fn from(like: Like) -> Self {
        Self {
            run: like.run,
            file: like.file,
            workflow: like.workflow,
            params: like.params,
            kind: like.kind,
            by: like.by,
        }
    }
}
