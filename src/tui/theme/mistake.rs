//! What is wrong in a theme file, where, and what was probably meant.

use std::fmt;

use crate::text::Clean;

/// What is wrong with a theme, and where. As a toast: `dark.yaml:3:12: unknown role "acent", did you mean "accent"?`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The theme's name; its file is `NAME.yaml`.
    pub theme: String,
    /// Counted from 1; 0 if the mistake is about the whole file.
    pub line: usize,
    pub column: usize,
    pub message: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.yaml", self.theme)?;
        if self.line > 0 {
            write!(f, ":{}:{}", self.line, self.column)?;
        }
        write!(f, ": {}", self.message)
    }
}

/// Says that a name is not known, and which known one was probably meant.
pub(super) fn unknown<'a>(what: &str, name: &str, known: impl Iterator<Item = &'a str>) -> String {
    let clean = Clean::line(name);
    match closest(name, known) {
        Some(close) => format!(
            "unknown {what} {:?}, did you mean {close:?}?",
            clean.as_str()
        ),
        None => format!("unknown {what} {:?}", clean.as_str()),
    }
}

pub(super) fn closest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let far = 2.max(name.chars().count() / 3);
    known
        .map(|candidate| (strsim::damerau_levenshtein(name, candidate), candidate))
        .filter(|(distance, _)| *distance <= far)
        .min()
        .map(|(_, candidate)| candidate)
}

/// Line and column, from 1, of a key in a section, or of the section. Theme files are flat, so the first `key:` after
/// `section:` is the one; the whole file (0, 0) if it is written in a way that hides it, such as quoted keys.
pub(super) fn place(text: &str, section: &str, key: Option<&str>) -> (usize, usize) {
    let find = |from: usize, name: &str| {
        let boundary = |c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-'));
        let tail = text.get(from..)?;
        tail.match_indices(name).map(|(i, _)| from + i).find(|i| {
            let after = text[i + name.len()..].trim_start_matches(['"', '\'', ' ']);
            let before = text[..*i].chars().next_back();
            before.is_none_or(boundary) && after.starts_with(':')
        })
    };
    let start = find(0, section);
    let at = match key {
        Some(key) => start.and_then(|start| find(start + section.len(), key)),
        None => start,
    };
    at.map_or((0, 0), |at| {
        let line_start = text[..at].rfind('\n').map_or(0, |i| i + 1);
        let line = 1 + text[..at].matches('\n').count();
        (line, 1 + text[line_start..at].chars().count())
    })
}
