//! The words of the expression language: functions, filters and tests. A short list on purpose; nothing here reads
//! anything but its arguments.

use std::sync::OnceLock;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Serde, Value, ValueKind};
use minijinja::{Environment, Error, ErrorKind, UndefinedBehavior, filters, functions, tests};

use super::expression::order;

pub(super) const FUNCTIONS: &[&str] = &["range"];
pub(super) const FILTERS: &[&str] = &[
    "abs",
    "bool",
    "default",
    "endswith",
    "first",
    "float",
    "fromjson",
    "int",
    "items",
    "join",
    "keys",
    "last",
    "length",
    "list",
    "lower",
    "matches",
    "max",
    "min",
    "replace",
    "round",
    "sort",
    "split",
    "startswith",
    "string",
    "tojson",
    "trim",
    "unique",
    "upper",
    "values",
];
pub(super) const TESTS: &[&str] = &[
    "boolean",
    "defined",
    "endingwith",
    "in",
    "mapping",
    "matches",
    "none",
    "number",
    "sequence",
    "startingwith",
    "string",
    "undefined",
];
/// Filters that give true or false.
pub(super) const TRUTH_FILTERS: &[&str] = &["bool", "endswith", "matches", "startswith"];
/// Filters that may give anything.
pub(super) const OPEN_FILTERS: &[&str] = &["default", "first", "fromjson", "last", "max", "min"];

/// Steps that one evaluation may take; ends endless ones at once.
const FUEL: u64 = 10_000;
const RECURSION_MAX: usize = 32;
/// Bytes of a text that a filter may make.
const TEXT_MAX: usize = 4 * 1024 * 1024;

/// `${{ }}` only: blocks and comments get marks that no text is likely to hold, and are refused by the parser anyway.
pub(super) fn syntax() -> SyntaxConfig {
    SyntaxConfig::builder()
        .variable_delimiters("${{", "}}")
        .block_delimiters("${%", "%}")
        .comment_delimiters("${#", "#}")
        .build()
        .expect("the marks differ from one another")
}

pub(super) fn environment() -> &'static Environment<'static> {
    static ENVIRONMENT: OnceLock<Environment<'static>> = OnceLock::new();
    ENVIRONMENT.get_or_init(|| {
        let mut env = Environment::empty();
        env.set_undefined_behavior(UndefinedBehavior::Strict);
        env.set_fuel(Some(FUEL));
        env.set_recursion_limit(RECURSION_MAX);
        env.set_debug(false);
        env.add_function("range", functions::range);
        env.add_function(order::ORDERED, order::ordered);
        own_filters(&mut env);
        usual_filters(&mut env);
        usual_tests(&mut env);
        env
    })
}

fn usual_filters(env: &mut Environment<'static>) {
    env.add_filter("abs", filters::abs);
    env.add_filter("bool", filters::bool);
    env.add_filter("default", filters::default);
    env.add_filter("first", filters::first);
    env.add_filter("float", filters::float);
    env.add_filter("int", filters::int);
    env.add_filter("items", filters::items);
    env.add_filter("join", filters::join);
    env.add_filter("last", filters::last);
    env.add_filter("length", filters::length);
    env.add_filter("list", filters::list);
    env.add_filter("lower", filters::lower);
    env.add_filter("max", filters::max);
    env.add_filter("min", filters::min);
    env.add_filter("round", filters::round);
    env.add_filter("sort", filters::sort);
    env.add_filter("string", filters::string);
    env.add_filter("trim", filters::trim);
    env.add_filter("unique", filters::unique);
    env.add_filter("upper", filters::upper);
}

fn own_filters(env: &mut Environment<'static>) {
    env.add_filter("fromjson", |text: &str| {
        let value: serde_json::Value =
            serde_json::from_str(text).map_err(|e| refuse(format!("fromjson: not JSON: {e}")))?;
        Ok::<_, Error>(Value::from(Serde(&value)))
    });
    env.add_filter("tojson", |value: &Value| {
        serde_json::to_string(value).map_err(|e| refuse(format!("tojson: {e}")))
    });
    env.add_filter("replace", |text: &str, from: &str, to: &str| {
        let found = text.matches(from).count();
        if found.saturating_mul(to.len()).saturating_add(text.len()) > TEXT_MAX {
            return Err(refuse("replace: the text would be larger than 4 MiB"));
        }
        Ok(text.replace(from, to))
    });
    env.add_filter("split", |text: &str, by: Option<&str>| -> Vec<String> {
        match by {
            Some(by) => text.split(by).map(str::to_owned).collect(),
            None => text.split_whitespace().map(str::to_owned).collect(),
        }
    });
    env.add_filter("keys", |map: &Value| {
        entries("keys", map).map(|all| all.into_iter().map(|(key, _)| key).collect::<Vec<_>>())
    });
    env.add_filter("values", |map: &Value| {
        entries("values", map).map(|all| all.into_iter().map(|(_, v)| v).collect::<Vec<_>>())
    });
    env.add_filter("startswith", |text: &str, with: &str| {
        text.starts_with(with)
    });
    env.add_filter("endswith", |text: &str, with: &str| text.ends_with(with));
    env.add_filter("matches", matches);
}

fn usual_tests(env: &mut Environment<'static>) {
    env.add_test("boolean", tests::is_boolean);
    env.add_test("defined", tests::is_defined);
    env.add_test("endingwith", tests::is_endingwith);
    env.add_test("in", tests::is_in);
    env.add_test("mapping", tests::is_mapping);
    env.add_test("matches", matches);
    env.add_test("none", tests::is_none);
    env.add_test("number", tests::is_number);
    env.add_test("sequence", tests::is_sequence);
    env.add_test("startingwith", tests::is_startingwith);
    env.add_test("string", tests::is_string);
    env.add_test("undefined", tests::is_undefined);
}

/// Whether the pattern is found anywhere in the text.
fn matches(text: &str, pattern: &str) -> Result<bool, Error> {
    let regex =
        regex::Regex::new(pattern).map_err(|_| refuse(format!("`{pattern}` is not a pattern")))?;
    Ok(regex.is_match(text))
}

fn entries(filter: &str, map: &Value) -> Result<Vec<(Value, Value)>, Error> {
    if map.kind() != ValueKind::Map {
        return Err(refuse(format!(
            "{filter}: expected a map, got {}",
            map.kind()
        )));
    }
    let mut all = Vec::new();
    for key in map.try_iter()? {
        let value = map.get_item(&key)?;
        all.push((key, value));
    }
    Ok(all)
}

fn refuse(why: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidOperation, why.into())
}
