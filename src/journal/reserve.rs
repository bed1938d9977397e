//! The reserve: a file of real blocks beside the journal, given back to the disk when it is full, so that the results of what
//! still runs can be recorded.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use rustix::fs::FallocateFlags;

use super::disk;

/// Its size, and of a small disk no more than this part of it: a run must still fit beside it.
const BYTES: u64 = 1 << 20;
pub(super) const PART_OF_DISK: u64 = 8;
const BLOCK: u64 = 4096;

#[derive(Debug)]
pub(super) struct Reserve {
    path: PathBuf,
    bytes: u64,
    held: bool,
}

impl Reserve {
    /// For the journal `beside`. A reserve left by a killed process is as good as a new one.
    pub(super) fn of(dir: &Path, beside: &File) -> Self {
        let path = dir.join("reserve");
        let part = disk::size(beside).map_or(BYTES, |bytes| bytes / PART_OF_DISK);
        let bytes = (part.min(BYTES) / BLOCK).max(1) * BLOCK;
        let held = disk::open_file(&path, disk::For::Reading)
            .and_then(|file| file.metadata())
            .is_ok_and(|facts| facts.len() == bytes);
        Self { path, bytes, held }
    }

    pub(super) fn held(&self) -> bool {
        self.held
    }

    pub(super) fn release(&mut self) {
        // It only matters that the space is free; a second try comes with the next full disk.
        let _ = fs::remove_file(&self.path);
        self.held = false;
    }

    /// Takes it if it is not held and there is room for as much again: or else it would take back at once what it just gave.
    pub(super) fn restore(&mut self) {
        if self.held {
            return;
        }
        self.release();
        self.held = disk::create_file(&self.path)
            .and_then(|file| take_blocks(&file, 0, 2 * self.bytes).map(|()| file))
            .and_then(|file| file.set_len(self.bytes))
            .is_ok();
        if !self.held {
            self.release();
        }
    }
}

/// Takes blocks for a part of a file and writes zeros there. Without the zeros the first write to each block changes the
/// file's map as well, which costs each sync about a fifth more.
pub(super) fn allocate(file: &File, from: u64, bytes: u64) -> io::Result<()> {
    take_blocks(file, from, bytes)?;
    write_zeros(file, from, bytes)
}

fn take_blocks(file: &File, from: u64, bytes: u64) -> io::Result<()> {
    match rustix::fs::fallocate(file, FallocateFlags::empty(), from, bytes) {
        // Not every file system can; writing zeros takes blocks as well, only one after the other.
        Err(rustix::io::Errno::OPNOTSUPP | rustix::io::Errno::NOSYS) => {
            write_zeros(file, from, bytes)
        }
        other => Ok(other?),
    }
}

fn write_zeros(file: &File, from: u64, bytes: u64) -> io::Result<()> {
    let zeros = vec![0; bytes.min(64 << 10) as usize];
    let mut at = from;
    while at < from + bytes {
        let n = (from + bytes - at).min(zeros.len() as u64);
        file.write_all_at(&zeros[..n as usize], at)?;
        at += n;
    }
    Ok(())
}
