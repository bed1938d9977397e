//! Follows a journal that may still grow.

use std::path::Path;

use super::scan::{Scan, Stop};
use super::{Error, disk, log};
use crate::run::Recorded;

/// Reads a journal that may still grow, of a live run or a finished one, without disturbing it.
#[derive(Debug)]
pub struct Tail {
    scan: Scan,
    /// The rest of the file was looked at once, so that damage in a finished journal is not taken for its end.
    looked: bool,
}

impl Tail {
    pub fn open(dir: &Path) -> Result<Self, Error> {
        Ok(Self {
            scan: log::open_scan(dir, disk::For::Reading)?,
            looked: false,
        })
    }

    /// The records that are complete since the last call. A record that is not complete yet is left for later.
    pub fn read(&mut self) -> Result<Vec<Recorded>, Error> {
        let mut records = Vec::new();
        self.read_each(|recorded| records.push(recorded))?;
        Ok(records)
    }

    /// The same, one record after the other: a long journal then never stands in memory as a whole.
    pub fn read_each(&mut self, mut each: impl FnMut(Recorded)) -> Result<(), Error> {
        let before = self.scan.seq;
        let stop = match self.scan.read(&mut each) {
            Ok(stop) => stop,
            // What is good comes first; the next call tells what is not.
            Err(_) if self.scan.seq > before => return Ok(()),
            Err(e) => return Err(e),
        };
        if (stop == Stop::End && self.looked) || !self.is_damaged()? {
            self.looked = true;
            return Ok(());
        }
        // It may only look damaged: a read beside a write can see the later of two pages new and the earlier one old.
        // Whatever the later record knew to be durable is there for a second look.
        let before_second = self.scan.seq;
        let stop = self.scan.read(each)?;
        let went_on = self.scan.seq > before_second;
        if went_on || !self.is_damaged()? || self.scan.seq > before {
            return Ok(());
        }
        Err(self.scan.corrupt(stop.what().to_owned()))
    }

    fn is_damaged(&self) -> Result<bool, Error> {
        let remains = self.scan.remains();
        let remains = remains.map_err(|e| Error::io(&self.scan.path, e))?;
        Ok(remains.knows_better)
    }

    /// As `read`, but only what stands before byte `durable`: what an engine has written and not yet synced is no fact.
    pub fn read_until(&mut self, durable: u64) -> Result<Vec<Recorded>, Error> {
        if self.scan.offset >= durable {
            return Ok(Vec::new());
        }
        self.scan.until = durable;
        self.read()
    }

    /// From now on looks for the record whose head of the chain is `head`.
    pub fn look_for(&mut self, head: &str) {
        self.scan.anchor = Some((head.to_ascii_lowercase(), None));
    }

    /// The record that had the head which is looked for, if it was read.
    pub fn met(&self) -> Option<u64> {
        self.scan.anchor.as_ref().and_then(|(_, met)| *met)
    }

    /// SHA-256 (hex) of the chain up to the last record read: what an anchor kept elsewhere is compared with.
    pub fn head(&self) -> String {
        self.scan.chain.as_str().to_owned()
    }
}
