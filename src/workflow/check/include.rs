//! Files inside files: where a sub-workflow is read from, each of them once, and no file within itself.

use std::collections::BTreeMap;
use std::path::{Component, Path};
use std::sync::Arc;

use super::file;
use crate::workflow::plan::{Files, Workflow};
use crate::workflow::problem::{Included, Problem, Severity};

/// Sub-workflows within each other.
const DEPTH_MAX: usize = 4;
/// Different files of one workflow, and bytes of all of them: a journal holds them in one record.
const FILES_MAX: usize = 200;
const BYTES_MAX: usize = 16 << 20;

/// Reads an included file by its path from the folder of the outermost one, or says why it cannot be read. The room has
/// no hands of its own.
pub type Load<'l> = dyn FnMut(&str) -> Result<Vec<u8>, String> + 'l;

/// The files of one workflow, while they are being checked.
pub(super) struct Library<'l> {
    load: &'l mut Load<'l>,
    /// The path of the file that is being checked, below those that include it.
    chain: Vec<String>,
    checked: BTreeMap<String, Child>,
    pub(super) texts: Files,
    pub(super) problems: Vec<Problem>,
}

/// An included file that has been checked.
#[derive(Clone)]
pub(super) struct Child {
    /// What it declares, even where it has mistakes; `None` if it could not be read as a workflow at all.
    pub(super) workflow: Option<Arc<Workflow>>,
    pub(super) sound: bool,
}

/// Why a file is not included: code, message, hint.
pub(super) type Refused = (&'static str, String, Option<String>);

impl<'l> Library<'l> {
    pub(super) fn new(file: &str, load: &'l mut Load<'l>) -> Self {
        Self {
            load,
            chain: vec![file.to_owned()],
            checked: BTreeMap::new(),
            texts: Files::new(),
            problems: Vec::new(),
        }
    }

    /// What is checked now is included by another file.
    pub(super) fn is_inside(&self) -> bool {
        self.chain.len() > 1
    }

    /// The path from the folder of the outermost file of what the current file calls `said`.
    pub(super) fn path(&self, said: &str) -> Result<String, Refused> {
        let outside = || {
            let message = format!("`{said}` is outside the folder of the workflow");
            let hint = "a sub-workflow stands beside the file that runs it, or below";
            ("outside", message, Some(hint.to_owned()))
        };
        let here = self.chain.last().map_or("", String::as_str);
        let folder = here.rsplit_once('/').map_or("", |(folder, _)| folder);
        let mut path = folder.to_owned();
        for part in Path::new(said).components() {
            match part {
                Component::CurDir => {}
                Component::Normal(name) => {
                    if !path.is_empty() {
                        path.push('/');
                    }
                    path.push_str(&name.to_string_lossy());
                }
                _ => return Err(outside()),
            }
        }
        if path == folder {
            return Err(outside());
        }
        Ok(path)
    }

    /// The file at `path`, included at `line` of the current one.
    pub(super) fn child(&mut self, path: &str, line: usize) -> Result<Child, Refused> {
        if let Some(at) = self.chain.iter().position(|open| open == path) {
            let message = format!(
                "sub-workflows run each other in a circle: {}",
                self.shown(at, path)
            );
            let hint = "`a -> b` means that a runs b: remove one of these".to_owned();
            return Err(("include_cycle", message, Some(hint)));
        }
        if self.chain.len() > DEPTH_MAX {
            let message = format!(
                "sub-workflows are nested more than {DEPTH_MAX} deep: {}",
                self.shown(0, path)
            );
            return Err(("too_deep", message, None));
        }
        if let Some(child) = self.checked.get(path) {
            return Ok(child.clone());
        }
        if self.texts.len() >= FILES_MAX {
            let message = format!("more than {FILES_MAX} files in one workflow");
            return Err(("too_large", message, None));
        }
        let bytes = (self.load)(path).map_err(|why| ("unreadable", why, None))?;
        let before: usize = self.texts.values().map(|text| text.len()).sum();
        if before + bytes.len() > BYTES_MAX {
            let message = "the files of the workflow have more than 16 MiB".to_owned();
            return Err(("too_large", message, None));
        }
        Ok(self.check(path, &bytes, line))
    }

    fn check(&mut self, path: &str, bytes: &[u8], line: usize) -> Child {
        let by = self.chain.last().cloned().filter(|_| self.is_inside());
        self.chain.push(path.to_owned());
        let read = file::read(bytes, self);
        self.chain.pop();
        let included = Arc::new(Included {
            file: path.to_owned(),
            bytes: bytes.into(),
            by,
            line,
        });
        let sound = read.problems.iter().all(|p| p.severity != Severity::Error);
        self.problems
            .extend(read.problems.into_iter().map(|problem| Problem {
                inside: Some(included.clone()),
                ..problem
            }));
        self.texts
            .insert(path.to_owned(), String::from_utf8_lossy(bytes).into());
        let child = Child {
            workflow: read.workflow.map(Arc::new),
            sound,
        };
        self.checked.insert(path.to_owned(), child.clone());
        child
    }

    /// The chain of files from the one at `from` to `path`.
    fn shown(&self, from: usize, path: &str) -> String {
        let open = self.chain[from..].iter().map(String::as_str);
        let named = open.map(|file| if file.is_empty() { "this file" } else { file });
        named.chain([path]).collect::<Vec<_>>().join(" -> ")
    }
}
