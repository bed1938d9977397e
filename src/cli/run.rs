//! `run`: from a file and parameters to a started run, in the screen, as lines, or in the background.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::path::Path;
use std::sync::Arc;

use serde_json::Value as Json;

use super::args::RunArgs;
use super::exit::{Exit, Failure};
use super::launch::{self, Face, Post};
use super::like::{self, Like};
use super::out::{Out, create_new, quoted, talk};
use super::resume::own_session;
use super::{actor, check, detach, freeze, params, past, screen};
use crate::config::Settings;
use crate::engine;
use crate::headless;
use crate::id::{RunId, StepId};
use crate::run::{FreezeOverride, Kind, RunStart};
use crate::time::Timestamp;
use crate::tui::Recording;
use crate::workflow::{Workflow, bind_params};

pub(super) fn run(args: &RunArgs, settings: &Settings, out: &mut Out) -> Result<Exit, Failure> {
    if args.own_session {
        own_session();
    }
    let origin = origin(args, settings)?;
    let workflow = origin.workflow;
    let breakpoints = steps_named(&args.breakpoints, &workflow)?;
    let mut given = origin.params;
    given.extend(params::given(&args.params)?);
    let face = face(args);
    let Some(bound) = bind(&origin.file, &workflow, given, face, settings)? else {
        return Ok(Exit::Cancelled);
    };
    let kind = args.kind.map_or(origin.kind, Kind::from);
    let reason = args.override_freeze.as_deref();
    let freeze_override = freeze::pass(&workflow, kind, reason, face, settings)?;
    let id = run_id(args.id.as_deref())?;
    if args.detach {
        return detach::detach((args, origin.like.as_ref()), settings, &id, out);
    }
    let shelf = past::shelf(settings)?;
    let beginning = Beginning {
        params: bound,
        kind,
        freeze_override,
        paused: args.paused,
        ungraceful: args.ungraceful,
        breakpoints,
        max_parallel: args.max_parallel.map(|n| n as usize),
        attended: face == Face::Screen || args.hold,
        controls: face == Face::Screen,
        cwd: origin.cwd,
        like: origin.like,
    };
    let start = beginning.start(&workflow, &origin.file, &id);
    let name = workflow.name.clone();
    let post = Post {
        actor: start.actor.clone(),
        face,
        own_session: args.own_session,
        recording: recording(args.record.as_deref(), face, settings)?,
        workflow: &name,
        settings,
    };
    launch::start(&shelf, workflow, start, &post, out)
}

/// What is run: a workflow from its file, or like another run.
struct Origin {
    workflow: Arc<Workflow>,
    /// Where it is, for people.
    file: String,
    params: BTreeMap<String, Json>,
    kind: Kind,
    /// `None` is the folder of this process.
    cwd: Option<String>,
    like: Option<RunId>,
}

fn origin(args: &RunArgs, settings: &Settings) -> Result<Origin, Failure> {
    let Some(text) = &args.file else {
        let other = args.like.as_deref().unwrap_or_default();
        let like = like::like(other, settings)?;
        tell(args, &like);
        return Ok(Origin::from(like));
    };
    let (source, workflow) = check::load(text, settings)?;
    let workflow = Arc::new(workflow);
    let mut origin = Origin {
        workflow: Arc::clone(&workflow),
        file: source.file,
        params: BTreeMap::new(),
        kind: Kind::Live,
        cwd: None,
        like: None,
    };
    if let Some(other) = &args.like {
        let like = like::like_for(other, workflow, settings)?;
        tell(args, &like);
        origin.params = like.params;
        origin.kind = like.kind;
        origin.like = Some(like.run);
    }
    Ok(origin)
}

/// Said once, to the person; the words of a process that `--detach` starts are those of its failure.
fn tell(args: &RunArgs, like: &Like) {
    if !args.own_session {
        talk(&format!("flightdeck: like {}, by {}", like.run, like.by));
    }
}

impl From<Like> for Origin {
    fn from(like: Like) -> Self {
        Self {
            workflow: like.workflow,
            file: like.file,
            params: like.params,
            kind: like.kind,
            cwd: Some(like.cwd).filter(|cwd| !cwd.is_empty()),
            like: Some(like.run),
        }
    }
}

/// What the home screen picked: a workflow whose parameters its form has checked.
pub(super) fn start_picked(
    file: &str,
    params: BTreeMap<String, Json>,
    settings: &Settings,
    out: &mut Out,
) -> Result<Exit, Failure> {
    let (source, workflow) = check::load(file, settings)?;
    let origin = Origin {
        workflow: Arc::new(workflow),
        file: source.file,
        params,
        kind: Kind::Live,
        cwd: None,
        like: None,
    };
    at_screen(origin, settings, out)
}

/// The same of a new run like another one.
pub(super) fn start_like(
    run: &RunId,
    params: &BTreeMap<String, Json>,
    settings: &Settings,
    out: &mut Out,
) -> Result<Exit, Failure> {
    let like = like::like(run.as_str(), settings)?;
    // The file may have changed while the form was open.
    let params = bind_params(&like.workflow, params)
        .map_err(|problems| params::refused(&like.workflow, &problems))?;
    let origin = Origin {
        params,
        ..Origin::from(like)
    };
    at_screen(origin, settings, out)
}

fn at_screen(origin: Origin, settings: &Settings, out: &mut Out) -> Result<Exit, Failure> {
    let freeze_override =
        freeze::pass(&origin.workflow, origin.kind, None, Face::Screen, settings)?;
    let shelf = past::shelf(settings)?;
    let beginning = Beginning {
        params: origin.params,
        kind: origin.kind,
        freeze_override,
        attended: true,
        controls: true,
        cwd: origin.cwd,
        like: origin.like,
        ..Beginning::default()
    };
    let start = beginning.start(&origin.workflow, &origin.file, &run_id(None)?);
    let name = origin.workflow.name.clone();
    let post = Post {
        actor: start.actor.clone(),
        face: Face::Screen,
        own_session: false,
        recording: None,
        workflow: &name,
        settings,
    };
    launch::start(&shelf, origin.workflow, start, &post, out)
}

/// What the command line says about a new run.
#[derive(Clone, Debug, Default)]
pub(super) struct Beginning {
    pub params: BTreeMap<String, Json>,
    pub kind: Kind,
    pub freeze_override: Option<FreezeOverride>,
    pub paused: bool,
    pub ungraceful: bool,
    pub breakpoints: Vec<StepId>,
    pub max_parallel: Option<usize>,
    pub attended: bool,
    /// At a screen, which has the controls from the start.
    pub controls: bool,
    /// Where its steps start; `None` is the folder of this process.
    pub cwd: Option<String>,
    pub like: Option<RunId>,
}

impl Beginning {
    /// All that the journal's first event holds.
    pub(super) fn start(self, workflow: &Workflow, file: &str, id: &RunId) -> RunStart {
        RunStart {
            file: file.to_owned(),
            cwd: self.cwd.unwrap_or_else(|| {
                let here = std::env::current_dir();
                here.map(|d| d.display().to_string()).unwrap_or_default()
            }),
            params: self.params,
            kind: self.kind,
            actor: if self.controls {
                actor::at_screen()
            } else {
                actor::current()
            },
            paused: self.paused,
            ungraceful: self.ungraceful,
            breakpoints: self.breakpoints,
            max_parallel: self.max_parallel,
            attended: self.attended,
            controls: self.controls,
            boot: engine::boot_id(),
            freeze_override: self.freeze_override,
            like: self.like,
            ..RunStart::new(id.clone(), workflow)
        }
    }
}

/// A person needs a terminal on both ends, for a screen or for lines and questions; without one the run is only told.
fn face(args: &RunArgs) -> Face {
    let options = headless::Options {
        json: args.json,
        hold: args.hold,
    };
    if args.headless || args.detach {
        return Face::Lines(options);
    }
    let terminal = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
    if terminal {
        // Told in lines where a screen is not wanted or not possible; the person is there all the same.
        return Face::Screen;
    }
    talk("flightdeck: no terminal here, so the run is shown as lines, as with --headless");
    Face::Lines(options)
}

/// The file is made first, so that nothing is started whose recording was wanted and cannot be had.
pub(super) fn recording(
    path: Option<&Path>,
    face: Face,
    settings: &Settings,
) -> Result<Option<Arc<Recording>>, Failure> {
    let Some(path) = path else {
        return Ok(None);
    };
    if face != Face::Screen || screen::plain(settings) {
        return Err(Failure::usage(
            "--record records the screen, and there is none here",
        ));
    }
    let file = create_new(path)?;
    Ok(Some(Arc::new(Recording::new(file))))
}

/// Checks the parameters. In the screen a form asks for what is missing or wrong: `None` if the person gave up.
fn bind(
    file: &str,
    workflow: &Arc<Workflow>,
    given: BTreeMap<String, Json>,
    face: Face,
    settings: &Settings,
) -> Result<Option<BTreeMap<String, Json>>, Failure> {
    match bind_params(workflow, &given) {
        Ok(bound) => Ok(Some(bound)),
        Err(problems) => {
            let all_declared = problems.iter().all(|p| {
                workflow
                    .params
                    .iter()
                    .any(|declared| declared.name == p.param)
            });
            if face == Face::Screen && !screen::plain(settings) && all_declared {
                screen::ask_params(file, workflow, given, settings)
            } else {
                Err(params::refused(workflow, &problems))
            }
        }
    }
}

fn steps_named(names: &[String], workflow: &Workflow) -> Result<Vec<StepId>, Failure> {
    let known = || workflow.steps.iter().map(|s| s.id.as_str());
    names
        .iter()
        .map(|name| {
            if known().any(|k| k == name) {
                Ok(StepId::from(name.as_str()))
            } else {
                let failure = past::unknown_step(name, known());
                Err(Failure {
                    message: format!("--break: {}", failure.message),
                    ..failure
                })
            }
        })
        .collect()
}

pub(super) fn run_id(given: Option<&str>) -> Result<RunId, Failure> {
    let text = match given {
        Some(text) => text.to_owned(),
        None => fresh_id(launch::now(), random()?),
    };
    let reserved = text == "last";
    RunId::parse(&text).filter(|_| !reserved).ok_or_else(|| {
        Failure::usage(format!("--id: {} is not a run id", quoted(&text))).hint(
            "letters, digits, `.`, `_` and `-`, at most 64, not beginning with `.` or `-`, not `last`",
        )
    })
}

/// `20261124-103002-7f3a`: sorts by time, and two people may start at the same second.
fn fresh_id(now: Timestamp, random: u16) -> String {
    let digits: String = now
        .rfc3339()
        .chars()
        .take_while(|c| *c != '.')
        .filter(char::is_ascii_digit)
        .collect();
    let (date, time) = digits.split_at(8.min(digits.len()));
    format!("{date}-{time}-{random:04x}")
}

fn random() -> Result<u16, Failure> {
    use std::io::Read;
    let mut bytes = [0; 2];
    std::fs::File::open("/dev/urandom")
        .and_then(|mut f| f.read_exact(&mut bytes))
        .map_err(|error| {
            Failure::storage(format!("cannot read /dev/urandom: {error}"))
                .hint("name the run yourself by --id ID")
        })?;
    Ok(u16::from_le_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fresh_id_sorts_by_time_and_is_a_run_id() {
        let id = fresh_id(Timestamp(1_795_516_202_004), 0x7f);
        assert_eq!(id, "20261124-103002-007f");
        assert!(RunId::parse(&id).is_some());
    }

    #[test]
    fn a_given_id_is_checked() {
        assert_eq!(run_id(Some("drill-1")).unwrap().as_str(), "drill-1");
        for bad in ["../../etc", "a/b", "last", "", ".x", &"x".repeat(65)] {
            assert_eq!(run_id(Some(bad)).unwrap_err().exit, Exit::BadUsage, "{bad}");
        }
    }
}
