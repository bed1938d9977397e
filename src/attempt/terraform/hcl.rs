//! Values in terraform's own language, for a `-var-file` or `-backend-config` that it reads from its standard input.
//!
//! Not `TF_VAR_...`: those count less than a `terraform.tfvars` that lies in the folder, a mistyped name is passed over in
//! silence, and every provisioner inherits them. Not `-var`: everyone on the machine can read arguments. Not a file: that
//! would have to be removed again.

use std::fmt::Write as _;

use serde_json::Value as Json;

/// One `name = value` a line.
pub(super) fn assignments<'a>(values: impl IntoIterator<Item = (&'a str, &'a Json)>) -> Vec<u8> {
    let mut text = String::new();
    for (name, value) in values {
        text.push_str(name);
        text.push_str(" = ");
        write(value, &mut text);
        text.push('\n');
    }
    text.into_bytes()
}

fn write(value: &Json, out: &mut String) {
    match value {
        Json::String(text) => quoted(text, out),
        Json::Array(items) => {
            out.push('[');
            for item in items {
                write(item, out);
                out.push_str(", ");
            }
            out.push(']');
        }
        Json::Object(entries) => {
            out.push('{');
            for (key, value) in entries {
                quoted(key, out);
                out.push_str(" = ");
                write(value, out);
                out.push_str(", ");
            }
            out.push('}');
        }
        plain => {
            let _ = write!(out, "{plain}");
        }
    }
}

/// `${` and `%{` would begin a template.
fn quoted(text: &str, out: &mut String) {
    out.push('"');
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '$' | '%' if rest.peek() == Some(&'{') => out.extend([c, c]),
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn nothing_in_a_value_is_more_than_text() {
        let check = |value: Json, expected: &str| {
            let text = assignments([("x", &value)]);
            assert_eq!(
                String::from_utf8(text).unwrap(),
                format!("x = {expected}\n")
            );
        };
        check(json!(4), "4");
        check(json!(1.5), "1.5");
        check(json!(null), "null");
        check(
            json!("a \"b\" \\ ${c} %{d} $e $${f}"),
            r#""a \"b\" \\ $${c} %%{d} $e $$${f}""#,
        );
        check(json!("one\ntwo\u{7}"), "\"one\\ntwo\\u0007\"");
        check(
            json!({"k": ["v", true], "${x}": {}}),
            r#"{"k" = ["v", true, ], "$${x}" = {}, }"#,
        );
    }
}
