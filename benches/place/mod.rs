//! A place of its own for each run: working folder, home and state on the disk of `target/`.

use std::path::{Path, PathBuf};

pub(crate) struct Place(tempfile::TempDir);

impl Place {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("target/ can be written"))
    }

    pub(crate) fn dir(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, text).expect("target/ can be written");
        path
    }

    /// The environment of the program: what a step may see, and homes that are empty.
    pub(crate) fn environment(&self) -> Vec<(&'static str, String)> {
        vec![
            ("PATH", "/usr/bin:/bin".to_owned()),
            ("HOME", self.dir().display().to_string()),
            ("TERM", "xterm-256color".to_owned()),
            (
                "FLIGHTDECK_STATE_DIR",
                self.path("state").display().to_string(),
            ),
        ]
    }
}

pub(crate) const FLIGHTDECK: &str = env!("CARGO_BIN_EXE_flightdeck");
