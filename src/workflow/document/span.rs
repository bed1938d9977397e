//! Spans of time as an author writes them.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, Error, Visitor};
use serde::{Serialize, Serializer};

/// No span of time in a workflow is longer.
const SPAN_MAX: Duration = Duration::from_hours(30 * 24);

/// A span of time: a number with a unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::workflow) struct Span(pub(in crate::workflow) Duration);

/// Why a text is not a span of time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct SpanMistake {
    pub message: String,
    pub hint: Option<String>,
}

impl SpanMistake {
    fn new(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            hint: Some(hint.into()).filter(|hint: &String| !hint.is_empty()),
        }
    }

    fn to_serde<E: Error>(&self) -> E {
        let hint = self.hint.as_deref().unwrap_or_default();
        E::custom(format!("{}\n{hint}", self.message))
    }
}

/// `90s`, `1h30m`, `1.5h`, `250ms`: numbers with a unit, at most 30 days.
pub fn parse_span(text: &str) -> Result<Duration, SpanMistake> {
    let example = "write a number and a unit, such as 30s, 10m, 1h30m or 2d";
    let text = text.trim();
    let mut rest = text;
    let mut seconds = 0.0;
    while !rest.is_empty() {
        let number_end = rest
            .find(|c: char| !(c.is_ascii_digit() || c == '.'))
            .unwrap_or(rest.len());
        let (number, after) = rest.split_at(number_end);
        let unit_end = after
            .find(|c: char| !c.is_ascii_alphabetic())
            .unwrap_or(after.len());
        let (unit, after) = after.split_at(unit_end);
        if rest == text && text.starts_with('-') {
            return Err(SpanMistake::new("a time must be more than 0", ""));
        }
        let Ok(number) = number.parse::<f64>() else {
            return Err(SpanMistake::new(format!("`{text}` is not a time"), example));
        };
        let factor = match unit {
            "ms" => 0.001,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            "d" => 86_400.0,
            "" => {
                let hint = format!("add a unit: {number}s");
                return Err(SpanMistake::new(format!("`{text}` has no unit"), hint));
            }
            // `1e400` is a number that got out of hand, not a unit.
            "e" | "E" => return Err(too_large()),
            _ => {
                let message = format!("`{unit}` is not a unit of time");
                return Err(SpanMistake::new(message, "the units are ms, s, m, h and d"));
            }
        };
        seconds += number * factor;
        rest = after.trim_start();
    }
    if text.is_empty() {
        return Err(SpanMistake::new("the time is empty", example));
    }
    if seconds > SPAN_MAX.as_secs_f64() {
        return Err(too_large());
    }
    // Whole milliseconds: that is what plans and journals keep.
    Ok(Duration::from_millis((seconds * 1000.0).round() as u64))
}

fn too_large() -> SpanMistake {
    SpanMistake::new("this time is too large (max 30d)", "")
}

/// In its smallest unit, which `parse_span` reads.
impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{}ms", self.0.as_millis()))
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = Span;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a time such as 30s")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Span, E> {
                parse_span(text).map(Span).map_err(|m| m.to_serde())
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<Span, E> {
                Err(unitless(&number.to_string()).to_serde())
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<Span, E> {
                Err(unitless(&number.to_string()).to_serde())
            }

            fn visit_f64<E: Error>(self, number: f64) -> Result<Span, E> {
                Err(unitless(&number.to_string()).to_serde())
            }
        }
        deserializer.deserialize_any(Text)
    }
}

fn unitless(number: &str) -> SpanMistake {
    match parse_span(number) {
        Err(mistake) => mistake,
        Ok(_) => SpanMistake::new(format!("`{number}` has no unit"), "add a unit"),
    }
}

impl JsonSchema for Span {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Span".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": r"^\s*([0-9]+(\.[0-9]+)?(ms|s|m|h|d)\s*)+$",
            "examples": ["30s", "10m", "1h30m"],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Duration, parse_span};

    #[test]
    fn spans() {
        for (text, millis) in [
            ("90s", 90_000),
            ("10m", 600_000),
            ("1h30m", 5_400_000),
            ("1h 30m", 5_400_000),
            ("1.5h", 5_400_000),
            ("250ms", 250),
            ("30d", 2_592_000_000),
            ("0s", 0),
            (" 5s ", 5_000),
        ] {
            assert_eq!(
                parse_span(text),
                Ok(Duration::from_millis(millis)),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_no_span_is_told() {
        for (text, expected) in [
            ("30", "add a unit: 30s"),
            ("1h30", "add a unit: 30s"),
            ("5x", "the units are ms, s, m, h and d"),
            ("soon", "write a number and a unit"),
            ("", "the time is empty"),
            ("s", "is not a time"),
            ("1.2.3s", "is not a time"),
            ("-5s", "more than 0"),
            ("31d", "max 30d"),
            ("1e400", "max 30d"),
            ("99999999999999999999d", "max 30d"),
            ("5 s x", "has no unit"),
        ] {
            let mistake = parse_span(text).expect_err(text);
            let told = format!("{} {}", mistake.message, mistake.hint.unwrap_or_default());
            assert!(told.contains(expected), "{text}: {told}");
        }
    }
}
