//! Small values with a spelling of their own: sizes, conditions, needs, lists.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value as Json;

use super::named::Named;
use super::step::NeedWord;

/// A number of bytes with a unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::workflow) struct Size(pub(in crate::workflow) u64);

/// `64MiB`, `1GB`: a number and a unit.
pub fn parse_size(text: &str) -> Option<u64> {
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let number: u64 = text[..digits].parse().ok()?;
    let factor: u64 = match text[digits..].trim() {
        "B" => 1,
        "KiB" | "K" => 1 << 10,
        "MiB" | "M" => 1 << 20,
        "GiB" | "G" => 1 << 30,
        "KB" | "kB" => 1000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        _ => return None,
    };
    number.checked_mul(factor)
}

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = Size;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a size such as 100MiB")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Size, E> {
                parse_size(text).map(Size).ok_or_else(|| {
                    E::custom(format!(
                        "`{text}` is not a size\nwrite a number and a unit, such as 100MiB or 1GiB"
                    ))
                })
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<Size, E> {
                Err(E::custom(format!(
                    "`{number}` has no unit\nadd a unit: {number}MiB"
                )))
            }
        }
        deserializer.deserialize_any(Text)
    }
}

impl JsonSchema for Size {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Size".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": r"^\s*[0-9]+\s*(B|KiB|K|MiB|M|GiB|G|KB|kB|MB|GB)\s*$",
            "examples": ["100MiB", "1GiB"],
        })
    }
}

/// An expression that gives true or false; `true` and `false` may stand without quotes.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::workflow) struct Formula(pub(in crate::workflow) String);

impl<'de> Deserialize<'de> for Formula {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = Formula;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an expression, such as \"params.size > 3\"")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Formula, E> {
                Ok(Formula(text.to_owned()))
            }

            fn visit_bool<E: Error>(self, truth: bool) -> Result<Formula, E> {
                Ok(Formula(truth.to_string()))
            }
        }
        deserializer.deserialize_any(Text)
    }
}

impl JsonSchema for Formula {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Formula".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": ["string", "boolean"]})
    }
}

/// The steps before this one: a list, one id, or a map that says how each must have ended.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::workflow) enum Needs {
    List(Vec<String>),
    Map(Named<NeedWord>),
}

impl<'de> Deserialize<'de> for Needs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Shapes;
        impl<'de> Visitor<'de> for Shapes {
            type Value = Needs;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of step ids, such as [build, test]")
            }

            fn visit_str<E: Error>(self, id: &str) -> Result<Needs, E> {
                Ok(Needs::List(vec![id.to_owned()]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Needs, A::Error> {
                let mut ids = Vec::new();
                while let Some(id) = seq.next_element()? {
                    ids.push(id);
                }
                Ok(Needs::List(ids))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Needs, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Needs::Map(Named(entries)))
            }
        }
        deserializer.deserialize_any(Shapes)
    }
}

impl JsonSchema for Needs {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Needs".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let map = Named::<NeedWord>::json_schema(generator);
        json_schema!({
            "anyOf": [
                {"type": "array", "items": {"type": "string"}},
                {"type": "string"},
                map,
            ],
        })
    }
}

/// A list written out, or an expression that gives one.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::workflow) enum ForEachDoc {
    Expr(String),
    Items(Vec<Json>),
}

impl<'de> Deserialize<'de> for ForEachDoc {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Shapes;
        impl<'de> Visitor<'de> for Shapes {
            type Value = ForEachDoc;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list, or an expression that gives one")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<ForEachDoc, E> {
                Ok(ForEachDoc::Expr(text.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<ForEachDoc, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = seq.next_element()? {
                    items.push(item);
                }
                Ok(ForEachDoc::Items(items))
            }
        }
        deserializer.deserialize_any(Shapes)
    }
}

impl JsonSchema for ForEachDoc {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "ForEach".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": ["string", "array"]})
    }
}

/// The program that a shell text is handed to: `bash`, or with its own arguments `[bash, -eu, -c]`.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::workflow) struct ShellDoc(pub(in crate::workflow) Vec<String>);

impl<'de> Deserialize<'de> for ShellDoc {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Shapes;
        impl<'de> Visitor<'de> for Shapes {
            type Value = ShellDoc;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a shell, such as bash or [bash, -eu, -c]")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<ShellDoc, E> {
                let mut words: Vec<String> = text.split_whitespace().map(Into::into).collect();
                if words.len() == 1 {
                    words.push("-c".to_owned());
                }
                Ok(ShellDoc(words))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<ShellDoc, A::Error> {
                let mut words = Vec::new();
                while let Some(word) = seq.next_element()? {
                    words.push(word);
                }
                Ok(ShellDoc(words))
            }
        }
        deserializer.deserialize_any(Shapes)
    }
}

impl JsonSchema for ShellDoc {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Shell".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}],
        })
    }
}

/// A key of a later version: known, so that it is not called a typing mistake, but refused by `check`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::workflow) struct Later;

impl<'de> Deserialize<'de> for Later {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        IgnoredAny::deserialize(deserializer).map(|_| Self)
    }
}

impl JsonSchema for Later {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Later".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"not": {}, "description": "Not in this version: flightdeck does not run it yet."})
    }
}
