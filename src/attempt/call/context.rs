//! What a service call works in: whose attempt it is, where it says what it does, what it was told besides the question.

use std::cell::{Cell, RefCell};
use std::pin::Pin;
use std::time::Duration;

use serde_json::{Map, Value as Json};

use super::super::log::{Log, Stream};
use super::super::secrets::{Known, Values};
use crate::run::Spec;

/// What a service answers, by name: what `expect` sees and what the step publishes.
pub(in super::super) type Answer = Map<String, Json>;

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) enum Trouble {
    /// Definitely not done, and asking again would give the same.
    Failed(String),
    /// Definitely not done, but it may be another time.
    Unreached(String),
    /// It may have taken effect.
    Unknown(String),
}

impl Trouble {
    /// Why, whatever it means for the call.
    pub(in super::super) fn words(self) -> String {
        match self {
            Self::Failed(why) | Self::Unreached(why) | Self::Unknown(why) => why,
        }
    }
}

/// What is done when the attempt is stopped, and what is known then.
pub(in super::super) struct Farewell {
    pub(super) part: Pin<Box<dyn Future<Output = Parted>>>,
    /// How long the service may take for it, besides the grace of the attempt.
    pub(super) more: Duration,
}

impl Farewell {
    pub(in super::super) fn new(part: impl Future<Output = Parted> + 'static) -> Self {
        Self {
            part: Box::pin(part),
            more: Duration::from_secs(5),
        }
    }

    /// For a service that is slower than others.
    pub(in super::super) fn taking(self, more: Duration) -> Self {
        Self { more, ..self }
    }
}

/// How things stand after a [`Farewell`].
pub(in super::super) enum Parted {
    /// It goes on no more, in words.
    Stopped(String),
    /// It was done before the word to stop arrived.
    Done(Answer),
    /// In words, why it is not known.
    Unknown(String),
}

/// One attempt of a service call.
pub(in super::super) struct Context<'a, 'l> {
    pub(in super::super) spec: &'a Spec,
    /// What the step declares, secrets included.
    env: Vec<(String, String)>,
    known: &'a Known,
    log: RefCell<&'a mut Log<'l>>,
    /// A change has left and was not answered yet.
    under_way: Cell<bool>,
    farewell: RefCell<Option<Farewell>>,
    /// The inner status line that stands.
    status: RefCell<String>,
    /// The answer in a few words.
    found: RefCell<Option<String>>,
    judged: bool,
}

impl<'a, 'l> Context<'a, 'l> {
    /// `judged`: there is an expectation. `Err` says which secret is missing.
    pub(super) fn new(
        spec: &'a Spec,
        known: &'a Known,
        values: &Values,
        log: &'a mut Log<'l>,
        judged: bool,
    ) -> Result<Self, String> {
        let env = spec.env.iter();
        let env = env.map(|(name, text)| Ok((name.clone(), values.fill(text)?)));
        Ok(Self {
            spec,
            env: env.collect::<Result<_, String>>()?,
            known,
            log: RefCell::new(log),
            under_way: Cell::new(false),
            farewell: RefCell::default(),
            status: RefCell::default(),
            found: RefCell::default(),
            judged,
        })
    }

    /// A variable: the step's own word, then what flightdeck itself was started with.
    pub(in super::super) fn env(&self, name: &str) -> Option<String> {
        let own = self.env.iter().rev().find(|(key, _)| key == name);
        own.map(|(_, value)| value.clone())
            .or_else(|| std::env::var(name).ok())
    }

    /// The variables that the step itself declares.
    pub(in super::super) fn declared(&self) -> impl Iterator<Item = (&str, &str)> {
        self.env
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The beginning of something longer: what could become a secret where it is cut is masked too.
    pub(super) fn beginning(&self, text: &str, bytes: usize) -> String {
        self.known.beginning(text.as_bytes(), bytes)
    }

    /// A line of the log, masked by itself: no secret goes on in the next line.
    pub(in super::super) fn say(&self, line: &str) {
        let mut stream = Stream::new(self.known.masker());
        let mut log = self.log.borrow_mut();
        log.write(&mut stream, format!("{line}\n").as_bytes());
        log.end(stream);
    }

    /// For what something says that runs elsewhere: masked across whatever cuts it.
    pub(in super::super) fn stream(&self) -> Stream {
        Stream::new(self.known.masker())
    }

    pub(in super::super) fn pour(&self, stream: &mut Stream, bytes: &[u8]) {
        self.log.borrow_mut().write(stream, bytes);
    }

    pub(in super::super) fn end(&self, stream: Stream) {
        self.log.borrow_mut().end(stream);
    }

    /// How it stands inside, in a few words: shown beside the step while it runs, and logged when it changes.
    pub(in super::super) fn status(&self, words: &str) {
        if *self.status.borrow() != words {
            words.clone_into(&mut self.status.borrow_mut());
            self.say(&format!("~ {words}"));
        }
    }

    /// An expectation looks at the answer: it may want what would be a failure without it.
    pub(in super::super) fn is_judged(&self) -> bool {
        self.judged
    }

    /// The answer in a few words, for a message that says what was found instead of what was expected.
    pub(in super::super) fn found(&self, words: impl Into<String>) {
        *self.found.borrow_mut() = Some(words.into());
    }

    /// What was found by the look that has just ended.
    pub(super) fn take_found(&self) -> Option<String> {
        self.found.borrow_mut().take()
    }

    /// Around a call that changes something: `true` before it leaves, `false` when it is answered. Stopped in between, the
    /// outcome is not known.
    pub(in super::super) fn under_way(&self, is: bool) {
        self.under_way.set(is);
    }

    /// For what goes on by itself when nobody asks for it any more: how to end it. `None` once that is no longer needed.
    pub(in super::super) fn when_stopped(&self, farewell: Option<Farewell>) {
        *self.farewell.borrow_mut() = farewell;
    }

    pub(super) fn take_farewell(&self) -> Option<Farewell> {
        self.farewell.borrow_mut().take()
    }

    /// What is stopped now may have taken effect, and cannot simply be asked for again.
    pub(super) fn may_have_landed(&self) -> bool {
        self.under_way.get() && !self.spec.idempotent
    }
}
