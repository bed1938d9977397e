//! One expression: checked when it is read, evaluated as often as needed.
//!
//! minijinja's `compile_expression` drops everything after a string literal that is followed by a character it cannot
//! read, so that `env == "prod" ; anything` counts as true. Two guards stand before it, and both must pass: all tokens are
//! read to the end first, and the expression is compiled as a template too.

pub(super) mod order;
mod walk;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use minijinja::machinery::{self, ast};
use minijinja::value::{Serde, Value};
use minijinja::{Error, ErrorKind};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value as Json;

use super::language;
use super::pieces::{BadText, Span, spans};
use super::rewrite::rewrite;
use super::{EvalError, Scope};
use walk::Found;
pub use walk::{Compared, Literal, Reference, Yields};

/// Longer expressions are refused: they nest too deeply to be evaluated safely, and no one can read them.
const TOKENS_MAX: usize = 300;

/// An expression on its own (`if:`, `expect:`, `for_each:`), checked to compile. Written down as its source.
#[derive(Clone, Debug)]
pub struct Expr {
    source: Arc<str>,
    compiled: Arc<Compiled>,
}

#[derive(Debug)]
struct Compiled {
    /// As minijinja evaluates it.
    code: String,
    found: Found,
}

impl Expr {
    /// Reads an expression; it may stand in `${{ }}` as a whole.
    pub fn parse(text: &str) -> Result<Self, BadText> {
        let inner = match spans(text.trim()).as_slice() {
            [Span::Expression { inner, .. }] => (*inner).to_owned(),
            _ => text.to_owned(),
        };
        let source = inner.trim();
        if source.is_empty() {
            return Err(bad("the expression is empty".to_owned(), None));
        }
        let code = rewrite(source)?;
        let (code, found) = compile(source, &code)?;
        Ok(Self {
            source: source.into(),
            compiled: Arc::new(Compiled { code, found }),
        })
    }

    pub fn source(&self) -> &str {
        &self.source
    }

    /// What it refers to, each once, in the order of the text.
    pub fn references(&self) -> &[Reference] {
        &self.compiled.found.references
    }

    /// What it compares with a constant by `==` or `!=`.
    pub fn compared(&self) -> &[Compared] {
        &self.compiled.found.compared
    }

    /// What kind of value it gives, as far as its form tells.
    pub fn yields(&self) -> &Yields {
        &self.compiled.found.yields
    }

    /// Its text, if it is nothing but one.
    pub(super) fn constant_text(&self) -> Option<&str> {
        self.compiled.found.constant_text.as_deref()
    }

    pub fn eval(&self, scope: &dyn Scope) -> Result<Json, EvalError> {
        let roots = self.roots(scope);
        let value = self
            .evaluate(&roots)
            .map_err(|error| self.told(&error, &roots))?;
        if value.is_undefined() {
            return Err(self.failed(self.missing(&roots)));
        }
        let json = serde_json::to_value(&value)
            .map_err(|e| self.failed(format!("its value cannot be used: {e}")))?;
        if json.is_null() && !value.is_none() {
            return Err(self.failed("its value is not a finite number".to_owned()));
        }
        Ok(json)
    }

    /// Must give true or false: anything else is an error, there is no truthiness.
    pub fn truth(&self, scope: &dyn Scope) -> Result<bool, EvalError> {
        let kind = match self.eval(scope)? {
            Json::Bool(truth) => return Ok(truth),
            Json::Null => "nothing",
            Json::Number(_) => "a number",
            Json::String(_) => "a text",
            Json::Array(_) => "a list",
            Json::Object(_) => "a map",
        };
        Err(self.failed(format!("expected true or false, got {kind}")))
    }

    fn evaluate(&self, roots: &BTreeMap<&str, Json>) -> Result<Value, Error> {
        let context: BTreeMap<&str, Value> = roots
            .iter()
            .map(|(name, json)| (*name, Value::from(Serde(json))))
            .collect();
        language::environment()
            .compile_expression(&self.compiled.code)?
            .eval(Value::from(context))
    }

    /// Only what the expression refers to: a run may have many steps.
    fn roots(&self, scope: &dyn Scope) -> BTreeMap<&str, Json> {
        let references = self.references();
        let names: BTreeSet<&str> = references.iter().map(Reference::root).collect();
        let value = |name: &'_ str| match name {
            "steps" => {
                let ids = references.iter().filter(|r| r.root() == "steps");
                let ids: BTreeSet<&str> = ids.filter_map(|r| r.names().next()).collect();
                let step = |id: &str| Some((id.to_owned(), scope.step(id)?));
                Some(Json::Object(ids.into_iter().filter_map(step).collect()))
            }
            // A secret never becomes a value of an expression.
            "secrets" => None,
            name => scope.root(name),
        };
        names
            .into_iter()
            .filter_map(|name| Some((name, value(name)?)))
            .collect()
    }

    fn told(&self, error: &Error, roots: &BTreeMap<&str, Json>) -> EvalError {
        self.failed(match error.kind() {
            ErrorKind::UndefinedError => self.missing(roots),
            ErrorKind::OutOfFuel => "takes too long to evaluate".to_owned(),
            kind => error
                .detail()
                .map_or_else(|| kind.to_string(), str::to_owned),
        })
    }

    /// The first name that leads nowhere, and what there is in its place.
    fn missing(&self, roots: &BTreeMap<&str, Json>) -> String {
        for reference in self.references() {
            let Some(mut at) = roots.get(reference.root()) else {
                return format!("`{}` is not known here", reference.root());
            };
            for name in reference.names() {
                let next = match at {
                    Json::Object(map) => map.get(name),
                    _ => None,
                };
                match next {
                    Some(next) => at = next,
                    None => return nothing_there(reference, name, at),
                }
            }
        }
        "a value that it needs is not there".to_owned()
    }

    fn failed(&self, message: String) -> EvalError {
        EvalError {
            message,
            source_text: self.source.to_string(),
        }
    }
}

fn nothing_there(reference: &Reference, name: &str, at: &Json) -> String {
    let known = at
        .as_object()
        .and_then(|map| crate::yaml::did_you_mean(name, map.keys().map(String::as_str)));
    match known {
        Some(known) => format!("`{}` has no value ({known})", reference.text()),
        None => format!("`{}` has no value", reference.text()),
    }
}

/// The code that is evaluated, and what was found in it.
fn compile(source: &str, code: &str) -> Result<(String, Found), BadText> {
    // First guard: every token, to the end.
    let mut tokens = 0;
    for token in machinery::tokenize(code, true, language::syntax()) {
        token.map_err(|error| refused(source, &error))?;
        tokens += 1;
        if tokens > TOKENS_MAX {
            let hint = "split it: a `set` step can hold a part of it".to_owned();
            return Err(bad("this expression is too long".to_owned(), Some(hint)));
        }
    }
    // Second guard: as a template, which is then exactly one expression.
    let text = format!("${{{{ {code} }}}}");
    let parsed = machinery::parse(&text, "expression", language::syntax())
        .map_err(|error| refused(source, &error))?;
    let ast::Stmt::Template(template) = &parsed else {
        return Err(bad("this is not an expression".to_owned(), None));
    };
    let [ast::Stmt::EmitExpr(emit)] = template.children.as_slice() else {
        return Err(bad("this is more than one expression".to_owned(), None));
    };
    let found = walk::walk(&emit.expr)?;
    let guarded = order::guard(code).map_err(|error| refused(source, &error))?;
    language::environment()
        .compile_expression(&guarded)
        .map_err(|error| refused(source, &error))?;
    Ok((guarded, found))
}

fn refused(source: &str, error: &Error) -> BadText {
    let detail = error.detail().unwrap_or("it is not complete");
    let detail = detail
        .replace("unexpected end of variable block", "it ends too early")
        .replace("end of variable block", "its end");
    let single = |c: char, not: &[&str]| {
        source.match_indices(c).any(|(at, _)| {
            !not.iter()
                .any(|op| source[at..].starts_with(op) || source[..=at].ends_with(op))
        })
    };
    let hint = if source.contains("${{") {
        Some("all of this is an expression: write it without `${{ }}`")
    } else if source.contains('?') {
        Some("write `a if condition else b`")
    } else if single('=', &["==", "!=", "<=", ">="]) {
        Some("write `==` to compare")
    } else {
        None
    };
    bad(
        format!("this expression cannot be read: {detail}"),
        hint.map(str::to_owned),
    )
}

fn bad(message: String, hint: Option<String>) -> BadText {
    BadText {
        code: "expression",
        message,
        hint,
        span: 0..0,
    }
}

impl PartialEq for Expr {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

impl Serialize for Expr {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.source)
    }
}

impl<'de> Deserialize<'de> for Expr {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let source = String::deserialize(deserializer)?;
        Self::parse(&source).map_err(serde::de::Error::custom)
    }
}
