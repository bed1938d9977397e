//! A mistake in a workflow file: place, what, why, hint. Always a list of them, never the first alone.

use std::ops::Range;
use std::sync::Arc;

use serde::Serialize;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    Error,
    Warning,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub severity: Severity,
    /// Stable name, such as `unknown_need`.
    pub code: &'static str,
    pub message: String,
    /// Bytes of the text that the caret marks.
    pub span: Range<usize>,
    /// What stands at the span, in a few words; may be empty.
    pub label: String,
    /// Other places that belong to it: the first of two duplicates, the step around the mistake.
    pub related: Vec<(Range<usize>, String)>,
    /// What to do.
    pub hint: Option<String>,
    /// It stands in the file of a sub-workflow, and not in the one that was checked.
    pub inside: Option<Arc<Included>>,
}

/// A file that another one includes.
#[derive(Debug, PartialEq, Eq)]
pub struct Included {
    /// Its path from the folder of the outermost file.
    pub file: String,
    pub bytes: Box<[u8]>,
    /// Which file includes it, if that is not the outermost one, and in which line.
    pub by: Option<String>,
    pub line: usize,
}

impl Problem {
    pub(super) fn new(
        severity: Severity,
        code: &'static str,
        span: Range<usize>,
        message: impl Into<String>,
    ) -> Self {
        Self {
            severity,
            code,
            message: message.into(),
            span,
            label: String::new(),
            related: Vec::new(),
            hint: None,
            inside: None,
        }
    }

    /// The file it stands in and its text, where `file` and `bytes` are those of the outermost file.
    pub fn source<'a>(&'a self, file: &str, bytes: &'a [u8]) -> (String, &'a [u8]) {
        match &self.inside {
            None => (file.to_owned(), bytes),
            Some(inside) => (beside(file, &inside.file), &inside.bytes),
        }
    }

    /// Which line of which file includes the one it stands in.
    pub fn included_at(&self, file: &str) -> Option<String> {
        let inside = self.inside.as_ref()?;
        let by = inside.by.as_deref();
        let by = by.map_or_else(|| file.to_owned(), |by| beside(file, by));
        Some(format!("{by}:{}", inside.line))
    }

    pub(super) fn label(&mut self, label: impl Into<String>) -> &mut Self {
        self.label = label.into();
        self
    }

    pub(super) fn hint(&mut self, hint: impl Into<String>) -> &mut Self {
        self.hint = Some(hint.into());
        self
    }

    /// Another place that belongs to it.
    pub(super) fn also(&mut self, span: Range<usize>, label: impl Into<String>) -> &mut Self {
        self.related.push((span, label.into()));
        self
    }
}

/// What people call the file at `path` from the folder of `file`.
fn beside(file: &str, path: &str) -> String {
    match file.rsplit_once('/') {
        Some((folder, _)) => format!("{folder}/{path}"),
        None => path.to_owned(),
    }
}
