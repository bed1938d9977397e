//! From the parser's character numbers to bytes.

use std::ops::Range;

use saphyr_parser::Span;

pub(super) struct Bytes {
    pub(super) start: usize,
    /// `None` for pure ASCII.
    table: Option<Vec<u32>>,
}

impl Bytes {
    pub(super) fn of(text: &str, start: usize) -> Self {
        let rest = &text[start..];
        let table = (!rest.is_ascii()).then(|| {
            let ends = std::iter::once(rest.len());
            let starts = rest.char_indices().map(|(at, _)| at);
            starts.chain(ends).map(|at| at as u32).collect()
        });
        Self { start, table }
    }

    pub(super) fn at(&self, character: usize) -> usize {
        let byte = match &self.table {
            None => character,
            Some(table) => table
                .get(character)
                .or(table.last())
                .map_or(0, |&b| b as usize),
        };
        self.start + byte
    }

    pub(super) fn range(&self, span: &Span) -> Range<usize> {
        let start = self.at(span.start.index());
        start..self.at(span.end.index()).max(start)
    }
}
