//! What an attempt process writes down: one file per process, locked for its life, one line per fact. It is what a new
//! engine settles started attempts by.
//!
//! A line is `JSON TAB CRC32 NEWLINE`, written at once, so that a torn one is seen. Nothing is synced: the page cache
//! outlives a killed process, and after a power loss no attempt process lives anyway.

use std::collections::BTreeMap;
use std::fs::{File, Permissions, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};
use serde::{Deserialize, Serialize};

use crate::id::AttemptId;
use crate::run::Ended;

/// A line on the pipe to the engine, at most 4,096 bytes, so that many writers never mix.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Report {
    Ended {
        attempt: AttemptId,
        ended: Box<Ended>,
    },
    /// Too large for the pipe: it stands in the record file of this process.
    Look { attempt: AttemptId },
}

/// A line of the record file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Record {
    Process {
        pid: u32,
    },
    /// Written before anything of the attempt happens: an attempt without it never started.
    Began {
        attempt: AttemptId,
    },
    Ended {
        attempt: AttemptId,
        ended: Box<Ended>,
    },
}

/// Where a started attempt stands, according to the record files.
#[derive(Clone, Debug, PartialEq)]
pub enum Standing {
    Ended(Box<Ended>),
    /// This attempt process is alive and performs it.
    Alive {
        pid: u32,
    },
    /// Begun, and its attempt process is gone without a word.
    Lost,
    /// No attempt process began it, and none that could still do so is alive.
    NeverBegan,
    /// Not begun, but a living attempt process may still hold its specification: look again shortly.
    Undecided,
}

/// Settles each of `attempts` by the record files of all attempt processes that could have been handed them. Others do not
/// belong here: as long as one lives, an attempt that nobody began is undecided.
pub fn settle(
    records: impl IntoIterator<Item = PathBuf>,
    attempts: &[AttemptId],
) -> io::Result<Vec<(AttemptId, Standing)>> {
    let mut said: BTreeMap<AttemptId, Standing> = BTreeMap::new();
    let mut any_alive = false;
    for record in records {
        let Some(file) = open_record(&record)? else {
            continue;
        };
        // The lock before the lines: a process that ends in between has then written all it will ever write.
        let alive = is_locked(&file)?;
        any_alive |= alive;
        tell(&read(file)?, alive, &mut said);
    }
    let unsaid = if any_alive {
        Standing::Undecided
    } else {
        Standing::NeverBegan
    };
    Ok(attempts
        .iter()
        .map(|id| (id.clone(), said.get(id).unwrap_or(&unsaid).clone()))
        .collect())
}

/// Whether `attempt` has begun according to this record file. A stop signal before that would be lost: it would be taken
/// for one that was meant for the attempt before.
pub fn has_begun(record: &Path, attempt: &AttemptId) -> io::Result<bool> {
    let Some(file) = open_record(record)? else {
        return Ok(false);
    };
    Ok(read(file)?
        .iter()
        .any(|r| matches!(r, Record::Began { attempt: a } if a == attempt)))
}

/// The record file of this process, open for appending and locked until the process ends.
#[derive(Debug)]
pub(super) struct Recorder {
    file: File,
    line: Vec<u8>,
    /// The last line was cut by a full disk: the next one starts on a line of its own.
    torn: bool,
}

impl Recorder {
    pub(super) fn create(path: &Path) -> io::Result<Self> {
        let flags = OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY | OFlags::APPEND;
        let flags = flags | OFlags::CLOEXEC | OFlags::NOFOLLOW;
        let file: File = rustix::fs::open(path, flags, Mode::RUSR | Mode::WUSR)?.into();
        // The umask of the user may take even our own right away.
        file.set_permissions(Permissions::from_mode(0o600))?;
        // Waits only for an engine that probes at this very moment.
        file.lock()?;
        let mut recorder = Self {
            file,
            line: Vec::new(),
            torn: false,
        };
        recorder.append(&Record::Process {
            pid: std::process::id(),
        })?;
        Ok(recorder)
    }

    pub(super) fn append(&mut self, record: &Record) -> io::Result<()> {
        self.line.clear();
        if self.torn {
            self.line.push(b'\n');
        }
        let start = self.line.len();
        serde_json::to_writer(&mut self.line, record)?;
        let sum = crc32fast::hash(&self.line[start..]);
        writeln!(self.line, "\t{sum:08x}")?;
        let written = self.file.write_all(&self.line);
        self.torn = written.is_err();
        written
    }
}

/// `None` for what is no regular file, and for one that has just gone.
fn open_record(path: &Path) -> io::Result<Option<File>> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let file: File = match rustix::fs::open(path, flags, Mode::empty()) {
        Ok(fd) => fd.into(),
        Err(rustix::io::Errno::NOENT | rustix::io::Errno::LOOP) => return Ok(None),
        Err(e) => return Err(e.into()),
    };
    Ok(file.metadata()?.is_file().then_some(file))
}

fn is_locked(file: &File) -> io::Result<bool> {
    match file.try_lock_shared() {
        Ok(()) => file.unlock().map(|()| false),
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(e)) => Err(e),
    }
}

fn read(mut file: File) -> io::Result<Vec<Record>> {
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(bytes
        .split_inclusive(|b| *b == b'\n')
        .filter_map(parse)
        .collect())
}

/// `None` for a torn or damaged line.
fn parse(line: &[u8]) -> Option<Record> {
    let line = line.strip_suffix(b"\n")?;
    let tab = line.len().checked_sub(9)?;
    let (json, sum) = line.split_at(tab);
    let sum = std::str::from_utf8(sum.strip_prefix(b"\t")?).ok()?;
    let good = u32::from_str_radix(sum, 16).ok()? == crc32fast::hash(json);
    good.then(|| serde_json::from_slice(json).ok())?
}

fn tell(records: &[Record], alive: bool, said: &mut BTreeMap<AttemptId, Standing>) {
    let mut pid = 0;
    for record in records {
        match record {
            Record::Process { pid: p } => pid = *p,
            Record::Began { attempt } => {
                let standing = if alive {
                    Standing::Alive { pid }
                } else {
                    Standing::Lost
                };
                said.entry(attempt.clone()).or_insert(standing);
            }
            Record::Ended { attempt, ended } => {
                said.insert(attempt.clone(), Standing::Ended(ended.clone()));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::run::Outcome;

    fn id(step: &str) -> AttemptId {
        AttemptId::act(step.into(), 1)
    }

    fn ended() -> Ended {
        Ended {
            exit_code: Some(0),
            took_ms: 1,
            ..Ended::new(Outcome::Succeeded, "")
        }
    }

    fn standing(dir: &Path, step: &str) -> Standing {
        settle([dir.join("1")], &[id(step)]).unwrap().remove(0).1
    }

    #[test]
    fn the_lock_tells_the_living_from_the_dead() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(standing(dir.path(), "a"), Standing::NeverBegan);
        let path = dir.path().join("1");
        let mut recorder = Recorder::create(&path).unwrap();
        assert_eq!(standing(dir.path(), "a"), Standing::Undecided);
        assert!(!has_begun(&path, &id("a")).unwrap());
        recorder
            .append(&Record::Began { attempt: id("a") })
            .unwrap();
        assert!(has_begun(&path, &id("a")).unwrap());
        let pid = std::process::id();
        assert_eq!(standing(dir.path(), "a"), Standing::Alive { pid });
        assert_eq!(standing(dir.path(), "b"), Standing::Undecided);
        drop(recorder);
        assert_eq!(standing(dir.path(), "a"), Standing::Lost);
        assert_eq!(standing(dir.path(), "b"), Standing::NeverBegan);
    }

    #[test]
    fn a_torn_or_flipped_line_is_not_believed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("1");
        let mut recorder = Recorder::create(&path).unwrap();
        recorder
            .append(&Record::Began { attempt: id("a") })
            .unwrap();
        let before = fs::metadata(&path).unwrap().len() as usize;
        let record = Record::Ended {
            attempt: id("a"),
            ended: Box::new(ended()),
        };
        recorder.append(&record).unwrap();
        drop(recorder);
        assert_eq!(
            standing(dir.path(), "a"),
            Standing::Ended(Box::new(ended()))
        );
        let whole = fs::read(&path).unwrap();
        for cut in before..whole.len() {
            fs::write(&path, &whole[..cut]).unwrap();
            assert_eq!(standing(dir.path(), "a"), Standing::Lost, "cut at {cut}");
            let mut flipped = whole.clone();
            flipped[cut] ^= 1;
            fs::write(&path, &flipped).unwrap();
            assert_eq!(standing(dir.path(), "a"), Standing::Lost, "flip at {cut}");
        }
    }

    #[test]
    fn a_record_file_is_made_once_and_only_for_us() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("1");
        let _held = Recorder::create(&path).unwrap();
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        assert!(Recorder::create(&path).is_err());
    }
}
