//! The controls: the right to command a run. One terminal has them at a time, and hands them over as pilots do. Losing their
//! holder never stops a run, and never locks anybody out: whoever is refused is told who has them, and how to get them.
//!
//! ```text
//! nobody      take | a screen acts | takes the run up      -> held
//! held        release                                      -> nobody, or whoever has asked
//!             its terminal is gone (`Lapsed`)              -> held and lapsed, until it returns
//!             another one takes: lapsed, or by force       -> held by that one
//!             another one takes: else                      -> asked, for 30 s
//! asked       hand over | release | lapsed | 30 s are over -> held by who asked
//!             deny | the asker withdraws or is gone        -> held as before
//! ```

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::actor::Actor;
use super::desk::Desk;
use super::event::Event;
use super::machine::Run;
use crate::time::Timestamp;

/// How long a holder may leave a request unanswered.
pub(super) const GRANTED_AFTER: Duration = Duration::from_secs(30);

/// Who has the controls of a run, and who asks for them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Controls {
    pub held: Option<Held>,
    pub asked: Option<Asked>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    pub actor: Actor,
    pub since: Timestamp,
    /// Its terminal has been gone, or silent, since then: whoever takes the controls has them at once.
    pub lapsed: Option<Timestamp>,
}

/// A request that the holder has not answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    pub actor: Actor,
    pub at: Timestamp,
    /// Granted then by itself.
    pub until: Timestamp,
}

/// Why somebody has the controls from now on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Grounds {
    /// Nobody had them.
    Free,
    /// A screen acted, and nobody had them.
    Acted,
    /// The holder's terminal was gone.
    Lapsed,
    /// The holder handed them over.
    Granted,
    /// The holder did not answer in time.
    Unanswered,
    Forced,
    /// The run was taken up at that screen, after its engine had gone.
    TakenUp,
}

impl Controls {
    /// Whether `actor`'s terminal has them.
    pub fn held_by(&self, actor: &Actor) -> bool {
        let held = self.held.as_ref();
        held.is_some_and(|held| held.actor.same_terminal(actor))
    }

    /// Whether `actor`'s terminal asks for them.
    pub fn asked_by(&self, actor: &Actor) -> bool {
        let asked = self.asked.as_ref();
        asked.is_some_and(|asked| asked.actor.same_terminal(actor))
    }

    /// The other terminal that has them, if one does.
    pub fn held_by_another(&self, actor: &Actor) -> Option<&Held> {
        self.held
            .as_ref()
            .filter(|held| !held.actor.same_terminal(actor))
    }

    /// What one fact changes.
    pub(super) fn apply(&mut self, event: &Event, at: Timestamp) {
        match event {
            Event::ControlsTaken { actor, .. } => {
                self.asked = None;
                self.held = Some(Held {
                    actor: actor.clone(),
                    since: at,
                    lapsed: None,
                });
            }
            Event::ControlsAsked { actor, until } => {
                self.asked = Some(Asked {
                    actor: actor.clone(),
                    at,
                    until: *until,
                });
            }
            Event::ControlsDenied { .. } | Event::ControlsWithdrawn { .. } => self.asked = None,
            Event::ControlsReleased { .. } => self.held = None,
            Event::ControlsLapsed { .. } => self.lapse(Some(at)),
            Event::ControlsReturned { .. } => self.lapse(None),
            _ => {}
        }
    }

    fn lapse(&mut self, at: Option<Timestamp>) {
        if let Some(held) = &mut self.held {
            held.lapsed = at;
        }
    }

    /// Whether that fact can follow.
    pub(super) fn legal(&self, event: &Event) -> Result<(), String> {
        let (holds, else_why) = match event {
            Event::ControlsTaken { actor, .. } => (!self.held_by(actor), "they are held by it"),
            Event::ControlsAsked { actor, .. } => (
                self.asked.is_none() && self.held_by_another(actor).is_some(),
                "there is nobody to ask, or somebody asks already",
            ),
            Event::ControlsDenied { actor } | Event::ControlsWithdrawn { actor } => {
                (self.asked_by(actor), "it has not asked")
            }
            Event::ControlsReleased { actor } => (self.held_by(actor), "it does not hold them"),
            Event::ControlsLapsed { actor } => {
                (self.held_by(actor) && !self.lapsed(), "it is gone already")
            }
            Event::ControlsReturned { actor } => {
                (self.held_by(actor) && self.lapsed(), "it is not gone")
            }
            _ => (true, ""),
        };
        if holds {
            Ok(())
        } else {
            Err(format!("the controls: {else_why}"))
        }
    }

    /// Whoever has them is gone.
    fn lapsed(&self) -> bool {
        self.held.as_ref().is_some_and(|held| held.lapsed.is_some())
    }
}

impl Run {
    /// Who has the controls, and who asks for them.
    pub fn controls(&self) -> &Controls {
        &self.controls
    }
}

impl Desk<'_> {
    /// A request is granted when nobody is there to answer it, or nobody has in time.
    pub(super) fn settle_controls(&mut self) {
        let Controls { held, asked } = &self.run.controls;
        let Some(asked) = asked else { return };
        let grounds = match held {
            None => Grounds::Free,
            Some(held) if held.lapsed.is_some() => Grounds::Lapsed,
            Some(_) if asked.until <= self.now => Grounds::Unanswered,
            Some(_) => return,
        };
        let actor = asked.actor.clone();
        self.emit(Event::ControlsTaken { actor, grounds });
    }

    /// A terminal is gone. If it asked, it asks no more; if it had the controls, anyone may take them.
    pub(super) fn lapsed(&mut self, actor: Actor) {
        let controls = &self.run.controls;
        if controls.asked_by(&actor) {
            self.emit(Event::ControlsWithdrawn { actor });
        } else if controls.held_by(&actor) && !controls.lapsed() {
            self.emit(Event::ControlsLapsed { actor });
        }
    }

    /// A terminal is there again. What it lost meanwhile is lost.
    pub(super) fn returned(&mut self, actor: &Actor) {
        if self.run.controls.held_by(actor) && self.run.controls.lapsed() {
            let actor = actor.clone();
            self.emit(Event::ControlsReturned { actor });
        }
    }

    /// Another engine has the run. Whoever took it up at a screen has the controls; else their holder, whose connection went
    /// with the old engine, has yet to come back.
    pub(super) fn taken_up(&mut self, pilot: Option<Actor>) {
        match (pilot, &self.run.controls.held) {
            (Some(actor), _) if self.run.controls.held_by(&actor) => self.returned(&actor),
            (Some(actor), _) => {
                let grounds = Grounds::TakenUp;
                self.emit(Event::ControlsTaken { actor, grounds });
            }
            (None, Some(held)) => {
                let actor = held.actor.clone();
                self.lapsed(actor);
            }
            (None, None) => {}
        }
    }

    /// A command was accepted: a screen has the controls by that, if it needs them and nobody had them.
    pub(super) fn acted(&mut self, actor: &Actor, needs_controls: bool) {
        self.returned(actor);
        if needs_controls && actor.screen && self.run.controls.held.is_none() {
            let (actor, grounds) = (actor.clone(), Grounds::Acted);
            self.emit(Event::ControlsTaken { actor, grounds });
        }
    }
}
