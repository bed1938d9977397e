//! The file under a journal, with the few things that are done to it. Tests note each of them, to build every state that a
//! disk may be in after a power cut.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use super::reserve;

#[derive(Debug)]
pub(super) struct Medium(File);

impl Medium {
    pub(super) fn of(file: File) -> Self {
        Self(file)
    }

    pub(super) fn file(&self) -> &File {
        &self.0
    }

    /// Blocks for a part of the file, with zeros in them.
    pub(super) fn take(&self, from: u64, bytes: u64) -> io::Result<()> {
        #[cfg(test)]
        noted::note(|| noted::Deed::Take { from, bytes });
        reserve::allocate(&self.0, from, bytes)
    }

    pub(super) fn write(&self, bytes: &[u8], at: u64) -> io::Result<()> {
        #[cfg(test)]
        noted::note(|| noted::Deed::Write {
            at,
            bytes: bytes.to_vec(),
        });
        self.0.write_all_at(bytes, at)
    }

    pub(super) fn cut(&self, length: u64) -> io::Result<()> {
        #[cfg(test)]
        noted::note(|| noted::Deed::Cut { length });
        self.0.set_len(length)
    }

    /// Durable, from here on: what was written, and the length.
    pub(super) fn sync(&self) -> io::Result<()> {
        self.0.sync_data()?;
        #[cfg(test)]
        noted::note(|| noted::Deed::Sync);
        Ok(())
    }
}

/// What was done, by this thread, since a test asked for it.
#[cfg(test)]
pub(super) mod noted {
    use std::cell::RefCell;

    #[derive(Clone, Debug)]
    pub(in crate::journal) enum Deed {
        Take { from: u64, bytes: u64 },
        Write { at: u64, bytes: Vec<u8> },
        Cut { length: u64 },
        Sync,
    }

    thread_local! {
        static DEEDS: RefCell<Option<Vec<Deed>>> = const { RefCell::new(None) };
    }

    pub(super) fn note(deed: impl FnOnce() -> Deed) {
        DEEDS.with_borrow_mut(|deeds| {
            if let Some(deeds) = deeds {
                deeds.push(deed());
            }
        });
    }

    pub(in crate::journal) fn begin() {
        DEEDS.set(Some(Vec::new()));
    }

    pub(in crate::journal) fn count() -> usize {
        DEEDS.with_borrow(|deeds| deeds.as_ref().map_or(0, Vec::len))
    }

    pub(in crate::journal) fn end() -> Vec<Deed> {
        DEEDS.take().unwrap_or_default()
    }
}
