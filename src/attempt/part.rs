//! A file that comes from elsewhere: written beside its place, and put there when it is whole.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use crate::id::hex;

/// A file that is not whole yet, for its owner only. What is given up is removed.
pub(super) struct Part {
    place: PathBuf,
    path: PathBuf,
    file: File,
    digest: Sha256,
    bytes: u64,
    /// A write failed.
    broken: bool,
}

impl Part {
    /// `mark` tells it from what others write beside the same place.
    pub(super) fn open(place: &Path, mark: &str) -> io::Result<Self> {
        let mut path = place.as_os_str().to_owned();
        path.push(format!("{mark}.part"));
        let path = PathBuf::from(path);
        // What an attempt that was killed has left goes, and nobody's link is followed.
        let _ = fs::remove_file(&path);
        let mut new = OpenOptions::new();
        let file = new.write(true).create_new(true).mode(0o600).open(&path)?;
        Ok(Self {
            place: place.to_owned(),
            path,
            file,
            digest: Sha256::new(),
            bytes: 0,
            broken: false,
        })
    }

    pub(super) fn place(&self) -> &Path {
        &self.place
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(super) fn sha256(&self) -> String {
        hex(&self.digest.clone().finalize())
    }

    /// What came could not all be written down.
    pub(super) fn is_broken(&self) -> bool {
        self.broken
    }

    /// It is whole: puts it into its place.
    pub(super) fn finish(self) -> io::Result<()> {
        self.file.sync_all()?;
        fs::rename(&self.path, &self.place)
    }
}

impl Write for Part {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes);
        self.broken |= written.is_err();
        let n = written?;
        self.digest.update(&bytes[..n]);
        self.bytes += n as u64;
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        // After `finish` there is none any more.
        let _ = fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_there_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("dump");
        fs::write(folder.path().join("dump.part"), "left behind").unwrap();
        let mut part = Part::open(&place, "").unwrap();
        part.write_all(b"ab").unwrap();
        drop(part);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        let mut part = Part::open(&place, "").unwrap();
        part.write_all(b"abc").unwrap();
        assert_eq!(part.bytes(), 3);
        let sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(part.sha256(), sha256);
        part.finish().unwrap();
        assert_eq!(fs::read(&place).unwrap(), b"abc");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
