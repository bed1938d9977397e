//! Performs what the screen asks for. Nothing here waits: what takes time comes back as a message.

use std::future::Future;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;

use futures_util::stream::FuturesUnordered;
use tokio::sync::mpsc::{Receiver, Sender, channel};

use super::ansi;
use super::copy_out;
use super::logs::{Logs, Merge};
use super::message::{Copied, LogOf, Message, Part, Request, Said, Slice};
use super::outside::Lend;
use super::port::Port;
use super::search::{self, Search};
use super::source::Source;
use crate::id::RunId;
use crate::run::Actor;

/// Findings of a search that may wait for the screen.
const FOUND_MAX: usize = 16;

pub(super) type Answer = Pin<Box<dyn Future<Output = Message>>>;

pub(super) struct World<P> {
    port: P,
    actor: Actor,
    source: Option<Arc<dyn Source>>,
    /// The log that is shown, kept open.
    log: Option<(LogOf, Logs)>,
    /// What was merged last.
    merge: Merge,
    watched: Option<LogOf>,
    search: Option<Search>,
    findings: Sender<Message>,
    pub(super) found: Receiver<Message>,
    /// Receipts and lists that are on their way; one for each key press at most.
    pub(super) answers: FuturesUnordered<Answer>,
}

impl<P: Port> World<P> {
    pub(super) fn new(port: P, actor: Actor, source: Option<Arc<dyn Source>>) -> Self {
        let (findings, found) = channel(FOUND_MAX);
        Self {
            port,
            actor,
            source,
            log: None,
            merge: Merge::default(),
            watched: None,
            search: None,
            findings,
            found,
            answers: FuturesUnordered::new(),
        }
    }

    /// Performs what concerns the run, its logs and the lists. What is known at once is answered at once.
    pub(super) fn perform(&mut self, request: Request) -> Option<Message> {
        match request {
            Request::Send { command, seen } => {
                let sent = self.port.send(command.clone(), self.actor.clone(), seen);
                self.answers.push(Box::pin(async move {
                    let refused = sent.await.err();
                    Message::Receipt { command, refused }
                }));
            }
            Request::ReadLog { of, slice } => return Some(self.read(of, slice)),
            Request::Merge { number, parts } => return self.merge(number, parts),
            Request::WatchLog(of) => self.watched = of,
            Request::Search { of, pattern, from } => return self.search(of, pattern, from),
            Request::LoadRuns => self.ask(|source| Message::Runs(source.runs())),
            Request::Compare([first, second]) => {
                self.ask(move |source| match source.compare(&first, &second) {
                    Ok(contrast) => Message::Compared(Box::new(contrast)),
                    Err(why) => Message::Failed(format!("these runs cannot be compared: {why}")),
                });
            }
            Request::LoadLike(run) => self.ask(move |source| match source.like(&run) {
                Ok(like) => Message::Like(Box::new(like)),
                Err(why) => Message::Failed(why),
            }),
            Request::LoadWorkflows => self.ask(|source| Message::Workflows(source.workflows())),
            Request::LoadPast {
                workflow,
                kind,
                but,
            } => {
                self.ask(move |source| Message::Past(Box::new(source.past(&workflow, kind, &but))));
            }
            Request::Check(file) => self.ask(move |source| Message::Checked {
                result: source.check(&file),
                file,
            }),
            Request::FindError(of) => return self.find_error(of),
            Request::WriteReport { run, path } => {
                self.ask(move |source| write_report(source, &run, &path));
            }
            Request::ReadDefinition(file) => {
                self.ask(move |source| Message::Definition(source.definition(&file).map(Box::new)));
            }
            // The loop's own: it has the terminal.
            Request::CopyLog { .. }
            | Request::Lend(_)
            | Request::Copy(_)
            | Request::Call(_)
            | Request::Theme(_)
            | Request::Redraw
            | Request::Suspend
            | Request::Mouse(_)
            | Request::Plain(_)
            | Request::Replay(_) => {}
        }
        None
    }

    pub(super) fn is_watching(&self) -> bool {
        self.watched.is_some()
    }

    /// Looks whether the watched log has grown.
    pub(super) fn look(&mut self) -> Option<Message> {
        let of = self.watched.clone()?;
        let log = self.log(&of).ok()?;
        let grown = log.refresh().ok()?;
        let count = log.count();
        grown.then_some(Message::LogGrew { of, count })
    }

    /// The log that is read, kept open.
    fn log(&mut self, of: &LogOf) -> io::Result<&mut Logs> {
        let open = self.log.as_ref().is_some_and(|(shown, _)| shown == of);
        if !open {
            self.log = Some((of.clone(), self.open(of)?));
        }
        let until = self.port.until();
        let (_, log) = self.log.as_mut().expect("it was opened just now");
        if let Some(at) = until {
            log.until(at);
        }
        Ok(log)
    }

    /// Opens a log, for whoever reads it for themselves.
    fn open(&self, of: &LogOf) -> io::Result<Logs> {
        match of {
            LogOf::Attempt(attempt) => Ok(Logs::One(self.port.output(attempt)?)),
            LogOf::Merged(_) => self.merge.open(&|attempt| self.port.output(attempt)),
        }
    }

    fn merge(&mut self, number: u32, parts: Vec<Part>) -> Option<Message> {
        let of = LogOf::Merged(number);
        let goes_on = self.merge.change(number, parts);
        let shown = self.log.as_mut().filter(|(shown, _)| *shown == of);
        let (_, log) = shown.filter(|_| goes_on)?;
        let port = &self.port;
        match self.merge.follow(log, &|attempt| port.output(attempt)) {
            Ok(count) => Some(Message::LogGrew { of, count }),
            Err(error) => Some(unreadable(&of, &error)),
        }
    }

    fn read(&mut self, of: LogOf, slice: Slice) -> Message {
        match self.lines(&of, &slice) {
            Ok((count, lines)) => Message::Log {
                of,
                count,
                slice,
                lines,
            },
            Err(error) => unreadable(&of, &error),
        }
    }

    fn lines(&mut self, of: &LogOf, slice: &Slice) -> io::Result<(u64, Vec<Said>)> {
        let log = self.log(of)?;
        log.refresh()?;
        let count = log.count();
        let lines = match slice {
            Slice::Range(range) => {
                let end = range.end.min(count);
                let wanted = end.saturating_sub(range.start) as usize;
                log.lines(range.start, wanted, ansi::LINE_MAX)?
            }
            Slice::End(n) => {
                let from = count.saturating_sub(*n);
                log.lines(from, (count - from) as usize, ansi::LINE_MAX)?
            }
            Slice::Lines(numbers) => {
                let mut lines = Vec::with_capacity(numbers.len());
                for number in numbers {
                    lines.extend(log.lines(*number, 1, ansi::LINE_MAX)?);
                }
                lines
            }
        };
        Ok((count, lines))
    }

    fn search(&mut self, of: LogOf, pattern: String, from: u64) -> Option<Message> {
        // The old one stops first, so that its findings cannot pass for the new one's.
        self.search = None;
        let log = self.open(&of);
        let started =
            log.and_then(|log| search::start(of, (pattern, from), log, self.findings.clone()));
        match started {
            Ok(search) => {
                self.search = Some(search);
                None
            }
            Err(error) => Some(Message::Failed(format!("cannot search the log: {error}"))),
        }
    }

    fn ask(&mut self, question: impl FnOnce(&dyn Source) -> Message + Send + 'static) {
        let Some(source) = self.source.clone() else {
            return;
        };
        self.later(move || question(source.as_ref()));
    }

    /// On a thread of its own; what comes of it is a message.
    fn later(&mut self, work: impl FnOnce() -> Message + Send + 'static) {
        let done = tokio::task::spawn_blocking(work);
        self.answers.push(Box::pin(async move {
            done.await
                .unwrap_or_else(|error| Message::Failed(error.to_string()))
        }));
    }

    /// Copies a log into a file; it may be long.
    pub(super) fn copy_log(&mut self, of: LogOf, to: Copied, folder: PathBuf) -> Option<Message> {
        let log = match self.open(&of) {
            Ok(log) => log,
            Err(error) => return Some(unreadable(&of, &error)),
        };
        self.later(move || {
            let lend = match to {
                Copied::ForPager => Lend::Pager,
                Copied::ForEditor => Lend::Editor,
                Copied::File(name) => return write_log(log, &name),
            };
            match copy_out::copy_log(log, &of.name(), &folder) {
                Ok(path) => Message::Copied(lend(path)),
                Err(error) => Message::Failed(format!("cannot copy the log: {error}")),
            }
        });
        None
    }

    fn find_error(&mut self, of: LogOf) -> Option<Message> {
        let log = match self.open(&of) {
            Ok(log) => log,
            Err(error) => return Some(unreadable(&of, &error)),
        };
        self.later(move || match search::last_error(log) {
            Ok(line) => Message::ErrorAt { of, line },
            Err(error) => unreadable(&of, &error),
        });
        None
    }
}

fn unreadable(of: &LogOf, error: &io::Error) -> Message {
    Message::Failed(format!("cannot read the log of {}: {error}", of.name()))
}

fn write_log(log: Logs, name: &str) -> Message {
    match copy_out::write_log(log, Path::new(name)) {
        Ok(lines) => Message::Done(format!("{lines} lines are in {name}")),
        Err(error) => Message::Failed(format!("cannot write {name}: {error}")),
    }
}

fn write_report(source: &dyn Source, run: &RunId, path: &str) -> Message {
    let report = match source.report(run) {
        Ok(report) => report,
        Err(why) => return Message::Failed(format!("no report: {why}")),
    };
    match copy_out::write_new(Path::new(path), &report) {
        Ok(()) => Message::Done(format!("the report is in {path}")),
        Err(error) => Message::Failed(format!("cannot write {path}: {error}")),
    }
}
