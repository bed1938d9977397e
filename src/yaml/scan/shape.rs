//! Small questions about characters, keys and open containers.

use std::collections::HashMap;
use std::ops::{Add, Range};

use super::super::tree::{Entry, Kind, Tree};
use super::super::{MISTAKES_MAX, Mistake};
use super::heal::Healer;
use crate::text;

/// Maps with fewer keys are searched one by one.
const FEW_KEYS: usize = 16;

/// What a value brings along when an alias repeats it.
#[derive(Clone, Copy, Default)]
pub(super) struct Weight {
    pub(super) aliases: u64,
    pub(super) values: u64,
}

impl Add for Weight {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            aliases: self.aliases.saturating_add(other.aliases),
            values: self.values.saturating_add(other.values),
        }
    }
}

/// A list or map that is still open.
pub(super) struct Frame {
    pub(super) node: usize,
    /// 0 = none, and never equal to an alias's number.
    pub(super) anchor: usize,
    /// The key that waits for its value; `None` inside for one that was refused.
    pub(super) key: Option<(Option<Box<str>>, Range<usize>)>,
    /// End of the last value.
    pub(super) end: usize,
    pub(super) weight: Weight,
    /// Entries to take out of the text.
    pub(super) refused: Vec<Range<usize>>,
    pub(super) keys: HashMap<Box<str>, usize>,
}

impl Frame {
    pub(super) fn new(node: usize, anchor: usize) -> Self {
        Self {
            node,
            anchor,
            key: None,
            end: 0,
            weight: Weight::default(),
            refused: Vec::new(),
            keys: HashMap::new(),
        }
    }

    pub(super) fn is_map(&self, tree: &Tree) -> bool {
        matches!(tree.kind_of(self.node), Kind::Map(_))
    }
}

/// Where this key stands already, if it does. `keys` remembers the keys of large maps.
pub(super) fn first_of(
    entries: &[Entry],
    keys: &mut HashMap<Box<str>, usize>,
    key: &str,
) -> Option<Range<usize>> {
    if entries.len() < FEW_KEYS {
        let first = entries.iter().find(|entry| &*entry.key == key);
        return first.map(|entry| entry.key_span.clone());
    }
    for (i, entry) in entries.iter().enumerate().skip(keys.len()) {
        keys.insert(entry.key.clone(), i);
    }
    keys.get(key).map(|&i| entries[i].key_span.clone())
}

/// Whether a plain key stays text; numbers, truth values and null do not.
pub(super) fn reads_as_text(key: &str) -> bool {
    let word = matches!(
        key,
        "" | "~"
            | "null"
            | "Null"
            | "NULL"
            | "true"
            | "True"
            | "TRUE"
            | "false"
            | "False"
            | "FALSE"
    );
    let begins_as_number = key.starts_with(|c: char| c.is_ascii_digit() || ".+-".contains(c));
    !word && !(begins_as_number && (key.parse::<f64>().is_ok() || key.starts_with("0x")))
}

/// What is wrong with this character, in words, if it may not stand in a text.
pub(super) fn refused(c: char) -> Option<&'static str> {
    match c {
        '\t' | '\n' | '\r' => None,
        c if c.is_control() => Some("control character"),
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' => {
            Some("bidirectional control")
        }
        // It joins emoji; elsewhere it is refused like its siblings.
        '\u{200d}' => None,
        c if text::deceives(c) => Some("invisible character"),
        _ => None,
    }
}

/// Finds characters that may not stand in a text, and takes them out.
pub(super) fn characters(
    text: &str,
    start: usize,
    mistakes: &mut Vec<Mistake>,
    healer: &mut Healer,
) {
    let harmless = |b: u8| matches!(b, b'\t' | b'\n' | b'\r' | 0x20..0x7f);
    if text[start..].bytes().all(harmless) {
        return;
    }
    for (at, c) in text[start..].char_indices() {
        let Some(what) = refused(c) else { continue };
        let span = start + at..start + at + c.len_utf8();
        healer.blank(span.clone());
        let message = format!("{what} U+{:04X} is not allowed", c as u32);
        mistakes.push(
            Mistake::new("control_character", span, message)
                .hint("remove it; it may be invisible in your editor"),
        );
        if mistakes.len() >= MISTAKES_MAX {
            return;
        }
    }
}

/// The first byte after `&anchor` and `!tag`, and the bytes of the tag.
pub(super) fn properties(text: &str, span: Range<usize>) -> (usize, Option<Range<usize>>) {
    let mut at = span.start;
    let mut tag = None;
    loop {
        let rest = &text[at..];
        let rest_trimmed = rest.trim_start();
        at += rest.len() - rest_trimmed.len();
        if !rest_trimmed.starts_with(['&', '!']) {
            return (at.min(text.len()), tag);
        }
        let ends = |c: char| c.is_whitespace() || matches!(c, ',' | ']' | '}');
        let end = at + rest_trimmed.find(ends).unwrap_or(rest_trimmed.len());
        if rest_trimmed.starts_with('!') {
            tag = Some(at..end);
        }
        at = end;
    }
}
