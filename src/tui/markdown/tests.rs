//! Markdown as rows of text.

use super::*;

fn plain(text: &str, width: usize) -> Vec<String> {
    let joined = |row: Row| row.into_iter().map(|(_, text)| text).collect::<String>();
    rows(text, width).into_iter().map(joined).collect()
}

#[test]
fn paragraphs_flow_and_lists_keep_their_place() {
    let text = "Fence the old\nprimary.\n\n- first thing to do\n  goes on\n- second\n\n1) count\n> quoted\n";
    assert_eq!(
        plain(text, 16),
        [
            "Fence the old",
            "primary.",
            "",
            "- first thing to",
            "  do goes on",
            "- second",
            "",
            "1. count",
            "| quoted"
        ]
    );
}

#[test]
fn code_keeps_its_spaces_and_loses_nothing() {
    assert_eq!(plain("```sh\npgctl  fence\n```", 40), ["  pgctl  fence"]);
    assert_eq!(plain("```\nabcdefgh", 6), ["  abcd", "  efgh"]);
}

#[test]
fn faces() {
    let face = |text: &str| rows(text, 60).remove(0);
    let piece = |face, text: &str| (face, text.to_owned());
    assert_eq!(
        face("a **bold `x y`** word"),
        [
            piece(Face::Plain, "a "),
            piece(Face::Strong, "bold"),
            piece(Face::Plain, " "),
            piece(Face::Code, "x y"),
            piece(Face::Plain, " word")
        ]
    );
    assert_eq!(face("## Fence ##"), [piece(Face::Heading, "Fence")]);
    assert_eq!(
        face("see [the doc](https://x.y)"),
        [
            piece(Face::Plain, "see the doc "),
            piece(Face::Muted, "(https://x.y)")
        ]
    );
    for same in [
        "promote_orders_eu and 2 * 3 * 4",
        "a ** b",
        "[x] done",
        "**open",
        "#1 is out",
    ] {
        assert_eq!(face(same), [piece(Face::Plain, same)], "{same}");
    }
    assert_eq!(face(r"\*kept\*"), [piece(Face::Plain, "*kept*")]);
}

#[test]
fn hostile_texts_end() {
    let nested = "*_".repeat(50_000);
    assert!(!rows(&nested, 80).is_empty());
    assert!(!rows(&format!("a{}", "`".repeat(9_999)), 1).is_empty());
    assert_eq!(plain("a\u{1b}[31mb", 40), ["a␛[31mb"]);
    assert_eq!(rows("", 0), Vec::<Row>::new());
}
