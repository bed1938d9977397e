//! Values of a statement. They travel as text, and the server reads them by the types that it found for the statement.

use std::error::Error;

use bytes::{BufMut as _, BytesMut};
use serde_json::Value as Json;
use tokio_postgres::types::{Format, IsNull, Kind, ToSql, Type, to_sql_checked};

/// The value of a `$n`.
#[derive(Debug)]
pub(super) struct Param(pub(super) Json);

impl ToSql for Param {
    fn to_sql(
        &self,
        kind: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        let Some(text) = text(&self.0, kind) else {
            return Ok(IsNull::Yes);
        };
        out.put_slice(text.as_bytes());
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn encode_format(&self, _: &Type) -> Format {
        Format::Text
    }

    to_sql_checked!();
}

/// `None` is NULL.
fn text(value: &Json, kind: &Type) -> Option<String> {
    let is_array = matches!(kind.kind(), Kind::Array(_));
    Some(match value {
        Json::Null => return None,
        Json::String(text) => text.clone(),
        Json::Array(items) if is_array => array(items),
        // Also of lists and maps, for json and jsonb.
        other => other.to_string(),
    })
}

/// `{a,"b c",NULL}`.
fn array(items: &[Json]) -> String {
    let item = |item: &Json| match item {
        Json::Null => "NULL".to_owned(),
        Json::Array(items) => array(items),
        Json::String(text) => quoted(text),
        Json::Object(_) => quoted(&item.to_string()),
        plain => plain.to_string(),
    };
    let items: Vec<String> = items.iter().map(item).collect();
    format!("{{{}}}", items.join(","))
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_as_the_server_reads_them() {
        for (value, kind, expected) in [
            (json!(null), Type::TEXT, None),
            (json!("it's"), Type::TEXT, Some("it's")),
            (json!(1.5), Type::NUMERIC, Some("1.5")),
            (json!(true), Type::BOOL, Some("true")),
            (json!({"a": [1]}), Type::JSONB, Some(r#"{"a":[1]}"#)),
            (json!([1, "x"]), Type::JSONB, Some(r#"[1,"x"]"#)),
            (json!([1, null]), Type::INT4_ARRAY, Some("{1,NULL}")),
            (
                json!(["a b", "\"\\", ""]),
                Type::TEXT_ARRAY,
                Some(r#"{"a b","\"\\",""}"#),
            ),
        ] {
            assert_eq!(text(&value, &kind).as_deref(), expected, "{value} {kind}");
        }
    }
}
