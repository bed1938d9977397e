//! Output that its program outlives us with: a file of memory without a name instead of a pipe.
//!
//! A program that writes into a pipe without a reader dies of SIGPIPE. For most steps that is right; terraform would die in
//! the middle of a change, with its state unwritten. So its output goes where nobody has to read it.

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileExt as _;

use rustix::fs::{FallocateFlags, MemfdFlags, fallocate, memfd_create};

use super::pipe::{Buffer, From};

/// What was read is given back to the system in pieces of this size.
const PIECE: u64 = 1 << 20;

pub(super) struct Tail {
    file: File,
    read: u64,
    freed: u64,
}

impl Tail {
    /// The file, and an end for the program to write to.
    pub(super) fn open() -> io::Result<(Self, OwnedFd)> {
        let end = memfd_create("output", MemfdFlags::CLOEXEC)?;
        let file = File::from(end.try_clone()?);
        let tail = Self {
            file,
            read: 0,
            freed: 0,
        };
        Ok((tail, end))
    }

    /// Hands out what has come since; says whether there was anything.
    pub(super) fn hear(&mut self, buffer: &mut Buffer, heard: &mut dyn FnMut(From, &[u8])) -> bool {
        let before = self.read;
        // At its own place: the one that moves with the descriptor is the program's.
        while let Ok(n) = self.file.read_at(buffer.space(), self.read)
            && n > 0
        {
            heard(From::Out, &buffer.space()[..n]);
            self.read += n as u64;
        }
        if self.read - self.freed >= PIECE {
            let punch = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
            // Refused, it only takes more memory.
            let _ = fallocate(&self.file, punch, self.freed, self.read - self.freed);
            self.freed = self.read;
        }
        self.read > before
    }
}
