//! Reads records one after the other, verifying each checksum and the whole chain, and judges what follows where it stops.
//! Shared by whoever opens a journal to append and whoever follows one.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use memchr::memchr_iter;

use super::Error;
use super::record::{self, Chain, FORMAT, Found};
use crate::id::RunId;
use crate::run::{Event, Recorded};

/// Bytes per read.
const CHUNK: usize = 256 << 10;

#[derive(Debug)]
pub(super) struct Scan {
    pub(super) file: File,
    pub(super) path: PathBuf,
    /// Where the next record begins.
    pub(super) offset: u64,
    /// Number of the last record, 0 before the first.
    pub(super) seq: u64,
    pub(super) chain: Chain,
    /// Where the first record of the last append begins: nobody has said that it, or what follows it, was ever synced.
    pub(super) unconfirmed: u64,
    /// A head of the chain that is looked for, and the record at which it was met.
    pub(super) anchor: Option<(String, Option<u64>)>,
    /// Nothing from this byte on is looked at: it is not known to be durable.
    pub(super) until: u64,
    /// The bytes of the file from `offset` on, as far as they were read.
    buffer: Vec<u8>,
    used: usize,
}

/// Why there is no further record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// The file ends here, or zeros begin.
    End,
    /// The file ends within a record.
    Incomplete,
    Damaged(&'static str),
}

impl Stop {
    pub(super) fn what(self) -> &'static str {
        match self {
            Self::End => "zeros where a record should be",
            Self::Incomplete => "the record is incomplete",
            Self::Damaged(what) => what,
        }
    }
}

/// What stands in the file from where a scan stopped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Remains {
    /// Up to the last byte that is not zero.
    pub(super) bytes: u64,
    /// None of them is zero and the last one is a line break: no block is missing.
    pub(super) whole: bool,
    /// A good record that was written when the missing one had long been durable: this is damage, not a torn append.
    pub(super) knows_better: bool,
}

impl Scan {
    pub(super) fn new(file: File, path: &Path) -> Self {
        Self {
            file,
            path: path.to_owned(),
            offset: 0,
            seq: 0,
            chain: Chain::START,
            unconfirmed: 0,
            anchor: None,
            until: u64::MAX,
            buffer: Vec::new(),
            used: 0,
        }
    }

    /// Hands out all complete records from here on. What it read beyond them is forgotten: it may change.
    pub(super) fn read(&mut self, each: impl FnMut(Recorded)) -> Result<Stop, Error> {
        let stop = self.read_on(each);
        self.buffer.clear();
        self.used = 0;
        stop
    }

    fn read_on(&mut self, mut each: impl FnMut(Recorded)) -> Result<Stop, Error> {
        loop {
            let bytes = &self.buffer[self.used..];
            let needed = match record::find(bytes) {
                Found::Line(line) => {
                    let (recorded, chain) = self.accept(&line)?;
                    if line.durable == self.seq {
                        self.unconfirmed = self.offset;
                    }
                    self.used += line.len();
                    self.offset += line.len() as u64;
                    self.seq = recorded.seq;
                    self.chain = chain;
                    if let Some((head, met)) = &mut self.anchor
                        && self.chain.as_str() == head
                    {
                        *met = Some(self.seq);
                    }
                    each(recorded);
                    continue;
                }
                Found::End if !bytes.is_empty() => return Ok(Stop::End),
                Found::End => 1,
                Found::Short(needed) => needed,
                Found::Damaged(what) => return Ok(Stop::Damaged(what)),
            };
            if !self.fill(needed).map_err(|e| Error::io(&self.path, e))? {
                let empty = self.buffer.is_empty();
                return Ok(if empty { Stop::End } else { Stop::Incomplete });
            }
        }
    }

    /// Checks a line against all that came before it.
    fn accept(&self, line: &record::Line<'_>) -> Result<(Recorded, Chain), Error> {
        let due = self.seq + 1;
        if line.seq > due {
            return Err(self.corrupt(format!("record {due} is missing, {} stands here", line.seq)));
        }
        if line.seq < due {
            return Err(self.corrupt(format!("record {} stands where {due} should be", line.seq)));
        }
        let Some(chain) = line.link(&self.chain) else {
            return Err(self.corrupt(format!(
                "the chain is broken at {due}: this record or one before it is not what was written"
            )));
        };
        if due == 1
            && let Some(found) = line.format()
            && found > FORMAT
        {
            return Err(Error::Newer {
                path: self.path.clone(),
                found,
                known: FORMAT,
            });
        }
        let recorded = line
            .event()
            .map_err(|e| self.corrupt(format!("record {due} is not an event known here: {e}")))?;
        match (&recorded.event, self.folder()) {
            (Event::RunStarted(start), Some(run)) if start.run != run => {
                Err(self.corrupt(format!(
                    "it is the journal of run {}, in the folder of {run}",
                    start.run
                )))
            }
            _ => Ok((recorded, chain)),
        }
    }

    /// The run that the folder is named after.
    fn folder(&self) -> Option<RunId> {
        RunId::parse(self.path.parent()?.file_name()?.to_str()?)
    }

    pub(super) fn corrupt(&self, what: String) -> Error {
        Error::Corrupt {
            path: self.path.clone(),
            offset: self.offset,
            last_good: self.seq,
            what,
        }
    }

    /// Reads on until there are `needed` unused bytes; false if the file does not have them. So a false length costs no memory.
    fn fill(&mut self, needed: usize) -> io::Result<bool> {
        self.buffer.drain(..self.used);
        self.used = 0;
        let have = self.buffer.len();
        let left = self.size()?.saturating_sub(self.offset);
        if left < needed as u64 {
            // What there is of it is kept, to tell an empty rest from an incomplete record.
            return Ok(false);
        }
        let goal = left.min(needed.max(CHUNK) as u64) as usize;
        self.buffer.resize(goal, 0);
        let got = read_at(
            &self.file,
            &mut self.buffer[have..],
            self.offset + have as u64,
        )?;
        self.buffer.truncate(have + got);
        Ok(have + got >= needed)
    }

    fn size(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len().min(self.until))
    }

    /// Looks at everything from where the scan stopped to the end of the file.
    pub(super) fn remains(&self) -> io::Result<Remains> {
        self.remains_up_to(self.size()?)
    }

    /// The same, of a file that has `size` bytes, or had: a writer that ends gives back what it had reserved.
    pub(super) fn remains_up_to(&self, size: u64) -> io::Result<Remains> {
        let mut remains = Remains::default();
        let mut holes = false;
        let mut window = Vec::new();
        let mut at = self.offset;
        while at < size {
            let wanted = (size - at).min(CHUNK as u64) as usize;
            window.resize(wanted, 0);
            let got = read_at(&self.file, &mut window, at)?;
            window.truncate(got);
            if let Some(last) = window.iter().rposition(|b| *b != 0) {
                holes |= at > self.offset + remains.bytes || window[..last].contains(&0);
                remains.bytes = at + last as u64 + 1 - self.offset;
                remains.whole = !holes && window[last] == b'\n';
                if self.knows_better(&window, at, size)? {
                    remains.knows_better = true;
                    return Ok(remains);
                }
            }
            if got < wanted || at + got as u64 == size {
                break;
            }
            // A head that lies across two windows is seen whole in the second one.
            at += (CHUNK - HEAD) as u64;
        }
        Ok(remains)
    }

    /// Whether a good record begins in `window`, which stands at `at`, that knows the missing one as durable.
    fn knows_better(&self, window: &[u8], at: u64, size: u64) -> io::Result<bool> {
        for space in memchr_iter(b' ', window) {
            let Some(start) = space
                .checked_sub(8)
                .filter(|s| at + *s as u64 > self.offset)
            else {
                continue;
            };
            let missing = match record::find(&window[start..]) {
                Found::Line(line) => {
                    if line.durable > self.seq {
                        return Ok(true);
                    }
                    continue;
                }
                Found::Short(whole) => whole,
                Found::End | Found::Damaged(_) => continue,
            };
            let begin = at + start as u64;
            if begin + missing as u64 > size {
                continue;
            }
            let mut whole = vec![0; missing];
            let got = read_at(&self.file, &mut whole, begin)?;
            if let Found::Line(line) = record::find(&whole[..got])
                && line.durable > self.seq
            {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Longest part of a line that tells that one begins.
const HEAD: usize = 64;

/// As much as there is.
pub(super) fn read_at(file: &File, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut got = 0;
    while got < bytes.len() {
        match file.read_at(&mut bytes[got..], offset + got as u64) {
            Ok(0) => break,
            Ok(n) => got += n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(got)
}
