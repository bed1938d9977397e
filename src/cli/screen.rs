//! What the screen is given by this floor: options, the lists of workflows and runs, and the loop of the home screen.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value as Json;

use super::exit::{Exit, Failure};
use super::launch::{self, Face, Post};
use super::library;
use super::memory::Kept;
use super::out::Out;
use super::theme_files::ThemeFiles;
use super::{actor, attach, compare, like, past, report, run};
use crate::config::Settings;
use crate::engine::{Handle, clock};
use crate::headless::{self, End};
use crate::id::RunId;
use crate::journal::{RunDir, Shelf, Summary};
use crate::run::{Contrast, Definition, Kind, PastRuns, Phase, Run};
use crate::time::{Timestamp, age};
use crate::tui::{
    self, Choice, Options, Outcome, Programs, RunEntry, Watch, WorkflowEntry, keys::Keymap,
};
use crate::workflow::{self, Severity, Workflow};

/// Frames a second: gentler on a line than beside the machine.
const FPS_NEAR: u16 = 10;
const FPS_FAR: u16 = 4;

/// The options of a screen, from the settings and the terminal; of a run, its folder and the name of its workflow.
pub(super) fn options(
    settings: &Settings,
    run: Option<(&RunDir, &str)>,
    watch: Watch,
) -> Result<Options, Failure> {
    let kept = run.map(|(_, workflow)| Kept::of(workflow, settings));
    let memory = kept.as_ref().and_then(|kept| kept.recall().transpose());
    let chosen = match &memory {
        Some(Ok(memory)) if !settings.theme_asked => memory.theme.as_deref(),
        _ => None,
    };
    let themes = ThemeFiles::new(settings);
    // One that is gone meanwhile is not missed.
    let chosen = chosen.filter(|name| themes.wear(name).is_ok());
    let name = chosen.unwrap_or(&settings.theme).to_owned();
    let themes = themes.wanting(&name);
    let theme = themes.wear(&name)?;
    let keymap = keymap(settings)?;
    let far = std::env::var_os("SSH_CONNECTION").is_some();
    Ok(Options {
        theme,
        themes: Arc::new(themes),
        keymap,
        fps: u32::from(settings.fps.unwrap_or(if far { FPS_FAR } else { FPS_NEAR })),
        watch,
        now: clock::now,
        dir: run
            .map(|(dir, _)| dir.path().to_owned())
            .unwrap_or_default(),
        programs: programs(),
        source: Some(Arc::new(Shelves {
            settings: settings.clone(),
        })),
        recording: None,
        replay: None,
        plain: plain(settings),
        has_screen: !settings.dumb && is_large_enough(),
        words: headless::words,
        notify: settings.notify,
        memory,
        remember: kept.map(remember),
    })
}

/// The screen has gone when this is done: whether it could be is for the log.
fn remember(kept: Kept) -> tui::Remember {
    Arc::new(move |memory: &tui::Memory| {
        if let Err(error) = kept.remember(memory) {
            tracing::warn!("how the screen was left is not remembered: {error}");
        }
    })
}

/// The keys, with the person's own.
pub(super) fn keymap(settings: &Settings) -> Result<Keymap, Failure> {
    settings.keys.keymap().map_err(|told| {
        Failure::usage(told).hint("`flightdeck keys` lists the commands and their keys")
    })
}

/// Whether the screen is told in lines: asked for, or the terminal has no room for a screen.
pub(super) fn plain(settings: &Settings) -> bool {
    settings.plain || !is_large_enough()
}

fn is_large_enough() -> bool {
    tui::terminal::size().is_none_or(|(width, height)| tui::has_room(width, height))
}

/// What the person uses elsewhere too; split at spaces, without a shell.
fn programs() -> Programs {
    let words = |names: &[&str], usual: &str| {
        let set = names.iter().filter_map(|name| std::env::var(name).ok());
        let said = set.into_iter().find(|said| !said.trim().is_empty());
        let said = said.unwrap_or_else(|| usual.to_owned());
        said.split_whitespace().map(str::to_owned).collect()
    };
    Programs {
        pager: words(&["PAGER"], "less"),
        editor: words(&["VISUAL", "EDITOR"], "vi"),
        shell: words(&["SHELL"], "/bin/sh"),
        scratch: std::env::temp_dir(),
    }
}

/// The few lines that stay on the terminal after the screen has gone.
/// With how the run ended, if it has.
pub(super) fn farewell(handle: &Handle, out: &mut Out) -> Result<Option<Phase>, Failure> {
    let mut feed = handle.feed()?;
    let run = headless::fold(&feed.ready()?).ok();
    let phase = run
        .as_ref()
        .map(Run::phase)
        .filter(|phase| phase.is_terminal());
    let end = phase.map_or(End::NeedsOperator, End::Ended);
    out.raw(headless::summary(run.as_ref(), &end, &feed.head()).as_bytes())?;
    out.finish()?;
    Ok(phase)
}

/// `flightdeck` alone: pick a workflow or a run, work with it, come back.
pub(super) fn home(settings: &Settings, out: &mut Out) -> Result<Exit, Failure> {
    let source = Arc::new(Shelves {
        settings: settings.clone(),
    });
    let mut exit = Exit::Succeeded;
    loop {
        match tui::home(options(settings, None, Watch::Acting)?, source.clone()) {
            Choice::Start {
                params,
                like: Some(like),
                ..
            } => exit = run::start_like(&like, &params, settings, out)?,
            Choice::Start { file, params, .. } => {
                exit = run::start_picked(&file, params, settings, out)?;
            }
            Choice::Open(id) => {
                if let Some(opened) = open(&id, settings, out)? {
                    exit = opened;
                }
            }
            Choice::Quit | Choice::HungUp => return Ok(exit),
            Choice::Broken(why) => return Err(Failure::storage(why)),
        }
    }
}

/// A run that nobody drives and that has not ended is taken up, one that another process drives is attached to, any other is
/// looked at.
pub(super) fn open(
    id: &RunId,
    settings: &Settings,
    out: &mut Out,
) -> Result<Option<Exit>, Failure> {
    let past = past::open(settings, id.as_str())?;
    let workflow = past.run.workflow().name.clone();
    let driven = past.holder.as_ref().is_some_and(|h| !h.detached);
    if !driven && (!past.run.phase().is_terminal() || past.run.has_hooks_to_do()) {
        let post = Post {
            actor: actor::at_screen(),
            face: Face::Screen,
            own_session: false,
            recording: None,
            workflow: &workflow,
            settings,
        };
        return launch::resume(past.dir, &post, out).map(Some);
    }
    if driven {
        match attach::reach(&past, Watch::Watching) {
            Ok((handle, actor)) => {
                let watching = (Watch::Watching, None);
                return attach::show(&handle, (&actor, &workflow), watching, settings, out)
                    .map(Some);
            }
            // Of an older version, or on another host: its journal can be read all the same.
            Err(error) => tracing::warn!(run = %past.id, "cannot attach: {error}"),
        }
    }
    let options = options(settings, Some((&past.dir, &workflow)), Watch::WatchOnly)?;
    match tui::run(Handle::past(past.dir), actor::at_screen(), options) {
        Outcome::Broken(why) => Err(Failure::storage(why)),
        outcome => go_on(outcome, settings, out),
    }
}

/// What the person wants instead of the run that was on the screen, if anything: another run, or a new one like it.
pub(super) fn go_on(
    outcome: Outcome,
    settings: &Settings,
    out: &mut Out,
) -> Result<Option<Exit>, Failure> {
    match outcome {
        Outcome::OpenRun(other) => open(&other, settings, out),
        Outcome::StartLike(other) => {
            let like = like::like(other.as_str(), settings)?;
            match tui::like_form(options(settings, None, Watch::Acting)?, like.into()) {
                Choice::Start { params, .. } => {
                    run::start_like(&other, &params, settings, out).map(Some)
                }
                Choice::Broken(why) => Err(Failure::storage(why)),
                Choice::Open(_) | Choice::Quit | Choice::HungUp => Ok(None),
            }
        }
        _ => Ok(None),
    }
}

/// Asks for the parameters in a form, filled in with what was given. `None` if the person gave up.
pub(super) fn ask_params(
    file: &str,
    workflow: &Arc<Workflow>,
    given: BTreeMap<String, Json>,
    settings: &Settings,
) -> Result<Option<BTreeMap<String, Json>>, Failure> {
    let options = options(settings, None, Watch::Acting)?;
    match tui::params_form(options, file.to_owned(), Arc::clone(workflow), given) {
        Choice::Start { params, .. } => Ok(Some(params)),
        Choice::Broken(why) => Err(Failure::storage(why)),
        Choice::Open(_) | Choice::Quit | Choice::HungUp => Ok(None),
    }
}

/// Past runs that tell how long steps take: the newest ones, sought among so many.
const PAST_RUNS: usize = 10;
const PAST_LOOKED_AT: usize = 200;

/// The lists that the screen shows.
struct Shelves {
    settings: Settings,
}

impl tui::Source for Shelves {
    fn workflows(&self) -> Vec<WorkflowEntry> {
        let runs = self.runs();
        library::entries(&self.settings)
            .into_iter()
            .map(|entry| self.describe(&entry, &runs))
            .collect()
    }

    fn runs(&self) -> Vec<RunEntry> {
        let dirs = Shelf::open(&self.settings.state_dir)
            .and_then(|shelf| shelf.list())
            .unwrap_or_default();
        let entry = |dir: &RunDir| {
            let live = dir.holder().ok().flatten().is_some();
            Some(RunEntry {
                summary: dir.summary().ok()?,
                live,
            })
        };
        dirs.iter().filter_map(entry).collect()
    }

    fn past(&self, workflow: &str, kind: Kind, but: &RunId) -> PastRuns {
        let dirs = Shelf::open(&self.settings.state_dir).and_then(|shelf| shelf.list());
        let dirs = dirs.unwrap_or_default().into_iter();
        let mut past = PastRuns::default();
        let others = dirs.filter(|dir| dir.id() != *but).take(PAST_LOOKED_AT);
        let runs = others.filter(|dir| {
            let summary = dir.summary().ok();
            summary.is_some_and(|s| s.workflow == workflow && s.phase.is_terminal())
        });
        let runs = runs.filter_map(|dir| past::open(&self.settings, dir.id().as_str()).ok());
        let alike = runs.filter(|run| run.run.started().is_some_and(|s| s.kind == kind));
        for run in alike.take(PAST_RUNS) {
            past.add(&run.run);
        }
        past
    }

    fn compare(&self, first: &RunId, second: &RunId) -> Result<Contrast, String> {
        let compared = compare::compared(first.as_str(), second.as_str(), &self.settings);
        compared
            .map(|comparison| comparison.contrast())
            .map_err(|failure| failure.message)
    }

    fn like(&self, run: &RunId) -> Result<tui::Like, String> {
        let like = like::like(run.as_str(), &self.settings);
        like.map(tui::Like::from).map_err(|failure| failure.message)
    }

    fn check(&self, file: &str) -> Result<Arc<Workflow>, Vec<String>> {
        let source =
            library::open(file, &self.settings).map_err(|failure| vec![failure.message])?;
        let checked = source.check();
        let told = |p: &workflow::Problem| workflow::render(p, &source.file, &source.bytes, false);
        checked.workflow.map(Arc::new).ok_or_else(|| {
            checked
                .problems
                .iter()
                .map(told)
                .flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>())
                .collect()
        })
    }

    fn report(&self, run: &RunId) -> Result<String, String> {
        report::text(run, &self.settings).map_err(|failure| failure.message)
    }

    fn definition(&self, file: &str) -> Result<Definition, String> {
        let source = library::open(file, &self.settings).map_err(|failure| failure.message)?;
        let checked = source.check();
        let problem = checked
            .problems
            .first()
            .map(|problem| problem.message.clone());
        let workflow = checked.workflow.ok_or_else(|| {
            let why = problem.unwrap_or_default();
            format!("{}: {why}; `flightdeck check` tells where", source.file)
        })?;
        Ok(Definition {
            file: source.file,
            text: workflow.text,
            files: workflow.files,
        })
    }
}

impl Shelves {
    fn describe(&self, entry: &library::Entry, runs: &[RunEntry]) -> WorkflowEntry {
        let (file, from) = match &entry.place {
            library::Place::File(path) => {
                let folder = path
                    .parent()
                    .map(|p| p.display().to_string())
                    .unwrap_or_default();
                (path.display().to_string(), folder)
            }
            library::Place::Shipped => (entry.name.clone(), "shipped".to_owned()),
        };
        let mut described = WorkflowEntry {
            name: entry.name.clone(),
            file,
            from,
            ..WorkflowEntry::default()
        };
        let Ok(source) = library::open(&described.file, &self.settings) else {
            described.errors = 1;
            return described;
        };
        let checked = source.check();
        described.errors = checked
            .problems
            .iter()
            .filter(|p| p.severity == Severity::Error)
            .count();
        if let Some(workflow) = checked.workflow {
            let about = workflow.description.lines().next().unwrap_or_default();
            about.clone_into(&mut described.about);
            described.steps = workflow.steps.len();
            let last = runs.iter().find(|r| r.summary.workflow == workflow.name);
            described.last = last
                .map(|r| last_run(&r.summary, clock::now()))
                .unwrap_or_default();
        }
        described
    }
}

/// How a run went and how long ago: `failed, 3d ago`.
fn last_run(summary: &Summary, now: Timestamp) -> String {
    let ago = now.since(summary.ended_at.unwrap_or(summary.started_at));
    format!("{}, {} ago", summary.shown, age(ago))
}
