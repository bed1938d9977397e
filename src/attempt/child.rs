//! One process from its start to its end: output read as it comes, stopped when asked or when its time is over.
//!
//! The end is the exit status, never the end of its output: something that the step left behind may hold the pipe for ever.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::process::{Command, ExitStatus};
use std::time::Duration;

use rustix::event::PollFlags;
use rustix::process::{Signal, pidfd_send_signal};

use super::clock::Stopwatch;
use super::pipe::{Buffer, From, Pipe, hear};
use super::signals::{Asked, Signals, wait};
use super::tail::Tail;
use super::watched::{self, Watched};

/// After the exit: how long the pipe may be silent, and how long it may be held, before it is closed.
const SILENCE: Duration = Duration::from_millis(200);
const PATIENCE: Duration = Duration::from_secs(2);
/// How often output is looked for that nothing tells of.
const PULSE: Duration = Duration::from_millis(200);

/// How to run it.
#[derive(Debug)]
pub(super) struct Terms {
    pub(super) stdin: Option<Vec<u8>>,
    pub(super) output: Output,
    pub(super) manner: Manner,
    /// Counts from `since`.
    pub(super) timeout: Option<Duration>,
    pub(super) since: Stopwatch,
    pub(super) grace: Duration,
}

/// Where its output goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Output {
    /// One pipe for both streams, which keeps their order.
    Joined,
    /// Standard output and standard error apart.
    Apart,
    /// Both to where they may be written even when we are gone. `heard` is then also called with nothing, as time passes.
    Outliving,
}

/// How it is told to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Manner {
    /// TERM to its group, and KILL when the grace is over.
    Term,
    /// INT to itself alone, which then has this long to bring its own children to an end; after that as above.
    Interrupt(Duration),
}

/// How it went.
#[derive(Debug)]
pub(super) struct Gone {
    pub(super) status: ExitStatus,
    pub(super) stop: Option<Stop>,
    /// Its output pipe was still open when we stopped reading.
    pub(super) pipe_held: bool,
}

/// It was told to stop.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stop {
    /// Its own time was over; else somebody asked.
    pub(super) timed_out: bool,
    pub(super) since: Stopwatch,
    /// Only interrupted so far: it may still end in its own good order.
    pub(super) gently: bool,
    pub(super) killed: bool,
    /// Killed on request, not because the grace was over.
    pub(super) kill_asked: bool,
}

/// Standard input that is not all written yet.
struct Feed<'a> {
    fd: OwnedFd,
    rest: &'a [u8],
}

/// A process under way.
struct Running<'a> {
    process: Watched,
    out: Option<Pipe>,
    err: Option<Pipe>,
    tail: Option<Tail>,
    stdin: Option<Feed<'a>>,
    terms: &'a Terms,
    stop: Option<Stop>,
}

/// Runs `command` to its end. `heard` gets its output. After its exit and before its output is given up, `ended` may deal
/// with what it left behind (and so make the pipe end).
pub(super) fn run(
    command: Command,
    terms: &Terms,
    signals: &Signals,
    buffer: &mut Buffer,
    heard: &mut dyn FnMut(From, &[u8]),
    ended: &mut dyn FnMut(i32, Option<&Stop>),
) -> io::Result<Gone> {
    let mut running = Running::start(command, terms)?;
    while !running.look(signals, buffer, heard) {}
    let status = running.process.child.wait()?;
    ended(running.process.group.as_raw_pid(), running.stop.as_ref());
    let pipe_held = running.drain(buffer, heard);
    Ok(Gone {
        status,
        stop: running.stop,
        pipe_held,
    })
}

impl<'a> Running<'a> {
    fn start(mut command: Command, terms: &'a Terms) -> io::Result<Self> {
        let (mut out, mut err, mut tail) = (None, None, None);
        let out_end = if terms.output == Output::Outliving {
            let (file, end) = Tail::open()?;
            tail = Some(file);
            end
        } else {
            let (pipe, end) = Pipe::open()?;
            out = Some(pipe);
            end
        };
        let err_end = if terms.output == Output::Apart {
            let (pipe, end) = Pipe::open()?;
            err = Some(pipe);
            end
        } else {
            out_end.try_clone()?
        };
        let mut stdin = None;
        // Without text of its own it inherits ours, which is /dev/null.
        if let Some(rest) = &terms.stdin {
            let fd = watched::input(&mut command)?;
            stdin = Some(Feed { fd, rest });
        }
        command.stdout(out_end).stderr(err_end);
        let process = Watched::start(command)?;
        Ok(Self {
            process,
            out,
            err,
            tail,
            stdin,
            terms,
            stop: None,
        })
    }

    /// Waits for the next thing and deals with it; true once the process has ended.
    fn look(
        &mut self,
        signals: &Signals,
        buffer: &mut Buffer,
        heard: &mut dyn FnMut(From, &[u8]),
    ) -> bool {
        let [term, kill] = signals.fds();
        let write = self.stdin.as_ref();
        let ready = wait(
            [
                input(Some(self.process.handle.as_fd())),
                input(self.out.as_ref().map(|p| p.fd.as_fd())),
                input(self.err.as_ref().map(|p| p.fd.as_fd())),
                write.map(|feed| (feed.fd.as_fd(), PollFlags::OUT)),
                input(Some(term)),
                input(Some(kill)),
            ],
            self.limit(),
        );
        hear(&mut self.out, ready[1], From::Out, buffer, heard);
        hear(&mut self.err, ready[2], From::Err, buffer, heard);
        if let Some(tail) = &mut self.tail
            && !tail.hear(buffer, heard)
        {
            heard(From::Out, &[]);
        }
        if !ready[3].is_empty() {
            self.feed();
        }
        // An end that is already there beats any order to stop: what it says is the truth.
        if ready[0].contains(PollFlags::IN) {
            return true;
        }
        self.obey(signals.take());
        false
    }

    /// Milliseconds until something is due. Not longer than half a minute: `poll` does not count suspend, the watch does.
    fn limit(&self) -> Option<u64> {
        let left = match &self.stop {
            Some(stop) if stop.killed => None,
            Some(stop) => Some(stop.since.left_of(self.patience(stop))),
            None => self.terms.timeout.map(|t| self.terms.since.left_of(t)),
        };
        let pulse = self.tail.as_ref().map(|_| PULSE);
        let left = left.into_iter().chain(pulse).min()?;
        Some((left.as_millis() as u64 + 1).min(30_000))
    }

    /// How long after the order to stop something harsher comes.
    fn patience(&self, stop: &Stop) -> Duration {
        match self.terms.manner {
            Manner::Term => self.terms.grace,
            Manner::Interrupt(time) if stop.gently => time,
            Manner::Interrupt(time) => time + self.terms.grace,
        }
    }

    fn obey(&mut self, asked: Asked) {
        if asked.anything() && self.stop.is_none() {
            self.begin_stop(false);
            if asked.kill || asked.terms > 1 {
                self.kill(true);
            }
        } else if asked.anything() {
            self.kill(true);
        }
        let over = self
            .terms
            .timeout
            .is_some_and(|t| self.terms.since.left_of(t).is_zero());
        if over && self.stop.is_none() {
            self.begin_stop(true);
        }
        let impatient = |s: &Stop| !s.killed && s.since.left_of(self.patience(s)).is_zero();
        if self.stop.as_ref().is_some_and(impatient) {
            self.press();
        }
    }

    /// The next harsher thing.
    fn press(&mut self) {
        match &mut self.stop {
            Some(stop) if stop.gently => {
                stop.gently = false;
                self.process.signal(Signal::TERM);
            }
            _ => self.kill(false),
        }
    }

    fn begin_stop(&mut self, timed_out: bool) {
        let gently = self.terms.manner != Manner::Term;
        self.stop = Some(Stop {
            timed_out,
            since: Stopwatch::start(),
            gently,
            killed: false,
            kill_asked: false,
        });
        if gently {
            // An error means that it is gone already.
            let _ = pidfd_send_signal(&self.process.handle, Signal::INT);
        } else {
            self.process.signal(Signal::TERM);
        }
    }

    fn kill(&mut self, asked: bool) {
        if let Some(stop) = &mut self.stop
            && !stop.killed
        {
            stop.gently = false;
            stop.killed = true;
            stop.kill_asked = asked;
            self.process.signal(Signal::KILL);
        }
    }

    fn feed(&mut self) {
        let Some(Feed { fd, rest }) = &mut self.stdin else {
            return;
        };
        match rustix::io::write(&*fd, rest) {
            Ok(n) if n < rest.len() => *rest = &rest[n..],
            Err(rustix::io::Errno::AGAIN | rustix::io::Errno::INTR) => {}
            // All written, or it does not read its input: both are its own business.
            _ => self.stdin = None,
        }
    }

    /// Reads what is left. True if the pipe was still open when patience ended.
    fn drain(&mut self, buffer: &mut Buffer, heard: &mut dyn FnMut(From, &[u8])) -> bool {
        if let Some(tail) = &mut self.tail {
            tail.hear(buffer, heard);
        }
        if self.out.is_none() && self.err.is_none() {
            return false;
        }
        let watch = Stopwatch::start();
        while self.out.is_some() || self.err.is_some() {
            let ready = wait(
                [
                    input(self.out.as_ref().map(|p| p.fd.as_fd())),
                    input(self.err.as_ref().map(|p| p.fd.as_fd())),
                ],
                Some(SILENCE.min(watch.left_of(PATIENCE)).as_millis() as u64),
            );
            if ready.iter().all(PollFlags::is_empty) || watch.elapsed() >= PATIENCE {
                return true;
            }
            hear(&mut self.out, ready[0], From::Out, buffer, heard);
            hear(&mut self.err, ready[1], From::Err, buffer, heard);
        }
        false
    }
}

fn input(fd: Option<BorrowedFd<'_>>) -> Option<(BorrowedFd<'_>, PollFlags)> {
    fd.map(|fd| (fd, PollFlags::IN))
}
