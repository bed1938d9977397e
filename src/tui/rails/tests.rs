//! Pictures of real graphs, and the proof that a picture says exactly what the plan says.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;
use crate::tui::theme::Lines;

/// `b <- a c` per line: b needs a and c.
fn plan(text: &str) -> (Vec<&str>, Vec<Vec<usize>>) {
    let mut names: Vec<&str> = Vec::new();
    let mut needs = Vec::new();
    for line in text.lines().map(str::trim).filter(|l| !l.is_empty()) {
        let (name, of) = line.split_once("<-").unwrap_or((line, ""));
        needs.push(
            of.split_whitespace()
                .map(|need| names.iter().position(|n| *n == need).expect(need))
                .collect(),
        );
        names.push(name.trim());
    }
    (names, needs)
}

fn picture(text: &str, ascii: bool) -> String {
    let (names, needs) = plan(text);
    let rails = Rails::new(needs, LANES_MAX);
    let lines = if ascii {
        &Lines::ASCII
    } else {
        &Lines::UNICODE
    };
    let node = if ascii { "+" } else { "✓" };
    let mut out = String::new();
    for row in 0..rails.len() {
        let mut line = String::new();
        for drawn in rails.cells(row, |_| false) {
            line += match drawn.cell {
                Cell::Node => node,
                cell => lines.rail(cell),
            };
        }
        if rails.bundled(row) > 0 {
            line = format!("{line} +{}", rails.bundled(row));
        }
        let pad = rails.width().saturating_sub(line.chars().count());
        line += &" ".repeat(pad + 2);
        line += names[rails.step(row)];
        out += line.trim_end();
        out.push('\n');
    }
    out
}

const FAILOVER: &str = "
    freeze-deploys
    fence-primary <- freeze-deploys
    snapshot-orders <- freeze-deploys
    snapshot-users <- freeze-deploys
    drain-queue <- freeze-deploys
    promote-orders <- fence-primary snapshot-orders
    promote-users <- snapshot-users
    approve-cutover <- promote-orders promote-users drain-queue
    dns-switch <- approve-cutover
    warm-cache <- approve-cutover
    smoke-test <- dns-switch warm-cache";

#[track_caller]
fn check(text: &str, expected: &str) {
    let drawn = picture(text, false);
    assert_eq!(drawn.trim_end(), expected.trim_matches('\n'), "\n{drawn}");
}

#[test]
fn a_failover_is_drawn_as_in_the_design() {
    check(
        FAILOVER,
        "
✓─┬─┬─╮  freeze-deploys
✓ │ │ │  fence-primary
│ ✓ │ │  snapshot-orders
✓─╯ │ │  promote-orders
│   ✓ │  snapshot-users
│   ✓ │  promote-users
│   │ ✓  drain-queue
✓─┬─┴─╯  approve-cutover
✓ │      dns-switch
│ ✓      warm-cache
✓─╯      smoke-test",
    );
    let drawn = picture(FAILOVER, true);
    let expected = r"
+-v-v-\  freeze-deploys
+ | | |  fence-primary
| + | |  snapshot-orders
+-/ | |  promote-orders
|   + |  snapshot-users
|   + |  promote-users
|   | +  drain-queue
+-v-^-/  approve-cutover
+ |      dns-switch
| +      warm-cache
+-/      smoke-test";
    assert_eq!(drawn.trim_end(), expected.trim_matches('\n'), "\n{drawn}");
}

#[test]
fn a_chain_is_one_lane_and_a_diamond_two() {
    check("a\n b <- a\n c <- b", "✓  a\n✓  b\n✓  c");
    check(
        "a\n b <- a\n c <- a\n d <- b c\n e <- d\n f <- d\n g <- e f",
        "
✓─╮  a
✓ │  b
│ ✓  c
✓─┤  d
✓ │  e
│ ✓  f
✓─╯  g",
    );
}

#[test]
fn steps_that_have_nothing_to_do_with_each_other_never_stand_as_if_they_had() {
    check(
        "a\n b <- a\n x\n y <- x\n p\n q",
        "
✓    a
✓    b
  ✓  x
  ✓  y
✓    p
  ✓  q",
    );
}

#[test]
fn a_line_that_only_crosses_is_left_unbroken() {
    check(
        "a\n b <- a\n c <- a b\n d <- a b c\n e <- a b c d",
        "
✓─┬─┬─╮      a
✓─│─│─│─┬─╮  b
✓─┤ │ │ │ │  c
✓─│─┴─│─╯ │  d
✓─┴───┴───╯  e",
    );
}

#[test]
fn thirty_steps_in_layers() {
    check(
        LAYERED,
        "
✓            page-team
✓─┬─┬─╮      freeze
✓─│─│─│─╮    check-a
✓ │ │ │ │    drain-a
✓ │ │ │ │    fence-db-a
✓ │ │ │ │    snap-a
✓ │ │ │ │    copy-a
│ ✓ │ │ │    check-b
│ ✓ │ │ │    drain-b
│ ✓ │ │ │    fence-db-b
│ ✓ │ │ │    snap-b
│ ✓ │ │ │    copy-b
✓─┤ │ │ │    verify-copies
✓ │ │ │ │    promote-a
│ ✓ │ │ │    promote-b
│ │ ✓ │ │    check-c
│ │ ✓─│─│─╮  drain-c
✓─│─╯ │ │ │  rewire-cache
│ ✓───│─│─╯  rewire-queue
✓─┼─┬─│─╯    approve
✓ │ │ │      dns-eu
│ ✓ │ │      dns-us
│ │ ✓─│─╮    cdn
✓─│─╯ │ │    smoke-eu
│ ✓───│─╯    smoke-us
✓─╯   │      smoke-all
✓─┬───╯      unfreeze
✓ │          notify
│ ✓          report
✓─╯          close",
    );
}

#[test]
fn more_than_eight_lanes_share_the_bundle() {
    check(
        &wide(11),
        "
✓─┬─┬─┬─┬─┬─┬─┬─╮ +3  prepare
✓ │ │ │ │ │ │ │ │ +3  shard-1
│ ✓ │ │ │ │ │ │ │ +3  shard-2
│ │ ✓ │ │ │ │ │ │ +3  shard-3
│ │ │ ✓ │ │ │ │ │ +3  shard-4
│ │ │ │ ✓ │ │ │ │ +3  shard-5
│ │ │ │ │ ✓ │ │ │ +3  shard-6
│ │ │ │ │ │ ✓ │ │ +3  shard-7
│ │ │ │ │ │ │ ✓ │ +3  shard-8
│ │ │ │ │ │ │ │ ✓ +3  shard-9
│ │ │ │ │ │ │ │ ✓ +3  shard-10
│ │ │ │ │ │ │ │ ✓ +3  shard-11
✓─┴─┴─┴─┴─┴─┴─┴─╯     join
✓                     report",
    );
}

#[test]
fn lines_between_rows_go_on_and_strong_edges_stand_out() {
    let (names, needs) = plan(FAILOVER);
    let rails = Rails::new(needs, LANES_MAX);
    let at = |name: &str| names.iter().position(|n| *n == name).unwrap();
    let glyphs = |drawn: Vec<Drawn>| -> (String, String) {
        let glyph = |d: &Drawn| Lines::UNICODE.rail(d.cell);
        let mark = |d: &Drawn| if d.strong { '*' } else { ' ' };
        (
            drawn.iter().map(glyph).collect(),
            drawn.iter().map(mark).collect(),
        )
    };
    let row = rails.row(at("promote-orders"));
    assert_eq!(glyphs(rails.continuation(row, |_| false)).0, "│   │ │");

    let critical = [
        at("freeze-deploys"),
        at("snapshot-orders"),
        at("promote-orders"),
    ];
    let strong = |e: Edge| critical.contains(&e.from) && critical.contains(&e.to);
    assert_eq!(
        glyphs(rails.cells(0, strong)),
        (" ─┬─┬─╮".into(), "***    ".into())
    );
    assert_eq!(glyphs(rails.cells(1, strong)).1, "  *    ");
    assert_eq!(glyphs(rails.cells(2, strong)).1, "  *    ");
    assert_eq!(
        glyphs(rails.cells(row, strong)),
        (" ─╯ │ │".into(), "***    ".into())
    );
}

/// Reads the edges back from the characters alone, as an eye does: a line that goes down from a node, or from a fork on
/// its row, to whatever takes it in.
fn edges_seen(rails: &Rails) -> BTreeSet<Edge> {
    let mut seen = BTreeSet::new();
    let mut owner: BTreeMap<usize, usize> = BTreeMap::new();
    for row in 0..rails.len() {
        let to = rails.step(row);
        let cells: Vec<Cell> = rails.cells(row, |_| false).iter().map(|d| d.cell).collect();
        let node = cells.iter().position(|c| *c == Cell::Node).unwrap();
        assert_eq!(cells.iter().filter(|c| **c == Cell::Node).count(), 1);
        for (at, cell) in cells.iter().enumerate() {
            use Cell::{Blank, Fork, ForkLeft, ForkRight, Horizontal, Node, Vertical};
            use Cell::{Both, BothLeft, BothRight, Merge, MergeLeft, MergeRight};
            let comes_in = matches!(
                cell,
                Node | Merge | MergeLeft | MergeRight | Both | BothLeft | BothRight
            );
            if comes_in && let Some(from) = owner.remove(&at) {
                seen.insert(Edge { from, to });
            } else if comes_in {
                assert_eq!(*cell, Node, "row {row}: a line comes from nowhere");
            }
            match cell {
                Vertical => assert!(owner.contains_key(&at), "row {row}: a line from nowhere"),
                Blank | Horizontal => {
                    // A node may end here; a lane may not.
                    owner.remove(&at).inspect(|from| {
                        assert_eq!(rails.row(*from) + 1, row, "row {row}: a lane stops");
                    });
                }
                Node | Fork | ForkLeft | ForkRight | Both | BothLeft | BothRight => {
                    owner.insert(at, to);
                }
                Merge | MergeLeft | MergeRight => {}
            }
            // What joins is reached from the node without a gap.
            if !matches!(cell, Blank | Vertical | Node | Horizontal) {
                let between = &cells[at.min(node) + 1..at.max(node)];
                assert!(
                    !between.contains(&Blank),
                    "row {row}: a join without a line"
                );
            }
        }
    }
    seen
}

/// Plans in file order; each step needs some of the few before it, as people write them, or of all before it.
fn plans() -> impl Strategy<Value = Vec<Vec<usize>>> {
    let step = |i: usize| {
        let near = proptest::collection::vec(i.saturating_sub(4)..i.max(1), 0..3);
        let far = proptest::collection::vec(0..i.max(1), 0..4);
        prop_oneof![4 => near, 1 => far]
            .prop_map(move |needs| if i == 0 { Vec::new() } else { needs })
    };
    (1_usize..40).prop_flat_map(move |n| (0..n).map(step).collect::<Vec<_>>())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_picture_says_what_the_plan_says(needs in plans(), lanes in 1..=LANES_MAX) {
        let rails = Rails::new(needs.clone(), lanes);
        let edges: BTreeSet<Edge> = needs
            .iter()
            .enumerate()
            .flat_map(|(to, needs)| needs.iter().map(move |from| Edge { from: *from, to }))
            .collect();
        let mut steps: Vec<usize> = rails.order().collect();
        for edge in &edges {
            prop_assert!(rails.row(edge.from) < rails.row(edge.to));
        }
        steps.sort_unstable();
        prop_assert_eq!(steps, (0..needs.len()).collect::<Vec<_>>());

        let mut bundles = false;
        for row in 0..rails.len() {
            let crossing = edges.iter().filter(|e| {
                rails.row(e.from) <= row && rails.row(e.to) > row
            });
            let down = rails.continuation(row, |_| true);
            let lanes_down = down.iter().filter(|d| d.strong).count();
            prop_assert_eq!(crossing.count(), lanes_down + rails.bundled(row));
            prop_assert_eq!(rails.cells(row, |_| false).len(), down.len());
            bundles |= rails.bundled(row) > 0;
        }
        if !bundles {
            prop_assert_eq!(edges_seen(&rails), edges);
        }
    }
}

#[test]
fn long_and_dense_plans_are_laid_in_no_time() {
    let started = Instant::now();
    let chain = Rails::new((0..100_000_usize).map(|i| i.checked_sub(1)), LANES_MAX);
    assert_eq!(chain.width(), 1);
    let dense = Rails::new(
        (0..10_000_usize).map(|i| [1, 7, 40].into_iter().filter_map(move |d| i.checked_sub(d))),
        LANES_MAX,
    );
    assert_eq!(dense.len(), 10_000);
    let star = Rails::new((0..50_000_usize).map(|i| (i > 0).then_some(0)), LANES_MAX);
    assert_eq!(star.bundled(0), 49_999 - LANES_MAX);
    // Unoptimised on a busy machine this takes about 0.1 s; a quadratic step would take minutes.
    assert!(
        started.elapsed() < Duration::from_secs(5),
        "{:?}",
        started.elapsed()
    );
}

const LAYERED: &str = "
    page-team
    freeze <- page-team
    check-a <- freeze
    check-b <- freeze
    check-c <- freeze
    drain-a <- check-a
    drain-b <- check-b
    drain-c <- check-c
    fence-db-a <- drain-a
    fence-db-b <- drain-b
    snap-a <- fence-db-a
    snap-b <- fence-db-b
    copy-a <- snap-a
    copy-b <- snap-b
    verify-copies <- copy-a copy-b
    promote-a <- verify-copies
    promote-b <- verify-copies
    rewire-cache <- drain-c promote-a
    rewire-queue <- drain-c promote-b
    approve <- rewire-cache rewire-queue check-a
    dns-eu <- approve
    dns-us <- approve
    cdn <- approve
    smoke-eu <- dns-eu cdn
    smoke-us <- dns-us cdn
    smoke-all <- smoke-eu smoke-us
    unfreeze <- smoke-all freeze
    notify <- unfreeze
    report <- unfreeze
    close <- notify report";

fn wide(n: usize) -> String {
    let mut text = String::from("prepare\n");
    let names: Vec<String> = (1..=n).map(|i| format!("shard-{i}")).collect();
    for name in &names {
        text = format!("{text}{name} <- prepare\n");
    }
    text + &format!("join <- {}\nreport <- join", names.join(" "))
}
