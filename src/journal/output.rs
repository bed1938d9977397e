//! The output of one attempt: an append-only file and a line index with times (`index.rs`), so that any line of it is found at
//! once. What is beyond the cap, or what the disk refuses, leaves a hole: a line in the file says how much is missing, and
//! the last part of the missing bytes follows it.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::Duration;

use memchr::memchr_iter;

use super::disk;
use super::index::{self, Point};
use crate::run::LogFacts;
use crate::time::Timestamp;

/// So much of what a hole swallows is kept in memory and follows it.
const TAIL: usize = 64 << 10;
/// A write makes an index entry if its time differs from the last entry's, or so many bytes after it.
const ENTRY_EVERY: u64 = 64 << 10;
/// The index is written when this has passed since the last time, or so many bytes of output: readers search what is not indexed.
const INDEX_EVERY: Duration = Duration::from_millis(100);
const INDEX_LAG: u64 = 4 << 20;
/// How often a disk that was full is tried again.
const RETRY_EVERY: Duration = Duration::from_secs(1);

/// Appends; made by the attempt process. Bytes beyond the cap, or that the disk refuses, are counted and dropped.
#[derive(Debug)]
pub struct Writer {
    log: File,
    index: File,
    cap: u64,
    /// Bytes, line breaks and last byte of the log file.
    bytes: u64,
    breaks: u64,
    ends_in_break: bool,
    /// Bytes lost in holes that are closed.
    dropped: u64,
    hole: Option<Hole>,
    last: Option<Point>,
    entries: Vec<u8>,
    index_bytes: u64,
    /// When and at which size of the log the index was last written.
    flushed: Option<(Timestamp, u64)>,
}

#[derive(Debug)]
struct Hole {
    why: String,
    /// May be closed before the end, when there is room again.
    passing: bool,
    tried: Timestamp,
    swallowed: u64,
    /// The last swallowed bytes; somewhat more than `TAIL` between two trims.
    tail: Vec<u8>,
}

impl Hole {
    fn swallow(&mut self, bytes: &[u8]) {
        self.swallowed += bytes.len() as u64;
        self.tail
            .extend_from_slice(&bytes[bytes.len().saturating_sub(TAIL)..]);
        if self.tail.len() > 2 * TAIL {
            self.tail.drain(..self.tail.len() - TAIL);
        }
    }
}

impl Writer {
    /// `path` is the log file; the index is beside it. Files are 0600, never followed through a link.
    pub fn create(path: &Path, cap: u64) -> io::Result<Self> {
        Ok(Self {
            log: disk::create_file(path)?,
            index: disk::create_file(&index::path_of(path))?,
            cap,
            bytes: 0,
            breaks: 0,
            ends_in_break: true,
            dropped: 0,
            hole: None,
            last: None,
            entries: Vec::new(),
            index_bytes: 0,
            flushed: None,
        })
    }

    /// Never fails and never waits for anything but the disk: the step must not notice.
    pub fn write(&mut self, bytes: &[u8], now: Timestamp) {
        if bytes.is_empty() {
            return;
        }
        if let Some(hole) = &mut self.hole {
            hole.swallow(bytes);
            if hole.passing && now.since(hole.tried) >= RETRY_EVERY {
                hole.tried = now;
                self.close_hole(now);
            }
        } else {
            let room = self.cap.saturating_sub(self.bytes);
            let (kept, beyond) = bytes.split_at(room.min(bytes.len() as u64) as usize);
            let (written, refused) = self.put(kept, now);
            if let Some(e) = refused {
                self.open_hole(&bytes[written..], why(&e), disk::is_full(&e), now);
            } else if !beyond.is_empty() {
                let why = format!("its limit is {} bytes", self.cap);
                self.open_hole(beyond, why, false, now);
            }
        }
        let due = self.flushed.is_none_or(|(at, bytes)| {
            now.since(at) >= INDEX_EVERY || self.bytes - bytes >= INDEX_LAG
        });
        if due {
            self.flush_index(now);
        }
    }

    /// What the files hold; `dropped` is what they do not.
    pub fn finish(&mut self) -> LogFacts {
        let now = self.last.map(|point| point.at).unwrap_or_default();
        if let Some(hole) = &self.hole {
            let now = hole.tried.max(now);
            self.close_hole(now);
        }
        self.flush_index(now);
        LogFacts {
            bytes: self.bytes,
            lines: self.breaks + u64::from(!self.ends_in_break),
            dropped: self.dropped + self.hole.as_ref().map_or(0, |hole| hole.swallowed),
        }
    }

    /// Appends to the log; gives how much of it, and what stopped it.
    fn put(&mut self, bytes: &[u8], now: Timestamp) -> (usize, Option<io::Error>) {
        let mut written = 0;
        let mut refused = None;
        while written < bytes.len() {
            match self
                .log
                .write_at(&bytes[written..], self.bytes + written as u64)
            {
                Ok(0) => refused = Some(io::ErrorKind::StorageFull.into()),
                Ok(n) => written += n,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => refused = Some(e),
            }
            if refused.is_some() {
                break;
            }
        }
        if let Some(last) = bytes[..written].last() {
            self.note(now);
            self.bytes += written as u64;
            self.breaks += memchr_iter(b'\n', &bytes[..written]).count() as u64;
            self.ends_in_break = *last == b'\n';
        }
        (written, refused)
    }

    /// Makes an index entry for what is about to be added.
    fn note(&mut self, now: Timestamp) {
        // A clock that was set back does not undo the order of what was said: times are searched by halving.
        let now = self.last.map_or(now, |last| now.max(last.at));
        let point = Point {
            offset: self.bytes,
            lines: self.breaks,
            at: now,
        };
        let worth = self
            .last
            .is_none_or(|last| last.at != now || point.offset - last.offset >= ENTRY_EVERY);
        if worth {
            self.entries.extend_from_slice(&point.to_bytes());
            self.last = Some(point);
        }
    }

    fn flush_index(&mut self, now: Timestamp) {
        self.flushed = Some((now, self.bytes));
        let written = self.index.write_all_at(&self.entries, self.index_bytes);
        if written.is_ok() {
            self.index_bytes += self.entries.len() as u64;
        }
        // Entries that the disk refuses are only missed as times: the lines are found without.
        self.entries.clear();
    }

    fn open_hole(&mut self, swallowed: &[u8], why: String, passing: bool, now: Timestamp) {
        let mut hole = Hole {
            why,
            passing,
            tried: now,
            swallowed: 0,
            tail: Vec::new(),
        };
        hole.swallow(swallowed);
        self.hole = Some(hole);
    }

    /// Writes the line that tells of the hole, and the tail. Without room for both the hole stays open.
    fn close_hole(&mut self, now: Timestamp) {
        let Some(hole) = self.hole.take() else {
            return;
        };
        let tail = &hole.tail[hole.tail.len().saturating_sub(TAIL)..];
        let lost = hole.swallowed - tail.len() as u64;
        let mut text = Vec::with_capacity(tail.len() + 128);
        if lost > 0 {
            let fresh_line = if self.ends_in_break { "" } else { "\n" };
            let why = &hole.why;
            text.extend_from_slice(
                format!("{fresh_line}[flightdeck: {lost} bytes dropped here: {why}]\n").as_bytes(),
            );
        }
        text.extend_from_slice(tail);
        let before = (self.bytes, self.breaks, self.ends_in_break, self.last);
        let entries = self.entries.len();
        if self.put(&text, now).1.is_none() {
            self.dropped += lost;
            return;
        }
        (self.bytes, self.breaks, self.ends_in_break, self.last) = before;
        self.entries.truncate(entries);
        // If even this fails, readers see a part of the line; the count in the result is right all the same.
        let _ = self.log.set_len(self.bytes);
        self.hole = Some(hole);
    }
}

fn why(error: &io::Error) -> String {
    if disk::is_full(error) {
        "the disk was full".to_owned()
    } else {
        format!("the disk refused them ({error})")
    }
}
