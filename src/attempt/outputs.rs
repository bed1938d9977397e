//! What a step publishes: lines of its `$FLIGHTDECK_OUTPUT` file, and what patterns and paths find in its output.

use std::collections::BTreeMap;

use regex::RegexBuilder;
use serde_json::Value as Json;

use super::capture::Capture;
use crate::workflow::{OutputFrom, OutputSpec};

/// Bytes of one output, and of all outputs of an attempt.
pub(super) const ONE_MAX: usize = 64 << 10;
pub(super) const ALL_MAX: usize = 1 << 20;
/// Bytes of the file that they are written to: names and line breaks come on top of the values, hence twice.
pub(super) const FILE_MAX: usize = 2 * ALL_MAX;

pub(super) type Outputs = BTreeMap<String, Json>;

/// Where outputs are read from.
pub(super) struct Sources<'a> {
    /// Standard output or the body.
    pub(super) text: &'a Capture,
    /// How a message calls it: `the output`, `the body`.
    pub(super) text_name: &'static str,
    /// What the step wrote to its output file; one byte more than `FILE_MAX` is enough of one that is too large.
    pub(super) file: &'a [u8],
}

/// All outputs, or what is wrong with them in words.
pub(super) fn collect(specs: &[OutputSpec], sources: &Sources<'_>) -> Result<Outputs, String> {
    let mut found = parse_file(sources.file)?;
    for spec in specs {
        let value = match &spec.from {
            OutputFrom::File => Ok(found.get(&spec.name).cloned()),
            OutputFrom::Regex(pattern) => by_pattern(pattern, sources),
            OutputFrom::Json(path) => as_json(sources).map(|value| walk(value, path)),
            OutputFrom::Query(query) => by_query(query, sources),
        };
        match value {
            Ok(Some(value)) => drop(found.insert(spec.name.clone(), value)),
            Ok(None) | Err(_) if !spec.required => {}
            Ok(None) => return Err(missing(spec, sources)),
            Err(why) => return Err(format!("output `{}` is missing: {why}", spec.name)),
        }
    }
    check_sizes(&found)?;
    Ok(found)
}

fn missing(spec: &OutputSpec, sources: &Sources<'_>) -> String {
    let name = &spec.name;
    let text = sources.text_name;
    let why = match &spec.from {
        OutputFrom::File => {
            format!("the step wrote no line `{name}=...` to the file $FLIGHTDECK_OUTPUT")
        }
        OutputFrom::Regex(pattern) if sources.text.whole().is_none() => {
            format!("no line in the first and the last mebibyte of {text} matches `{pattern}`")
        }
        OutputFrom::Regex(pattern) => format!("no line of {text} matches `{pattern}`"),
        OutputFrom::Json(path) => format!("{text} has no `{path}`"),
        OutputFrom::Query(query) => format!("`{query}` finds nothing in {text}"),
    };
    format!("output `{name}` is missing: {why}")
}

fn by_pattern(pattern: &str, sources: &Sources<'_>) -> Result<Option<Json>, String> {
    let regex = RegexBuilder::new(pattern)
        .multi_line(true)
        .build()
        .map_err(|e| format!("its pattern `{pattern}` cannot be used: {e}"))?;
    Ok(sources.text.texts().iter().find_map(|text| {
        let found = regex.captures(text)?;
        let part = found.get(1).or_else(|| found.get(0))?;
        Some(Json::from(part.as_str()))
    }))
}

fn as_json(sources: &Sources<'_>) -> Result<Json, String> {
    let name = sources.text_name;
    let Some(bytes) = sources.text.whole() else {
        let total = sources.text.total();
        return Err(format!(
            "{name} has {total} bytes, too many to be read as JSON"
        ));
    };
    serde_json::from_slice(&bytes).map_err(|e| format!("{name} is not JSON: {e}"))
}

/// `None` where it finds nothing, as JMESPath says null for that.
fn by_query(query: &str, sources: &Sources<'_>) -> Result<Option<Json>, String> {
    let found = jmespath(query, &as_json(sources)?)?;
    Ok(Some(found).filter(|value| !value.is_null()))
}

/// `Err`: why this is no JMESPath query, whatever it is asked of.
pub(super) fn is_jmespath(query: &str) -> Result<(), String> {
    let compiled = jmespath::compile(query);
    compiled.map(drop).map_err(|e| unusable(query, &e))
}

/// What a JMESPath query finds; null for nothing.
pub(super) fn jmespath(query: &str, value: &Json) -> Result<Json, String> {
    let compiled = jmespath::compile(query).map_err(|e| unusable(query, &e))?;
    let found = compiled.search(value).map_err(|e| unusable(query, &e))?;
    serde_json::to_value(&found).map_err(|e| format!("the query `{query}`: {e}"))
}

fn unusable(query: &str, error: &jmespath::JmespathError) -> String {
    format!("the query `{query}`: {}", error.reason)
}

/// Follows a path such as `data.items[0].id`.
fn walk(value: Json, path: &str) -> Option<Json> {
    let mut here = value;
    for word in path.split('.').filter(|word| !word.is_empty()) {
        let (key, indices) = word.split_at(word.find('[').unwrap_or(word.len()));
        if !key.is_empty() {
            here = here.get_mut(key)?.take();
        }
        for index in indices.split('[').filter(|part| !part.is_empty()) {
            let index: usize = index.strip_suffix(']')?.parse().ok()?;
            here = here.get_mut(index)?.take();
        }
    }
    Some(here)
}

/// `name=value` lines, and `name<<END` up to a line `END`, as GitHub Actions has them.
fn parse_file(bytes: &[u8]) -> Result<Outputs, String> {
    if bytes.len() > FILE_MAX {
        return Err(format!(
            "the file $FLIGHTDECK_OUTPUT has more than {FILE_MAX} bytes"
        ));
    }
    let text = String::from_utf8_lossy(bytes);
    let mut found = Outputs::new();
    let mut lines = text.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        if line.trim().is_empty() {
            continue;
        }
        let (equals, here) = (line.find('='), line.find("<<"));
        let (name, value) = match (equals, here) {
            (_, Some(at)) if equals.is_none_or(|e| at < e) => {
                let end = &line[at + 2..];
                let value = heredoc(&mut lines, end).ok_or_else(|| {
                    let number = number + 1;
                    format!("line {number} of $FLIGHTDECK_OUTPUT: no line `{end}` ends this value")
                })?;
                (&line[..at], value)
            }
            (Some(at), _) => (&line[..at], line[at + 1..].to_owned()),
            _ => {
                let number = number + 1;
                return Err(format!(
                    "line {number} of $FLIGHTDECK_OUTPUT is neither `name=value` nor `name<<END`"
                ));
            }
        };
        found.insert(name.trim().to_owned(), Json::from(value));
    }
    Ok(found)
}

fn heredoc<'a>(lines: &mut impl Iterator<Item = (usize, &'a str)>, end: &str) -> Option<String> {
    let mut value: Vec<&str> = Vec::new();
    for (_, line) in lines {
        if line == end {
            return Some(value.join("\n"));
        }
        value.push(line);
    }
    None
}

fn check_sizes(found: &Outputs) -> Result<(), String> {
    let mut all = 0;
    for (name, value) in found {
        let size = match value {
            Json::String(text) => text.len(),
            other => other.to_string().len(),
        };
        if size > ONE_MAX {
            return Err(format!(
                "output `{name}` has {size} bytes; at most {ONE_MAX} are allowed: write it to a file and publish its path"
            ));
        }
        all += size;
    }
    if all > ALL_MAX {
        return Err(format!(
            "the outputs have {all} bytes together; at most {ALL_MAX} are allowed"
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn gather(specs: &[(&str, OutputFrom, bool)], text: &str, file: &str) -> Result<Json, String> {
        let specs: Vec<OutputSpec> = specs
            .iter()
            .map(|(name, from, required)| OutputSpec {
                name: (*name).into(),
                from: from.clone(),
                required: *required,
            })
            .collect();
        let mut capture = Capture::default();
        capture.push(text.as_bytes());
        let sources = Sources {
            text: &capture,
            text_name: "the output",
            file: file.as_bytes(),
        };
        collect(&specs, &sources).map(|found| serde_json::to_value(found).unwrap())
    }

    fn regex(pattern: &str) -> OutputFrom {
        OutputFrom::Regex(pattern.into())
    }

    fn path(path: &str) -> OutputFrom {
        OutputFrom::Json(path.into())
    }

    #[test]
    fn patterns() {
        let text = "start\nendpoint=db-1\nendpoint=db-2\n";
        let check = |pattern: &str, expected: Json| {
            assert_eq!(
                gather(&[("x", regex(pattern), true)], text, "").unwrap(),
                json!({"x": expected})
            );
        };
        check(r"^endpoint=(\S+)", json!("db-1"));
        check("^start$", json!("start"));
        check(r"db-\d", json!("db-1"));
        assert_eq!(
            gather(&[("endpoint", regex("^nope$"), true)], text, "").unwrap_err(),
            "output `endpoint` is missing: no line of the output matches `^nope$`"
        );
        assert_eq!(
            gather(&[("x", regex("^nope$"), false)], text, ""),
            Ok(json!({}))
        );
    }

    #[test]
    fn paths() {
        let text = r#"{"data": {"items": [{"id": 7}, {"id": [1, 2]}]}, "n": null}"#;
        let check = |p: &str, expected: Json| {
            assert_eq!(
                gather(&[("x", path(p), true)], text, "").unwrap(),
                json!({"x": expected})
            );
        };
        check("data.items[0].id", json!(7));
        check("data.items[1].id[1]", json!(2));
        check("data.items[1]", json!({"id": [1, 2]}));
        check("n", Json::Null);
        check("", serde_json::from_str(text).unwrap());
        assert_eq!(
            gather(&[("x", path("data.nope"), true)], text, "").unwrap_err(),
            "output `x` is missing: the output has no `data.nope`"
        );
        let error = gather(&[("x", path("a"), true)], "hello", "").unwrap_err();
        assert!(
            error.starts_with("output `x` is missing: the output is not JSON: "),
            "{error}"
        );
        assert_eq!(
            gather(&[("x", path("a"), false)], "hello", ""),
            Ok(json!({}))
        );
    }

    #[test]
    fn the_file() {
        let file = "a=1\n\nb = x=y\nlong<<END\nline 1\nEND2\n  line=2\nEND\nc<=<2\na=2\n";
        assert_eq!(
            gather(&[("a", OutputFrom::File, true)], "", file).unwrap(),
            json!({"a": "2", "b": " x=y", "long": "line 1\nEND2\n  line=2", "c<": "<2"})
        );
        let check = |file: &str, expected: &str| {
            let error = gather(&[("k", OutputFrom::File, true)], "", file).unwrap_err();
            assert_eq!(error, expected);
        };
        check(
            "a=1",
            "output `k` is missing: the step wrote no line `k=...` to the file $FLIGHTDECK_OUTPUT",
        );
        check(
            "a=1\nhello",
            "line 2 of $FLIGHTDECK_OUTPUT is neither `name=value` nor `name<<END`",
        );
        check(
            "k<<E\nx",
            "line 1 of $FLIGHTDECK_OUTPUT: no line `E` ends this value",
        );
    }

    #[test]
    fn sizes_are_bounded() {
        let large = format!("k={}", "x".repeat(ONE_MAX + 1));
        assert!(
            gather(&[], "", &large)
                .unwrap_err()
                .starts_with("output `k` has 65537 bytes")
        );
        let value = "x".repeat(60_000);
        let many: Vec<String> = (0..20).map(|n| format!("k{n}={value}")).collect();
        let many = many.join("\n");
        assert!(gather(&[], "", &many).unwrap_err().contains("together"));
    }
}
