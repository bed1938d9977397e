//! One connection: an `ssh` process, what is sent into it, what it says.

use std::fs::File;
use std::io::{self, Read as _};
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::time::Duration;

use rustix::event::PollFlags;
use rustix::process::Signal;

use super::super::clock::Stopwatch;
use super::super::pipe::{Buffer, From, Pipe, hear};
use super::super::watched::{Watched, input};
use super::far::Far;
use super::frames::{Frame, Frames};

/// What `ssh` itself may say.
const SAID_MAX: usize = 16 << 10;
/// The far end says something at least every 16 seconds.
const SILENCE: Duration = Duration::from_secs(45);
/// From the connection to the greeting: a key may have to be touched.
const GREETING: Duration = Duration::from_mins(1);
/// Of a file, at once.
const PIECE: usize = 64 << 10;
/// After the exit of `ssh`, for what a helper of it still holds.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// What the far end is sent once it listens.
#[derive(Debug)]
pub(super) struct Cargo {
    script: Vec<u8>,
    /// Sent behind it, then the end of the input.
    file: Option<File>,
    /// The file is all sent.
    ends: bool,
}

pub(super) struct Link {
    process: Watched,
    out: Option<Pipe>,
    err: Option<Pipe>,
    stdin: Option<OwnedFd>,
    cargo: Cargo,
    unsent: Vec<u8>,
    frames: Frames,
    greeted: bool,
    patience: Duration,
    /// Since bytes came, or left.
    heard: Stopwatch,
    /// Since when its process is gone.
    gone: Option<Stopwatch>,
    /// The words of `ssh`.
    said: Vec<u8>,
    /// The far end is not what was expected.
    odd: Option<String>,
}

impl Link {
    pub(super) fn open(far: &Far, cargo: Cargo) -> Result<Self, String> {
        Self::start(far, cargo).map_err(|e| far.start().failure(&e))
    }

    fn start(far: &Far, cargo: Cargo) -> io::Result<Self> {
        let mut command = far.start().command()?;
        let (out, out_end) = Pipe::open()?;
        let (err, err_end) = Pipe::open()?;
        let stdin = input(&mut command)?;
        command.stdout(out_end).stderr(err_end);
        let process = Watched::start(command)?;
        Ok(Self {
            process,
            out: Some(out),
            err: Some(err),
            stdin: Some(stdin),
            cargo,
            unsent: Vec::new(),
            frames: Frames::default(),
            greeted: false,
            patience: far.connect + GREETING,
            heard: Stopwatch::start(),
            gone: None,
            said: Vec::new(),
            odd: None,
        })
    }

    /// What it waits for.
    pub(super) fn fds(&self) -> [Option<(BorrowedFd<'_>, PollFlags)>; 4] {
        [
            self.gone
                .is_none()
                .then(|| (self.process.handle.as_fd(), PollFlags::IN)),
            self.out.as_ref().map(|p| (p.fd.as_fd(), PollFlags::IN)),
            self.err.as_ref().map(|p| (p.fd.as_fd(), PollFlags::IN)),
            self.stdin
                .as_ref()
                .filter(|_| !self.unsent.is_empty())
                .map(|fd| (fd.as_fd(), PollFlags::OUT)),
        ]
    }

    /// Milliseconds until something is due.
    pub(super) fn limit(&self) -> u64 {
        let left = match &self.gone {
            Some(gone) => gone.left_of(LAST_WORDS),
            None => self.heard.left_of(self.limit_of_silence()),
        };
        left.as_millis() as u64 + 1
    }

    /// Deals with what is ready; gives what was said.
    pub(super) fn look(&mut self, ready: &[PollFlags], buffer: &mut Buffer) -> Vec<Frame> {
        let mut said = Vec::new();
        let mut any = false;
        let (frames, odd, words) = (&mut self.frames, &mut self.odd, &mut self.said);
        let mut heard = |from: From, bytes: &[u8]| match from {
            From::Out => {
                any = true;
                if let Err(line) = frames.push(bytes, &mut said) {
                    *odd = Some(line);
                }
            }
            From::Err => {
                let room = SAID_MAX.saturating_sub(words.len());
                words.extend_from_slice(&bytes[..bytes.len().min(room)]);
            }
        };
        hear(&mut self.out, ready[1], From::Out, buffer, &mut heard);
        hear(&mut self.err, ready[2], From::Err, buffer, &mut heard);
        if any {
            self.heard = Stopwatch::start();
        }
        if said.contains(&Frame::Here) {
            self.greeted = true;
            self.unsent = std::mem::take(&mut self.cargo.script);
        }
        if self.greeted {
            self.send();
        }
        if ready[0].contains(PollFlags::IN) {
            self.gone = Some(Stopwatch::start());
        }
        let silent = self.heard.left_of(self.limit_of_silence()).is_zero();
        if (silent || self.odd.is_some()) && self.gone.is_none() {
            self.process.signal(Signal::KILL);
        }
        said
    }

    /// The far end listened, so it may have got what was sent.
    pub(super) fn greeted(&self) -> bool {
        self.greeted
    }

    /// All that there was to send has left.
    pub(super) fn all_sent(&self) -> bool {
        self.greeted && self.unsent.is_empty() && self.cargo.file.is_none()
    }

    /// Nothing more will come.
    pub(super) fn is_over(&self) -> bool {
        self.gone
            .as_ref()
            .is_some_and(|gone| self.out.is_none() || gone.left_of(LAST_WORDS).is_zero())
    }

    /// A word for the far end, which waits for one.
    pub(super) fn tell(&mut self, word: &str) {
        self.unsent.extend(word.as_bytes());
        self.send();
    }

    /// The last words of `ssh`; why the link was given up, if it said nothing.
    pub(super) fn last_words(&self) -> String {
        if let Some(line) = &self.odd {
            return format!("the far end said `{line}`, which is not understood");
        }
        let text = String::from_utf8_lossy(&self.said).trim().to_owned();
        if text.is_empty() && self.heard.left_of(self.limit_of_silence()).is_zero() {
            return "timed out".to_owned();
        }
        text
    }

    fn limit_of_silence(&self) -> Duration {
        if self.greeted { SILENCE } else { self.patience }
    }

    fn send(&mut self) {
        let Some(fd) = &self.stdin else { return };
        loop {
            if self.unsent.is_empty() && !self.cargo.more(&mut self.unsent) {
                // Of a file, the end is told by the end of the input.
                if self.cargo.ends {
                    self.stdin = None;
                }
                return;
            }
            match rustix::io::write(fd, &self.unsent) {
                Ok(n) => {
                    self.unsent.drain(..n);
                    // It takes what it is sent, and may have nothing to say before it has all.
                    self.heard = Stopwatch::start();
                }
                Err(rustix::io::Errno::INTR) => {}
                Err(rustix::io::Errno::AGAIN) => return,
                // It is gone; its exit says so.
                Err(_) => return self.stdin = None,
            }
        }
    }
}

impl Cargo {
    pub(super) fn new(script: Vec<u8>, file: Option<File>) -> Self {
        Self {
            script,
            file,
            ends: false,
        }
    }

    /// The next piece of the file. What cannot be read ends it early: the digest at the far end will tell.
    fn more(&mut self, piece: &mut Vec<u8>) -> bool {
        let Some(file) = &mut self.file else {
            return false;
        };
        piece.resize(PIECE, 0);
        let read = file.read(piece).unwrap_or(0);
        piece.truncate(read);
        if read == 0 {
            (self.file, self.ends) = (None, true);
        }
        read > 0
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        // At once: what it was for is over, and the far end does not depend on it.
        self.process.signal(Signal::KILL);
        let _ = self.process.child.wait();
    }
}
