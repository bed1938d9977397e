//! What can go wrong with a journal, by what the caller can do about it.

use std::io;
use std::path::{Path, PathBuf};

#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The disk is full: what was appended last is not recorded, the journal is whole.
    #[error("no space left for {path}")]
    Full { path: PathBuf },
    #[error("{path}: {source}")]
    Io {
        path: PathBuf,
        source: std::io::Error,
    },
    /// Damage before the last record, a broken chain, a gap.
    #[error(
        "{path} is damaged at byte {offset}: {what}; the last good record is number {last_good}"
    )]
    Corrupt {
        path: PathBuf,
        offset: u64,
        last_good: u64,
        what: String,
    },
    #[error("{path} was written in format {found}; this program reads up to {known}")]
    Newer {
        path: PathBuf,
        found: u32,
        known: u32,
    },
    #[error("{path} is empty: the run never started")]
    NeverStarted { path: PathBuf },
}

impl Error {
    pub(super) fn io(path: &Path, source: io::Error) -> Self {
        Self::Io {
            path: path.to_owned(),
            source,
        }
    }
}
