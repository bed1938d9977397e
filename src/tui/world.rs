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
use super::inside::Inside;
use super::logs::{Logs, Merge};
use super::message::{Copied, LogOf, Message, Part, Request, Said, Slice};
use super::opening::{Opened, Opening};
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
    /// The one that will be.
    pub(super) opening: Opening,
    /// What was merged last.
    merge: Merge,
    inside: Inside,
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
            opening: Opening::new(),
            merge: Merge::default(),
            inside: Inside::default(),
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
            Request::ReadLog { of, slice } => return self.read(of, slice),
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
            Request::LookInside(attempts) => {
                let port = &self.port;
                return Some(self.inside.look(attempts, |attempt| port.output(attempt)));
            }
            Request::FindError(of) => self.find_error(of),
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
        let log = self.log(&of).ok()??;
        let grown = log.refresh().ok()?;
        let count = log.count();
        grown.then_some(Message::LogGrew { of, count })
    }

    /// The log that is read, kept open; `None` while it is being opened.
    fn log(&mut self, of: &LogOf) -> io::Result<Option<&mut Logs>> {
        let open = self.log.as_ref().is_some_and(|(shown, _)| shown == of);
        if !open {
            let opener = self.opener(of);
            if matches!(of, LogOf::Merged(_)) {
                self.opening.begin(of, opener);
                return Ok(None);
            }
            self.log = Some((of.clone(), opener()?));
        }
        let until = self.port.until();
        let (_, log) = self.log.as_mut().expect("it was opened just now");
        if let Some(at) = until {
            log.until(at);
        }
        Ok(Some(log))
    }

    /// A log has been opened: what was asked of it meanwhile is answered.
    pub(super) fn opened(&mut self, (of, log): Opened) -> Option<Message> {
        let asked = self.opening.end(&of)?.asked;
        if !self.merge.is(&of) {
            return None;
        }
        let port = &self.port;
        // Of a merge more may be known now than when its opening began.
        let log = log.and_then(|mut log| {
            self.merge
                .follow(&mut log, &|attempt| port.output(attempt))?;
            Ok(log)
        });
        match log {
            Ok(log) => self.log = Some((of.clone(), log)),
            Err(error) => return asked.map(|_| unreadable(&of, &error)),
        }
        self.read(of, asked?)
    }

    /// Opens a log, for whoever reads it for themselves; on a worker, because it may be a thousand.
    fn opener(&self, of: &LogOf) -> impl FnOnce() -> io::Result<Logs> + Send + 'static {
        let (of, port) = (of.clone(), self.port.clone());
        let merge = matches!(of, LogOf::Merged(_)).then(|| self.merge.clone());
        move || match (of, merge) {
            (LogOf::Attempt(attempt), _) => Ok(Logs::One(port.output(&attempt)?)),
            (LogOf::Merged(_), merge) => {
                let merge = merge.unwrap_or_default();
                merge.open(&|attempt| port.output(attempt))
            }
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

    fn read(&mut self, of: LogOf, slice: Slice) -> Option<Message> {
        match self.lines(&of, &slice) {
            Ok(Some((count, lines))) => Some(Message::Log {
                of,
                count,
                slice,
                lines,
            }),
            Ok(None) => {
                self.opening.ask(slice);
                None
            }
            Err(error) => Some(unreadable(&of, &error)),
        }
    }

    fn lines(&mut self, of: &LogOf, slice: &Slice) -> io::Result<Option<(u64, Vec<Said>)>> {
        let Some(log) = self.log(of)? else {
            return Ok(None);
        };
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
            Slice::Lines(numbers) => log.pick(numbers, ansi::LINE_MAX)?,
        };
        Ok(Some((count, lines)))
    }

    fn search(&mut self, of: LogOf, pattern: String, from: u64) -> Option<Message> {
        // The old one stops first, so that its findings cannot pass for the new one's.
        self.search = None;
        let open = self.opener(&of);
        match search::start(of, (pattern, from), open, self.findings.clone()) {
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
    pub(super) fn copy_log(&mut self, of: LogOf, to: Copied, folder: PathBuf) {
        let open = self.opener(&of);
        self.later(move || {
            let log = match open() {
                Ok(log) => log,
                Err(error) => return unreadable(&of, &error),
            };
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
    }

    fn find_error(&mut self, of: LogOf) {
        let open = self.opener(&of);
        self.later(move || match open().and_then(search::last_error) {
            Ok(line) => Message::ErrorAt { of, line },
            Err(error) => unreadable(&of, &error),
        });
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
