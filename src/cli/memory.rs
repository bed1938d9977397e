//! Where it is kept how the runs of a workflow were last looked at: a small file for each, in the state folder. It is of no
//! account for any run: what cannot be read or written is told and left.

use std::path::PathBuf;

use crate::config::{ReadError, Settings, read_regular};
use crate::journal::{make_folder, name_on_disk, replace_file};
use crate::tui::Memory;

/// More than a screen ever writes.
const BYTES_MAX: u64 = 256 * 1024;

pub(super) struct Kept {
    folder: PathBuf,
    file: PathBuf,
}

impl Kept {
    pub(super) fn of(workflow: &str, settings: &Settings) -> Self {
        let folder = settings.state_dir.join("screen");
        let file = folder.join(format!("{}.json", name_on_disk(workflow)));
        Self { folder, file }
    }

    pub(super) fn recall(&self) -> Result<Option<Memory>, String> {
        let bytes = match read_regular(&self.file, BYTES_MAX) {
            Ok(bytes) => bytes,
            Err(ReadError::Missing) => return Ok(None),
            Err(error) => return Err(format!("{}: {error}", self.file.display())),
        };
        let read = serde_json::from_slice(&bytes);
        read.map(Some)
            .map_err(|error| format!("{}: {error}", self.file.display()))
    }

    pub(super) fn remember(&self, memory: &Memory) -> Result<(), String> {
        let bytes = serde_json::to_vec(memory).map_err(|error| error.to_string())?;
        make_folder(&self.folder)
            .and_then(|()| replace_file(&self.file, &bytes))
            .map_err(|error| error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn what_was_remembered_is_recalled_by_its_owner_alone() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("screen");
        let file = folder.join("x.json");
        let kept = Kept {
            folder,
            file: file.clone(),
        };
        assert_eq!(kept.recall(), Ok(None));
        let memory = Memory {
            view: "gantt".into(),
            filter: "st:fail".into(),
            ..Memory::default()
        };
        kept.remember(&memory).unwrap();
        kept.remember(&memory).unwrap();
        assert_eq!(kept.recall(), Ok(Some(memory)));
        let mode = std::fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        // Of a later version, or damaged.
        std::fs::write(&file, r#"{"view": "logs", "later": 1}"#).unwrap();
        assert_eq!(kept.recall().unwrap().unwrap().view, "logs");
        std::fs::write(&file, "{").unwrap();
        assert!(kept.recall().unwrap_err().contains("x.json"));
    }
}
