//! To whom a call tells what it does: the step it is for, or nobody when it only fetches a secret.

use super::super::call::Context;

#[derive(Clone, Copy)]
pub(super) enum Teller<'a, 'c, 'l> {
    Step(&'a Context<'c, 'l>),
    Nobody,
}

impl Teller<'_, '_, '_> {
    pub(super) fn say(self, line: &str) {
        if let Self::Step(cx) = self {
            cx.say(line);
        }
    }

    pub(super) fn status(self, words: &str) {
        if let Self::Step(cx) = self {
            cx.status(words);
        }
    }

    pub(super) fn under_way(self, is: bool) {
        if let Self::Step(cx) = self {
            cx.under_way(is);
        }
    }

    /// A variable: the step's own word, then what flightdeck itself was started with.
    pub(super) fn env(self, name: &str) -> Option<String> {
        match self {
            Self::Step(cx) => cx.env(name),
            Self::Nobody => std::env::var(name).ok(),
        }
    }
}
