//! What the parser could not read, in words for the author.

use std::ops::Range;

use super::super::{Mistake, NESTING_MAX, place};

pub(super) fn too_deep(text: &str, at: usize) -> Mistake {
    let (line, column) = place(text, at);
    let message = format!("nested deeper than {NESTING_MAX} at {line}:{column}");
    Mistake::new("too_deep", at..at + 1, message).hint("is a bracket or a quote missing before?")
}

pub(super) fn key_is_not_text(span: Range<usize>, what: &str) -> Mistake {
    let message = format!("a key must be text, this is {what}");
    Mistake::new("key", span, message).hint("put it in quotes")
}

pub(super) fn merge_key(span: Range<usize>) -> Mistake {
    Mistake::new("merge_key", span, "merge keys are not supported")
        .hint("write the keys out, or use an alias for a whole value")
}

pub(super) fn duplicate(key: &str, first: Range<usize>, span: Range<usize>, text: &str) -> Mistake {
    let line = place(text, first.start).0;
    let message = format!("key `{key}` is there twice, first at line {line}");
    Mistake {
        label: "and here again".to_owned(),
        related: vec![(first, "first here".to_owned())],
        ..Mistake::new("duplicate_key", span, message).hint("keep one of the two")
    }
}

/// `deep`: how many lists and maps were open when the parser last got on, and where.
pub(super) fn tell(info: &str, text: &str, at: usize, deep: (usize, usize)) -> Mistake {
    if info.contains("recursion limit") {
        return too_deep(text, deepest(text, deep));
    }
    if let Some(tab) = tab_in_indentation(text, at) {
        return Mistake::new("tab", tab..tab + 1, "tab used for indentation")
            .hint("indent with spaces");
    }
    let quote = text[at..].chars().next().filter(|c| "\"'".contains(*c));
    if let Some(quote) = quote
        && info.contains("quoted scalar")
    {
        let message = format!("the text that begins with this {quote} has no end");
        return Mistake::new("unclosed_quote", at..at + 1, message)
            .hint(format!("add the closing {quote}"));
    }
    let (message, hint) = words(info);
    let end = at + text[at..].chars().next().map_or(0, char::len_utf8);
    Mistake::new("syntax", at..end, message).hint(hint)
}

fn words(info: &str) -> (String, &'static str) {
    if info.contains("mapping values are not allowed") {
        return (
            "a `:` cannot stand here".to_owned(),
            "check the indentation; quote a text that holds `: `",
        );
    }
    if let Some(c) = info.strip_prefix("unexpected character: ") {
        let c = c.trim_matches(['`', '\'']);
        return (
            format!("a text cannot begin with `{c}`"),
            "put the text in quotes",
        );
    }
    if info.contains("unknown anchor") {
        return (
            "this alias has no anchor before it".to_owned(),
            "quote a text that begins with `*`",
        );
    }
    if info.contains("block collection") || info.contains("block mapping") {
        return (
            "this line does not continue what is above it".to_owned(),
            "check its indentation, and whether `-` or `key:` is missing",
        );
    }
    if info.contains("flow") || info.contains("illegal placement") {
        return (
            "a bracket or brace is not closed, or a comma is missing, before this".to_owned(),
            "check `[ ]`, `{ }` and commas",
        );
    }
    let info = info
        .strip_prefix("while parsing node, ")
        .or_else(|| info.strip_prefix("while scanning a plain scalar, "))
        .unwrap_or(info);
    (
        format!("cannot be read: {info}"),
        "check the indentation and the quotes around here",
    )
}

/// The first tab before the text of the line at `at`, or of the next one.
fn tab_in_indentation(text: &str, at: usize) -> Option<usize> {
    let mut line_start = text[..at].rfind('\n').map_or(0, |n| n + 1);
    for line in text[line_start..].split('\n').take(2) {
        let indentation = line.len() - line.trim_start_matches([' ', '\t']).len();
        if let Some(tab) = line[..indentation].find('\t') {
            return Some(line_start + tab);
        }
        line_start += line.len() + 1;
    }
    None
}

/// Where the limit is crossed, counting brackets from where the parser last was. It gives up far beyond the limit
/// without saying where it began, and only when nothing but brackets and short keys stands there.
fn deepest(text: &str, (mut depth, from): (usize, usize)) -> usize {
    for (at, byte) in text.bytes().enumerate().skip(from) {
        match byte {
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > NESTING_MAX {
            return at;
        }
    }
    from.min(text.len().saturating_sub(1))
}
