//! serde's mistakes in words for the author of a file.

use super::lookup::{Key, find};
use super::meant::{closest, list_of};
use super::{Mistake, Tree};
use std::ops::Range;

/// A mistake of the text itself that only serde_yaml saw.
pub(super) fn unreadable(message: &str, span: Range<usize>) -> Mistake {
    let message = message.split(" at line ").next().unwrap_or(message);
    if message.contains("as u128") || message.contains("as i128") {
        return Mistake::new("wrong_type", span, "this number is too large")
            .hint("put it in quotes if it is meant as text");
    }
    Mistake::new("syntax", span, format!("cannot be read: {message}"))
}

/// `message` is serde's, `path` where it stands in `text`.
pub(super) fn mistake(message: &str, text: &str, tree: &Tree, path: &[Key<'_>]) -> Mistake {
    let at = find(tree, path);
    if let Some(rest) = message.strip_prefix("unknown field `") {
        let (name, known) = split_names(rest);
        let span = at.key_span();
        let mistake = Mistake::new("unknown_key", span, format!("unknown key `{name}`"));
        return with_names(mistake, name, &known, "keys here");
    }
    if let Some(rest) = message.strip_prefix("unknown variant `") {
        let (name, known) = split_names(rest);
        let message = format!("`{name}` is not one of the words that can stand here");
        return with_names(
            Mistake::new("unknown_word", at.span(), message),
            name,
            &known,
            "words",
        );
    }
    if let Some(rest) = message.strip_prefix("missing field `") {
        let name = rest.trim_end_matches('`');
        let message = format!("key `{name}` is missing");
        return Mistake::new("missing_key", at.key_span(), message)
            .hint(format!("add `{name}: ...`"));
    }
    let kinds = [
        ("invalid type: ", ", expected "),
        ("invalid value: ", ", expected "),
    ];
    for (prefix, between) in kinds {
        if let Some((got, expected)) = message
            .strip_prefix(prefix)
            .and_then(|rest| rest.rsplit_once(between))
        {
            return wrong_type(got, expected, text, at.span());
        }
    }
    // What our own types say: the message, and perhaps a line with what to do.
    let (message, hint) = message.split_once('\n').unwrap_or((message, ""));
    let mistake = Mistake::new("wrong_value", at.span(), message);
    if hint.is_empty() {
        mistake
    } else {
        mistake.hint(hint)
    }
}

/// The name, and the back-quoted ones after it.
fn split_names(rest: &str) -> (&str, Vec<&str>) {
    // The wrong name itself may hold anything; the list is made of our own names.
    let cut = rest
        .rfind("`, expected ")
        .or_else(|| rest.rfind("`, there are no"));
    let Some(at) = cut else {
        return (rest.trim_end_matches('`'), Vec::new());
    };
    let known = rest[at + 1..].split('`').skip(1).step_by(2).collect();
    (&rest[..at], known)
}

fn with_names(mistake: Mistake, name: &str, known: &[&str], what: &str) -> Mistake {
    if let Some(meant) = closest(name, known.iter().copied()) {
        return mistake.hint(format!("did you mean `{meant}`?"));
    }
    match list_of(known.iter().copied()) {
        Some(list) => mistake.hint(format!("{what}: {list}")),
        None => mistake,
    }
}

fn wrong_type(got: &str, expected: &str, text: &str, span: Range<usize>) -> Mistake {
    let wanted = match expected {
        "a string" | "string" | "str" | "a character" => "text",
        "a boolean" => "true or false",
        "f32" | "f64" => "a number",
        "a sequence" => "a list",
        "a Value::Tagged enum" => "a word",
        e if e.starts_with("struct ") || e == "a map" => "a map (`key: value`)",
        e if is_integer(e) => "a number",
        other => other,
    };
    // As the author wrote it: `00e5` and `1.10` are more than the numbers that they are read as.
    let written = text.get(span.clone()).unwrap_or_default();
    let written = (!written.is_empty() && !written.contains(['\n', '{', '['])).then_some(written);
    let (got, raw) = found(got, written);
    let whole = is_integer(expected) && (got.contains('.') || got.contains('-'));
    let wanted = match (whole, expected.starts_with('u')) {
        (true, true) => "a whole number, 0 or more",
        (true, false) => "a whole number",
        (false, _) => wanted,
    };
    let mistake = Mistake::new("wrong_type", span, format!("expected {wanted}, got {got}"));
    let hint = match (wanted, raw) {
        ("text", Some(raw)) => Some(format!("put it in quotes: \"{raw}\"")),
        ("true or false", Some("true" | "yes" | "on" | "True" | "y")) => {
            Some("write `true`, without quotes".to_owned())
        }
        ("true or false", Some("false" | "no" | "off" | "False" | "n")) => {
            Some("write `false`, without quotes".to_owned())
        }
        ("a number", Some(raw)) if raw.parse::<f64>().is_ok() => {
            let plain = raw.trim_start_matches('0');
            let plain = if plain.is_empty() { "0" } else { plain };
            Some(format!(
                "write it without quotes and leading zeros: {plain}"
            ))
        }
        ("a list", Some(raw)) => Some(format!("write `[{raw}]`")),
        _ => None,
    };
    match hint {
        Some(hint) => mistake.hint(hint),
        None => mistake,
    }
}

fn is_integer(expected: &str) -> bool {
    let bits = expected.trim_start_matches(['u', 'i']);
    expected.starts_with(['u', 'i']) && matches!(bits, "8" | "16" | "32" | "64" | "128" | "size")
}

/// serde's words for what it found, in ours, and the bare value.
fn found<'a>(got: &'a str, written: Option<&'a str>) -> (String, Option<&'a str>) {
    let quoted = |prefix: &str| {
        let value = got.strip_prefix(prefix)?.trim_matches('`');
        Some(written.unwrap_or(value))
    };
    if let Some(text) = got.strip_prefix("string ") {
        let bare = text.trim_matches('"');
        return (format!("text {}", shortened(text)), Some(bare));
    }
    for prefix in ["integer ", "floating point "] {
        if let Some(number) = quoted(prefix) {
            return (format!("number {number}"), Some(number));
        }
    }
    if let Some(word) = quoted("boolean ") {
        return (word.to_owned(), Some(word));
    }
    let words = match got {
        "unit value" | "null" | "Option value" => "nothing",
        "map" => "a map",
        "sequence" => "a list",
        other => other,
    };
    (words.to_owned(), None)
}

fn shortened(text: &str) -> String {
    if text.chars().count() <= 60 {
        return text.to_owned();
    }
    let start: String = text.chars().take(50).collect();
    format!("{start}…\"")
}
