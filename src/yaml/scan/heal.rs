//! Puts blanks where something was refused, so that the rest can still be read and every byte keeps its place.

use std::ops::Range;

pub(super) struct Healer {
    bytes: Vec<u8>,
}

impl Healer {
    pub(super) fn new(text: &str) -> Self {
        Self {
            bytes: text.as_bytes().to_vec(),
        }
    }

    pub(super) fn blank(&mut self, range: Range<usize>) {
        for byte in &mut self.bytes[range] {
            if *byte != b'\n' {
                *byte = b' ';
            }
        }
    }

    /// The inside of a quoted text.
    pub(super) fn blank_inside(&mut self, range: &Range<usize>) {
        if range.len() > 2 {
            self.blank(range.start + 1..range.end - 1);
        }
    }

    /// A key and its value, with what ties them to their neighbours: the colon of an empty value, the comma after it.
    pub(super) fn blank_entry(&mut self, text: &str, range: Range<usize>) {
        let mut end = range.end;
        for tie in [':', ','] {
            let rest = &text[end..];
            let spaces = rest.len() - rest.trim_start_matches([' ', '\t']).len();
            if rest[spaces..].starts_with(tie) {
                end += spaces + 1;
            }
        }
        self.blank(range.start..end);
    }

    pub(super) fn text(&self) -> String {
        String::from_utf8(self.bytes.clone())
            .expect("whole characters were replaced by ASCII blanks")
    }
}
