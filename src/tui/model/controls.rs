//! What the controls mean for this screen at this moment.

use super::Model;
use crate::run::{Actor, Controls};

/// What `C` would do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Means {
    /// Nobody has them, or whoever had them is gone.
    Take,
    Ask,
    /// Somebody has asked already: only force is left.
    Force,
    /// Hand over or deny.
    Answer,
    GiveUp,
}

impl Model {
    /// What `C` means at this moment.
    pub(crate) fn controls_key(&self) -> Means {
        let Controls { held, asked } = self.run.controls();
        let mine = self.run.controls().held_by(&self.actor);
        match (held, asked) {
            (Some(_), Some(_)) if mine => Means::Answer,
            (Some(held), None) if mine && held.lapsed.is_none() => Means::GiveUp,
            (Some(held), _) if held.lapsed.is_some() => Means::Take,
            (Some(_), Some(_)) => Means::Force,
            (Some(_), None) => Means::Ask,
            (None, _) => Means::Take,
        }
    }
}

/// A person and the terminal, for a question about them.
pub(crate) fn told(actor: &Actor) -> String {
    match actor.at.as_str() {
        "" => actor.to_string(),
        at => format!("{actor} at {at}"),
    }
}
