//! A log as the screen reads it: of one attempt, or of several merged by time.

use std::io;

use super::message::{LogOf, Origin, Part, Said};
use crate::id::AttemptId;
use crate::journal::{Merged, MergedLine, Reader};
use crate::time::Timestamp;

#[derive(Debug)]
pub(super) enum Logs {
    One(Reader),
    Several(Box<Merged>, Vec<AttemptId>),
}

/// Opens the output of an attempt.
type Open<'a> = &'a dyn Fn(&AttemptId) -> io::Result<Reader>;

impl Logs {
    pub(super) fn refresh(&mut self) -> io::Result<bool> {
        match self {
            Self::One(reader) => reader.refresh(),
            Self::Several(merged, _) => merged.refresh(),
        }
    }

    /// From the next refresh on, what came until then is there.
    pub(super) fn until(&mut self, at: Timestamp) {
        match self {
            Self::One(reader) => reader.until(at),
            Self::Several(merged, _) => merged.until(at),
        }
    }

    pub(super) fn count(&self) -> u64 {
        match self {
            Self::One(reader) => reader.count(),
            Self::Several(merged, _) => merged.count(),
        }
    }

    pub(super) fn lines(&mut self, from: u64, count: usize, max: usize) -> io::Result<Vec<Said>> {
        match self {
            Self::One(reader) => {
                let lines = reader.lines(from, count, max)?;
                Ok(lines.into_iter().map(Said::from).collect())
            }
            Self::Several(merged, attempts) => Ok(said(merged.lines(from, count, max)?, attempts)),
        }
    }

    /// The lines with these numbers, which must ascend.
    pub(super) fn pick(&mut self, numbers: &[u64], max: usize) -> io::Result<Vec<Said>> {
        match self {
            Self::One(reader) => {
                let mut lines = Vec::with_capacity(numbers.len());
                for number in numbers {
                    lines.extend(reader.lines(*number, 1, max)?.into_iter().map(Said::from));
                }
                Ok(lines)
            }
            Self::Several(merged, attempts) => Ok(said(merged.pick(numbers, max)?, attempts)),
        }
    }
}

/// Lines of a merge with their number in it, and whose they are.
fn said(lines: Vec<MergedLine>, attempts: &[AttemptId]) -> Vec<Said> {
    let said = lines.into_iter().map(|mut merged| {
        let number = std::mem::replace(&mut merged.line.number, merged.number);
        let part = merged.part;
        let attempt = attempts[part].clone();
        Said {
            line: merged.line,
            origin: Some(Origin {
                part,
                attempt,
                number,
            }),
        }
    });
    said.collect()
}

/// Which logs are merged.
#[derive(Clone, Debug, Default)]
pub(super) struct Merge {
    number: u32,
    parts: Vec<Part>,
}

impl Merge {
    /// True if this is the merge of the last time, of which more is known now.
    pub(super) fn change(&mut self, number: u32, parts: Vec<Part>) -> bool {
        let goes_on = self.number == number;
        (self.number, self.parts) = (number, parts);
        goes_on
    }

    pub(super) fn is(&self, of: &LogOf) -> bool {
        *of == LogOf::Merged(self.number)
    }

    pub(super) fn open(&self, open: Open) -> io::Result<Logs> {
        let mut log = Logs::Several(Box::default(), Vec::new());
        self.follow(&mut log, open)?;
        Ok(log)
    }

    /// Brings an open merge up to what is known now; gives the number of its lines.
    pub(super) fn follow(&self, log: &mut Logs, open: Open) -> io::Result<u64> {
        if let Logs::Several(merged, attempts) = log {
            for (nth, part) in self.parts.iter().enumerate() {
                if nth == merged.parts() {
                    merged.add(open(&part.attempt)?, part.live)?;
                    attempts.push(part.attempt.clone());
                } else if !part.live {
                    merged.ended(nth)?;
                }
            }
        }
        Ok(log.count())
    }
}
