//! Ids may hold hyphens, names in expressions may not: `steps.db-promote.status` becomes `steps["db-promote"].status`.

use std::fmt::Write;

use super::pieces::BadText;

/// The expression as minijinja can read it.
pub(super) fn rewrite(source: &str) -> Result<String, BadText> {
    let mut out = String::with_capacity(source.len() + 8);
    let mut rest = source;
    let mut after_dot = false;
    while let Some(c) = rest.chars().next() {
        let taken = match c {
            '"' | '\'' => quoted(rest, c),
            'a'..='z' | 'A'..='Z' | '_' | '0'..='9' => word(rest),
            _ => {
                operator(source, rest)?;
                c.len_utf8()
            }
        };
        let (now, later) = rest.split_at(taken);
        out.push_str(now);
        rest = later;
        if now == "steps"
            && !after_dot
            && let Some((id, later)) = id_after(rest)
        {
            let _ = write!(out, "[\"{id}\"]");
            rest = later;
        }
        if !c.is_whitespace() {
            after_dot = now == ".";
        }
    }
    Ok(out)
}

fn quoted(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if c == quote => return at + 1,
            _ => {}
        }
    }
    text.len()
}

fn word(text: &str) -> usize {
    let inside = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.find(|c| !inside(c)).unwrap_or(text.len())
}

/// The id after `steps.`, as far as it goes, and what follows it.
fn id_after(text: &str) -> Option<(&str, &str)> {
    let text = text.trim_start().strip_prefix('.')?.trim_start();
    let inside = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let end = text.find(|c| !inside(c)).unwrap_or(text.len());
    (end > 0).then(|| text.split_at(end))
}

/// Operators of other languages are refused by name.
fn operator(source: &str, rest: &str) -> Result<(), BadText> {
    let (seen, instead) = if rest.starts_with("&&") {
        ("&&", "and")
    } else if rest.starts_with("||") {
        ("||", "or")
    } else if rest.starts_with('!') && !rest.starts_with("!=") {
        ("!", "not")
    } else {
        return Ok(());
    };
    let at = source.len() - rest.len();
    Err(BadText {
        code: "expression",
        message: format!("`{seen}` is not part of the language"),
        hint: Some(format!("write `{instead}` (and, or, not)")),
        span: at..at + seen.len(),
    })
}

#[cfg(test)]
mod tests {
    use super::rewrite;

    fn check(source: &str, expected: &str) {
        assert_eq!(rewrite(source).unwrap(), expected, "{source}");
    }

    #[test]
    fn ids_may_hold_hyphens() {
        check("steps.a.status", r#"steps["a"].status"#);
        check(
            "steps.db-promote.outputs.x - 1",
            r#"steps["db-promote"].outputs.x - 1"#,
        );
        check("steps . 1st-try .status", r#"steps["1st-try"] .status"#);
        check("'steps.a-b' ~ x", "'steps.a-b' ~ x");
        check(r#""\"steps.a-b" ~ x"#, r#""\"steps.a-b" ~ x"#);
        check("body.steps.a-b", "body.steps.a-b");
        check("body . steps.a", "body . steps.a");
        check("mysteps.a-b", "mysteps.a-b");
        check("steps['a-b'].status", "steps['a-b'].status");
        check("ä ~ steps.x-y", r#"ä ~ steps["x-y"]"#);
    }

    #[test]
    fn operators_of_other_languages_are_named() {
        for (source, hint) in [
            ("a && b", "and"),
            ("a || b", "or"),
            ("!a", "not"),
            ("a and ! b", "not"),
        ] {
            let bad = rewrite(source).unwrap_err();
            assert!(bad.hint.unwrap().contains(hint), "{source}");
        }
        for fine in ["a != b", "'a && b'", "a | length", "\"!\" ~ a"] {
            assert!(rewrite(fine).is_ok(), "{fine}");
        }
    }
}
