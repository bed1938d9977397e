//! `attach`: the screen on a run that another process drives.

use std::io::IsTerminal;
use std::sync::Arc;

use super::args::AttachArgs;
use super::ctl::unreached;
use super::exit::{Exit, Failure};
use super::launch::Face;
use super::out::{Out, quoted};
use super::past::{self, Past};
use super::{run, screen};
use crate::config::Settings;
use crate::engine::Handle;
use crate::headless;
use crate::id::RunId;
use crate::link::{self, Role};
use crate::run::Actor;
use crate::tui::{self, Outcome, Recording, Watch};

pub(super) fn attach(
    args: &AttachArgs,
    settings: &Settings,
    out: &mut Out,
) -> Result<Exit, Failure> {
    let text = match &args.run {
        Some(text) => text.clone(),
        None => only_live(settings)?.to_string(),
    };
    let past = past::open(settings, &text)?;
    if past.holder.is_none() {
        return Err(unheld(&past));
    }
    if !std::io::stdin().is_terminal() || !std::io::stdout().is_terminal() {
        return Err(
            Failure::usage("attach opens the screen, which needs a terminal").hint(format!(
                "without one: flightdeck show {id}, logs -f {id} STEP, ctl {id} VERB",
                id = past.id
            )),
        );
    }
    let watch = if args.watch {
        Watch::WatchOnly
    } else {
        Watch::Watching
    };
    let (handle, actor) = reach(&past, watch).map_err(|error| unreached(&past, &error))?;
    let recording = run::recording(args.record.as_deref(), Face::Screen, settings)?;
    let workflow = past.run.workflow().name.as_str();
    show(
        &handle,
        (&actor, workflow),
        (watch, recording),
        settings,
        out,
    )
}

/// Attaches as a screen that watches, for now or for good.
pub(super) fn reach(past: &Past, watch: Watch) -> Result<(Handle, Actor), link::Error> {
    let role = match watch {
        Watch::WatchOnly => Role::Watcher,
        Watch::Acting | Watch::Watching => Role::Screen,
    };
    link::attach(past.dir.clone(), role)
}

/// The screen on a run that goes on, whatever becomes of this screen.
pub(super) fn show(
    handle: &Handle,
    (actor, workflow): (&Actor, &str),
    (watch, recording): (Watch, Option<Arc<Recording>>),
    settings: &Settings,
    out: &mut Out,
) -> Result<Exit, Failure> {
    let mut broken = false;
    loop {
        let mut options = screen::options(settings, Some((handle.run_dir(), workflow)), watch)?;
        options.recording.clone_from(&recording);
        match tui::run(handle.clone(), actor.clone(), options) {
            Outcome::Ended(phase) => {
                screen::farewell(handle, out)?;
                return Ok(Exit::of(phase));
            }
            Outcome::HungUp => return Ok(Exit::NeedsOperator),
            Outcome::Left | Outcome::PausedAndLeft | Outcome::Detach => {
                screen::farewell(handle, out)?;
                return Ok(Exit::NeedsOperator);
            }
            outcome @ (Outcome::OpenRun(_) | Outcome::StartLike(_)) => {
                let next = screen::go_on(outcome, settings, out)?;
                return Ok(next.unwrap_or(Exit::NeedsOperator));
            }
            Outcome::Broken(why) if !broken => {
                broken = true;
                tracing::error!(why, "the screen is opened once more");
            }
            Outcome::Broken(why) => return Err(Failure::storage(why)),
        }
    }
}

/// The run that is meant when none is named.
fn only_live(settings: &Settings) -> Result<RunId, Failure> {
    let dirs = past::shelf(settings)?.list();
    let dirs = dirs.map_err(|error| Failure::storage(format!("cannot read the runs: {error}")))?;
    let mut live = dirs
        .iter()
        .filter_map(|dir| Some((dir.id(), dir.holder().ok()??)));
    let all: Vec<_> = live.by_ref().collect();
    match all.as_slice() {
        [(id, _)] => Ok(id.clone()),
        [] => Err(Failure::usage("no run is live").hint("`flightdeck list` shows the runs")),
        several => {
            let line = |(id, holder): &(RunId, crate::journal::Holder)| {
                let (user, pid, since) = (&holder.user, holder.pid, holder.since.clock());
                format!("\n  {id}  held by {user}, process {pid}, since {since}")
            };
            let lines: String = several.iter().map(line).collect();
            Err(
                Failure::usage(format!("several runs are live: which one?{lines}"))
                    .hint("flightdeck attach RUN"),
            )
        }
    }
}

fn unheld(past: &Past) -> Failure {
    let (id, phase) = (&past.id, past.run.phase());
    if phase.is_terminal() {
        let words = headless::phase_word(phase);
        return Failure::new(Exit::Refused, format!("run {id} has ended: {words}"))
            .hint(format!("look at it: flightdeck show {id}"));
    }
    Failure::new(
        Exit::Refused,
        format!("no engine drives run {}", quoted(id.as_str())),
    )
    .hint(format!("take it up: flightdeck resume {id}"))
}
