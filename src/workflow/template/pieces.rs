//! Cuts a text into what stands outside and inside of `${{ }}`.

use std::ops::Range;
use std::sync::Arc;

use super::expression::Expr;

#[derive(Clone, Debug)]
pub(super) enum Piece {
    Literal(Arc<str>),
    Value(Expr),
    /// Its name: the expression was exactly `secrets.NAME`.
    Secret(Arc<str>),
}

/// Why a text or an expression of the file cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct BadText {
    pub code: &'static str,
    pub message: String,
    pub hint: Option<String>,
    /// Bytes of the text that was read.
    pub span: Range<usize>,
}

/// A stretch of a text.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Span<'a> {
    Literal(&'a str),
    Expression {
        whole: &'a str,
        inner: &'a str,
        at: usize,
    },
    /// From a `${{` that has no end.
    Unclosed(&'a str),
}

impl<'a> Span<'a> {
    pub(super) fn text(&self) -> &'a str {
        match self {
            Self::Literal(text) | Self::Unclosed(text) => text,
            Self::Expression { whole, .. } => whole,
        }
    }
}

pub(super) fn spans(text: &str) -> Vec<Span<'_>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(open) = text[at..].find("${{").map(|n| n + at) {
        if open > at {
            found.push(Span::Literal(&text[at..open]));
        }
        let Some(close) = end_of(&text[open + 3..]).map(|n| n + open + 3) else {
            found.push(Span::Unclosed(&text[open..]));
            return found;
        };
        found.push(Span::Expression {
            whole: &text[open..close + 2],
            inner: &text[open + 3..close],
            at: open,
        });
        at = close + 2;
    }
    if at < text.len() {
        found.push(Span::Literal(&text[at..]));
    }
    found
}

/// Where the `}}` of an expression stands: not inside quotes, not the end of a map.
fn end_of(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut quote = None;
    let mut depth = 0_usize;
    let mut at = 0;
    while at < bytes.len() {
        match (bytes[at], quote) {
            (b'\\', Some(_)) => at += 1,
            (byte, Some(open)) if byte == open => quote = None,
            (byte @ (b'"' | b'\''), None) => quote = Some(byte),
            (b'{', None) => depth += 1,
            (b'}', None) if depth > 0 => depth -= 1,
            (b'}', None) if bytes.get(at + 1) == Some(&b'}') => return Some(at),
            _ => {}
        }
        at += 1;
    }
    None
}

/// The name, if the expression is exactly `secrets.NAME`.
pub(super) fn secret_name(inner: &str) -> Option<&str> {
    let name = inner.trim().strip_prefix("secrets.")?;
    let good = |c: char| c.is_ascii_alphanumeric() || c == '_';
    (!name.is_empty() && name.chars().all(good)).then_some(name)
}

pub(super) fn parse(source: &str) -> Result<Vec<Piece>, BadText> {
    let mut pieces = Vec::new();
    for span in spans(source) {
        pieces.push(match span {
            Span::Literal(text) => Piece::Literal(text.into()),
            Span::Unclosed(rest) => {
                let start = source.len() - rest.len();
                return Err(BadText {
                    code: "unclosed_expression",
                    message: "this `${{` has no `}}`".to_owned(),
                    hint: Some("add `}}`; for the plain characters write ${{ '${{' }}".to_owned()),
                    span: start..start + 3,
                });
            }
            Span::Expression { whole, inner, at } => expression(inner).map_err(|bad| BadText {
                span: at..at + whole.len(),
                ..bad
            })?,
        });
    }
    Ok(pieces)
}

fn expression(inner: &str) -> Result<Piece, BadText> {
    if let Some(name) = secret_name(inner) {
        return Ok(Piece::Secret(name.into()));
    }
    let expr = Expr::parse(inner)?;
    Ok(match expr.constant_text() {
        Some(text) => Piece::Literal(text.into()),
        None => Piece::Value(expr),
    })
}
