//! The shelf: the folder of all runs of this user. List, find, create.

use std::cmp::Reverse;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{Group, RunDir, disk, run_dir};
use crate::id::RunId;

/// Stands for the newest run, so no run may be called so.
const LAST: &str = "last";

#[derive(Clone, Debug)]
pub struct Shelf {
    runs: PathBuf,
}

#[derive(Debug, thiserror::Error)]
pub enum FindError {
    #[error("`{0}` is not a run id")]
    NotAnId(String),
    #[error("no run `{0}`")]
    None(String),
    #[error("`{text}` could be {}", .candidates.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))]
    Several {
        text: String,
        candidates: Vec<RunId>,
    },
    #[error("there is no run yet")]
    Empty,
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl Shelf {
    /// Makes the folder (0700) if need be; refuses one that others may write or that is not ours.
    pub fn open(state_dir: &Path) -> io::Result<Self> {
        let runs = state_dir.join("runs");
        disk::make_folder(state_dir)?;
        disk::make_folder(&runs)?;
        Ok(Self { runs })
    }

    /// The shelf on which a run stands.
    pub fn of(dir: &RunDir) -> Self {
        let runs = dir.path().parent().unwrap_or(dir.path());
        Self {
            runs: runs.to_owned(),
        }
    }

    /// The runs that must take turns under this name.
    pub fn group(&self, name: &str) -> io::Result<Group> {
        let state = self.runs.parent().unwrap_or(&self.runs);
        Group::open(state, name)
    }

    pub fn create(&self, id: &RunId) -> io::Result<RunDir> {
        let path = self.runs.join(id.as_str());
        let taken = |why: String| io::Error::new(io::ErrorKind::AlreadyExists, why);
        if id.as_str() == LAST {
            return Err(taken(
                "`last` means the newest run; choose another id".to_owned(),
            ));
        }
        // Not with its parents: the folder of all runs may have gone meanwhile, and that is worth an error.
        match disk::create_folder(&path) {
            Ok(()) => {}
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {
                return Err(taken(format!(
                    "there is a run `{id}` already ({}); choose another id",
                    path.display()
                )));
            }
            Err(e) => return Err(e),
        }
        RunDir::furnish(path)
    }

    /// Removes what a removal of runs left when it was interrupted.
    pub fn sweep(&self) -> io::Result<()> {
        for entry in fs::read_dir(&self.runs)? {
            let entry = entry?;
            let gone = entry.file_name().to_str().is_some_and(run_dir::is_gone);
            if gone && entry.file_type()?.is_dir() {
                fs::remove_dir_all(entry.path())?;
            }
        }
        Ok(())
    }

    /// A run id, a unique prefix of one, or `last`.
    pub fn find(&self, text: &str) -> Result<RunDir, FindError> {
        if text == LAST {
            return self.list()?.into_iter().next().ok_or(FindError::Empty);
        }
        let id = RunId::parse(text).ok_or_else(|| FindError::NotAnId(text.to_owned()))?;
        let exact = self.runs.join(id.as_str());
        if exact.is_dir() {
            return Ok(RunDir::at(exact));
        }
        let mut candidates: Vec<RunId> = self
            .ids()?
            .into_iter()
            .filter(|candidate| candidate.as_str().starts_with(text))
            .collect();
        candidates.sort();
        match candidates.as_slice() {
            [] => Err(FindError::None(text.to_owned())),
            [one] => Ok(RunDir::at(self.runs.join(one.as_str()))),
            _ => Err(FindError::Several {
                text: text.to_owned(),
                candidates,
            }),
        }
    }

    /// Newest first.
    pub fn list(&self) -> io::Result<Vec<RunDir>> {
        let mut dated: Vec<_> = self
            .ids()?
            .into_iter()
            .map(|id| {
                let dir = RunDir::at(self.runs.join(id.as_str()));
                (Reverse((dir.started_at(), id)), dir)
            })
            .collect();
        dated.sort_by(|a, b| a.0.cmp(&b.0));
        Ok(dated.into_iter().map(|(_, dir)| dir).collect())
    }

    /// What is named like a run and is a folder; everything else is not ours to judge.
    fn ids(&self) -> io::Result<Vec<RunId>> {
        let mut ids = Vec::new();
        for entry in fs::read_dir(&self.runs).map_err(|e| disk::explain(&self.runs, &e))? {
            let entry = entry?;
            let id = entry.file_name().to_str().and_then(RunId::parse);
            if let Some(id) = id.filter(|_| entry.file_type().is_ok_and(|kind| kind.is_dir())) {
                ids.push(id);
            }
        }
        Ok(ids)
    }
}
