//! The folder of one run: `journal`, `lock`, `output/`, `attempts/`; and derived or passing files: `summary.json`, `reserve`,
//! `journal.torn-N`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{Error, Holder, Lock, LockError, Summary, disk, lock, log, record, scan, summary};
use crate::id::{AttemptId, RunId};
use crate::time::Timestamp;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunDir {
    path: PathBuf,
}

/// How the name of a run begins that is being removed.
const GONE: &str = ".gone-";

pub(super) fn is_gone(name: &str) -> bool {
    name.strip_prefix(GONE)
        .is_some_and(|id| RunId::parse(id).is_some())
}

impl RunDir {
    /// For the attempt process, which is told the folder.
    pub fn at(path: PathBuf) -> Self {
        Self { path }
    }

    /// Makes what belongs into the folder of a new run. Its names become durable with the journal's, which is made next.
    pub(super) fn furnish(path: PathBuf) -> io::Result<Self> {
        let dir = Self { path };
        disk::new_folder(&dir.output_dir())?;
        disk::new_folder(&dir.attempts_dir())?;
        Ok(dir)
    }

    pub fn id(&self) -> RunId {
        let name = self.path.file_name().and_then(|name| name.to_str());
        name.and_then(RunId::parse)
            .expect("the folder of a run is named by its id")
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn output_path(&self, attempt: &AttemptId) -> PathBuf {
        self.output_dir().join(attempt.file_stem() + ".log")
    }

    fn output_dir(&self) -> PathBuf {
        self.path.join("output")
    }

    /// Records of attempt processes.
    pub fn attempts_dir(&self) -> PathBuf {
        self.path.join("attempts")
    }

    pub fn lock(&self, holder: &Holder) -> Result<Lock, LockError> {
        disk::check_folder(&self.path)?;
        lock::take(&self.path.join("lock"), holder)
    }

    /// For who holds the lock: tells others anew who that is.
    pub fn rewrite_holder(&self, holder: &Holder) -> io::Result<()> {
        lock::rewrite(&self.path.join("lock"), holder)
    }

    /// Who holds it now; `Ok(None)` = nobody.
    pub fn holder(&self) -> io::Result<Option<Holder>> {
        lock::holder(&self.path.join("lock"))
    }

    /// Bytes of the journal.
    pub fn journal_length(&self) -> io::Result<u64> {
        Ok(fs::symlink_metadata(self.path.join(log::NAME))?.len())
    }

    /// Folds the journal; cheap for finished runs (a small derived file keeps the answer).
    pub fn summary(&self) -> Result<Summary, Error> {
        summary::of(self)
    }

    /// Removes the run with all that belongs to it. The lock shows that nobody is at work in it.
    pub fn remove(&self, lock: Lock) -> io::Result<()> {
        // One rename, so that no half of a run is ever listed; a name that starts with a dot is no run id.
        let gone = self.path.with_file_name(format!("{GONE}{}", self.id()));
        if gone.exists() {
            fs::remove_dir_all(&gone)?;
        }
        fs::rename(&self.path, &gone)?;
        drop(lock);
        fs::remove_dir_all(&gone)
    }

    /// When the run started, from the first bytes of its journal; `None` if it never did.
    pub(super) fn started_at(&self) -> Option<Timestamp> {
        let file = disk::open_file(&self.path.join(log::NAME), disk::For::Reading).ok()?;
        let mut bytes = [0; record::MOMENT];
        let got = scan::read_at(&file, &mut bytes, 0).ok()?;
        record::first_moment(&bytes[..got])
    }
}
