//! The journal of one run: append-only records with length, sequence number, checksum and hash chain (`record.rs` has the
//! format). One write and one sync per append, into space that was allocated ahead.

use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use super::medium::Medium;
use super::reserve::{PART_OF_DISK, Reserve};
use super::scan::{Scan, Stop};
use super::{Error, disk, record};
use crate::run::Recorded;

/// File of the journal within the folder of its run.
pub(super) const NAME: &str = "journal";

/// Space taken ahead: as much as there is already, within these bounds.
const AHEAD: std::ops::RangeInclusive<u64> = (64 << 10)..=(1 << 20);

/// With less room than this (of a small disk: than its part for the reserve) an attempt could not even write down that it begins, or how it ended.
const NEARLY_FULL: u64 = 256 << 10;

/// The journal, open for appending. One per run, under the run's lock.
#[derive(Debug)]
pub struct Log {
    file: Medium,
    path: PathBuf,
    /// End of the last durable record.
    end: u64,
    /// Up to here the file has blocks, zero from `end` on.
    allocated: u64,
    /// Number of the last record.
    seq: u64,
    chain: record::Chain,
    reserve: Reserve,
    /// A write or sync failed for another reason than a full disk. What the disk holds is not known, and a second
    /// sync would say "done" although the first one's pages are lost: nothing may follow.
    broken: bool,
    /// Reused by each append.
    buffer: Vec<u8>,
}

/// What opening found.
#[derive(Debug)]
pub struct Opened {
    pub log: Log,
    pub records: Vec<Recorded>,
    /// A torn last record that was cut and kept aside.
    pub torn: Option<Torn>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Torn {
    pub offset: u64,
    pub bytes: u64,
    pub kept_in: PathBuf,
}

impl Log {
    /// A new journal in `dir` (which must not have one). File and folder are synced.
    pub fn create(dir: &Path) -> Result<Self, Error> {
        let path = dir.join(NAME);
        let fails = |e| Error::io(&path, e);
        let file = disk::create_file(&path).map_err(fails)?;
        let mut log = Self::of(Scan::new(file, &path), 0);
        // Before the sync, which so pays for both; the first append would be late otherwise.
        log.reserve.restore();
        log.file.file().sync_all().map_err(fails)?;
        disk::sync_folder(dir).map_err(fails)?;
        Ok(log)
    }

    /// Reads everything back, verifies it, cuts a torn tail.
    pub fn open(dir: &Path) -> Result<Opened, Error> {
        let mut records = Vec::new();
        let (log, torn) = Self::replay(dir, |recorded| records.push(recorded))?;
        Ok(Opened { log, records, torn })
    }

    /// The same, one record after the other: a long journal then never stands in memory as a whole. Damage further on is only
    /// found after what stands before it was handed out.
    pub fn replay(dir: &Path, each: impl FnMut(Recorded)) -> Result<(Self, Option<Torn>), Error> {
        let mut scan = open_scan(dir, disk::For::Writing)?;
        let stop = scan.read(each)?;
        let torn = judge(&scan, stop)?
            .map(|bytes| keep_aside(&scan, bytes))
            .transpose()
            .map_err(|e| Error::io(&scan.path, e))?;
        let size = scan.file.metadata().map_err(|e| Error::io(&scan.path, e))?;
        let unconfirmed = scan.unconfirmed;
        let mut log = Self::of(scan, size.len());
        if torn.is_some() {
            log.allocated = log.end;
        }
        match log.confirm(unconfirmed, torn.is_some()) {
            Ok(()) => Ok((log, torn)),
            Err(e) if disk::is_full(&e) => Err(Error::Full {
                path: log.path.clone(),
            }),
            Err(e) => Err(log.give_up(&e)),
        }
    }

    /// The last append may never have reached the disk: its engine was killed before the sync, or the sync failed, after which
    /// the system takes its pages for clean. Whoever goes on from it says that it is durable, so it is written once more.
    fn confirm(&self, from: u64, torn: bool) -> io::Result<()> {
        if torn {
            self.file.cut(self.end)?;
        }
        let mut last = vec![0; (self.end - from) as usize];
        if super::scan::read_at(self.file.file(), &mut last, from)? < last.len() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.file.write(&last, from)?;
        self.file.sync()
    }

    fn of(scan: Scan, allocated: u64) -> Self {
        let reserve = Reserve::of(scan.path.parent().unwrap_or(Path::new(".")), &scan.file);
        Self {
            file: Medium::of(scan.file),
            path: scan.path,
            end: scan.offset,
            allocated,
            seq: scan.seq,
            chain: scan.chain,
            reserve,
            broken: false,
            buffer: Vec::new(),
        }
    }

    /// One write and one fdatasync for all of them. After `Err` other than `Full`, never call again.
    ///
    /// The first `Full` gives the reserve back to the disk: the same records may well fit when tried again, and the results
    /// of what still runs too. Nothing new should start while [`Self::is_short`] says so.
    pub fn append(&mut self, records: &[Recorded]) -> Result<(), Error> {
        if self.broken {
            let why =
                io::Error::other("an earlier write to it failed, so nothing more is recorded");
            return Err(Error::io(&self.path, why));
        }
        if records.is_empty() {
            return Ok(());
        }
        let (seq, chain) = self.encode(records)?;
        let written = self
            .make_room()
            .and_then(|()| self.file.write(&self.buffer, self.end));
        match written {
            Ok(()) => self.file.sync().map_err(|e| self.give_up(&e))?,
            Err(e) if disk::is_full(&e) => return Err(self.step_back()),
            Err(e) => return Err(self.give_up(&e)),
        }
        self.end += self.buffer.len() as u64;
        self.seq = seq;
        self.chain = chain;
        self.reserve.restore();
        Ok(())
    }

    /// Bytes of records that are durable.
    pub fn durable(&self) -> u64 {
        self.end
    }

    /// SHA-256 (hex) of the chain so far.
    pub fn head(&self) -> String {
        self.chain.as_str().to_owned()
    }

    /// The disk was full and the reserve is not back yet, or it is full but for the reserve: only results should be recorded.
    /// Whatever starts writes more files than this one.
    pub fn is_short(&mut self) -> bool {
        self.reserve.restore();
        let file = self.file.file();
        let part = disk::size(file).map_or(NEARLY_FULL, |bytes| bytes / PART_OF_DISK);
        let least = part.min(NEARLY_FULL);
        !self.reserve.held() || disk::free(file).is_some_and(|bytes| bytes < least)
    }

    /// Fills the buffer; gives number and chain after it.
    fn encode(&mut self, records: &[Recorded]) -> Result<(u64, record::Chain), Error> {
        self.buffer.clear();
        let (mut seq, mut chain) = (self.seq, self.chain);
        for recorded in records {
            if recorded.seq != seq + 1 {
                let why = format!("event {} cannot follow event {seq}", recorded.seq);
                return Err(self.give_up(&io::Error::new(io::ErrorKind::InvalidInput, why)));
            }
            chain = record::encode(recorded, self.seq, &chain, &mut self.buffer)
                .map_err(|why| self.give_up(&io::Error::new(io::ErrorKind::InvalidInput, why)))?;
            seq = recorded.seq;
        }
        Ok((seq, chain))
    }

    /// Takes blocks for the buffer, and some ahead if there is room for them.
    fn make_room(&mut self) -> io::Result<()> {
        let needed = (self.end + self.buffer.len() as u64).saturating_sub(self.allocated);
        if needed == 0 {
            return Ok(());
        }
        let ahead = self.end.clamp(*AHEAD.start(), *AHEAD.end());
        let mut taken = Err(io::ErrorKind::StorageFull.into());
        for bytes in [needed + ahead, needed.next_multiple_of(4096)] {
            taken = self.file.take(self.allocated, bytes);
            match &taken {
                Ok(()) => self.allocated += bytes,
                Err(e) if disk::is_full(e) => {
                    // A part of it may have been taken.
                    self.file.cut(self.allocated)?;
                    continue;
                }
                Err(_) => {}
            }
            break;
        }
        taken
    }

    /// The disk is full: the file ends with its last good record again, and the reserve goes to what comes next.
    fn step_back(&mut self) -> Error {
        let cut = self.file.cut(self.end).and_then(|()| self.file.sync());
        if let Err(e) = cut {
            return self.give_up(&e);
        }
        self.allocated = self.end;
        self.reserve.release();
        Error::Full {
            path: self.path.clone(),
        }
    }

    fn give_up(&mut self, why: &io::Error) -> Error {
        self.broken = true;
        let what = format!(
            "{why}: what was written last may not be on the disk, so nothing more is recorded or started; what had started goes on by itself"
        );
        Error::io(&self.path, io::Error::new(why.kind(), what))
    }
}

impl Drop for Log {
    /// Gives back what was taken ahead. If this does not happen (`kill -9`), the next one finds zeros and a reserve to go on with.
    fn drop(&mut self) {
        if !self.broken {
            let _ = self.file.cut(self.end);
        }
        self.reserve.release();
    }
}

/// The journal in `dir`, from its beginning.
pub(super) fn open_scan(dir: &Path, purpose: disk::For) -> Result<Scan, Error> {
    let path = dir.join(NAME);
    match disk::open_file(&path, purpose) {
        Ok(file) => Ok(Scan::new(file, &path)),
        // A crash between the folder and its journal.
        Err(e) if e.kind() == io::ErrorKind::NotFound && dir.is_dir() => {
            Err(Error::NeverStarted { path })
        }
        Err(e) => Err(Error::io(&path, e)),
    }
}

/// Whether the end of the journal is clean (`None`), or torn (so many bytes), or not a matter of the last append.
fn judge(scan: &Scan, stop: Stop) -> Result<Option<u64>, Error> {
    let remains = scan.remains().map_err(|e| Error::io(&scan.path, e))?;
    if remains.knows_better {
        return Err(scan.corrupt(stop.what().to_owned()));
    }
    if scan.seq == 0 {
        // What is whole and wrong was once right: only what is missing in part never was.
        return match stop {
            Stop::Damaged(what) if remains.whole => Err(scan.corrupt(what.to_owned())),
            _ => Err(Error::NeverStarted {
                path: scan.path.clone(),
            }),
        };
    }
    Ok((remains.bytes > 0).then_some(remains.bytes))
}

/// Copies the torn end into a file of its own.
fn keep_aside(scan: &Scan, bytes: u64) -> io::Result<Torn> {
    let mut n = 1;
    let (kept, kept_in) = loop {
        let path = scan.path.with_extension(format!("torn-{n}"));
        match disk::create_file(&path) {
            Ok(file) => break (file, path),
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => n += 1,
            Err(e) => return Err(e),
        }
    };
    let mut chunk = vec![0; 64 << 10];
    let mut done = 0;
    while done < bytes {
        let most = (bytes - done).min(chunk.len() as u64) as usize;
        let got = super::scan::read_at(&scan.file, &mut chunk[..most], scan.offset + done)?;
        kept.write_all_at(&chunk[..got], done)?;
        done += got.max(1) as u64;
    }
    kept.sync_all()?;
    if let Some(dir) = scan.path.parent() {
        disk::sync_folder(dir)?;
    }
    Ok(Torn {
        offset: scan.offset,
        bytes,
        kept_in,
    })
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use super::*;
    use crate::run::Event;
    use crate::time::Timestamp;

    #[test]
    fn after_any_failure_but_a_full_disk_nothing_is_recorded() {
        let dir = tempfile::tempdir().unwrap();
        let told = |seq| Recorded {
            seq,
            at: Timestamp(0),
            event: Event::Told {
                what: String::new(),
            },
        };
        let mut log = Log::create(dir.path()).unwrap();
        log.append(&[told(1)]).unwrap();
        // What the kernel refuses to write: as if the disk had gone.
        let read_only = Medium::of(File::open(&log.path).unwrap());
        let writable = std::mem::replace(&mut log.file, read_only);
        let first = log.append(&[told(2)]).unwrap_err();
        assert!(matches!(first, Error::Io { .. }), "{first}");
        log.file = writable;
        let second = log.append(&[told(2)]).unwrap_err().to_string();
        assert!(second.contains("nothing more is recorded"), "{second}");
        drop(log);
        assert_eq!(Log::open(dir.path()).unwrap().records, [told(1)]);
    }
}
