//! Text in XML and HTML: whatever it says, it stays text.

use std::fmt::Write as _;

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use crate::text::clean;

/// One line, harmless to the eye and to the parser, within an element or a quoted attribute.
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for c in clean(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // XML has no word for these two.
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

/// The same, cut to so many columns of a monospaced font.
pub(super) fn cut(text: &str, columns: usize) -> String {
    let clean = clean(text);
    if clean.width() <= columns {
        return escaped(&clean);
    }
    let mut left = columns.saturating_sub(1);
    let fits = |c: &char| {
        let width = c.width().unwrap_or(0);
        let fits = width <= left;
        left = left.saturating_sub(width);
        fits
    };
    let mut kept: String = clean.chars().take_while(fits).collect();
    kept.push('…');
    escaped(&kept)
}

/// A length or a place: whole where it can be, else with one digit.
pub(super) fn number(into: &mut String, value: f64) {
    let tenths = (value * 10.0).round() as i64;
    let sign = if tenths < 0 { "-" } else { "" };
    let (whole, rest) = (tenths.abs() / 10, tenths.abs() % 10);
    let _ = match rest {
        0 => write!(into, "{sign}{whole}"),
        rest => write!(into, "{sign}{whole}.{rest}"),
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_is_more_than_text() {
        let hostile = "<script>\"'&\u{202e}\u{1b}[2J\u{ffff}\n";
        let safe = escaped(hostile);
        assert_eq!(
            safe,
            "&lt;script&gt;&quot;&#39;&amp;&lt;U+202E&gt;␛[2J\u{fffd}⏎"
        );
        assert_eq!(cut("<b>bold</b>", 4), "&lt;b&gt;…");
        assert_eq!(cut("你好你好", 5), "你好…");
    }

    #[test]
    fn numbers_are_short() {
        let mut text = String::new();
        for value in [0.0, -0.04, 12.0, 12.25, -3.5] {
            number(&mut text, value);
            text.push(' ');
        }
        assert_eq!(text, "0 0 12 12.3 -3.5 ");
    }
}
