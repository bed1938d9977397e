//! The drawings as text: nothing stands on anything else, nothing that was written is more than text, and large plans stay small.

use super::layers::Layers;
use super::{Bar, BarKind, Edge, Gantt, GanttRow, Graph, Mood};
use crate::workflow;

const HOSTILE: &str = r#"
name: "</title><script>alert(1)</script>"
steps:
  - {id: fence, name: "\"><img src=x onerror=alert(1)>", danger: high, run: a}
  - {id: ask, needs: [fence], approval: {message: go?}}
  - {id: each, needs: {fence: any}, for_each: [1, 2], run: b}
  - {id: last, needs: [ask, each, fence], run: c}
"#;

/// Fails on what is no well-formed XML, as far as our own pictures go.
fn assert_balanced(xml: &str) {
    let mut open = Vec::new();
    for piece in xml.split('<').skip(1) {
        let (tag, text) = piece.split_once('>').expect("a tag ends");
        assert!(!text.contains('>'), "{piece}");
        assert_eq!(tag.matches('"').count() % 2, 0, "{tag}");
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name), "{tag}");
        } else if !tag.ends_with('/') {
            open.push(tag.split_whitespace().next().expect("a name"));
        }
    }
    assert!(open.is_empty(), "{open:?}");
}

fn plan(text: &str) -> Graph {
    let checked = workflow::check(text.as_bytes());
    Graph::of(&checked.workflow.expect("it is right"))
}

#[test]
fn a_workflow_is_drawn_and_its_texts_stay_texts() {
    let svg = plan(HOSTILE).file();
    assert_balanced(&svg);
    assert!(!svg.contains("<script") && !svg.contains("<img"), "{svg}");
    assert_eq!(svg, plan(HOSTILE).file());
    let (style, drawn) = svg.split_once("</style>").expect("a style");
    assert!(style.contains("prefers-color-scheme:dark"));
    insta::assert_snapshot!(drawn);
}

fn edges(pairs: impl IntoIterator<Item = (usize, usize)>) -> Vec<Edge> {
    let edge = |(from, to)| Edge {
        from,
        to,
        any: false,
    };
    pairs.into_iter().map(edge).collect()
}

#[test]
fn boxes_of_a_level_stand_beside_each_other() {
    let all = edges((20..200).flat_map(|i| [(i - 20, i), ((i / 20 - 1) * 20 + i * 7 % 20, i)]));
    let layers = Layers::new(200, &all);
    let size = |spot: usize| if spot < 200 { 100.0 } else { 10.0 };
    let places = layers.places(size);
    for row in &layers.rows {
        for pair in row.windows(2) {
            let apart = places[pair[1]] - places[pair[0]];
            let needed = f64::midpoint(size(pair[0]), size(pair[1]));
            assert!(apart > needed - 0.001, "{apart} < {needed}");
        }
    }
}

#[test]
fn a_step_that_needs_all_others_costs_one_line() {
    let chain = (1..2_000).map(|i| (i - 1, i));
    let all = chain.chain((0..1_998).map(|i| (i, 1_999)));
    let layers = Layers::new(2_000, &edges(all));
    // One for each step of the chain, and one beside it with a way in from each.
    assert!(layers.lines.len() <= 3 * 2_000, "{}", layers.lines.len());
    assert!(layers.rows.iter().all(|row| row.len() <= 2));
}

#[test]
fn a_line_is_dashed_where_all_it_stands_for_take_a_failed_one() {
    let (from, to) = (0, 3);
    let mut all = edges([(0, 1), (1, 2), (2, 3), (1, 3)]);
    all.push(Edge {
        from,
        to,
        any: true,
    });
    let layers = Layers::new(4, &all);
    let dashed = layers.lines.values().filter(|any| **any).count();
    // Two of its three pieces: the last one is that of `1` too.
    assert_eq!(dashed, 2, "{:?}", layers.lines);
}

fn bar(from: u64, to: u64, kind: BarKind) -> Bar {
    let tip = format!("<{from}> to {to}");
    Bar {
        from,
        to,
        kind,
        tip,
    }
}

#[test]
fn a_run_is_drawn_against_time() {
    let row = |id: &str, expected, bars| GanttRow {
        id: id.into(),
        state: "timed out".into(),
        mood: Mood::Bad,
        expected,
        bars,
        ..GanttRow::default()
    };
    let gantt = Gantt {
        title: "</title>".into(),
        span: 100_000,
        rows: vec![
            row(
                "early",
                Some(50_000),
                vec![bar(0, 20_000, BarKind::Worked(1))],
            ),
            row(
                "late",
                Some(10_000),
                vec![
                    bar(20_000, 60_000, BarKind::Failed(1)),
                    bar(60_000, 70_000, BarKind::Stuck),
                    bar(70_000, 70_001, BarKind::Worked(2)),
                ],
            ),
            row("<ask>", None, vec![bar(80_000, 100_000, BarKind::Asked)]),
        ],
        paused: vec![(10_000, 20_000)],
        objective: Some(90_000),
        ..Gantt::default()
    };
    let figures = gantt.figures();
    assert_eq!(figures.len(), 2, "what the bars mean, and the bars");
    for figure in &figures {
        assert_balanced(figure);
    }
    insta::assert_snapshot!(figures[1]);
}

#[test]
fn a_long_gantt_comes_in_pieces_that_fit_on_a_page() {
    let gantt = Gantt {
        rows: vec![GanttRow::default(); 100],
        ..Gantt::default()
    };
    assert_eq!(gantt.figures().len(), 1 + 3);
}
