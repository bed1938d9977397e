//! The reading ends of a step's output pipes.

use std::io;
use std::os::fd::OwnedFd;

use rustix::event::PollFlags;
use rustix::pipe::{PipeFlags, fcntl_setpipe_size, pipe_with};

const FIRST_BUFFER: usize = 64 << 10;
const GROWN_BUFFER: usize = 1 << 20;

/// Which stream bytes came from; `Out` also stands for both when they share a pipe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum From {
    Out,
    Err,
}

/// The read buffer: lives as long as the attempt process, grows under load only.
#[derive(Debug, Default)]
pub(super) struct Buffer(Vec<u8>);

/// The reading end of a pipe.
pub(super) struct Pipe {
    pub(super) fd: OwnedFd,
    /// Made as large as it may be.
    wide: bool,
}

/// Reads once from a pipe that is ready; forgets it at its end.
pub(super) fn hear(
    pipe: &mut Option<Pipe>,
    ready: PollFlags,
    from: From,
    buffer: &mut Buffer,
    heard: &mut dyn FnMut(From, &[u8]),
) {
    let Some(open) = pipe else { return };
    if ready.is_empty() {
        return;
    }
    if !ready.contains(PollFlags::IN) {
        *pipe = None;
        return;
    }
    match rustix::io::read(&open.fd, buffer.space()) {
        Ok(0) => *pipe = None,
        Ok(n) => {
            heard(from, &buffer.0[..n]);
            // A full read means that the writer is fast: fewer, larger reads then cost less.
            if n >= FIRST_BUFFER {
                buffer.grow();
                open.widen();
            }
        }
        Err(rustix::io::Errno::INTR | rustix::io::Errno::AGAIN) => {}
        Err(_) => *pipe = None,
    }
}

impl Buffer {
    pub(super) fn space(&mut self) -> &mut [u8] {
        if self.0.is_empty() {
            self.0.resize(FIRST_BUFFER, 0);
        }
        &mut self.0
    }

    fn grow(&mut self) {
        if self.0.len() < GROWN_BUFFER {
            self.0.resize(GROWN_BUFFER, 0);
        }
    }
}

impl Pipe {
    pub(super) fn open() -> io::Result<(Self, OwnedFd)> {
        let (fd, end) = pipe_with(PipeFlags::CLOEXEC)?;
        Ok((Self { fd, wide: false }, end))
    }

    fn widen(&mut self) {
        if !self.wide {
            // Refused when the user has too many large pipes already; then it stays as it is.
            let _ = fcntl_setpipe_size(&self.fd, GROWN_BUFFER);
            self.wide = true;
        }
    }
}
