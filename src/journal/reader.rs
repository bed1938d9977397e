//! Reads the output of an attempt, by line number, also while it grows. Memory stays flat whatever the size of file or line.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use memchr::{memchr, memchr_iter};

use super::index::{Index, Point};
use super::{disk, scan};
use crate::time::Timestamp;

const CHUNK: usize = 64 << 10;
/// Where the index lags behind, a place is remembered each so many bytes.
const MARK_EVERY: u64 = 1 << 20;

/// One line of output, raw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// From 0.
    pub number: u64,
    /// When it arrived, as exact as the index is.
    pub at: Option<Timestamp>,
    /// Without its line break; at most `max` bytes of it.
    pub bytes: Vec<u8>,
    /// There was more.
    pub cut: bool,
}

/// Reads the output of an attempt, also while it grows.
#[derive(Debug)]
pub struct Reader {
    path: PathBuf,
    log: Option<File>,
    index: Index,
    size: u64,
    /// Everything before it is counted.
    counted: Point,
    ends_in_break: bool,
    /// Places beyond the index, found by counting; in order.
    marks: Vec<Point>,
    /// What came later is not there yet.
    until: Option<Timestamp>,
}

impl Reader {
    /// A missing file is an empty output.
    pub fn open(path: &Path) -> io::Result<Self> {
        Self::new(path, None)
    }

    /// The output as it was at that moment, as exact as the index is.
    pub fn open_until(path: &Path, at: Timestamp) -> io::Result<Self> {
        Self::new(path, Some(at))
    }

    /// From the next refresh on, what came until then is there.
    pub fn until(&mut self, at: Timestamp) {
        self.until = Some(at);
    }

    fn new(path: &Path, until: Option<Timestamp>) -> io::Result<Self> {
        let mut reader = Self {
            path: path.to_owned(),
            log: None,
            index: Index::default(),
            size: 0,
            counted: Point::default(),
            ends_in_break: true,
            marks: Vec::new(),
            until,
        };
        reader.refresh()?;
        Ok(reader)
    }

    /// Looks for growth; true if there was any.
    pub fn refresh(&mut self) -> io::Result<bool> {
        if self.log.is_none() {
            match disk::open_file(&self.path, disk::For::Reading) {
                Ok(file) => self.log = Some(file),
                Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(false),
                Err(e) => return Err(e),
            }
            // After a rest the file may be as it was, and its index is wanted all the same.
            self.index.refresh(&self.path)?;
        }
        let Some(log) = &self.log else {
            return Ok(false);
        };
        let mut size = log.metadata()?.len();
        if let Some(at) = self.until {
            self.index.refresh(&self.path)?;
            size = self.index.end_at(at)?.map_or(size, |end| end.min(size));
        }
        if size == self.size {
            return Ok(false);
        }
        if size < self.size {
            // A line about a hole was taken back: the disk was full.
            self.counted = Point::default();
            self.marks.clear();
        }
        self.size = size;
        self.index.refresh(&self.path)?;
        if let Some((_, point)) = self.index.last(|point| point.offset <= size)?
            && point.offset > self.counted.offset
        {
            self.counted = point;
        }
        self.count_on()?;
        Ok(true)
    }

    /// Closes the files until they are wanted again, by `refresh`; what is known of them stays.
    pub(super) fn rest(&mut self) {
        self.log = None;
        self.index.close();
    }

    /// When the first and the last line came, as exact as the index is. Without an index all came at the beginning of time.
    pub(super) fn span(&self) -> io::Result<Option<(Timestamp, Timestamp)>> {
        if self.count() == 0 {
            return Ok(None);
        }
        let first = self.index.read(0, 1)?.first().map(|point| point.at);
        let last = self.index.last(|point| point.offset < self.size)?;
        let first = first.unwrap_or_default();
        Ok(Some((first, last.map_or(first, |(_, point)| point.at))))
    }

    /// How many lines had begun by then, and how many entries of the index are not later. Only the entries `among` need be
    /// looked at: those before are not later, those behind are.
    pub(super) fn lines_by(&self, at: Timestamp, among: &Range<u64>) -> io::Result<(u64, u64)> {
        let by = |point: &Point| point.at <= at && point.offset < self.size;
        let last = self.index.last_among(among.clone(), by)?;
        let entries = last.map_or(among.start, |(nth, _)| nth + 1);
        if entries == 0 {
            return Ok((0, 0));
        }
        let next = self.index.read(entries, 1)?.first().copied();
        let Some(next) = next.filter(|point| point.offset < self.size) else {
            return Ok((self.count(), entries));
        };
        // The line that the entry stands in the middle of had begun before.
        let mut byte = [b'\n'];
        self.read(&mut byte, next.offset.saturating_sub(1))?;
        let open = u64::from(next.offset > 0 && byte[0] != b'\n');
        Ok((next.lines + open, entries))
    }

    /// Number of lines, an unfinished last one included.
    pub fn count(&self) -> u64 {
        self.counted.lines + u64::from(!self.ends_in_break)
    }

    /// Number of lines that have their line break: those do not grow any more.
    pub fn finished(&self) -> u64 {
        self.counted.lines
    }

    /// Bytes of the output.
    pub fn size(&self) -> u64 {
        self.size
    }

    pub fn lines(&mut self, from: u64, count: usize, max: usize) -> io::Result<Vec<Line>> {
        self.lines_within(from, count, max, usize::MAX)
    }

    /// The same, but none after so many bytes; at least one line.
    pub(super) fn lines_within(
        &mut self,
        from: u64,
        count: usize,
        max: usize,
        bytes_max: usize,
    ) -> io::Result<Vec<Line>> {
        let mut lines = Vec::new();
        let mut got = 0;
        let end = from.saturating_add(count as u64).min(self.count());
        if from >= end {
            return Ok(lines);
        }
        let mut bytes = Bytes::new(self, self.start_of(from)?);
        let mut times = Times::new(&self.index, bytes.offset)?;
        for number in from..end {
            let at = times.at(bytes.offset)?;
            let (line, cut) = bytes.line(max)?;
            got += line.len();
            lines.push(Line {
                number,
                at,
                bytes: line,
                cut,
            });
            if got >= bytes_max {
                break;
            }
            // The rest of a long line is not read: the index knows where the next one begins.
            if cut && number + 1 < end {
                bytes.jump(self.start_of(number + 1)?);
            }
        }
        Ok(lines)
    }

    /// Counts the lines of what is new.
    fn count_on(&mut self) -> io::Result<()> {
        let mut chunk = vec![0; CHUNK];
        let mut place = self.counted;
        while place.offset < self.size {
            let got = self.read(&mut chunk, place.offset)?;
            if got == 0 {
                break;
            }
            place.lines += memchr_iter(b'\n', &chunk[..got]).count() as u64;
            place.offset += got as u64;
            self.ends_in_break = chunk[got - 1] == b'\n';
            let marked = self.marks.last().map_or(0, |mark| mark.offset);
            if place.offset.saturating_sub(marked.max(self.counted.offset)) >= MARK_EVERY {
                self.marks.push(place);
            }
        }
        self.size = place.offset;
        self.counted = place;
        Ok(())
    }

    /// Offset of the first byte of this line.
    pub(super) fn start_of(&self, line: u64) -> io::Result<u64> {
        if line == 0 {
            return Ok(0);
        }
        // The last place before the line break that ends the line before.
        let before = |point: &Point| point.lines < line && point.offset <= self.size;
        let indexed = self.index.last(before)?.map(|(_, point)| point);
        let marked = self.marks[..self.marks.partition_point(before)]
            .last()
            .copied();
        let place = indexed
            .into_iter()
            .chain(marked)
            .max_by_key(|point| point.offset)
            .unwrap_or_default();
        let mut bytes = Bytes::new(self, place.offset);
        bytes.skip(line - place.lines)?;
        Ok(bytes.offset)
    }

    /// The number of a line that begins at or before `offset`, not far from it unless the line is long.
    pub(super) fn line_near(&self, offset: u64) -> io::Result<u64> {
        let before = |point: &Point| point.offset <= offset;
        let indexed = self.index.last(before)?.map(|(_, point)| point.lines);
        let marked = self.marks[..self.marks.partition_point(before)].last();
        Ok(indexed.max(marked.map(|point| point.lines)).unwrap_or(0))
    }

    /// Reads what was there at the last refresh, not beyond.
    pub(super) fn read(&self, into: &mut [u8], offset: u64) -> io::Result<usize> {
        let Some(log) = &self.log else {
            return Ok(0);
        };
        let most = self.size.saturating_sub(offset).min(into.len() as u64) as usize;
        scan::read_at(log, &mut into[..most], offset)
    }
}

/// A position in the file, with some of the bytes that follow it.
struct Bytes<'a> {
    reader: &'a Reader,
    offset: u64,
    buffer: Vec<u8>,
    used: usize,
}

impl<'a> Bytes<'a> {
    fn new(reader: &'a Reader, offset: u64) -> Self {
        Self {
            reader,
            offset,
            buffer: Vec::new(),
            used: 0,
        }
    }

    fn jump(&mut self, offset: u64) {
        let ahead = offset.wrapping_sub(self.offset);
        if ahead <= (self.buffer.len() - self.used) as u64 {
            self.take(ahead as usize);
        } else {
            self.buffer.clear();
            self.used = 0;
            self.offset = offset;
        }
    }

    fn take(&mut self, n: usize) {
        self.used += n;
        self.offset += n as u64;
    }

    /// The bytes at hand, at least one unless the file ends here.
    fn ahead(&mut self) -> io::Result<&[u8]> {
        if self.used == self.buffer.len() {
            self.buffer.resize(CHUNK, 0);
            let got = self.reader.read(&mut self.buffer, self.offset)?;
            self.buffer.truncate(got);
            self.used = 0;
        }
        Ok(&self.buffer[self.used..])
    }

    /// Moves behind so many line breaks.
    fn skip(&mut self, mut breaks: u64) -> io::Result<()> {
        while breaks > 0 {
            let ahead = self.ahead()?;
            if ahead.is_empty() {
                return Ok(());
            }
            let mut passed = ahead.len();
            for at in memchr_iter(b'\n', ahead) {
                breaks -= 1;
                if breaks == 0 {
                    passed = at + 1;
                    break;
                }
            }
            self.take(passed);
        }
        Ok(())
    }

    /// Up to `max` bytes of the line that begins here, and whether there is more of it; if not, moves behind its line break.
    fn line(&mut self, max: usize) -> io::Result<(Vec<u8>, bool)> {
        let mut line = Vec::new();
        loop {
            let ahead = self.ahead()?;
            if ahead.is_empty() {
                return Ok((line, false));
            }
            let room = max - line.len();
            let seen = &ahead[..ahead.len().min(room + 1)];
            if let Some(at) = memchr(b'\n', seen) {
                line.extend_from_slice(&seen[..at]);
                self.take(at + 1);
                return Ok((line, false));
            }
            if seen.len() > room {
                line.extend_from_slice(&seen[..room]);
                self.take(room);
                return Ok((line, true));
            }
            let passed = seen.len();
            line.extend_from_slice(seen);
            self.take(passed);
        }
    }
}

/// Times of lines in order: reads the index some entries at once.
struct Times<'a> {
    index: &'a Index,
    /// Number of the entry after the window.
    next: u64,
    window: std::collections::VecDeque<Point>,
    now: Option<Timestamp>,
}

impl<'a> Times<'a> {
    const WINDOW: usize = 256;

    fn new(index: &'a Index, offset: u64) -> io::Result<Self> {
        let found = index.last(|point| point.offset <= offset)?;
        Ok(Self {
            index,
            next: found.map_or(0, |(nth, _)| nth + 1),
            window: std::collections::VecDeque::new(),
            now: found.map(|(_, point)| point.at),
        })
    }

    /// When the byte at `offset` came; offsets must not go back.
    fn at(&mut self, offset: u64) -> io::Result<Option<Timestamp>> {
        loop {
            if self.window.is_empty() {
                self.window = self.index.read(self.next, Self::WINDOW)?.into();
                self.next += self.window.len() as u64;
            }
            match self.window.front() {
                Some(point) if point.offset <= offset => {
                    self.now = Some(point.at);
                    self.window.pop_front();
                }
                _ => return Ok(self.now),
            }
        }
    }
}
