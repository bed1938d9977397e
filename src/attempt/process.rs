//! The attempt process itself: specifications in, reports out.
//!
//! Two rules keep an engine's death harmless. A specification whose engine is gone is not begun: another engine may have
//! settled the run already. And signals are looked at before a specification is read: a stop can never hit a later attempt.

use std::io::{self, Write as _};
use std::os::fd::{AsFd as _, OwnedFd};
use std::path::PathBuf;

use rustix::event::PollFlags;
use rustix::fs::{Mode, OFlags};
use rustix::process::{DumpableBehavior, getpid, set_child_subreaper, set_dumpable_behavior};

use super::inherited;
use super::perform::Hands;
use super::record::{Record, Recorder, Report};
use super::signals::wait;
use super::start::plain;
use crate::id::AttemptId;
use crate::run::{Ended, LogFacts, Outcome, Spec};
use crate::time::Timestamp;

/// So many bytes a pipe takes at once, or not at all: lines of many writers never mix.
const ATOMIC: usize = 4096;
const LONGEST_SPEC: usize = 64 << 20;

/// Where an attempt's output goes. Made by whoever starts this room, so that it needs to know no file format.
pub trait Sink {
    fn write(&mut self, bytes: &[u8], now: Timestamp);
    fn finish(&mut self) -> LogFacts;
}

/// Opens the sink of an attempt that keeps at most so many bytes.
pub type Open = Box<dyn Fn(&AttemptId, u64) -> io::Result<Box<dyn Sink>>>;

/// What the floor above hands in.
pub struct Setup {
    /// Record file of this attempt process: created, locked, appended to.
    pub record: PathBuf,
    /// Opened at the first byte of output.
    pub open: Open,
    pub now: fn() -> Timestamp,
}

/// Serves specifications until standard input ends. Returns the process's exit code.
pub fn serve(setup: Setup) -> i32 {
    match Server::start(setup).and_then(|mut server| server.serve()) {
        Ok(()) => 0,
        Err(error) => {
            // Standard error is whatever the engine gave us; there is nobody else to tell.
            let _ = writeln!(
                io::stderr(),
                "flightdeck attempt process: {}",
                plain(&error)
            );
            1
        }
    }
}

struct Server {
    hands: Hands,
    record: Recorder,
    specs: OwnedFd,
    reports: OwnedFd,
    /// Read, but not yet given out.
    unread: Vec<u8>,
    chunk: Vec<u8>,
}

impl Server {
    fn start(setup: Setup) -> io::Result<Self> {
        inherited::close();
        detach();
        let (specs, reports) = take_streams()?;
        let record = Recorder::create(&setup.record)?;
        Ok(Self {
            hands: Hands::new(&setup.record, setup.open, setup.now)?,
            record,
            specs,
            reports,
            unread: Vec::new(),
            chunk: vec![0; 16 << 10],
        })
    }

    fn serve(&mut self) -> io::Result<()> {
        while let Some(line) = self.next_line()? {
            match serde_json::from_slice::<Spec>(&line) {
                Ok(spec) => self.attempt(&spec),
                Err(error) => self.refuse(&line, &error),
            }
        }
        Ok(())
    }

    /// The next specification; `None` when there is none, or nobody who would hear of its end.
    fn next_line(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut looked = false;
        loop {
            let end = memchr::memchr(b'\n', &self.unread);
            if let (true, Some(end)) = (looked, end) {
                let rest = self.unread.split_off(end + 1);
                return Ok(Some(std::mem::replace(&mut self.unread, rest)));
            }
            let [term, kill] = self.hands.signals.fds();
            let ready = wait(
                [
                    Some((self.specs.as_fd(), PollFlags::IN)),
                    // Nothing but an error is of interest: nobody reads our reports any more.
                    Some((self.reports.as_fd(), PollFlags::empty())),
                    Some((term, PollFlags::IN)),
                    Some((kill, PollFlags::IN)),
                ],
                end.map(|_| 0),
            );
            looked = true;
            // Whatever was asked up to here was meant for an attempt that has ended.
            self.hands.signals.take();
            if ready[1].contains(PollFlags::ERR) {
                return Ok(None);
            }
            if end.is_none() && !ready[0].is_empty() && !self.read()? {
                return Ok(None);
            }
        }
    }

    /// False at the end.
    fn read(&mut self) -> io::Result<bool> {
        if self.unread.len() > LONGEST_SPEC {
            return Err(io::Error::other("a specification of more than 64 MiB"));
        }
        match rustix::io::read(&self.specs, &mut self.chunk) {
            Ok(n) => {
                self.unread.extend_from_slice(&self.chunk[..n]);
                Ok(n > 0)
            }
            Err(rustix::io::Errno::INTR) => Ok(true),
            Err(error) => Err(error.into()),
        }
    }

    fn attempt(&mut self, spec: &Spec) {
        let attempt = spec.attempt.clone();
        let began = Record::Began {
            attempt: attempt.clone(),
        };
        let end = match self.record.append(&began) {
            Ok(()) => self.hands.perform(spec),
            Err(error) => {
                let why = format!("cannot write down that it begins: {}", plain(&error));
                Ended::new(Outcome::NotStarted, why)
            }
        };
        self.tell(attempt, end);
        self.hands.settle();
    }

    /// A specification that this program cannot read, perhaps of another version.
    fn refuse(&mut self, line: &[u8], error: &serde_json::Error) {
        #[derive(serde::Deserialize)]
        struct Named {
            attempt: AttemptId,
        }
        if let Ok(named) = serde_json::from_slice::<Named>(line) {
            let why = format!("this program cannot read its specification: {error}");
            self.tell(named.attempt, Ended::new(Outcome::NotStarted, why));
        }
    }

    /// Writes the end down, then reports it. Either may fail without harm to the other.
    fn tell(&mut self, attempt: AttemptId, end: Ended) {
        let record = Record::Ended {
            attempt,
            ended: Box::new(end),
        };
        let recorded = self.record.append(&record);
        let Record::Ended { attempt, ended } = record else {
            return;
        };
        let other = match recorded {
            Ok(()) => Report::Look {
                attempt: attempt.clone(),
            },
            Err(error) => Report::Ended {
                attempt: attempt.clone(),
                ended: Box::new(without_outputs(&ended, &error)),
            },
        };
        let report = Report::Ended { attempt, ended };
        let whole = line(&report).filter(|line| line.len() <= ATOMIC);
        if let Some(line) = whole.or_else(|| line(&other)) {
            self.send(&line);
        }
    }

    fn send(&self, line: &[u8]) {
        loop {
            match rustix::io::write(&self.reports, line) {
                Err(rustix::io::Errno::INTR) => {}
                // Full, and somebody made it non-blocking: wait for its reader.
                Err(rustix::io::Errno::AGAIN) => {
                    wait([Some((self.reports.as_fd(), PollFlags::OUT))], None);
                }
                // Up to `ATOMIC` bytes it is all or nothing; an error means that the engine is gone.
                _ => return,
            }
        }
    }
}

/// What is left of an end that is too large to be reported and could not be written down.
fn without_outputs(end: &Ended, error: &io::Error) -> Ended {
    let why = format!(
        "its outputs are lost: they cannot be written down: {}",
        plain(error)
    );
    let outcome = match end.outcome {
        Outcome::Succeeded => Outcome::Failed,
        other => other,
    };
    Ended {
        exit_code: end.exit_code,
        signal: end.signal,
        log: end.log,
        took_ms: end.took_ms,
        ..Ended::new(outcome, why)
    }
}

fn line(report: &Report) -> Option<Vec<u8>> {
    let mut line = serde_json::to_vec(report).ok()?;
    line.push(b'\n');
    Some(line)
}

/// Away from the engine's terminal and fate. Each of these makes something better; none is needed to go on.
fn detach() {
    let _ = rustix::process::setsid();
    let _ = set_child_subreaper(Some(getpid()));
    // No core dump and no debugger: secrets pass through this memory.
    let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
}

/// Moves the pipes to the engine away from descriptors 0 and 1, so that no step inherits them, and puts /dev/null there.
fn take_streams() -> io::Result<(OwnedFd, OwnedFd)> {
    let specs = rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdin(), 3)?;
    let reports = rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdout(), 3)?;
    let null = rustix::fs::open("/dev/null", OFlags::RDWR | OFlags::CLOEXEC, Mode::empty())?;
    rustix::stdio::dup2_stdin(&null)?;
    rustix::stdio::dup2_stdout(&null)?;
    Ok((specs, reports))
}
