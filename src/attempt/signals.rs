//! How an attempt is told to stop: SIGTERM politely, a second one or SIGUSR1 at once. Signals need no channel, so an
//! engine that did not start this attempt process can stop it too.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::pipe::{PipeFlags, pipe_with};
use signal_hook::consts::{SIGHUP, SIGTERM, SIGUSR1};

/// Each signal writes one byte into its own pipe, so that none is lost and `poll` wakes for it.
#[derive(Debug)]
pub(super) struct Signals {
    term: OwnedFd,
    kill: OwnedFd,
    /// Set after a byte was written, so that looking costs no system call when there is nothing.
    any: Arc<AtomicBool>,
}

/// What was asked for since the last look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) terms: usize,
    pub(super) kill: bool,
}

impl Signals {
    pub(super) fn install() -> io::Result<Self> {
        // A handler that does nothing, not SIG_IGN: an ignored signal would stay ignored in the steps.
        signal_hook::flag::register(SIGHUP, Arc::new(AtomicBool::new(false)))?;
        let any = Arc::new(AtomicBool::new(false));
        Ok(Self {
            term: piped(SIGTERM, &any)?,
            kill: piped(SIGUSR1, &any)?,
            any,
        })
    }

    /// What was asked for up to this moment. Not what `poll` said: the handler of a signal that came during a system call
    /// runs only when that returns.
    pub(super) fn take(&self) -> Asked {
        if !self.any.swap(false, Ordering::SeqCst) {
            return Asked::default();
        }
        Asked {
            terms: drain(&self.term),
            kill: drain(&self.kill) > 0,
        }
    }

    pub(super) fn fds(&self) -> [BorrowedFd<'_>; 2] {
        [self.term.as_fd(), self.kill.as_fd()]
    }
}

impl Asked {
    pub(super) fn anything(self) -> bool {
        self.kill || self.terms > 0
    }
}

/// Waits until one of `fds` is ready, or for `limit` milliseconds; says what each is ready for. A signal may end it early.
pub(super) fn wait<const N: usize>(
    fds: [Option<(BorrowedFd<'_>, PollFlags)>; N],
    limit: Option<u64>,
) -> [PollFlags; N] {
    let mut polled: Vec<PollFd<'_>> = Vec::with_capacity(N);
    for (fd, flags) in fds.iter().flatten() {
        polled.push(PollFd::from_borrowed_fd(*fd, *flags));
    }
    let limit = limit.map(|ms| Timespec {
        tv_sec: i64::try_from(ms / 1000).unwrap_or(i64::MAX),
        tv_nsec: (ms % 1000 * 1_000_000) as _,
    });
    let mut ready = [PollFlags::empty(); N];
    // An error is an interruption by a signal: nothing is ready then, and the caller looks at its signals.
    if poll(&mut polled, limit.as_ref()).is_ok_and(|n| n > 0) {
        let mut answers = polled.iter();
        for (slot, fd) in ready.iter_mut().zip(&fds) {
            if fd.is_some() {
                *slot = answers.next().map_or(PollFlags::empty(), PollFd::revents);
            }
        }
    }
    ready
}

fn piped(signal: i32, any: &Arc<AtomicBool>) -> io::Result<OwnedFd> {
    let (read, write) = pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK)?;
    signal_hook::low_level::pipe::register(signal, write)?;
    signal_hook::flag::register(signal, Arc::clone(any))?;
    Ok(read)
}

fn drain(fd: &OwnedFd) -> usize {
    let mut buffer = [0; 64];
    rustix::io::read(fd, &mut buffer).unwrap_or(0)
}
