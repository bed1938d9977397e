//! Pause and resume: a gate on dispatch. What runs goes on; nothing new starts.

use super::super::desk::Desk;
use super::super::event::Event;
use super::super::input::Command;
use super::super::machine::Run;
use super::aim::{Check, last_done, refuse};

pub(super) fn check_pause(run: &Run) -> Check {
    match &run.paused {
        None => Ok(()),
        Some((actor, at)) => refuse(
            format!("already paused by {actor} {}", at.clock()),
            "resume, or step to start one step",
        ),
    }
}

pub(super) fn check_resume(run: &Run) -> Check {
    if run.standby || run.paused.is_some() {
        return Ok(());
    }
    let before = last_done(run, |command| *command == Command::Resume);
    let why = match before {
        Some((actor, at)) => format!("already resumed by {actor} {}", at.clock()),
        None => "the run is not paused".to_owned(),
    };
    refuse(why, "pause stops what has not started")
}

pub(super) fn pause(desk: &mut Desk) {
    desk.emit(Event::RunPaused);
}

/// A run that stands by goes on as it was, which may be paused: that was somebody's decision.
pub(super) fn resume(desk: &mut Desk) {
    desk.emit(if desk.run.standby {
        Event::StandbyEnded
    } else {
        Event::RunResumed
    });
}
