//! Take, hand over, deny and release the controls; and who is refused a command for the want of them.

use super::super::actor::Actor;
use super::super::controls::{Asked, Controls, GRANTED_AFTER, Grounds, Held};
use super::super::desk::Desk;
use super::super::event::Event;
use super::super::input::Command;
use super::super::machine::Run;
use super::aim::{Check, need_reason, refuse};

/// Whether a command changes the run. Notes, answers and the controls themselves have rules of their own.
pub(in crate::run) fn needs_controls(command: &Command) -> bool {
    !matches!(
        command,
        Command::Note { .. }
            | Command::Pin { .. }
            | Command::Approve { .. }
            | Command::Reject { .. }
            | Command::Revoke { .. }
    ) && !command.is_about_controls()
}

impl Command {
    /// It moves the controls, and nothing else.
    pub fn is_about_controls(&self) -> bool {
        matches!(
            self,
            Self::Take { .. } | Self::HandOver { .. } | Self::Deny { .. } | Self::Release
        )
    }
}

/// Nobody, or this terminal, has the controls.
pub(super) fn check(run: &Run, actor: &Actor) -> Check {
    let controls = &run.controls;
    match controls.held_by_another(actor) {
        None => Ok(()),
        Some(held) => refuse(has_them(held), how_to_get(controls, held, actor)),
    }
}

pub(super) fn check_take(run: &Run, actor: &Actor, force: bool, reason: &str) -> Check {
    let controls = &run.controls;
    let live = controls.held.as_ref().filter(|held| held.lapsed.is_none());
    if live.is_some() && controls.held_by(actor) {
        return refuse(
            "you have the controls already",
            "release gives them up, hand over gives them to who asks",
        );
    }
    let Some(held) = live else { return Ok(()) };
    if force {
        return need_reason(reason);
    }
    match &controls.asked {
        None => Ok(()),
        Some(asked) if controls.asked_by(actor) => refuse(
            format!("you have asked for the controls {}", asked.at.clock()),
            format!("{}; {FORCE}", granted_unless(asked, held)),
        ),
        Some(asked) => refuse(
            format!(
                "{} has asked for the controls {}",
                asked.actor,
                asked.at.clock()
            ),
            format!(
                "ask once that is settled, at {}; {FORCE}",
                asked.until.clock()
            ),
        ),
    }
}

/// The holder answers whoever asks; `to` makes it compare-and-set.
pub(super) fn check_answer(run: &Run, actor: &Actor, to: Option<&Actor>) -> Check {
    check_holder(run, actor)?;
    match (&run.controls.asked, to) {
        (None, Some(to)) => refuse(
            format!("{to} does not ask for the controls any more"),
            "release gives them up",
        ),
        (None, None) => refuse("nobody asks for the controls", "release gives them up"),
        (Some(asked), Some(to)) if !asked.actor.same_terminal(to) => refuse(
            format!("it is {} who asks for the controls now", asked.actor),
            format!("since {}", asked.at.clock()),
        ),
        _ => Ok(()),
    }
}

pub(super) fn check_release(run: &Run, actor: &Actor) -> Check {
    if run.controls.asked_by(actor) {
        return Ok(());
    }
    check_holder(run, actor)
}

fn check_holder(run: &Run, actor: &Actor) -> Check {
    match (&run.controls.held, run.controls.held_by_another(actor)) {
        (None, _) => refuse("nobody has the controls", "take gives them to you"),
        (_, None) => Ok(()),
        (_, Some(held)) => refuse(has_them(held), how_to_get(&run.controls, held, actor)),
    }
}

pub(super) fn take(desk: &mut Desk, actor: &Actor, force: bool) {
    if desk.run.controls.held_by(actor) {
        // It had lapsed, and is there again by having said so.
        return;
    }
    let (now, actor) = (desk.now, actor.clone());
    let grounds = match &desk.run.controls.held {
        None => Grounds::Free,
        Some(held) if held.lapsed.is_some() => Grounds::Lapsed,
        Some(_) if force => Grounds::Forced,
        Some(_) => {
            let until = now.after(GRANTED_AFTER);
            return desk.emit(Event::ControlsAsked { actor, until });
        }
    };
    desk.emit(Event::ControlsTaken { actor, grounds });
}

pub(super) fn hand_over(desk: &mut Desk) {
    if let Some(asked) = &desk.run.controls.asked {
        let (actor, grounds) = (asked.actor.clone(), Grounds::Granted);
        desk.emit(Event::ControlsTaken { actor, grounds });
    }
}

pub(super) fn deny(desk: &mut Desk) {
    if let Some(asked) = &desk.run.controls.asked {
        let actor = asked.actor.clone();
        desk.emit(Event::ControlsDenied { actor });
    }
}

pub(super) fn release(desk: &mut Desk, actor: &Actor) {
    let actor = actor.clone();
    desk.emit(if desk.run.controls.asked_by(&actor) {
        Event::ControlsWithdrawn { actor }
    } else {
        Event::ControlsReleased { actor }
    });
}

const FORCE: &str = "by force it needs a reason";

fn has_them(held: &Held) -> String {
    let from = match held.actor.at.as_str() {
        "" => String::new(),
        at => format!(" from {at}"),
    };
    let (who, since) = (&held.actor, held.since.clock());
    match held.lapsed {
        None => format!("{who} has the controls{from} since {since}"),
        Some(at) => format!(
            "{who} has the controls{from} since {since}, and is gone since {}",
            at.clock()
        ),
    }
}

fn how_to_get(controls: &Controls, held: &Held, actor: &Actor) -> String {
    match &controls.asked {
        _ if held.lapsed.is_some() => "take (C) gives them to you at once".to_owned(),
        Some(asked) if controls.asked_by(actor) => {
            format!("you have asked: {}", granted_unless(asked, held))
        }
        Some(asked) => format!(
            "{} has asked for them {}; ask once that is settled, at {}",
            asked.actor,
            asked.at.clock(),
            asked.until.clock()
        ),
        None => format!(
            "take (C) asks for them, granted after {} s unless refused",
            GRANTED_AFTER.as_secs()
        ),
    }
}

fn granted_unless(asked: &Asked, held: &Held) -> String {
    let until = asked.until.clock();
    format!("granted {until} unless {} says no", held.actor)
}
