//! `resume`: takes up a run that no engine holds.

use std::io::IsTerminal;

use super::actor;
use super::args::ResumeArgs;
use super::exit::{Exit, Failure};
use super::launch::{self, Face, Post};
use super::out::{Out, talk};
use super::past::{self, Past};
use super::run;
use crate::config::Settings;
use crate::headless;
use crate::run::{Actor, Held};

pub(super) fn resume(
    args: &ResumeArgs,
    settings: &Settings,
    out: &mut Out,
) -> Result<Exit, Failure> {
    // Before anything that takes time: until then a terminal that closes takes this process with it.
    if args.own_session {
        own_session();
    }
    let past = past::open(settings, &args.run)?;
    let lines =
        args.headless || !std::io::stdin().is_terminal() || !std::io::stdout().is_terminal();
    let phase = past.run.phase();
    // A hook of its end may still be owed.
    let over = phase.is_terminal() && !past.run.has_hooks_to_do();
    if over && lines {
        talk(&format!(
            "flightdeck: run {} has ended: {}; nothing to take up",
            past.id,
            headless::phase_word(phase)
        ));
        return Ok(Exit::of(phase));
    }
    if let Some(holder) = past.holder.as_ref().filter(|h| !h.detached) {
        return Err(Failure::new(
            Exit::Refused,
            format!(
                "run {} is driven by process {} of {} on {}",
                past.id, holder.pid, holder.user, holder.host
            ),
        )
        .hint(format!(
            "look at it: flightdeck show {id}, flightdeck logs -f {id} STEP; end that process to take it over",
            id = past.id
        )));
    }
    let face = if lines {
        Face::Lines(headless::Options {
            json: args.json,
            hold: args.hold,
        })
    } else {
        Face::Screen
    };
    let workflow = past.run.workflow().name.clone();
    let post = Post {
        actor: if lines {
            actor::current()
        } else {
            actor::at_screen()
        },
        face,
        own_session: args.own_session,
        recording: run::recording(args.record.as_deref(), face, settings)?,
        workflow: &workflow,
        settings,
    };
    if !lines {
        not_anothers(&past, &post.actor)?;
    }
    launch::resume(past.dir, &post, out)
}

/// Taking a run up at a screen takes the controls with it. Where a process drives it and somebody sits at them, they are asked for.
fn not_anothers(past: &Past, actor: &Actor) -> Result<(), Failure> {
    let held = past.run.controls().held_by_another(actor);
    let there = |held: &&Held| held.lapsed.is_none() && !held.actor.same_person(actor);
    match held.filter(there).filter(|_| past.holder.is_some()) {
        None => Ok(()),
        Some(held) => Err(Failure::new(
            Exit::Refused,
            format!(
                "{} has the controls of run {} from {} since {}",
                held.actor,
                past.id,
                held.actor.at,
                held.since.clock()
            ),
        )
        .hint(format!(
            "look on and ask for them by C: flightdeck attach {}",
            past.id
        ))),
    }
}

/// Fails only for a group leader, which a process that was started for this is not.
pub(super) fn own_session() {
    let _ = rustix::process::setsid();
}
