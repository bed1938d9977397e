//! Takes secrets out of whatever leaves an attempt: its output as it streams by, its messages, its outputs.
//!
//! A secret may be cut anywhere by the reads that bring it. So a stream holds back the longest end that could still become
//! one, and never more: a prompt without a line break shows at once.

use std::collections::BTreeSet;
use std::sync::Arc;

use aho_corasick::{AhoCorasick, MatchKind};
use serde_json::Value as Json;

use super::needles::needles;

const MASK: &[u8] = b"***";

/// Knows what to look for. Made once for a set of secrets.
#[derive(Debug)]
pub(super) struct Masker {
    automaton: AhoCorasick,
    /// Sorted, so that those with a given beginning stand together.
    needles: Vec<Vec<u8>>,
    longest: usize,
    begins: [bool; 256],
}

/// One stream of bytes under the mask.
#[derive(Debug)]
pub(super) struct Masked {
    masker: Arc<Masker>,
    held: Vec<u8>,
    /// So many bytes at the front of `held` are masked already, and their `***` is out.
    covered: usize,
}

impl Masker {
    /// `None` if there is nothing to look for, or if it cannot be looked for (which needs gigabytes of secrets).
    pub(super) fn new<'a>(secrets: impl IntoIterator<Item = &'a str>) -> Option<Self> {
        let needles: BTreeSet<Vec<u8>> = secrets.into_iter().flat_map(needles).collect();
        let needles: Vec<Vec<u8>> = needles.into_iter().collect();
        let automaton = AhoCorasick::builder()
            .match_kind(MatchKind::Standard)
            .build(&needles)
            .ok()?;
        let mut begins = [false; 256];
        for first in needles.iter().filter_map(|n| n.first()) {
            begins[usize::from(*first)] = true;
        }
        let longest = needles.iter().map(Vec::len).max()?;
        Some(Self {
            automaton,
            needles,
            longest,
            begins,
        })
    }

    pub(super) fn text(self: &Arc<Self>, text: &str) -> String {
        let mut out = Vec::with_capacity(text.len());
        let mut masked = Masked::new(Arc::clone(self));
        masked.push(text.as_bytes(), &mut |bytes| out.extend_from_slice(bytes));
        masked.finish(&mut |bytes| out.extend_from_slice(bytes));
        // Needles are texts, so cutting them out of a text leaves a text.
        String::from_utf8_lossy(&out).into_owned()
    }

    /// The beginning of something longer if `cut`: what could become a secret at its end is masked too.
    pub(super) fn head(self: &Arc<Self>, bytes: &[u8], cut: bool) -> Vec<u8> {
        let mut out = Vec::with_capacity(bytes.len());
        let mut masked = Masked::new(Arc::clone(self));
        masked.push(bytes, &mut |clean| out.extend_from_slice(clean));
        if cut && masked.held.len() > masked.covered {
            out.extend_from_slice(MASK);
        } else {
            masked.finish(&mut |clean| out.extend_from_slice(clean));
        }
        out
    }

    pub(super) fn json(self: &Arc<Self>, value: Json) -> Json {
        let masked = self.leaves(value);
        // Each part may be harmless, and all of them together be the secret.
        let is_nested = masked.is_array() || masked.is_object();
        if is_nested && self.automaton.is_match(&masked.to_string()) {
            return Json::from("***");
        }
        masked
    }

    fn leaves(self: &Arc<Self>, value: Json) -> Json {
        match value {
            Json::String(text) => Json::String(self.text(&text)),
            Json::Array(list) => Json::Array(list.into_iter().map(|v| self.leaves(v)).collect()),
            Json::Object(map) => Json::Object(
                map.into_iter()
                    .map(|(key, v)| (self.text(&key), self.leaves(v)))
                    .collect(),
            ),
            // A secret may be all digits.
            Json::Number(n) if self.automaton.is_match(&n.to_string()) => Json::from("***"),
            plain => plain,
        }
    }

    /// Where the longest end of `bytes` starts that is a beginning of a needle, but not a whole one.
    fn unfinished(&self, bytes: &[u8]) -> usize {
        let first = bytes.len().saturating_sub(self.longest - 1);
        (first..bytes.len())
            .find(|&at| self.begins[usize::from(bytes[at])] && self.is_beginning(&bytes[at..]))
            .unwrap_or(bytes.len())
    }

    fn is_beginning(&self, end: &[u8]) -> bool {
        let after = self.needles.partition_point(|n| n.as_slice() <= end);
        self.needles.get(after).is_some_and(|n| n.starts_with(end))
    }

    /// The ranges to mask, in order, overlapping ones joined. `covered` is one that is known already.
    fn ranges(&self, bytes: &[u8], covered: usize) -> Vec<(usize, usize)> {
        let mut ranges: Vec<(usize, usize)> = Vec::new();
        if covered > 0 {
            ranges.push((0, covered));
        }
        for found in self.automaton.find_overlapping_iter(bytes) {
            let (mut start, mut end) = (found.start(), found.end());
            while let Some(last) = ranges.pop_if(|last| last.1 > start) {
                start = start.min(last.0);
                end = end.max(last.1);
            }
            ranges.push((start, end));
        }
        ranges
    }
}

impl Masked {
    pub(super) fn new(masker: Arc<Masker>) -> Self {
        Self {
            masker,
            held: Vec::new(),
            covered: 0,
        }
    }

    pub(super) fn push(&mut self, bytes: &[u8], out: &mut dyn FnMut(&[u8])) {
        if self.held.is_empty() {
            let (kept, covered) = self.emit(bytes, 0, false, out);
            self.held.extend_from_slice(&bytes[kept..]);
            self.covered = covered;
        } else {
            let mut joined = std::mem::take(&mut self.held);
            joined.extend_from_slice(bytes);
            let (kept, covered) = self.emit(&joined, self.covered, false, out);
            joined.drain(..kept);
            self.held = joined;
            self.covered = covered;
        }
    }

    /// Nothing more comes: what was held back is no secret.
    pub(super) fn finish(&mut self, out: &mut dyn FnMut(&[u8])) {
        let held = std::mem::take(&mut self.held);
        self.emit(&held, self.covered, true, out);
        self.covered = 0;
    }

    /// Gives from where on `bytes` must be held, and how much of that is masked already.
    fn emit(
        &self,
        bytes: &[u8],
        covered: usize,
        last: bool,
        out: &mut dyn FnMut(&[u8]),
    ) -> (usize, usize) {
        let hold = if last {
            bytes.len()
        } else {
            self.masker.unfinished(bytes)
        };
        let mut done = covered;
        for (start, end) in self.masker.ranges(bytes, covered) {
            let is_out_already = start < covered;
            // What is all held is found again when more is there.
            if start >= hold && !is_out_already {
                break;
            }
            if done < start {
                out(&bytes[done..start]);
            }
            if !is_out_already {
                out(MASK);
            }
            done = end;
        }
        if done < hold {
            out(&bytes[done..hold]);
        }
        (hold, done.saturating_sub(hold))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn masker(secrets: &[&str]) -> Arc<Masker> {
        Arc::new(Masker::new(secrets.iter().copied()).unwrap())
    }

    fn streamed(masker: &Arc<Masker>, bytes: &[u8], chunk: usize) -> Vec<u8> {
        let mut out = Vec::new();
        let mut masked = Masked::new(Arc::clone(masker));
        for piece in bytes.chunks(chunk.max(1)) {
            masked.push(piece, &mut |b| out.extend_from_slice(b));
        }
        masked.finish(&mut |b| out.extend_from_slice(b));
        out
    }

    fn contains(hay: &[u8], needle: &[u8]) -> bool {
        memchr::memmem::find(hay, needle).is_some()
    }

    const SECRET: &str = "pa/ss'w\u{f6}rd\"+ \u{1f511}x>?~end";

    #[test]
    fn plain_forms_vanish_whatever_the_reads_cut() {
        let m = masker(&[SECRET]);
        for form in [
            SECRET,
            "pa/ss'w\u{f6}rd\\\"+ \u{1f511}x>?~end",
            "pa/ss'w\\u00f6rd\\\"+ \\ud83d\\udd11x>?~end",
            "70612f73732777c3b67264222b20f09f9491783e3f7e656e64",
            "70612F73732777C3B67264222B20F09F9491783E3F7E656E64",
            "pa%2Fss%27w%C3%B6rd%22%2B%20%F0%9F%94%91x%3E%3F~end",
            "pa%2fss%27w%c3%b6rd%22%2b%20%f0%9f%94%91x%3e%3f~end",
            "pa%2Fss%27w%C3%B6rd%22%2B+%F0%9F%94%91x%3E%3F~end",
            "pa/ss'\\''w\u{f6}rd\"+ \u{1f511}x>?~end",
        ] {
            let text = format!("before {form} after");
            for chunk in 1..=64 {
                let out = streamed(&m, text.as_bytes(), chunk);
                let out = String::from_utf8_lossy(&out).into_owned();
                assert_eq!(out, "before *** after", "{form}, chunks of {chunk}");
            }
        }
    }

    #[test]
    fn base64_vanishes_wherever_in_a_text_the_secret_stood() {
        use base64::Engine as _;
        use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
        let m = masker(&[SECRET]);
        for before in ["", "u", "u:", "u:v"] {
            let whole = format!("{before}{SECRET}tail");
            for text in [STANDARD.encode(&whole), URL_SAFE_NO_PAD.encode(&whole)] {
                for chunk in 1..=64 {
                    let out = streamed(&m, text.as_bytes(), chunk);
                    assert!(contains(&out, b"***"), "{text}, chunks of {chunk}");
                    // What is left are characters that also hold bits of what stood around it.
                    assert!(out.len() < 16, "{}", String::from_utf8_lossy(&out));
                }
            }
        }
    }

    #[test]
    fn nothing_is_held_longer_than_needed() {
        let m = masker(&["hunter2-hunter2"]);
        let mut out = Vec::new();
        let mut masked = Masked::new(m);
        masked.push(b"Password: hunt", &mut |b| out.extend_from_slice(b));
        assert_eq!(out, b"Password: ");
        masked.push(b"ing", &mut |b| out.extend_from_slice(b));
        assert_eq!(out, b"Password: hunting");
    }

    #[test]
    fn lines_overlaps_and_repetitions() {
        let check = |secrets: &[&str], text: &str, expected: &str| {
            let m = masker(secrets);
            for chunk in 1..=text.len() {
                let out = streamed(&m, text.as_bytes(), chunk);
                assert_eq!(String::from_utf8_lossy(&out), expected, "chunks of {chunk}");
            }
        };
        check(
            &["first line\nab\nlast line"],
            "x last line y ab",
            "x *** y ab",
        );
        check(&["abcdefgh", "efghijkl"], "-abcdefghijkl-", "-***-");
        check(
            &["abcdefgh", "abcdefgh-and-more"],
            "abcdefgh-and-mor",
            "***-and-mor",
        );
        check(
            &["abcdefgh", "abcdefgh-and-more"],
            "abcdefgh-and-more",
            "***",
        );
        check(&["aaaaaaaa"], &"a".repeat(300), "***");
        check(&["aaaaaaaa"], "aaaaaaa", "aaaaaaa");
        check(&["12345678"], "1234567812345678", "******");
    }

    #[test]
    fn what_is_cut_shows_no_part_of_a_secret() {
        let m = masker(&["hunter2-hunter2"]);
        let check = |text: &str, cut: bool, expected: &str| {
            let out = m.head(text.as_bytes(), cut);
            assert_eq!(String::from_utf8_lossy(&out), expected);
        };
        check("pw: hunter2-hun", true, "pw: ***");
        check("pw: hunter2-hun", false, "pw: hunter2-hun");
        check("pw: hunter2-hunter2", true, "pw: ***");
        check("pw: hunter2-hunter2.", true, "pw: ***.");
    }

    #[test]
    fn a_secret_that_is_json_is_masked_in_whole_and_in_parts() {
        let secret = r#"{"user":"ab","password":"correct horse battery","pin":["123","45"]}"#;
        let m = masker(&[secret]);
        let value: Json = serde_json::from_str(secret).unwrap();
        let shown = m.json(value).to_string();
        assert!(!shown.contains("correct horse"), "{shown}");
        assert_eq!(
            m.text("pretty: \"correct horse battery\","),
            "pretty: \"***\","
        );
        // No part of it is long enough to be looked for, but the whole is.
        let pins = masker(&["[\"123\",\"45\"]"]);
        assert_eq!(pins.json(serde_json::json!(["123", "45"])), "***");
    }

    #[test]
    fn outputs_and_keys_and_numbers() {
        let m = masker(&["12345678"]);
        let value = serde_json::json!({"k12345678": ["a 12345678 b", 12_345_678, 1, null]});
        assert_eq!(
            m.json(value),
            serde_json::json!({"k***": ["a *** b", "***", 1, null]})
        );
    }

    proptest! {
        #[test]
        fn no_secret_passes_and_the_rest_does(
            secret in "[ab'\"/ \u{e4}-]{8,12}",
            parts in prop::collection::vec(prop_oneof![Just(None), "[ab\"/ ]{0,9}".prop_map(Some)], 0..12),
            chunk in 1_usize..64,
        ) {
            let m = masker(&[&secret]);
            let text: String = parts.iter().map(|p| p.as_deref().unwrap_or(&secret)).collect();
            let out = streamed(&m, text.as_bytes(), chunk);
            let whole = streamed(&m, text.as_bytes(), usize::MAX);
            prop_assert_eq!(&out, &whole, "the size of reads must not matter");
            for needle in &m.needles {
                // What is built around a mask is no secret: `***` stands inside it.
                prop_assert!(!contains(&out, needle));
            }
        }
    }
}
