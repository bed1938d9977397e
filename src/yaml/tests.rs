//! Texts in, values or mistakes out.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{At, Tree, closest, parse, place, read};

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Theme {
    name: String,
    colours: BTreeMap<String, String>,
    width: u16,
    bold: bool,
    kind: Kind,
    inner: Option<Inner>,
    list: Vec<u32>,
}

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    #[default]
    Dark,
    Light,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Inner {
    size: f64,
}

/// `LINE:COLUMN MESSAGE | HINT` of every mistake.
fn mistakes(text: &str) -> Vec<String> {
    let told = |m: super::Mistake| {
        let hint = m.hint.map(|h| format!(" | {h}")).unwrap_or_default();
        format!("{}:{} {}{hint}", m.line, m.column, m.message)
    };
    let mistakes = parse::<Theme>(text).expect_err(text);
    mistakes.into_iter().map(told).collect()
}

fn check(text: &str, expected: &[&str]) {
    assert_eq!(mistakes(text), expected, "{text}");
}

#[test]
fn good_texts_become_values() {
    let theme: Theme = parse("name: x\ncolours: {good: green}\nlist: [1, 2]\n").unwrap();
    assert_eq!((theme.name.as_str(), theme.list.len()), ("x", 2));
    for empty in ["", "# only a comment\n", "~", "---\n", "\u{feff}"] {
        assert_eq!(parse::<Theme>(empty), Ok(Theme::default()), "{empty:?}");
    }
    let loose: BTreeMap<String, serde_json::Value> = parse("a: 1\nb: [x, 2.5, null]\n").unwrap();
    assert_eq!(loose["b"], serde_json::json!(["x", 2.5, null]));
    assert_eq!(
        parse::<Theme>("\u{feff}name: x\r\nbold: true\r\n")
            .unwrap()
            .name,
        "x"
    );
}

#[test]
fn all_mistakes_are_told_at_once() {
    check(
        "nmae: x\ncolours: {good: 5, bad: [red]}\nwidth: -3\nbold: yes\nkind: lihgt\ninner: {sise: 1, size: big}\nlist: [1, x, 3]\nname: ok\n",
        &[
            "1:1 unknown key `nmae` | did you mean `name`?",
            "2:17 expected text, got number 5 | put it in quotes: \"5\"",
            "2:25 expected text, got a list",
            "3:8 expected a whole number, 0 or more, got number -3",
            "4:7 expected true or false, got text \"yes\" | write `true`, without quotes",
            "5:7 `lihgt` is not one of the words that can stand here | did you mean `light`?",
            "6:9 unknown key `sise` | did you mean `size`?",
            "6:24 expected a number, got text \"big\"",
            "7:11 expected a number, got text \"x\"",
        ],
    );
}

#[test]
fn what_is_missing_is_told_where_it_should_stand() {
    check(
        "inner: {}\n",
        &["1:1 key `size` is missing | add `size: ...`"],
    );
}

#[test]
fn the_rest_is_read_after_what_was_refused() {
    let text = "name: a\nname: b\ncolours: {x: !!str y, x: z, z: w}\nlist: [1]\n";
    let read = read::<Theme>(text);
    let theme = read.value.unwrap();
    assert_eq!((theme.name.as_str(), theme.list.len()), ("a", 1));
    let colours: Vec<_> = theme.colours.into_iter().collect();
    assert_eq!(
        colours,
        [("x".into(), "y".into()), ("z".into(), "w".into())]
    );
    let codes: Vec<_> = read.mistakes.iter().map(|m| m.code).collect();
    assert_eq!(codes, ["duplicate_key", "tag", "duplicate_key"]);
}

#[test]
fn columns_count_characters() {
    check(
        "name: ü\ncolours: {größe: ö, ä: 5}\n",
        &["2:24 expected text, got number 5 | put it in quotes: \"5\""],
    );
    assert_eq!(place("ä\nöü", 0), (1, 1));
    assert_eq!(place("ä\nöü", 5), (2, 2));
    assert_eq!(place("ab", 99), (1, 3));
}

#[test]
fn aliases_are_values_too() {
    let theme: Theme = parse("name: &n red\ncolours: {a: *n, b: *n}\n").unwrap();
    assert_eq!(theme.colours["b"], "red");
    check(
        "colours: &c {a: 5}\ninner: *c\n",
        &[
            "1:14 unknown key `a` | keys here: `size`",
            "1:17 expected text, got number 5 | put it in quotes: \"5\"",
            "2:1 key `size` is missing | add `size: ...`",
        ],
    );
}

fn span(text: &str, walk: impl Fn(At<'_>) -> At<'_>) -> String {
    let tree: Tree = read::<serde_json::Value>(text).tree;
    text[walk(tree.root()).span()].to_owned()
}

#[test]
fn every_value_has_its_place() {
    let text = "a: {b: [x, 'y z']}\nc: |\n  one\n  two\nd:\n  - e: f\n  - &g h\nü: *g\n";
    assert_eq!(span(text, |at| at.down("a")), "{b: [x, 'y z']}");
    assert_eq!(span(text, |at| at.down("a").down("b").nth(1)), "'y z'");
    assert_eq!(span(text, |at| at.down("c")), "c");
    assert_eq!(span(text, |at| at.down("d")), "d");
    assert_eq!(span(text, |at| at.down("d").nth(0)), "e: f");
    assert_eq!(span(text, |at| at.down("d").nth(1)), "h");
    assert_eq!(span(text, |at| at.down("ü")), "*g");
    assert_eq!(span(text, |at| at.down("d").down("nothing").nth(7)), "d");
}

#[test]
fn the_closest_name_is_meant() {
    let names = ["needs", "name", "timeout", "on_failure", "if"];
    for (typed, meant) in [
        ("need", Some("needs")),
        ("nmae", Some("name")),
        ("onFailure", Some("on_failure")),
        ("on-failure", Some("on_failure")),
        ("tiemout", Some("timeout")),
        ("fi", None),
        ("colour", None),
        ("", None),
    ] {
        assert_eq!(closest(typed, names), meant, "{typed}");
    }
}
