//! What went wrong, in words, and whether the server said it.

use std::error::Error as _;

use tokio_postgres::Error;
use tokio_postgres::error::{DbError, ErrorPosition, Severity, SqlState};

use super::super::call::Trouble;
use super::super::cause::innermost;
use super::super::tls;

/// Characters of a statement around the place of an error.
const AROUND: usize = 30;

/// One line: the server's own words with all that it adds, or why it could not be asked.
pub(in super::super) fn told(error: &Error) -> String {
    match error.as_db_error() {
        Some(error) => from_db(error),
        None => innermost(error),
    }
}

/// The server answered with an error, and the session goes on: what it says is definite.
pub(in super::super) fn from_server(error: &Error) -> Option<&DbError> {
    let error = error.as_db_error()?;
    let over = [Severity::Fatal, Severity::Panic];
    let is_over = error.parsed_severity().is_some_and(|s| over.contains(&s));
    Some(error).filter(|_| !is_over)
}

/// The session is over, so what was asked last may or may not have been done.
pub(in super::super) fn is_lost(error: &Error) -> bool {
    match error.as_db_error() {
        Some(_) => from_server(error).is_none(),
        None => {
            error.is_closed()
                || error
                    .source()
                    .is_some_and(<dyn std::error::Error>::is::<std::io::Error>)
        }
    }
}

fn from_db(error: &DbError) -> String {
    let mut text = format!("{} (SQLSTATE {})", error.message(), error.code().code());
    for (name, more) in [("", error.detail()), ("hint: ", error.hint())] {
        if let Some(more) = more {
            text = format!("{text}; {name}{}", more.replace('\n', " "));
        }
    }
    text
}

/// The line of `statement` where the error is, and a caret below it.
pub(in super::super) fn place(error: &Error, statement: &str) -> Option<(String, String)> {
    let Some(ErrorPosition::Original(position)) = error.as_db_error()?.position() else {
        return None;
    };
    let at = usize::try_from(*position).ok()?.checked_sub(1)?;
    let before: Vec<char> = statement.chars().take(at).collect();
    let line_start = before.iter().rposition(|c| *c == '\n').map_or(0, |n| n + 1);
    let start = line_start.max(at.saturating_sub(AROUND));
    let shown: String = statement
        .chars()
        .skip(start)
        .take_while(|c| *c != '\n')
        .take(AROUND * 2)
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    Some((shown, format!("{}^", " ".repeat(at - start))))
}

pub(super) fn connect_trouble(error: &Error, place: &str) -> Trouble {
    let why = match (error.as_db_error(), tls::within(error)) {
        (Some(error), _) => from_db(error),
        (None, Some(error)) => format!("TLS: {}", tls::reason(error)),
        (None, None) => innermost(error),
    };
    let text = format!("cannot ask the database at {place}: {why}");
    match error.code() {
        // Nothing that waiting mends: password, role, database, rules.
        Some(code) if is_refusal(code) => Trouble::Failed(text),
        _ => Trouble::Unreached(text),
    }
}

fn is_refusal(code: &SqlState) -> bool {
    [
        SqlState::INVALID_PASSWORD,
        SqlState::INVALID_AUTHORIZATION_SPECIFICATION,
        SqlState::INVALID_CATALOG_NAME,
        SqlState::INSUFFICIENT_PRIVILEGE,
    ]
    .contains(code)
}
