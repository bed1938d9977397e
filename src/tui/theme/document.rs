//! A theme file as it is written. Names of roles and statuses are checked by `load`, which can say what was meant.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, Visitor};

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Document {
    pub(super) name: Option<String>,
    pub(super) extends: Option<String>,
    pub(super) palette: BTreeMap<String, ColourText>,
    pub(super) roles: BTreeMap<String, StyleText>,
    pub(super) status: BTreeMap<String, StatusText>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct StyleText {
    pub(super) fg: Option<ColourText>,
    pub(super) bg: Option<ColourText>,
    /// Replaces the inherited attributes; `[]` takes them away.
    pub(super) attr: Option<Vec<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct StatusText {
    pub(super) fg: Option<ColourText>,
    pub(super) bg: Option<ColourText>,
    pub(super) attr: Option<Vec<String>>,
    pub(super) glyph: Option<String>,
    pub(super) ascii: Option<String>,
    pub(super) word: Option<String>,
}

/// A colour as written: `blue`, `"#56B4E9"` or `208`, which YAML gives as a number.
#[derive(Clone, Debug)]
pub(super) struct ColourText(pub(super) String);

impl<'de> Deserialize<'de> for ColourText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = ColourText;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("a colour: default, a name, 0-255 or \"#rrggbb\"")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<ColourText, E> {
                Ok(ColourText(text.to_owned()))
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<ColourText, E> {
                Ok(ColourText(number.to_string()))
            }
        }
        deserializer.deserialize_any(Text)
    }
}
