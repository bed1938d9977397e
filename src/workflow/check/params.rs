//! Declared parameters, and the fields of an approval's form, which are the same.

use regex::Regex;

use super::bind;
use super::desk::{Desk, named};
use super::{ids, looks};
use crate::workflow::document::{Named, ParamDoc, ParamType};
use crate::workflow::plan::{ParamKind, ParamSpec};
use crate::yaml::At;

pub(super) fn params(
    desk: &mut Desk<'_>,
    at: At<'_>,
    params: &Named<ParamDoc>,
    what: &str,
) -> Vec<ParamSpec> {
    named(at, params)
        .map(|(name, doc, at)| {
            check_name(desk, at, name, what);
            param(desk, at, name, doc)
        })
        .collect()
}

/// Names that expressions use.
pub(super) fn check_name(desk: &mut Desk<'_>, at: At<'_>, name: &str, what: &str) {
    if ids::is_name(name) {
        return;
    }
    let message = format!("`{name}` cannot be the name of a {what}");
    let hint = "letters, digits and `_`, not starting with a digit, at most 64";
    let hint = match ids::as_name(name) {
        Some(better) => format!("{hint}; perhaps `{better}`"),
        None => hint.to_owned(),
    };
    desk.error("bad_name", at.key_span(), message).hint(hint);
}

fn param(desk: &mut Desk<'_>, at: At<'_>, name: &str, doc: &ParamDoc) -> ParamSpec {
    let prompt = doc.prompt.clone().unwrap_or_default();
    looks::shown(desk, at.down("prompt"), &prompt);
    let kind = kind(desk, at, doc);
    let mut spec = ParamSpec {
        name: name.to_owned(),
        kind,
        default: None,
        required: doc.required.unwrap_or(false),
        prompt,
    };
    // Of a type that cannot be read nothing is known that the default would have to fit.
    let unread = desk.is_unread(at);
    if let Some(default) = doc.default.as_ref().filter(|_| !unread) {
        let at = at.down("default");
        match bind::typed(&spec, default) {
            Ok(value) => spec.default = Some(value),
            Err(problem) => {
                let message = format!("the default of `{name}` does not fit: {}", problem.message);
                let told = desk.error("bad_default", at.span(), message);
                told.hint = problem.hint;
            }
        }
        if spec.required {
            desk.error(
                "bad_default",
                at.span(),
                format!("`{name}` has a default, so it cannot be required"),
            )
            .hint("remove one of the two");
        }
    }
    spec
}

fn kind(desk: &mut Desk<'_>, at: At<'_>, doc: &ParamDoc) -> ParamKind {
    let kind = doc.kind.unwrap_or(match doc.options {
        Some(_) => ParamType::Enum,
        None => ParamType::String,
    });
    let belongs: [(&str, &[ParamType]); 4] = [
        ("options", &[ParamType::Enum]),
        ("pattern", &[ParamType::String]),
        ("min", &[ParamType::Int, ParamType::Number]),
        ("max", &[ParamType::Int, ParamType::Number]),
    ];
    for (key, kinds) in belongs {
        if let Some(at) = at.get(key)
            && !kinds.contains(&kind)
        {
            let message = format!("`{key}` does nothing for a parameter of this type");
            desk.error("not_here", at.key_span(), message);
        }
    }
    if let (Some(min), Some(max)) = (doc.min, doc.max)
        && min > max
    {
        let message = format!("min ({min}) is larger than max ({max})");
        desk.error("bad_number", at.down("min").span(), message);
    }
    match kind {
        ParamType::String => ParamKind::String {
            pattern: doc
                .pattern
                .as_deref()
                .filter(|pattern| is_pattern(desk, at.down("pattern"), pattern))
                .map(str::to_owned),
        },
        ParamType::Int => ParamKind::Int {
            min: doc.min.and_then(|n| whole(desk, at.down("min"), n)),
            max: doc.max.and_then(|n| whole(desk, at.down("max"), n)),
        },
        ParamType::Number => ParamKind::Number {
            min: doc.min,
            max: doc.max,
        },
        ParamType::Bool => ParamKind::Bool,
        ParamType::List => ParamKind::List,
        ParamType::Enum => ParamKind::Enum {
            options: options(desk, at, doc),
        },
    }
}

fn options(desk: &mut Desk<'_>, at: At<'_>, doc: &ParamDoc) -> Vec<String> {
    let options = doc.options.clone().unwrap_or_default();
    if options.is_empty() && !desk.is_unread(at) {
        desk.error("missing_key", at.key_span(), "an enum needs options")
            .hint("add `options: [a, b]`");
    }
    let at = at.down("options");
    for (i, option) in options.iter().enumerate() {
        if options[..i].contains(option) {
            let message = format!("option `{option}` is there twice");
            desk.error("duplicate_option", at.nth(i).span(), message);
        }
    }
    options
}

fn whole(desk: &mut Desk<'_>, at: At<'_>, number: f64) -> Option<i64> {
    // Up to here every whole number is one exactly.
    if number.fract() == 0.0 && number.abs() < 9e15 {
        return Some(number as i64);
    }
    desk.error(
        "bad_number",
        at.span(),
        format!("{number} is not a whole number"),
    );
    None
}

/// Whether a regular expression can be used; tells if not.
pub(super) fn is_pattern(desk: &mut Desk<'_>, at: At<'_>, pattern: &str) -> bool {
    let Err(error) = Regex::new(pattern) else {
        return true;
    };
    let why = error.to_string();
    let why = why.lines().last().unwrap_or_default().trim();
    let why = why.strip_prefix("error: ").unwrap_or(why);
    desk.error(
        "bad_pattern",
        at.span(),
        format!("this regular expression cannot be used: {why}"),
    );
    false
}
