//! The line index of an output file: where a write began, how many lines stood before it, and when it came. Derived data: what
//! is missing or not believable is found in the output itself.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use super::{disk, scan};
use crate::time::Timestamp;

/// One entry: three little-endian numbers.
const ENTRY: usize = 24;

/// The file beside the output.
pub(super) fn path_of(log: &Path) -> PathBuf {
    if log.extension().is_some_and(|e| e == "log") {
        log.with_extension("idx")
    } else {
        let mut name = log.as_os_str().to_owned();
        name.push(".idx");
        name.into()
    }
}

/// At `offset`, `lines` line breaks have gone before. What follows arrived then.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Point {
    pub(super) offset: u64,
    pub(super) lines: u64,
    pub(super) at: Timestamp,
}

impl Point {
    pub(super) fn to_bytes(self) -> [u8; ENTRY] {
        let mut bytes = [0; ENTRY];
        bytes[..8].copy_from_slice(&self.offset.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.lines.to_le_bytes());
        bytes[16..].copy_from_slice(&self.at.0.to_le_bytes());
        bytes
    }

    fn from_bytes(bytes: &[u8]) -> Self {
        let number = |at: usize| {
            let eight = bytes[at..at + 8].try_into().expect("an entry is whole");
            u64::from_le_bytes(eight)
        };
        Self {
            offset: number(0),
            lines: number(8),
            at: Timestamp(number(16).cast_signed()),
        }
    }
}

/// Reads an index that may still grow.
#[derive(Debug, Default)]
pub(super) struct Index {
    file: Option<File>,
    /// Whole entries in it.
    pub(super) entries: u64,
}

impl Index {
    pub(super) fn refresh(&mut self, log: &Path) -> io::Result<()> {
        if self.file.is_none() {
            match disk::open_file(&path_of(log), disk::For::Reading) {
                Ok(file) => self.file = Some(file),
                Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
                Err(e) => return Err(e),
            }
        }
        if let Some(file) = &self.file {
            self.entries = file.metadata()?.len() / ENTRY as u64;
        }
        Ok(())
    }

    /// Until the next refresh.
    pub(super) fn close(&mut self) {
        self.file = None;
    }

    /// Up to `count` entries from the `nth` on.
    pub(super) fn read(&self, nth: u64, count: usize) -> io::Result<Vec<Point>> {
        let Some(file) = &self.file else {
            return Ok(Vec::new());
        };
        let mut bytes =
            vec![0; self.entries.saturating_sub(nth).min(count as u64) as usize * ENTRY];
        let got = scan::read_at(file, &mut bytes, nth * ENTRY as u64)?;
        Ok(bytes[..got]
            .chunks_exact(ENTRY)
            .map(Point::from_bytes)
            .collect())
    }

    /// Where what came after this moment begins.
    pub(super) fn end_at(&self, at: Timestamp) -> io::Result<Option<u64>> {
        let last = self.last(|point| point.at <= at)?;
        let next = self.read(last.map_or(0, |(nth, _)| nth + 1), 1)?;
        Ok(next.first().map(|point| point.offset))
    }

    /// The last entry for which `holds`, which must hold for a first part of all entries, and its number.
    pub(super) fn last(&self, holds: impl Fn(&Point) -> bool) -> io::Result<Option<(u64, Point)>> {
        self.last_among(0..self.entries, holds)
    }

    /// The same among these entries.
    pub(super) fn last_among(
        &self,
        among: Range<u64>,
        holds: impl Fn(&Point) -> bool,
    ) -> io::Result<Option<(u64, Point)>> {
        let Some(file) = &self.file else {
            return Ok(None);
        };
        let (mut low, mut high) = (among.start, among.end.min(self.entries));
        let mut found = None;
        while low < high {
            let middle = low + (high - low) / 2;
            let mut bytes = [0; ENTRY];
            file.read_exact_at(&mut bytes, middle * ENTRY as u64)?;
            let point = Point::from_bytes(&bytes);
            if holds(&point) {
                found = Some((middle, point));
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        Ok(found)
    }
}
