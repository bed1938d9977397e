//! What an attempt at a far end works with: its specification, its log, the signals that stop it.

use std::time::Duration;

use rustix::event::PollFlags;

use super::super::child::Stop;
use super::super::clock::Stopwatch;
use super::super::log::{Log, Stream};
use super::super::pipe::Buffer;
use super::super::secrets::Known;
use super::super::signals::{Asked, Signals, wait};
use super::far::Far;
use super::link::Link;
use crate::run::{Ended, Outcome, Spec};
use crate::time::spoken_span;
use crate::workflow::SshDoc;

/// How long a lost link is sought, unless said.
const RECONNECT: Duration = Duration::from_mins(5);

pub(super) struct Room<'a, 'l> {
    pub(super) spec: &'a Spec,
    pub(super) ask: &'a SshDoc,
    pub(super) far: &'a Far,
    /// What the folder of the attempt is called at the far end, without its number.
    pub(super) name: &'a str,
    pub(super) known: &'a Known,
    pub(super) signals: &'a Signals,
    pub(super) buffer: &'a mut Buffer,
    pub(super) log: &'a mut Log<'l>,
    /// When the attempt began.
    pub(super) since: Stopwatch,
}

/// What was ready, and what was asked meanwhile.
pub(super) struct News {
    pub(super) first: [PollFlags; 4],
    pub(super) second: [PollFlags; 4],
    pub(super) asked: Asked,
    /// The attempt's own time is over.
    pub(super) timed_out: bool,
}

impl Room<'_, '_> {
    /// A line of the log, masked by itself.
    pub(super) fn say(&mut self, line: &str) {
        let mut stream = Stream::new(self.known.masker());
        self.log.write(&mut stream, format!("{line}\n").as_bytes());
        self.log.end(stream);
    }

    /// How it stands inside: the line that the outline shows.
    pub(super) fn status(&mut self, words: &str) {
        self.say(&format!("~ {words}"));
    }

    pub(super) fn reconnect_within(&self) -> Duration {
        self.ask.reconnect_within().unwrap_or(RECONNECT)
    }

    /// Waits for news of up to two links, at most for `limit`.
    pub(super) fn wait(
        &self,
        first: Option<&Link>,
        second: Option<&Link>,
        limit: Duration,
    ) -> News {
        let mut limit = limit.as_millis() as u64 + 1;
        for link in [first, second].into_iter().flatten() {
            limit = limit.min(link.limit());
        }
        // A timeout that is over has been told, and is no reason to wake up again.
        let left = self.spec.timeout().map(|t| self.since.left_of(t));
        if let Some(left) = left.filter(|left| !left.is_zero()) {
            limit = limit.min(left.as_millis() as u64 + 1);
        }
        let mut fds = [None; 10];
        for (slot, fd) in fds.iter_mut().zip(self.signals.fds()) {
            *slot = Some((fd, PollFlags::IN));
        }
        for (link, from) in [(first, 2), (second, 6)] {
            if let Some(link) = link {
                fds[from..from + 4].copy_from_slice(&link.fds());
            }
        }
        let ready = wait(fds, Some(limit));
        let four = |from: usize| std::array::from_fn(|n| ready[from + n]);
        News {
            first: four(2),
            second: four(6),
            asked: self.signals.take(),
            timed_out: self
                .spec
                .timeout()
                .is_some_and(|t| self.since.left_of(t).is_zero()),
        }
    }

    /// It was stopped when nothing was under way at the far end.
    pub(super) fn stopped_early(&self, timed_out: bool) -> Ended {
        if timed_out {
            let limit = self.spec.timeout().map(spoken_span).unwrap_or_default();
            let message = format!("timed out after {limit}, before the command was started");
            return Ended::new(Outcome::TimedOut, message);
        }
        Ended::new(Outcome::Cancelled, "cancelled before it started")
    }
}

impl News {
    /// A stop that begins now.
    pub(super) fn stop(&self) -> Stop {
        Stop {
            timed_out: !self.asked.anything(),
            since: Stopwatch::start(),
            gently: false,
            killed: false,
            kill_asked: self.asked.kill || self.asked.terms > 1,
        }
    }
}
