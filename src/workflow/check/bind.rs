//! Values for parameters: typed, validated, completed.

use std::collections::BTreeMap;

use regex::Regex;
use serde_json::{Value as Json, json};

use crate::workflow::plan::{ParamKind, ParamSpec, Workflow};
use crate::yaml::{closest, list_of};

/// A value given for a parameter that cannot be used, or a parameter that needs one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParamProblem {
    pub param: String,
    pub message: String,
    pub hint: Option<String>,
}

impl ParamProblem {
    fn new(param: &str, message: impl Into<String>) -> Self {
        Self {
            param: param.to_owned(),
            message: message.into(),
            hint: None,
        }
    }

    fn hint(mut self, hint: Option<String>) -> Self {
        self.hint = hint;
        self
    }
}

/// Types, validates and completes the given parameters. Texts (from `-p k=v` or a form) are read as the declared type.
pub fn bind_params(
    workflow: &Workflow,
    given: &BTreeMap<String, Json>,
) -> Result<BTreeMap<String, Json>, Vec<ParamProblem>> {
    bind(&workflow.params, given)
}

/// The same for any list of fields, such as the form of an approval. What is not given and has no default is null.
pub fn bind(
    specs: &[ParamSpec],
    given: &BTreeMap<String, Json>,
) -> Result<BTreeMap<String, Json>, Vec<ParamProblem>> {
    let mut values = BTreeMap::new();
    let mut problems = Vec::new();
    for name in given.keys() {
        if !specs.iter().any(|spec| spec.name == *name) {
            problems.push(unknown(name, specs));
        }
    }
    for spec in specs {
        let value = match given.get(&spec.name) {
            Some(value) if !value.is_null() => typed(spec, value),
            _ => match &spec.default {
                Some(default) => Ok(default.clone()),
                None if spec.required => Err(missing(spec)),
                None => Ok(Json::Null),
            },
        };
        match value {
            Ok(value) => drop(values.insert(spec.name.clone(), value)),
            Err(problem) => problems.push(problem),
        }
    }
    if problems.is_empty() {
        Ok(values)
    } else {
        Err(problems)
    }
}

fn unknown(name: &str, specs: &[ParamSpec]) -> ParamProblem {
    let names = || specs.iter().map(|spec| spec.name.as_str());
    let hint = match (closest(name, names()), list_of(names())) {
        (Some(meant), _) => format!("did you mean `{meant}`?"),
        (None, Some(list)) => format!("there is {list}"),
        (None, None) => "this workflow has no parameters".to_owned(),
    };
    ParamProblem::new(name, "there is no such parameter").hint(Some(hint))
}

fn missing(spec: &ParamSpec) -> ParamProblem {
    let hint = match &spec.kind {
        ParamKind::Enum { options } => {
            list_of(options.iter().map(String::as_str)).map(|list| format!("one of {list}"))
        }
        _ => Some(spec.prompt.clone()).filter(|prompt| !prompt.is_empty()),
    };
    ParamProblem::new(&spec.name, "needs a value").hint(hint)
}

/// `value` as the type that `spec` declares.
pub(super) fn typed(spec: &ParamSpec, value: &Json) -> Result<Json, ParamProblem> {
    let bad = |message: String| ParamProblem::new(&spec.name, message);
    let text = value.as_str();
    match &spec.kind {
        ParamKind::String { pattern } => {
            let text = text.ok_or_else(|| {
                bad(format!("expected a text, got {value}"))
                    .hint(Some(format!("write \"{value}\"")))
            })?;
            matches(spec, pattern.as_deref(), text)?;
            Ok(json!(text))
        }
        ParamKind::Int { min, max } => {
            let number = match text {
                Some(text) => text.trim().parse::<i64>().ok(),
                None => value.as_i64(),
            };
            let number =
                number.ok_or_else(|| bad(format!("expected a whole number, got {value}")))?;
            if min.is_some_and(|min| number < min) || max.is_some_and(|max| number > max) {
                return Err(bad(format!(
                    "{number} is not {}",
                    range(min.as_ref(), max.as_ref())
                )));
            }
            Ok(json!(number))
        }
        ParamKind::Number { min, max } => {
            let number = match text {
                Some(text) => text.trim().parse::<f64>().ok(),
                None => value.as_f64(),
            };
            let number = number
                .filter(|n| n.is_finite())
                .ok_or_else(|| bad(format!("expected a number, got {value}")))?;
            if min.is_some_and(|min| number < min) || max.is_some_and(|max| number > max) {
                return Err(bad(format!(
                    "{number} is not {}",
                    range(min.as_ref(), max.as_ref())
                )));
            }
            Ok(json!(number))
        }
        ParamKind::Bool => match (value, text.map(str::trim)) {
            (Json::Bool(truth), _) => Ok(json!(truth)),
            (_, Some("true" | "yes" | "on")) => Ok(json!(true)),
            (_, Some("false" | "no" | "off")) => Ok(json!(false)),
            _ => Err(bad(format!("expected true or false, got {value}"))),
        },
        ParamKind::Enum { options } => {
            match text {
                Some(text) if options.iter().any(|o| o == text) => Ok(json!(text)),
                _ => Err(bad(format!("{value} is not one of the options"))
                    .hint(option_hint(text, options))),
            }
        }
        ParamKind::List => list(value).ok_or_else(|| {
            bad(format!("expected a list of texts, got {value}"))
                .hint(Some("write a,b,c or [\"a\", \"b\"]".to_owned()))
        }),
    }
}

fn matches(spec: &ParamSpec, pattern: Option<&str>, text: &str) -> Result<(), ParamProblem> {
    let Some(pattern) = pattern else {
        return Ok(());
    };
    // `check` has compiled it already; a plan made by other means may be wrong.
    let regex = Regex::new(pattern)
        .map_err(|_| ParamProblem::new(&spec.name, format!("its pattern `{pattern}` is broken")))?;
    if regex.is_match(text) {
        return Ok(());
    }
    let shown: String = text.chars().take(100).collect();
    let message = format!("`{shown}` does not match the pattern `{pattern}`");
    Err(ParamProblem::new(&spec.name, message))
}

fn range<T: std::fmt::Display>(min: Option<&T>, max: Option<&T>) -> String {
    match (min, max) {
        (Some(min), Some(max)) => format!("between {min} and {max}"),
        (Some(min), None) => format!("at least {min}"),
        (None, Some(max)) => format!("at most {max}"),
        (None, None) => "in range".to_owned(),
    }
}

fn option_hint(text: Option<&str>, options: &[String]) -> Option<String> {
    let names = || options.iter().map(String::as_str);
    match closest(text.unwrap_or_default(), names()) {
        Some(meant) => Some(format!("did you mean `{meant}`?")),
        None => list_of(names()).map(|list| format!("one of {list}")),
    }
}

/// A list of texts, `["a", "b"]` as a text, or `a,b`.
fn list(value: &Json) -> Option<Json> {
    let items = match value {
        Json::Array(items) => items.clone(),
        Json::String(text) if text.trim_start().starts_with('[') => {
            serde_json::from_str(text).ok()?
        }
        Json::String(text) if text.trim().is_empty() => Vec::new(),
        Json::String(text) => text.split(',').map(|part| json!(part.trim())).collect(),
        _ => return None,
    };
    items
        .iter()
        .all(Json::is_string)
        .then_some(Json::Array(items))
}
