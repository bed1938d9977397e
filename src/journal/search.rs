//! Search in the output of an attempt, a bounded piece at a time, so that it can run in the background and be given up.

use std::io;

use memchr::{memchr_iter, memmem};
use regex::bytes::{Regex, RegexBuilder};

use super::Reader;

/// Bytes looked at in one go.
const BLOCK: usize = 1 << 20;
/// Most lines found in one call.
const HITS: usize = 100_000;

/// What is searched for.
#[derive(Clone, Debug)]
pub struct Pattern(Kind);

#[derive(Clone, Debug)]
enum Kind {
    Bytes(Box<memmem::Finder<'static>>),
    Regex(Regex),
}

impl Pattern {
    /// Exactly these bytes.
    pub fn bytes(needle: &[u8]) -> Self {
        Self(Kind::Bytes(Box::new(
            memmem::Finder::new(needle).into_owned(),
        )))
    }

    /// This text, letters of either case.
    pub fn any_case(text: &str) -> Self {
        Self::build(&regex::escape(text), true).unwrap_or_else(|_| Self::bytes(text.as_bytes()))
    }

    /// A regular expression, within one line.
    pub fn regex(expression: &str) -> Result<Self, regex::Error> {
        Self::build(expression, false)
    }

    fn build(expression: &str, any_case: bool) -> Result<Self, regex::Error> {
        RegexBuilder::new(expression)
            .case_insensitive(any_case)
            .multi_line(true)
            .build()
            .map(|regex| Self(Kind::Regex(regex)))
    }

    /// Where the next match begins, in `block` from `from` on.
    fn find(&self, block: &[u8], from: usize) -> Option<usize> {
        match &self.0 {
            Kind::Bytes(finder) => finder.find(&block[from..]).map(|at| from + at),
            Kind::Regex(regex) => regex.find_at(block, from).map(|found| found.start()),
        }
    }

    fn is_in(&self, line: &[u8]) -> bool {
        self.find(line, 0).is_some()
    }

    /// So many bytes before the end of a piece of a long line belong to the next piece too, lest a match between them is missed.
    fn overlap(&self) -> usize {
        match &self.0 {
            Kind::Bytes(finder) => finder.needle().len().saturating_sub(1),
            Kind::Regex(_) => 4096,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    Down,
    Up,
}

/// What one call found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hits {
    /// Numbers of the lines with a match, each once, in the direction of the search.
    pub lines: Vec<u64>,
    /// Where to go on; `None` when the search is through. The total over a file is the sum over all calls from line 0 down.
    pub next: Option<u64>,
}

impl Reader {
    /// Searches from line `from` (included) until about `limit` bytes are looked at. A line longer than a mebibyte is looked at in
    /// pieces: a regular expression does not match across two of them.
    pub fn search(
        &self,
        pattern: &Pattern,
        from: u64,
        direction: Direction,
        limit: u64,
    ) -> io::Result<Hits> {
        match direction {
            Direction::Down => self.search_down(pattern, from, self.count(), limit),
            Direction::Up => self.search_up(pattern, from, limit),
        }
    }

    fn search_up(&self, pattern: &Pattern, from: u64, limit: u64) -> io::Result<Hits> {
        let mut hits = Hits::default();
        // `end` is the first line that is done with.
        let mut end = from.saturating_add(1).min(self.count());
        let mut looked = 0;
        while end > 0 {
            if looked >= limit || hits.lines.len() >= HITS {
                hits.next = Some(end - 1);
                return Ok(hits);
            }
            let end_offset = self.start_of(end)?;
            let begin = self
                .line_near(end_offset.saturating_sub(BLOCK as u64))?
                .min(end - 1);
            looked += end_offset - self.start_of(begin)?;
            let found = self.search_down(pattern, begin, end, u64::MAX)?;
            hits.lines.extend(found.lines.into_iter().rev());
            end = begin;
        }
        Ok(hits)
    }

    fn search_down(&self, pattern: &Pattern, from: u64, end: u64, limit: u64) -> io::Result<Hits> {
        let mut hits = Hits::default();
        if from >= end {
            return Ok(hits);
        }
        let mut offset = self.start_of(from)?;
        let stop = offset.saturating_add(limit);
        let mut line = from;
        let mut block = vec![0; BLOCK];
        while line < end {
            if offset >= stop || hits.lines.len() >= HITS {
                hits.next = Some(line);
                break;
            }
            let got = self.read(&mut block, offset)?;
            if got == 0 {
                break;
            }
            // Whole lines; the rest of the file counts as one.
            let whole = match memchr::memrchr(b'\n', &block[..got]) {
                Some(last) => last + 1,
                None if got < BLOCK => got,
                None => {
                    if self.search_long(pattern, offset, &mut block)? {
                        hits.lines.push(line);
                    }
                    line += 1;
                    offset = self.start_of(line)?;
                    continue;
                }
            };
            line = search_block(pattern, &block[..whole], line, end, &mut hits.lines);
            offset += whole as u64;
        }
        Ok(hits)
    }

    /// Whether the line that begins at `offset`, and is longer than a block, has a match.
    fn search_long(
        &self,
        pattern: &Pattern,
        mut offset: u64,
        block: &mut [u8],
    ) -> io::Result<bool> {
        loop {
            let got = self.read(block, offset)?;
            let end = memchr::memchr(b'\n', &block[..got]);
            let piece = &block[..end.unwrap_or(got)];
            if pattern.is_in(piece) {
                return Ok(true);
            }
            if end.is_some() || got < block.len() {
                return Ok(false);
            }
            offset += (got - pattern.overlap().min(got / 2)) as u64;
        }
    }
}

/// Looks through a block of whole lines, the first of which has number `line`; gives the number after the last one.
fn search_block(
    pattern: &Pattern,
    block: &[u8],
    mut line: u64,
    end: u64,
    into: &mut Vec<u64>,
) -> u64 {
    let mut at = 0;
    while at < block.len() && line < end {
        let Some(found) = pattern.find(block, at).filter(|found| *found < block.len()) else {
            break;
        };
        // The line in which the match begins; an expression that matches a line break is only right if the line alone has it.
        let mut start = at;
        for found_break in memchr_iter(b'\n', &block[at..found]) {
            start = at + found_break + 1;
            line += 1;
        }
        let stop = memchr::memchr(b'\n', &block[found..]).map_or(block.len(), |n| found + n);
        if line < end && pattern.is_in(&block[start..stop]) {
            into.push(line);
        }
        at = stop + 1;
        line += 1;
    }
    let rest = block.get(at..).unwrap_or_default();
    line + memchr_iter(b'\n', rest).count() as u64
        + u64::from(rest.last().is_some_and(|b| *b != b'\n'))
}
