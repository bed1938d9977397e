//! What a text looks like: a secret, a name made to deceive, a key of another tool's language.

use std::ops::Range;
use std::sync::OnceLock;

use regex::Regex;

use super::desk::Desk;
use crate::yaml::At;

/// Keys that fingers know from elsewhere, and ours.
const ELSEWHERE: &[(&str, &str)] = &[
    ("args", "`exec: {argv: [...]}`"),
    ("cmd", "`run`, or `exec: {argv: [...]}`"),
    ("command", "`run`, or `exec: {argv: [...]}`"),
    ("continue-on-error", "`on_failure: ignore`"),
    ("depends_on", "`needs`"),
    ("dependencies", "`needs`"),
    ("environment", "`env`"),
    ("inputs", "`params`"),
    ("jobs", "`steps`"),
    ("loop", "`for_each`"),
    ("parameters", "`params`"),
    ("retries", "`retry: {limit: ...}`"),
    ("script", "`run`"),
    ("strategy", "`matrix` in the step itself"),
    ("tasks", "`steps`"),
    ("timeout-minutes", "`timeout: 10m`"),
    ("timeout_minutes", "`timeout: 10m`"),
    ("title", "`name`"),
    ("uses", "`run` or `exec`"),
    ("variables", "`params` or `env`"),
    ("vars", "`params` or `env`"),
    ("when", "`if`"),
    ("with_items", "`for_each`"),
];

/// Says what keys of other tools are called here.
pub(super) fn other_languages(desk: &mut Desk<'_>) {
    for problem in &mut desk.problems {
        let name = problem
            .message
            .strip_prefix("unknown key `")
            .and_then(|rest| rest.strip_suffix('`'));
        let ours = name.and_then(|name| ELSEWHERE.iter().find(|(theirs, _)| *theirs == name));
        if let Some((_, ours)) = ours {
            problem.hint = Some(format!("here it is called {ours}"));
        }
    }
}

/// Texts that people read must not deceive them.
pub(super) fn shown(desk: &mut Desk<'_>, at: At<'_>, text: &str) {
    let mixed = text
        .split(|c: char| !c.is_alphanumeric())
        .find(|word| mixes_scripts(word));
    if let Some(word) = mixed {
        let message = format!("`{word}` mixes letters of different alphabets that look alike");
        desk.warning("mixed_script", at.span(), message)
            .hint("type the word anew");
    }
}

fn mixes_scripts(word: &str) -> bool {
    let has = |range: std::ops::RangeInclusive<char>| word.chars().any(|c| range.contains(&c));
    let latin = word.chars().any(|c| c.is_ascii_alphabetic()) || has('\u{c0}'..='\u{24f}');
    let alike = has('\u{370}'..='\u{3ff}') || has('\u{400}'..='\u{52f}');
    latin && alike
}

/// A secret written out would be kept in the journal of every run: it is refused.
pub(super) fn secrets(desk: &mut Desk<'_>) {
    static KNOWN: OnceLock<Regex> = OnceLock::new();
    let known = KNOWN.get_or_init(|| {
        let forms = [
            r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b",
            r"-----BEGIN [A-Z ]*PRIVATE KEY-----",
            r"\bgh[pousr]_[A-Za-z0-9]{36}\b",
            r"\bgithub_pat_[A-Za-z0-9_]{60,}",
            r"\bglpat-[A-Za-z0-9_-]{20}\b",
            r"\bxox[abprs]-[A-Za-z0-9-]{20,}",
            r"\bhooks\.slack\.com/services/T[A-Z0-9]+/B[A-Z0-9]+/[A-Za-z0-9]{20,}",
            r"\bAIza[0-9A-Za-z_-]{35}\b",
            r"\bsk_live_[0-9A-Za-z]{20,}",
        ];
        Regex::new(&forms.join("|")).expect("the forms are patterns")
    });
    let found: Vec<Range<usize>> = known.find_iter(desk.text).map(|m| m.range()).collect();
    for span in found {
        desk.error("looks_like_a_secret", span, "this looks like a secret")
            .label("it would be kept in the journal of every run")
            .hint("refer to it: `secrets: {name: {env: NAME}}` and `${{ secrets.name }}`");
    }
}

/// Other tools write `{{ }}`, which is plain text here: it would reach the step as it stands.
pub(super) fn expressions(desk: &mut Desk<'_>) {
    let found: Vec<Range<usize>> = desk
        .text
        .match_indices("{{")
        .filter_map(|(at, _)| foreign_expression(desk.text, at))
        .collect();
    for span in found {
        let text = &desk.text[span.clone()];
        let message = format!("`{text}` is plain text here");
        let hint = format!("an expression is written `${text}`");
        desk.warning("not_an_expression", span, message).hint(hint);
    }
}

/// What stands from the braces at `at` to their end, if it names something that expressions know.
fn foreign_expression(text: &str, at: usize) -> Option<Range<usize>> {
    const ROOTS: [&str; 7] = [
        "params.", "inputs.", "vars.", "secrets.", "steps.", "matrix.", "item",
    ];
    let line = text[..at].rfind('\n').map_or(0, |n| n + 1);
    let before = &text[line..at];
    if before.ends_with('$') || before.trim_start().starts_with('#') {
        return None;
    }
    let rest = text[at..].lines().next().unwrap_or_default();
    let inner = rest.trim_start_matches('{').trim_start();
    let named = ROOTS.iter().find_map(|root| inner.strip_prefix(root))?;
    let whole_word = inner.starts_with("item") && !named.starts_with([' ', '}', '.', '[', '|']);
    let end = rest.find("}}").filter(|_| !whole_word)?;
    Some(at..at + end + 2)
}

/// A constant in a variable whose name says that it is secret.
pub(super) fn secret_by_name(desk: &mut Desk<'_>, name: &str, value: &str, at: At<'_>) {
    let upper = name.to_ascii_uppercase();
    let says_so = [
        "PASSWORD",
        "PASSWD",
        "SECRET",
        "TOKEN",
        "API_KEY",
        "ACCESS_KEY",
    ]
    .iter()
    .any(|end| upper.ends_with(end));
    if says_so && !value.is_empty() && !value.contains("${{") {
        let message = format!("`{name}` looks like a secret that is written out");
        desk.warning("looks_like_a_secret", at.span(), message)
            .hint("refer to it: `secrets: {name: {env: NAME}}` and `${{ secrets.name }}`");
    }
}
