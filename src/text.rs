//! Sanitised text: the only text that the screen accepts. Whatever comes from outside (names, logs, bodies, host names)
//! can hold bytes that act on a terminal or deceive an eye; here they become visible and harmless.

use std::borrow::Cow;
use std::fmt::{self, Write as _};

use unicode_width::UnicodeWidthChar as _;

/// Accents and the like on one character; more of them smear over what stands around.
const MARKS_MAX: usize = 4;

/// One line of text without control characters, bidirectional marks or invisible characters.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Clean(String);

impl Clean {
    /// Makes every dangerous character of `raw` visible; line breaks too (as `⏎`), a tab becomes four spaces.
    pub fn line(raw: &str) -> Self {
        Self(clean(raw).into_owned())
    }

    /// Splits at line breaks first, then cleans each line.
    pub fn lines(raw: &str) -> Vec<Self> {
        raw.lines().map(Self::line).collect()
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Clean {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// As [`Clean::line`], but only what is not clean already is copied.
pub fn clean(raw: &str) -> Cow<'_, str> {
    if raw.bytes().all(|b| (0x20..0x7f).contains(&b)) {
        return Cow::Borrowed(raw);
    }
    let mut marks = 0;
    let mut is_plain = |c: char| {
        marks = if is_mark(c) { marks + 1 } else { 0 };
        !c.is_control() && !deceives(c) && marks <= MARKS_MAX
    };
    if raw.chars().all(&mut is_plain) {
        return Cow::Borrowed(raw);
    }
    let mut out = String::with_capacity(raw.len() + 8);
    let mut marks = 0_usize;
    for c in raw.chars() {
        marks = if is_mark(c) { marks + 1 } else { 0 };
        match marks.checked_sub(MARKS_MAX) {
            None | Some(0) => push_clean(&mut out, c),
            Some(1) => out.push('�'),
            Some(_) => {}
        }
    }
    Cow::Owned(out)
}

/// JSON as it was written by a serialiser, with what could act on a terminal or deceive an eye escaped: it means the same.
pub fn escape_json(json: &str) -> Cow<'_, str> {
    let acts = |c: char| c != '\n' && (c.is_control() || deceives(c));
    if !json.contains(acts) {
        return Cow::Borrowed(json);
    }
    let mut out = String::with_capacity(json.len() + 8);
    for c in json.chars() {
        if acts(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

/// Takes no column, and is neither written out nor left out by itself.
fn is_mark(c: char) -> bool {
    c.width() == Some(0) && !deceives(c)
}

/// Appends the harmless form of one character. Used by the log view too, which splits lines and styles itself.
pub fn push_clean(out: &mut String, c: char) {
    match c {
        '\t' => out.push_str("    "),
        '\n' => out.push('⏎'),
        '\u{7f}' => out.push('␡'),
        '\0'..='\u{1f}' => out.push(char::from_u32(0x2400 + c as u32).unwrap_or('�')),
        '\u{80}'..='\u{9f}' => {
            let _ = write!(out, "<{:02X}>", c as u32);
        }
        _ if deceives(c) => {
            let _ = write!(out, "<U+{:04X}>", c as u32);
        }
        _ => out.push(c),
    }
}

/// Bidirectional controls, zero-width characters, line separators, fillers and tags: invisible, or able to reorder what is
/// read. All that Unicode calls ignorable but the selectors of variants, which belong to the character before them.
pub fn deceives(c: char) -> bool {
    matches!(c,
        '\u{061c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{00ad}' | '\u{034f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e00ff}' | '\u{e01f0}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bidi_Control and Default_Ignorable_Code_Point of Unicode, by hand, without the selectors of variants.
    #[test]
    fn nothing_that_acts_or_hides_is_left() {
        let controls = ('\0'..='\u{1f}').chain('\u{7f}'..='\u{9f}');
        let bidi = ['\u{61c}', '\u{200e}', '\u{200f}'].into_iter();
        let bidi = bidi
            .chain('\u{202a}'..='\u{202e}')
            .chain('\u{2066}'..='\u{2069}');
        let hidden = "\u{ad}\u{34f}\u{115f}\u{1160}\u{17b4}\u{180e}\u{200b}\u{200c}\u{200d}\u{2028}\u{2029}\u{2060}\u{2064}\u{206f}\u{3164}\u{feff}\u{ffa0}\u{fff9}\u{1d173}\u{e0001}\u{e0041}\u{e007f}";
        for c in controls.chain(bidi).chain(hidden.chars()) {
            let clean = Clean::line(&format!("a{c}b"));
            assert!(!clean.as_str().contains(c), "U+{:04X}: {clean}", c as u32);
            assert!(clean.as_str().len() > 2, "U+{:04X} is not shown", c as u32);
        }
        for kept in [
            "plain",
            "gr\u{fc}\u{df}e \u{4f60}\u{597d} \u{2713}",
            "e\u{301}\u{302}",
        ] {
            assert!(matches!(clean(kept), Cow::Borrowed(k) if k == kept));
        }
    }

    #[test]
    fn marks_do_not_pile_up() {
        let piled = format!("a{}b", "\u{301}".repeat(5_000));
        assert_eq!(
            Clean::line(&piled).as_str(),
            format!("a{}\u{fffd}b", "\u{301}".repeat(4))
        );
    }

    #[test]
    fn escaped_json_means_the_same_and_does_nothing() {
        let value = serde_json::json!({"k\u{202e}": "a\u{9b}2J\u{7f}\u{e0041}\n\u{1b}", "n": [1]});
        for text in [value.to_string(), format!("{value:#}")] {
            let safe = escape_json(&text);
            assert!(!safe.contains(|c: char| c != '\n' && (c.is_control() || deceives(c))));
            assert_eq!(
                serde_json::from_str::<serde_json::Value>(&safe).unwrap(),
                value
            );
        }
        assert!(matches!(escape_json("{\"a\": 1}"), Cow::Borrowed(_)));
    }
}
