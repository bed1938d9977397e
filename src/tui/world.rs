//! Performs what the screen asks for. Nothing here waits: what takes time comes back as a message.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;

use futures_util::stream::FuturesUnordered;
use tokio::sync::mpsc::{Receiver, Sender, channel};

use super::ansi;
use super::copy_out;
use super::message::{Copied, Message, Request, Slice};
use super::outside::Lend;
use super::port::Port;
use super::search::{self, Search};
use super::source::Source;
use crate::id::{AttemptId, RunId};
use crate::journal::{Line, Reader};
use crate::run::Actor;

/// Findings of a search that may wait for the screen.
const FOUND_MAX: usize = 16;

pub(super) type Answer = Pin<Box<dyn Future<Output = Message>>>;

pub(super) struct World<P> {
    port: P,
    actor: Actor,
    source: Option<Arc<dyn Source>>,
    /// The log that is shown, kept open.
    log: Option<(AttemptId, Reader)>,
    watched: Option<AttemptId>,
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
            Request::ReadLog { attempt, slice } => return Some(self.read(attempt, slice)),
            Request::WatchLog(attempt) => self.watched = attempt,
            Request::Search { attempt, pattern } => return self.search(attempt, pattern),
            Request::LoadRuns => self.ask(|source| Message::Runs(source.runs())),
            Request::LoadWorkflows => self.ask(|source| Message::Workflows(source.workflows())),
            Request::LoadPast {
                workflow,
                kind,
                but,
            } => self.ask(move |source| Message::Past(source.past(&workflow, kind, &but))),
            Request::Check(file) => self.ask(move |source| Message::Checked {
                result: source.check(&file),
                file,
            }),
            Request::FindError(attempt) => return self.find_error(attempt),
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
            | Request::Bell
            | Request::NextTheme
            | Request::Redraw
            | Request::Suspend
            | Request::Replay(_) => {}
        }
        None
    }

    pub(super) fn is_watching(&self) -> bool {
        self.watched.is_some()
    }

    /// Looks whether the watched log has grown.
    pub(super) fn look(&mut self) -> Option<Message> {
        let attempt = self.watched.clone()?;
        let reader = self.reader(&attempt).ok()?;
        let grown = reader.refresh().ok()?;
        let count = reader.count();
        grown.then_some(Message::LogGrew { attempt, count })
    }

    fn reader(&mut self, attempt: &AttemptId) -> std::io::Result<&mut Reader> {
        let open = self.log.as_ref().is_some_and(|(of, _)| of == attempt);
        if !open {
            self.log = Some((attempt.clone(), self.port.output(attempt)?));
        }
        let until = self.port.until();
        let (_, reader) = self.log.as_mut().expect("it was opened just now");
        if let Some(at) = until {
            reader.until(at);
        }
        Ok(reader)
    }

    fn read(&mut self, attempt: AttemptId, slice: Slice) -> Message {
        match self.lines(&attempt, &slice) {
            Ok((count, lines)) => Message::Log {
                attempt,
                count,
                slice,
                lines,
            },
            Err(error) => unreadable(&attempt, &error),
        }
    }

    fn lines(&mut self, attempt: &AttemptId, slice: &Slice) -> std::io::Result<(u64, Vec<Line>)> {
        let reader = self.reader(attempt)?;
        reader.refresh()?;
        let count = reader.count();
        let lines = match slice {
            Slice::Range(range) => {
                let end = range.end.min(count);
                let wanted = end.saturating_sub(range.start) as usize;
                reader.lines(range.start, wanted, ansi::LINE_MAX)?
            }
            Slice::End(n) => {
                let from = count.saturating_sub(*n);
                reader.lines(from, (count - from) as usize, ansi::LINE_MAX)?
            }
            Slice::Lines(numbers) => {
                let mut lines = Vec::with_capacity(numbers.len());
                for number in numbers {
                    lines.extend(reader.lines(*number, 1, ansi::LINE_MAX)?);
                }
                lines
            }
        };
        Ok((count, lines))
    }

    fn search(&mut self, attempt: AttemptId, pattern: String) -> Option<Message> {
        // The old one stops first, so that its findings cannot pass for the new one's.
        self.search = None;
        let reader = self.port.output(&attempt);
        let started = reader
            .and_then(|reader| search::start(attempt, pattern, reader, self.findings.clone()));
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
    pub(super) fn copy_log(
        &mut self,
        attempt: AttemptId,
        to: Copied,
        folder: PathBuf,
    ) -> Option<Message> {
        let log = match self.port.output(&attempt) {
            Ok(log) => log,
            Err(error) => return Some(unreadable(&attempt, &error)),
        };
        self.later(move || {
            let lend = match to {
                Copied::ForPager => Lend::Pager,
                Copied::ForEditor => Lend::Editor,
                Copied::File(name) => return write_log(log, &name),
            };
            match copy_out::copy_log(log, &attempt, &folder) {
                Ok(path) => Message::Copied(lend(path)),
                Err(error) => Message::Failed(format!("cannot copy the log: {error}")),
            }
        });
        None
    }

    fn find_error(&mut self, attempt: AttemptId) -> Option<Message> {
        let log = match self.port.output(&attempt) {
            Ok(log) => log,
            Err(error) => return Some(unreadable(&attempt, &error)),
        };
        self.later(move || match search::last_error(log) {
            Ok(line) => Message::ErrorAt { attempt, line },
            Err(error) => unreadable(&attempt, &error),
        });
        None
    }
}

fn unreadable(attempt: &AttemptId, error: &std::io::Error) -> Message {
    let stem = attempt.file_stem();
    Message::Failed(format!("cannot read the log of {stem}: {error}"))
}

fn write_log(log: Reader, name: &str) -> Message {
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
