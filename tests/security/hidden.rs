//! Secrets of several shapes, and every form in which the world writes them down; made here by other code than the one
//! that masks them.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};

/// Has what shells, URLs, HTML and JSON treat as special.
pub(crate) const PASSWORD: &str = "pa/ss'w\u{f6}rd\"+ <$x>?&~`end%5\\k=#!";
pub(crate) const KEY: &str = "-----BEGIN TEST KEY-----\nMIIBVwIBADANBgkqhkiG9w0BAQEFAASCAUEwggE9\nq83vASNFZ4mrze8BI0VniavN7wEjRWeJq83vASNF\nuQ==\n-----END TEST KEY-----";
pub(crate) const ACCOUNT: &str = "{\"type\": \"service\",\n \"private\": \"line-one-of-it\\nline-two-of-it\",\n \"token\": \"tok-94afbe22c1\"}";

pub(crate) const HEADER: &str = "hdr-5c1e77a0b9+/=";

/// A name and the text in which a secret stands, and what of that text must never be seen.
pub(crate) struct Form {
    pub(crate) name: String,
    pub(crate) text: String,
    pub(crate) hidden: Vec<u8>,
}

/// All forms of all secrets.
pub(crate) fn forms() -> Vec<Form> {
    let mut all = Vec::new();
    for (name, value) in [
        ("password", PASSWORD),
        ("key", KEY),
        ("account", ACCOUNT),
        ("header", HEADER),
    ] {
        for (how, text) in whole_forms(value) {
            let hidden = text.clone().into_bytes();
            let name = format!("{name}, {how}");
            all.push(Form { name, text, hidden });
        }
        for shift in 0..3 {
            all.extend(base64_forms(name, value, shift));
        }
        for line in value.lines().filter(|line| line.len() >= 4) {
            all.push(form(
                format!("{name}, a line"),
                &format!("> {line} <"),
                line,
            ));
        }
    }
    for field in ["line-one-of-it", "line-two-of-it", "tok-94afbe22c1"] {
        all.push(form(
            "a field of JSON".into(),
            &format!("token: {field};"),
            field,
        ));
    }
    all
}

fn form(name: String, text: &str, hidden: &str) -> Form {
    Form {
        name,
        text: text.to_owned(),
        hidden: hidden.as_bytes().to_vec(),
    }
}

fn whole_forms(value: &str) -> Vec<(&'static str, String)> {
    let json = serde_json::to_string(value).expect("JSON");
    let json = &json[1..json.len() - 1];
    let mut hex = String::new();
    let mut percent = String::new();
    for byte in value.bytes() {
        let _ = write!(hex, "{byte:02x}");
        let _ = match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                write!(percent, "{}", char::from(byte))
            }
            _ => write!(percent, "%{byte:02X}"),
        };
    }
    vec![
        ("plain", value.to_owned()),
        ("with CR LF", value.replace('\n', "\r\n")),
        ("hex", hex.clone()),
        ("HEX", hex.to_uppercase()),
        ("URL", percent.clone()),
        ("URL, lower case", lower_escapes(&percent)),
        ("form", percent.replace("%20", "+")),
        ("JSON", json.to_owned()),
        ("JSON of PHP", json.replace('/', "\\/")),
        (
            "JSON of Go",
            json.replace('<', "\\u003c")
                .replace('>', "\\u003e")
                .replace('&', "\\u0026"),
        ),
        ("shell quotes", value.replace('\'', "'\\''")),
        ("shell quotes of dash", value.replace('\'', "'\"'\"'")),
        ("SQL quotes", value.replace('\'', "''")),
        (
            "HTML",
            value
                .replace('&', "&amp;")
                .replace('<', "&lt;")
                .replace('>', "&gt;")
                .replace('"', "&quot;")
                .replace('\'', "&#39;"),
        ),
    ]
}

fn lower_escapes(percent: &str) -> String {
    let mut out = String::new();
    let mut escape = 0;
    for c in percent.chars() {
        escape = if c == '%' { 3 } else { escape };
        out.push(if escape > 0 {
            c.to_ascii_lowercase()
        } else {
            c
        });
        escape = usize::saturating_sub(escape, 1);
    }
    out
}

/// The secret behind `shift` bytes of something else; hidden must be what only the secret decides.
fn base64_forms(name: &str, value: &str, shift: usize) -> Vec<Form> {
    let around = format!("{}{value}:tail", &"us:"[..shift]);
    let first = (shift * 8).div_ceil(6);
    let last = (shift + value.len()) * 8 / 6;
    let mut found = Vec::new();
    for (kind, text) in [
        ("base64", STANDARD.encode(&around)),
        ("base64 for URLs", URL_SAFE.encode(&around)),
    ] {
        let hidden = text.as_bytes()[first..last].to_vec();
        let name = format!("{name}, {kind} behind {shift}");
        found.push(Form { name, text, hidden });
    }
    found
}

/// Which of the secrets' forms stand in `bytes`.
pub(crate) fn hits(place: &str, bytes: &[u8], forms: &[Form]) -> Vec<String> {
    forms
        .iter()
        .filter(|form| memchr::memmem::find(bytes, &form.hidden).is_some())
        .map(|form| format!("{} in {place}", form.name))
        .collect()
}

/// Every file below `folder`.
pub(crate) fn all_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if entry.file_type().expect("its type").is_dir() {
            found.extend(all_files(&path));
        } else {
            found.push(path);
        }
    }
    found
}
