//! Conditions that cannot be what their author means: never true, or neither true nor false.

use super::desk::Desk;
use super::known::Known;
use crate::workflow::plan::ParamKind;
use crate::workflow::template::Literal;
use crate::yaml::list_of;

/// What a step's status may be, as expressions see it.
const STATUSES: [&str; 16] = [
    "pending",
    "ready",
    "held",
    "running",
    "waiting",
    "retrying",
    "stopping",
    "failed",
    "timed_out",
    "cancelled",
    "rejected",
    "unknown",
    "succeeded",
    "marked",
    "skipped",
    "ignored",
];

pub(super) fn check(desk: &mut Desk<'_>, known: &Known<'_>) {
    comparisons(desk, known);
    truths(desk, known);
}

/// Comparisons that can never be true, mostly typing mistakes.
fn comparisons(desk: &mut Desk<'_>, known: &Known<'_>) {
    for (compared, span) in std::mem::take(&mut desk.compared) {
        let reference = &compared.reference;
        let mut names = reference.names();
        let told = match (reference.root(), names.next(), names.next()) {
            ("params", Some(name), None) => known
                .params
                .get(name)
                .and_then(|param| never_equal(desk, name, &param.kind, &compared.with)),
            ("steps", Some(_), Some("status")) => match &compared.with {
                Literal::Text(text) if !STATUSES.contains(&text.as_str()) => {
                    let hint = desk
                        .meant(text, STATUSES.iter().copied())
                        .or_else(|| list_of(STATUSES).map(|list| format!("there is {list}")));
                    Some((format!("the status of a step is never `{text}`"), hint))
                }
                _ => None,
            },
            _ => None,
        };
        if let Some((message, hint)) = told {
            desk.warning("never_equal", span, message).hint = hint;
        }
    }
}

fn never_equal(
    desk: &mut Desk<'_>,
    name: &str,
    kind: &ParamKind,
    with: &Literal,
) -> Option<(String, Option<String>)> {
    let what = match (kind, with) {
        (ParamKind::Enum { options }, Literal::Text(text)) if !options.contains(text) => {
            let options = || options.iter().map(String::as_str);
            let hint = desk
                .meant(text, options())
                .or_else(|| list_of(options()).map(|list| format!("its options are {list}")));
            return Some((format!("`params.{name}` is never `{text}`"), hint));
        }
        (ParamKind::Int { .. } | ParamKind::Number { .. }, Literal::Text(_) | Literal::Truth) => {
            "a number"
        }
        (ParamKind::Bool, Literal::Text(_) | Literal::Number) => "true or false",
        (ParamKind::String { .. } | ParamKind::Enum { .. }, Literal::Number | Literal::Truth) => {
            "a text"
        }
        _ => return None,
    };
    let message = format!("`params.{name}` is {what} and never equals this");
    let hint = match with {
        Literal::Text(_) => "write the value without quotes",
        _ => "put the value in quotes",
    };
    Some((message, Some(hint.to_owned())))
}

/// Conditions that are a parameter of another type.
fn truths(desk: &mut Desk<'_>, known: &Known<'_>) {
    for (reference, span) in std::mem::take(&mut desk.truths) {
        let mut names = reference.names();
        let (Some(name), None) = (names.next(), names.next()) else {
            continue;
        };
        let Some(param) = known
            .params
            .get(name)
            .filter(|_| reference.root() == "params")
        else {
            continue;
        };
        let what = match param.kind {
            ParamKind::Bool => continue,
            ParamKind::Int { .. } | ParamKind::Number { .. } => "a number",
            ParamKind::String { .. } | ParamKind::Enum { .. } => "a text",
            ParamKind::List => "a list",
        };
        desk.error(
            "not_a_condition",
            span,
            format!("this must give true or false, `params.{name}` is {what}"),
        )
        .hint("compare it: `... == ...`, `... > 0`; or declare it as `type: bool`");
    }
}
