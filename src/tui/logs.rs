//! A log as the screen reads it: of one attempt, or of several merged by time.

use std::io;

use super::message::{Origin, Part, Said};
use crate::id::AttemptId;
use crate::journal::{Merged, Reader};
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
            Self::Several(merged, attempts) => {
                let lines = merged.lines(from, count, max)?.into_iter();
                let said = lines.map(|mut merged| {
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
                Ok(said.collect())
            }
        }
    }
}

/// Which logs are merged.
#[derive(Debug, Default)]
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
