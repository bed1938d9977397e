//! The lock of a run: a lock of the operating system on the file `lock`, so it goes with the process that held it, however
//! that ends. The file's text says who holds it; the text alone means nothing.

use std::fs::{File, TryLockError};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::disk;
use crate::time::Timestamp;

/// Whoever asks for the holder takes the lock, shared, for some microseconds. A taker outlasts that.
const PATIENCE: Duration = Duration::from_millis(50);
const PAUSE: Duration = Duration::from_millis(1);

/// Who holds a run's lock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    pub pid: u32,
    pub user: String,
    pub host: String,
    pub since: Timestamp,
    /// No person is at its terminal: a new screen may ask it to let go.
    #[serde(default)]
    pub detached: bool,
    /// Where it can be reached by those who attach.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub socket: Option<PathBuf>,
}

#[derive(Debug, thiserror::Error)]
pub enum LockError {
    #[error("the run is held by {}", .0.as_ref().map_or_else(|| "another process".to_owned(), |h| format!("{} on {}, process {}", h.user, h.host, h.pid)))]
    Held(Option<Holder>),
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// The lock of a run: held as long as this value, or the process, lives.
#[derive(Debug)]
pub struct Lock {
    file: File,
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Before the lock itself goes with the file: afterwards the text could be the next holder's.
        let _ = self.file.set_len(0);
    }
}

pub(super) fn take(path: &Path, holder: &Holder) -> Result<Lock, LockError> {
    let give_up = Instant::now() + PATIENCE;
    loop {
        let file = disk::open_or_create_file(path)?;
        match file.try_lock() {
            // The file may have gone with its run between the two calls; then the lock is worth nothing.
            Ok(()) if is_still_there(path, &file) => {
                write(&file, holder).map_err(|e| disk::explain(path, &e))?;
                return Ok(Lock { file });
            }
            Ok(()) => {}
            Err(TryLockError::Error(e)) => return Err(e.into()),
            Err(TryLockError::WouldBlock) if Instant::now() >= give_up => {
                return Err(LockError::Held(read(&file)));
            }
            Err(TryLockError::WouldBlock) => std::thread::sleep(PAUSE),
        }
    }
}

/// Tells who holds the lock now, in other words than when it was taken. Only for who holds it.
pub(super) fn rewrite(path: &Path, holder: &Holder) -> io::Result<()> {
    write(&disk::open_or_create_file(path)?, holder)
}

/// Who holds the lock. A shared lock, given back at once, is how to find out: others who ask are not in its way.
pub(super) fn holder(path: &Path) -> io::Result<Option<Holder>> {
    let file = match disk::open_file(path, disk::For::Reading) {
        Ok(file) => file,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(e),
    };
    let give_up = Instant::now() + PATIENCE;
    loop {
        match file.try_lock_shared() {
            Ok(()) => {
                file.unlock()?;
                return Ok(None);
            }
            Err(TryLockError::Error(e)) => return Err(e),
            Err(TryLockError::WouldBlock) => match read(&file) {
                Some(holder) => return Ok(Some(holder)),
                // Taken a moment ago: its holder's name is about to be written.
                None if Instant::now() < give_up => std::thread::sleep(PAUSE),
                None => return Ok(Some(unnamed())),
            },
        }
    }
}

/// Who stands in a file that is locked; `None` while that is being written.
pub(super) fn read<T: DeserializeOwned>(file: &File) -> Option<T> {
    let mut text = [0; 4096];
    let got = super::scan::read_at(file, &mut text, 0).ok()?;
    serde_json::from_slice(&text[..got]).ok()
}

pub(super) fn write(file: &File, who: &impl Serialize) -> io::Result<()> {
    let text = serde_json::to_vec(who)?;
    file.set_len(0)?;
    file.write_all_at(&text, 0)
}

fn unnamed() -> Holder {
    Holder {
        pid: 0,
        user: "someone".to_owned(),
        host: "an unknown host".to_owned(),
        since: Timestamp::default(),
        detached: false,
        socket: None,
    }
}

fn is_still_there(path: &Path, file: &File) -> bool {
    match (std::fs::symlink_metadata(path), file.metadata()) {
        (Ok(named), Ok(open)) => named.ino() == open.ino() && named.dev() == open.dev(),
        _ => false,
    }
}
