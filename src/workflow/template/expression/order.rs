//! `<`, `<=`, `>` and `>=` are for two numbers, two texts or two lists.
//!
//! minijinja orders any two values, by their kinds first: nothing is less than every number, and every text is more than
//! every number, so `lag < 5` would be true where there is no lag, and `"3" > 100` too. Hence the right side of each such
//! operator becomes a call of [`ORDERED`], which gives it back if the left side is of the same kind.

use std::ops::Range;

use minijinja::machinery::{Token, tokenize};
use minijinja::value::{Value, ValueKind};
use minijinja::{Error, ErrorKind};

use super::super::language;

/// No name of the language begins like this, so nobody can call it.
pub(in crate::workflow::template) const ORDERED: &str = "__ordered";

/// The code with its comparisons guarded. `Err`: not all of it can be read.
pub(super) fn guard(code: &str) -> Result<String, Error> {
    let tokens: Vec<(Token<'_>, Range<usize>)> = tokenize(code, true, language::syntax())
        .map(|token| {
            token.map(|(token, span)| (token, span.start_offset as usize..span.end_offset as usize))
        })
        .collect::<Result<_, _>>()?;
    let mut added: Vec<(usize, String)> = Vec::new();
    for at in 0..tokens.len() {
        if !orders(&tokens[at].0) {
            continue;
        }
        let left = at - reach((0..at).rev(), &tokens, opens)..at;
        let right = at + 1..at + 1 + reach(at + 1..tokens.len(), &tokens, closes);
        if left.is_empty() || right.is_empty() {
            continue;
        }
        let text = &code[tokens[left.start].1.start..tokens[left.end - 1].1.end];
        added.push((tokens[right.start].1.start, format!("{ORDERED}(")));
        added.push((tokens[right.end - 1].1.end, format!(", {text})")));
    }
    // The last first, so that the places of the others still hold.
    added.sort_by_key(|(place, _)| std::cmp::Reverse(*place));
    let mut guarded = code.to_owned();
    for (place, text) in added {
        guarded.insert_str(place, &text);
    }
    Ok(guarded)
}

/// The function [`ORDERED`].
pub(in crate::workflow::template) fn ordered(right: Value, left: &Value) -> Result<Value, Error> {
    let kinds = (left.kind(), right.kind());
    if matches!(
        kinds,
        (ValueKind::Number, ValueKind::Number)
            | (ValueKind::String, ValueKind::String)
            | (ValueKind::Seq, ValueKind::Seq)
    ) {
        return Ok(right);
    }
    let hint = match kinds {
        (ValueKind::String, ValueKind::Number) | (ValueKind::Number, ValueKind::String) => {
            ": make a number of the text with `| int` or `| float`"
        }
        _ => "",
    };
    let (left, right) = (words(kinds.0), words(kinds.1));
    let message = format!("cannot tell which of {left} and {right} is more{hint}");
    Err(Error::new(ErrorKind::InvalidOperation, message))
}

fn words(kind: ValueKind) -> &'static str {
    match kind {
        ValueKind::Undefined => "a value that is not there",
        ValueKind::None => "nothing",
        ValueKind::Bool => "true or false",
        ValueKind::Number => "a number",
        ValueKind::String => "a text",
        ValueKind::Seq => "a list",
        ValueKind::Map => "a map",
        _ => "something else",
    }
}

/// How many tokens belong to the operand: up to a word or mark that binds less, or to the end of the brackets.
fn reach(
    way: impl Iterator<Item = usize>,
    tokens: &[(Token<'_>, Range<usize>)],
    ends: fn(&Token<'_>) -> bool,
) -> usize {
    let mut depth = 0_usize;
    let mut reached = 0;
    for at in way {
        let token = &tokens[at].0;
        if depth == 0 && (ends(token) || looser(at, tokens)) {
            break;
        }
        if ends(token) {
            depth -= 1;
        } else if opens(token) || closes(token) {
            depth += 1;
        }
        reached += 1;
    }
    reached
}

/// Whether it separates operands of a comparison.
fn looser(at: usize, tokens: &[(Token<'_>, Range<usize>)]) -> bool {
    let token = &tokens[at].0;
    // A name after a dot is a key, a word after `is` belongs to the test.
    let before = at.checked_sub(1).map(|before| &tokens[before].0);
    let named = matches!(before, Some(Token::Dot | Token::Ident("is")));
    match token {
        Token::Ident("and" | "or" | "not" | "if" | "else" | "in") => !named,
        Token::Comma | Token::Colon | Token::Assign | Token::Eq | Token::Ne => true,
        token => orders(token),
    }
}

fn orders(token: &Token<'_>) -> bool {
    matches!(token, Token::Lt | Token::Lte | Token::Gt | Token::Gte)
}

fn opens(token: &Token<'_>) -> bool {
    matches!(
        token,
        Token::BracketOpen | Token::ParenOpen | Token::BraceOpen
    )
}

fn closes(token: &Token<'_>) -> bool {
    matches!(
        token,
        Token::BracketClose | Token::ParenClose | Token::BraceClose
    )
}

#[cfg(test)]
mod tests {
    use super::guard;

    #[test]
    fn the_right_side_is_guarded_with_the_left_one() {
        for (code, expected) in [
            ("a == b", "a == b"),
            ("a < b", "a < __ordered(b, a)"),
            (
                "not a.in - 1 <= b | int and c",
                "not a.in - 1 <= __ordered(b | int, a.in - 1) and c",
            ),
            (
                "a < b < c == d",
                "a < __ordered(b, a) < __ordered(c, b) == d",
            ),
            (
                "x if f(a, k=b > 1) else [c >= '<']",
                "x if f(a, k=b > __ordered(1, b)) else [c >= __ordered('<', c)]",
            ),
            ("1 < (a < (b))", "1 < __ordered((a < __ordered((b), a)), 1)"),
            (
                "{'k': -a['x'][0] < {'n': 1}.n}",
                "{'k': -a['x'][0] < __ordered({'n': 1}.n, -a['x'][0])}",
            ),
            (
                "a is not none < b",
                "a is not none < __ordered(b, a is not none)",
            ),
        ] {
            assert_eq!(guard(code).unwrap(), expected, "{code}");
        }
    }
}
