//! What a database may be asked.

use std::fmt::Write;

use serde_json::Value as Json;

use super::{Asked, database, one_verb};
use crate::workflow::call::Nature;
use crate::workflow::check::desk::Desk;
use crate::workflow::check::work::{expressions, first_expression};
use crate::workflow::document::SqlDoc;
use crate::yaml::At;

const VERBS: [&str; 3] = ["query", "statements", "promote"];
/// What decides about the transaction, which is decided here.
const CONTROL: [&str; 8] = [
    "begin",
    "start",
    "commit",
    "end",
    "rollback",
    "abort",
    "prepare transaction",
    "savepoint",
];

pub(super) fn sql<'d>(desk: &mut Desk<'_>, doc: &'d SqlDoc, at: At<'_>) -> Asked<'d> {
    let verb = one_verb(desk, "sql", &VERBS, at);
    database::database(desk, &doc.database(), "sql", at);
    if let Some(query) = &doc.query {
        statement(desk, query, doc.params.as_deref(), at.down("query"), at);
    }
    let at_statements = at.down("statements");
    for (n, one) in doc.statements.iter().flatten().enumerate() {
        let at = at_statements.nth(n);
        let params = one.0.params.as_deref();
        statement(desk, &one.0.query, params, at.down("query"), at);
    }
    if doc.statements.as_ref().is_some_and(Vec::is_empty) {
        desk.error(
            "empty_value",
            at_statements.key_span(),
            "there are no statements",
        );
    }
    belongs(desk, doc, verb, at);
    let (nature, outputs): (_, &[&str]) = match verb {
        Some("promote") => (Nature::Repeatable, &["value"]),
        _ if doc.read_only == Some(true) => (Nature::Reads, &["rows", "count", "truncated"]),
        Some("statements") => (Nature::Changes, &["rows", "count", "counts", "truncated"]),
        _ => (Nature::Changes, &["rows", "count", "truncated"]),
    };
    Asked {
        nature,
        outputs,
        expect: doc.expect.as_ref(),
        until: doc.until.as_ref(),
    }
}

/// What stands beside something that it means nothing for.
fn belongs(desk: &mut Desk<'_>, doc: &SqlDoc, verb: Option<&str>, at: At<'_>) {
    let refused: &[&str] = match verb {
        Some("promote") => &["params", "read_only", "transaction", "lock_timeout"],
        Some("statements") => &["params"],
        _ => &[],
    };
    for key in refused.iter().filter(|key| at.has(key)) {
        let message = format!("`{key}` does nothing beside `{}`", verb.unwrap_or_default());
        desk.error("not_here", at.down(key).key_span(), message)
            .hint("remove it");
    }
    if doc.transaction != Some(false) {
        return;
    }
    let at = at.down("transaction");
    if doc.statements.is_some() {
        let message = "several statements always run in one transaction";
        desk.error("not_here", at.span(), message)
            .hint("make a step of each");
    }
    if doc.read_only == Some(true) {
        let message = "it is the transaction that refuses changes";
        desk.error("not_here", at.span(), message)
            .hint("remove `transaction: false`");
    }
}

fn statement(desk: &mut Desk<'_>, text: &str, params: Option<&[Json]>, at: At<'_>, beside: At<'_>) {
    if text.trim().is_empty() {
        desk.error("empty_value", at.span(), "the statement is empty");
    }
    if text.contains("${{") {
        return spliced(desk, text, params.map_or(0, <[Json]>::len), at);
    }
    let words = text.trim_start().to_ascii_lowercase();
    let starts = |word: &&&str| {
        let rest = words.strip_prefix(**word);
        rest.is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_'))
    };
    if let Some(word) = CONTROL.iter().find(starts) {
        let message = format!("`{word}`: the transaction is flightdeck's own");
        desk.error("transaction", at.span(), message)
            .hint("what one step asks is one transaction; for several, make several steps");
    }
    // In quotes a `$1` is no parameter: then only the server can count.
    let quoted = text.contains('\'') || text.contains("$$");
    let (used, given) = (highest_param(text), params.map_or(0, <[Json]>::len));
    if used != given && !quoted && !desk.is_unread(beside) {
        let message = format!("the statement uses {}, params has {given}", up_to(used));
        desk.error("params", beside.down("params").span(), message);
    }
}

/// Values never become SQL text: they arrive as parameters, and the message says how.
fn spliced(desk: &mut Desk<'_>, text: &str, given: usize, at: At<'_>) {
    let (mut list, mut first) = (String::new(), String::new());
    for (n, expression) in expressions(text).enumerate() {
        let comma = if n == 0 { "" } else { ", " };
        let _ = write!(list, "{comma}\"${{{{ {expression} }}}}\"");
        if n == 0 {
            first = format!("${}", given + 1);
        }
    }
    let more = if given == 0 { "" } else { "..., " };
    let hint =
        format!("write {first} instead, without quotes, and pass it:\nparams: [{more}{list}]");
    let message = "`${{ }}` in a statement: values never become SQL text";
    desk.error("value_in_sql", first_expression(desk, at), message)
        .label("this could run as a statement")
        .hint(hint);
}

/// The number of the last `$n`.
fn highest_param(text: &str) -> usize {
    text.split('$')
        .skip(1)
        .filter_map(|rest| {
            let end = rest
                .find(|c: char| !c.is_ascii_digit())
                .unwrap_or(rest.len());
            rest[..end].parse().ok()
        })
        .max()
        .unwrap_or(0)
}

fn up_to(used: usize) -> String {
    match used {
        0 => "no parameters".to_owned(),
        1 => "$1".to_owned(),
        n => format!("$1 to ${n}"),
    }
}
