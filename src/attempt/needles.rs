//! Every form in which a secret may show up in an output: as it is, line by line, encoded, escaped or quoted.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use base64::Engine as _;
use base64::alphabet::{Alphabet, STANDARD, URL_SAFE};
use base64::engine::general_purpose::{GeneralPurpose, NO_PAD};

/// Shorter texts are not looked for: they would be found everywhere.
pub(super) const SHORTEST_LINE: usize = 4;
/// A field of a secret in JSON is often a plain word.
const SHORTEST_FIELD: usize = 8;

const QUERY: &str = "-._~!$%&()*+,/:;=?@[]\\^`{|}";

/// What to look for, for one secret.
pub(super) fn needles(value: &str) -> BTreeSet<Vec<u8>> {
    let fields = fields(value);
    let wholes = std::iter::once(value).chain(fields.iter().map(String::as_str));
    let texts: BTreeSet<&str> = wholes.flat_map(with_lines).collect();
    let forms = texts.into_iter().flat_map(forms);
    forms.filter(|form| form.len() >= SHORTEST_LINE).collect()
}

/// A text of several lines is printed line by line, in whatever is put around each.
fn with_lines(text: &str) -> impl Iterator<Item = &str> {
    let lines = text.split(['\n', '\r']);
    std::iter::once(text).chain(lines.filter(|line| line.chars().count() >= SHORTEST_LINE))
}

/// The texts in a secret that is JSON, such as the key file of a service account: a program prints them one by one.
fn fields(value: &str) -> Vec<String> {
    fn gather(value: serde_json::Value, found: &mut Vec<String>) {
        match value {
            serde_json::Value::String(text) if text.chars().count() >= SHORTEST_FIELD => {
                found.push(text);
            }
            serde_json::Value::Array(list) => list.into_iter().for_each(|v| gather(v, found)),
            serde_json::Value::Object(map) => map.into_iter().for_each(|(_, v)| gather(v, found)),
            _ => {}
        }
    }
    let mut found = Vec::new();
    if value.trim_start().starts_with(['{', '['])
        && let Ok(read) = serde_json::from_str(value)
    {
        gather(read, &mut found);
    }
    found
}

fn forms(text: &str) -> Vec<Vec<u8>> {
    let mut forms: Vec<Vec<u8>> = [
        text.to_owned(),
        // Windows and web forms write line breaks so.
        text.replace('\n', "\r\n"),
        hex(text, "0123456789abcdef"),
        hex(text, "0123456789ABCDEF"),
        json(text, false),
        json(text, true),
        json(text, false).replace('/', "\\/"),
        json(text, true).replace('/', "\\/"),
        // JSON in a text in JSON.
        json(&json(text, false), false),
        go_json(text),
        // In single quotes of a shell, of SQL and YAML, and of Python; in double quotes of a shell.
        text.replace('\'', "'\\''"),
        text.replace('\'', "'\"'\"'"),
        text.replace('\'', "''"),
        escaped(text, "\\'"),
        escaped(text, "\\\"$`"),
        backslashed(text),
        html(text, "&#39;", "&quot;"),
        html(text, "&#x27;", "&quot;"),
        html(text, "&#39;", "&#34;"),
        // As names of hosts are written.
        text.to_ascii_lowercase(),
    ]
    .into_iter()
    .map(String::into_bytes)
    .collect();
    // What is left as it is: by the standard, by JavaScript, by Python, and by browsers in a query and in a path.
    for kept in [
        "-._~",
        "-._~!'()*",
        "-._~/",
        QUERY,
        "-._~!$&'()*+,;=:@/[]|\\^%",
    ] {
        let upper = percent(text, kept, false);
        forms.extend([percent(text, kept, true).into_bytes(), upper.into_bytes()]);
    }
    forms.push(percent(text, "-._~ ", false).replace(' ', "+").into_bytes());
    for alphabet in [&STANDARD, &URL_SAFE] {
        forms.extend((0..3).filter_map(|before| base64(text.as_bytes(), before, alphabet)));
    }
    // `base64` and `openssl` break their lines; that of a secret by itself is known.
    let whole = base64(text.as_bytes(), 0, &STANDARD).unwrap_or_default();
    for width in [64, 76] {
        let lines = whole.chunks(width).filter(|line| line.len() >= 16);
        forms.extend(lines.map(<[u8]>::to_vec));
    }
    forms
}

/// The characters of base64 that `text` alone decides when `before` bytes (0 to 2, modulo 3) stand before it.
fn base64(text: &[u8], before: usize, alphabet: &Alphabet) -> Option<Vec<u8>> {
    let own = text.get((3 - before) % 3..)?;
    let mut encoded = GeneralPurpose::new(alphabet, NO_PAD)
        .encode(own)
        .into_bytes();
    // The last character holds bits of what follows, unless the bytes fill it.
    encoded.truncate(own.len() * 8 / 6);
    // Fewer than six characters could be chance.
    (encoded.len() >= 6).then_some(encoded)
}

fn hex(text: &str, digits: &str) -> String {
    let digit = |n: u8| char::from(digits.as_bytes()[usize::from(n)]);
    text.bytes()
        .flat_map(|b| [digit(b >> 4), digit(b & 15)])
        .collect()
}

fn percent(text: &str, kept: &str, lower: bool) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || kept.as_bytes().contains(&byte) {
            out.push(char::from(byte));
        } else if lower {
            write!(out, "%{byte:02x}").expect("a String takes all");
        } else {
            write!(out, "%{byte:02X}").expect("a String takes all");
        }
    }
    out
}

/// As JSON writes it, without the quotes; `ascii`: everything beyond ASCII as `\uXXXX`.
fn json(text: &str, ascii: bool) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    let inner = &quoted[1..quoted.len() - 1];
    if !ascii {
        return inner.to_owned();
    }
    let mut out = String::new();
    for c in inner.chars() {
        if c.is_ascii() {
            out.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                write!(out, "\\u{unit:04x}").expect("a String takes all");
            }
        }
    }
    out
}

/// As Go writes JSON: safe to stand in HTML.
fn go_json(text: &str) -> String {
    let mut out = json(text, false);
    for (from, to) in [("<", "\\u003c"), (">", "\\u003e"), ("&", "\\u0026")] {
        out = out.replace(from, to);
    }
    out
}

fn html(text: &str, apostrophe: &str, quote: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('\'', apostrophe)
        .replace('"', quote)
}

fn escaped(text: &str, special: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if special.contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// As `printf %q` of a shell writes it.
fn backslashed(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if c.is_ascii() && !c.is_ascii_alphanumeric() && !"_-./:@%+,=".contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}
