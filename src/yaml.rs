//! Text -> typed value, or place and message. The only file that names serde_yaml.
//!
//! serde_yaml gives types but hardly places, stops at its first mistake, and reads some hostile texts slowly. So one walk
//! over the events of another parser comes first (`scan`): it refuses what must not reach serde_yaml and remembers where
//! everything stands (`tree`). After a mistake the value that holds it is taken out and reading goes on, so that all of
//! them are found at once.

mod documents;
mod lookup;
mod meant;
mod place;
mod scan;
mod told;
mod tree;

use std::ops::Range;

use serde::de::DeserializeOwned;
use serde_path_to_error::{Path, Segment};
use serde_yaml::{Mapping, Value};

pub use documents::{DOCUMENTS_BYTES_MAX, documents};
pub use meant::{closest, did_you_mean, list_of};
pub use place::{decode, place};
pub use tree::{At, Tree};

/// Files larger than this are refused.
pub const BYTES_MAX: usize = 2 * 1024 * 1024;
/// Lists and maps inside one another.
pub const NESTING_MAX: usize = 64;
pub const ALIASES_MAX: u64 = 100;
/// Longer lists of mistakes help nobody.
const MISTAKES_MAX: usize = 50;
/// Values that are read again in search of further mistakes; keeps a large bad file from taking long.
const REREAD_MAX: usize = 1_000_000;

/// What is wrong with a text, and where.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mistake {
    /// Stable name, such as `unknown_key`.
    pub code: &'static str,
    /// Lines and columns count from 1, columns in characters; 0 = the place is not known.
    pub line: usize,
    pub column: usize,
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
    /// Bytes of the text that a caret would mark.
    pub span: Range<usize>,
    /// What stands there, in a few words; may be empty.
    pub label: String,
    /// Other places that belong to it: the first of two duplicates.
    pub related: Vec<(Range<usize>, String)>,
}

impl Mistake {
    fn new(code: &'static str, span: Range<usize>, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            span,
            ..Self::default()
        }
    }

    fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// A text as far as it could be read.
#[derive(Debug)]
pub struct Read<T> {
    /// Without the parts that hold mistakes; `None` if nothing sensible is left.
    pub value: Option<T>,
    /// Where everything stands.
    pub tree: Tree,
    /// In the order of the text.
    pub mistakes: Vec<Mistake>,
}

/// Reads one YAML document as a `T`; all mistakes at once.
pub fn parse<T: DeserializeOwned>(text: &str) -> Result<T, Vec<Mistake>> {
    let read = read(text);
    match read.value {
        Some(value) if read.mistakes.is_empty() => Ok(value),
        _ => Err(read.mistakes),
    }
}

/// As `parse`, but also gives what could be read in spite of mistakes, and the places of all values.
pub fn read<T: DeserializeOwned>(text: &str) -> Read<T> {
    let scanned = scan::scan(text);
    let mut mistakes = scanned.mistakes;
    let value = scanned
        .healed
        .and_then(|healed| typed(&healed, text, &scanned.tree, &mut mistakes));
    mistakes.sort_by_key(|m| (m.span.start, m.span.end));
    for mistake in &mut mistakes {
        (mistake.line, mistake.column) = place(text, mistake.span.start);
    }
    Read {
        value,
        tree: scanned.tree,
        mistakes,
    }
}

/// Reads `healed`, taking out what is wrong until the rest fits. `text` is what the author wrote.
fn typed<T: DeserializeOwned>(
    healed: &str,
    text: &str,
    tree: &Tree,
    mistakes: &mut Vec<Mistake>,
) -> Option<T> {
    let mut value: Value = match serde_yaml::from_str(healed) {
        Ok(value) => value,
        Err(error) => {
            if mistakes.is_empty() {
                let at = error.location().map_or(0, |l| l.index());
                let at = tree.start() + at.min(text.len());
                mistakes.push(told::unreadable(&error.to_string(), at..at));
            }
            return None;
        }
    };
    let mut last: Vec<String> = Vec::new();
    let rounds = MISTAKES_MAX.min(REREAD_MAX / tree.len().max(1)).max(2);
    for _ in 0..rounds {
        let error = match serde_path_to_error::deserialize(&value) {
            Ok(typed) => return Some(typed),
            Err(error) => error,
        };
        let shown = error.path().to_string();
        let seen = last.iter().filter(|path| **path == shown).count();
        if seen == 0 {
            let path: Vec<lookup::Key> = error.path().iter().filter_map(key_of).collect();
            let mistake = told::mistake(&error.inner().to_string(), text, tree, &path);
            let around = lookup::find(tree, &path).whole();
            let inside = |m: &Mistake| around.contains(&m.span.start);
            // What seems to be missing may be what was taken out before.
            if mistake.code != "missing_key" || !mistakes.iter().any(inside) {
                mistakes.push(mistake);
            }
        }
        last.push(shown);
        if !take_out(&mut value, error.path(), seen) {
            return None;
        }
    }
    None
}

fn key_of(segment: &Segment) -> Option<lookup::Key<'_>> {
    match segment {
        Segment::Seq { index } => Some(lookup::Key::Index(*index)),
        Segment::Map { key } => Some(lookup::Key::Name(key)),
        Segment::Enum { variant } => Some(lookup::Key::Name(variant)),
        Segment::Unknown => None,
    }
}

/// Removes what stands at `path`: the entry of a map; an element of a list becomes an empty map, so that its neighbours
/// keep their places. Where that has not helped before (`seen`), what is around it goes.
fn take_out(root: &mut Value, path: &Path, seen: usize) -> bool {
    let mut steps: Vec<&Segment> = path.iter().collect();
    // Each time that the same place is wrong again, one more level is given up.
    let mut given_up = seen;
    while given_up > 0 && !steps.is_empty() {
        steps.pop();
        given_up -= 1;
    }
    let Some((last, parents)) = steps.split_last() else {
        return false;
    };
    let mut at = root;
    for segment in parents {
        let next = match segment {
            Segment::Seq { index } => at.get_mut(*index),
            Segment::Map { key } => at.get_mut(key.as_str()),
            Segment::Enum { .. } | Segment::Unknown => None,
        };
        match next {
            Some(next) => at = next,
            None => return false,
        }
    }
    match (last, at) {
        (Segment::Map { key }, Value::Mapping(map)) => map.shift_remove(key.as_str()).is_some(),
        (Segment::Seq { index }, Value::Sequence(list)) => match list.get_mut(*index) {
            Some(item) => {
                *item = Value::Mapping(Mapping::new());
                true
            }
            None => false,
        },
        _ => false,
    }
}

#[cfg(test)]
mod tests;
