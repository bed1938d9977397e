//! Follows a feed to the end of its run, printing as it goes.

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{Instant, sleep_until};

use super::fold::begin;
use super::line::line;
use super::summary::summary;
use super::words::words;
use crate::engine::{Feed, Pace};
use crate::id::RunId;
use crate::journal;
use crate::run::{Event, Phase, Recorded, Run, Shown};
use crate::text::{Clean, escape_json};
use crate::workflow::Workflow;

/// What happens within this is told together: waking up for each of a thousand steps a second costs more than they do.
const LISTEN: Duration = Duration::from_millis(10);

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// One JSON object a line instead of words.
    pub json: bool,
    /// Wait when a person is needed, instead of letting go.
    pub hold: bool,
}

/// Why following a run came to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    Ended(Phase),
    /// Nothing can go on without a person, and there is none to ask.
    NeedsOperator,
    /// The engine is gone: with its words.
    Over(String),
    /// We were told to go. The attempts under way go on by themselves.
    Signal(i32),
}

/// Follows `feed` to the end of the run: each event to `lines`, what people should know to `talk`.
pub async fn follow(
    feed: &mut Feed,
    options: Options,
    lines: &mut dyn Write,
    talk: &mut dyn Write,
) -> Result<End, journal::Error> {
    let mut signals = Signals::listen();
    let mut printer = Printer::new(options, lines);
    let mut stuck = String::new();
    let end = loop {
        // Asked before the events are read: what the engine wrote before its end is then still printed.
        let pace = feed.pace();
        printer.drain(feed)?;
        let listen_at = Instant::now() + LISTEN;
        if let Some(end) = printer.end() {
            break end;
        }
        match pace.clone() {
            Pace::Live => stuck.clear(),
            Pace::Over(words) => break End::Over(words),
            // Said once, not at each turn of this loop.
            Pace::Stuck(words) if words != stuck => {
                let _ = writeln!(talk, "{}", Clean::line(&words));
                stuck = words;
            }
            Pace::Stuck(_) => {}
        }
        // Reading the events also took note of a new pace, which would then never wake us.
        if feed.pace() != pace {
            continue;
        }
        tokio::select! {
            () = news(feed, listen_at) => {}
            number = signals.next() => break End::Signal(number),
        }
    };
    let _ = talk.write_all(summary(printer.run.as_ref(), &end, &feed.head()).as_bytes());
    Ok(end)
}

/// Waits until something has happened, but not before `from`.
async fn news(feed: &mut Feed, from: Instant) {
    sleep_until(from).await;
    feed.wait().await;
}

/// INT and TERM end the following; HUP does not, since a terminal that goes away must not end a run.
struct Signals {
    interrupt: Option<Signal>,
    terminate: Option<Signal>,
    hangup: Option<Signal>,
}

impl Signals {
    fn listen() -> Self {
        Self {
            interrupt: signal(SignalKind::interrupt()).ok(),
            terminate: signal(SignalKind::terminate()).ok(),
            hangup: signal(SignalKind::hangup()).ok(),
        }
    }

    async fn next(&mut self) -> i32 {
        loop {
            tokio::select! {
                () = receive(&mut self.interrupt) => return SignalKind::interrupt().as_raw_value(),
                () = receive(&mut self.terminate) => return SignalKind::terminate().as_raw_value(),
                () = receive(&mut self.hangup) => {}
            }
        }
    }
}

async fn receive(signal: &mut Option<Signal>) {
    let received = match signal {
        Some(signal) => signal.recv().await,
        None => None,
    };
    if received.is_none() {
        std::future::pending::<()>().await;
    }
}

/// Folds the run and prints its events.
struct Printer<'a> {
    options: Options,
    /// `None` once nobody reads any more.
    lines: Option<&'a mut dyn Write>,
    run: Option<Run>,
    id: Option<RunId>,
}

impl<'a> Printer<'a> {
    fn new(options: Options, lines: &'a mut dyn Write) -> Self {
        Self {
            options,
            lines: Some(lines),
            run: None,
            id: None,
        }
    }

    /// All that is there; a long journal comes in pieces.
    fn drain(&mut self, feed: &mut Feed) -> Result<(), journal::Error> {
        loop {
            let events = feed.ready()?;
            if events.is_empty() {
                self.flush();
                return Ok(());
            }
            for recorded in &events {
                self.take(recorded, feed.workflow());
            }
        }
    }

    fn take(&mut self, recorded: &Recorded, checked: Option<&Arc<Workflow>>) {
        if let Event::RunStarted(start) = &recorded.event {
            self.id = Some(start.run.clone());
            self.run = match checked {
                Some(workflow) => Some(Run::empty(Arc::clone(workflow))),
                None => begin(recorded).ok(),
            };
        }
        if let Some(run) = &mut self.run {
            // The engine applied the same event before it told us.
            let _ = run.apply(recorded);
        }
        let text = match (&self.id, self.options.json) {
            (Some(id), true) => Some(escape_json(&line(id, recorded).to_string()).into_owned()),
            (_, false) => words(recorded),
            (None, true) => None,
        };
        if let (Some(text), Some(lines)) = (text, &mut self.lines)
            && writeln!(lines, "{text}").is_err()
        {
            self.lines = None;
        }
    }

    fn flush(&mut self) {
        if self.lines.as_mut().is_some_and(|l| l.flush().is_err()) {
            self.lines = None;
        }
    }

    fn end(&self) -> Option<End> {
        // Nothing waits for a hook, but somebody must be there to say how it has ended.
        let run = self.run.as_ref().filter(|run| !run.has_hooks_to_do())?;
        match run.shown() {
            Shown::Ended(phase) => Some(End::Ended(phase)),
            // It goes out by itself, unless somebody acts: somebody must be there to see to that.
            Shown::Attention if run.attention_limit().is_some() => None,
            // Attention means that no timer will move anything either; paused, timers hold too.
            Shown::Attention | Shown::Paused if !self.options.hold => Some(End::NeedsOperator),
            _ => None,
        }
    }
}
