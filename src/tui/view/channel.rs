//! The lines between two columns of the graph: each bundle of them goes through one vertical of its own, and lines that
//! join the same steps share it. A line that only crosses a vertical leaves it unbroken, as in the outline's rails.

use std::collections::{BTreeMap, BTreeSet};

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::strip::Strip;
use crate::tui::neighbours::Edge;
use crate::tui::rails::Cell;
use crate::tui::theme::{Role, Theme};

/// Verticals beside each other: more could not be told apart.
const VERTICALS: usize = 5;

const LEFT: u8 = 1;
const RIGHT: u8 = 2;
const UP: u8 = 4;
const DOWN: u8 = 8;

/// Every row of `from` is joined with every row of `to`.
#[derive(Clone, Debug)]
struct Bundle {
    from: BTreeSet<usize>,
    to: BTreeSet<usize>,
    role: Role,
}

impl Bundle {
    fn is_straight(&self) -> bool {
        self.from.len() == 1 && self.from == self.to
    }
}

#[derive(Clone, Debug)]
pub(super) struct Channel {
    /// From left to right.
    bundles: Vec<Bundle>,
    /// Of a bundle that goes straight on there is none.
    verticals: usize,
}

impl Channel {
    pub(super) fn new<'a>(
        edges: impl Iterator<Item = &'a Edge>,
        role: impl Fn(&Edge) -> Role,
    ) -> Self {
        let mut by_row: BTreeMap<usize, (BTreeSet<usize>, Role)> = BTreeMap::new();
        for edge in edges {
            let (to, loudest) = by_row
                .entry(edge.from)
                .or_insert((BTreeSet::new(), Role::Rail));
            to.insert(edge.to);
            *loudest = louder(*loudest, role(edge));
        }
        let mut same: BTreeMap<BTreeSet<usize>, Bundle> = BTreeMap::new();
        for (from, (to, role)) in by_row {
            let bundle = same.entry(to.clone()).or_insert_with(|| Bundle {
                from: BTreeSet::new(),
                to,
                role,
            });
            bundle.from.insert(from);
            bundle.role = louder(bundle.role, role);
        }
        let mut bundles: Vec<Bundle> = same.into_values().collect();
        // Where there are too many, those of the step itself and of the critical path stay.
        bundles.sort_by_key(|bundle| bundle.role == Role::Rail);
        let mut room = VERTICALS;
        bundles.retain(|bundle| {
            let fits = bundle.is_straight() || room > 0;
            room -= usize::from(fits && !bundle.is_straight());
            fits
        });
        Self {
            verticals: VERTICALS - room,
            bundles: in_order(bundles),
        }
    }

    pub(super) fn width(&self) -> u16 {
        (self.verticals + 2).max(3) as u16
    }

    /// How the line looks that begins at this row, if one does.
    pub(super) fn leaves(&self, row: usize) -> Option<Role> {
        self.loudest(|bundle| bundle.from.contains(&row))
    }

    pub(super) fn arrives(&self, row: usize) -> Option<Role> {
        self.loudest(|bundle| bundle.to.contains(&row))
    }

    fn loudest(&self, is: impl Fn(&Bundle) -> bool) -> Option<Role> {
        let found = self.bundles.iter().filter(|bundle| is(bundle));
        found.map(|bundle| bundle.role).reduce(louder)
    }

    pub(super) fn render(&self, theme: &Theme, buffer: &mut Buffer, area: Rect) {
        let width = usize::from(area.width);
        let mut cells = vec![(0_u8, Role::Rail); width * usize::from(area.height)];
        let mut put = |(x, row): (usize, usize), joins: u8, role: Role| {
            if x < width
                && let Some((there, as_now)) = cells.get_mut(row * width + x)
            {
                (*there, *as_now) = match (*there, joins) {
                    // A line that crosses.
                    (old, new) if old == UP | DOWN && new == LEFT | RIGHT => (old, *as_now),
                    (old, new) if old == LEFT | RIGHT && new == UP | DOWN => (new, role),
                    (old, new) => (old | new, louder(*as_now, role)),
                };
            }
        };
        let mut x = 1;
        for bundle in &self.bundles {
            let straight = bundle.is_straight();
            let (from, to) = (bundle.from.iter(), bundle.to.iter());
            for &row in from {
                let end = if straight { width } else { x };
                (0..end).for_each(|at| put((at, row), LEFT | RIGHT, bundle.role));
            }
            if straight {
                continue;
            }
            for &row in to {
                (x + 1..width).for_each(|at| put((at, row), LEFT | RIGHT, bundle.role));
            }
            let rows = bundle.from.union(&bundle.to);
            let top = rows.clone().next().copied().unwrap_or(0);
            let bottom = rows.last().copied().unwrap_or(top);
            for row in top..=bottom {
                let mut joins = 0;
                for (is, join) in [
                    (bundle.from.contains(&row), LEFT),
                    (bundle.to.contains(&row), RIGHT),
                    (row > top, UP),
                    (row < bottom, DOWN),
                ] {
                    joins |= if is { join } else { 0 };
                }
                put((x, row), joins, bundle.role);
            }
            x += 1;
        }
        for row in 0..area.height {
            let mut strip = Strip::nth(buffer, area, row);
            for (joins, role) in &cells[usize::from(row) * width..][..width] {
                let glyph = theme.lines().rail(cell(*joins));
                strip.own(glyph, theme.style(*role));
            }
        }
    }
}

fn louder(one: Role, other: Role) -> Role {
    let rank = |role| match role {
        Role::RailCritical => 2,
        Role::Accent => 1,
        _ => 0,
    };
    if rank(other) > rank(one) { other } else { one }
}

/// A line that comes in on a row stands left of one that goes out on it, where that can be: else they would seem to be one.
fn in_order(mut bundles: Vec<Bundle>) -> Vec<Bundle> {
    let mut ordered = Vec::with_capacity(bundles.len());
    while !bundles.is_empty() {
        let waits = |one: &Bundle| {
            let others = bundles.iter().filter(|other| other.to != one.to);
            others
                .into_iter()
                .any(|other| !other.from.is_disjoint(&one.to))
        };
        let next = bundles.iter().position(|bundle| !waits(bundle));
        ordered.push(bundles.remove(next.unwrap_or(0)));
    }
    ordered
}

fn cell(joins: u8) -> Cell {
    let (left, right) = (joins & LEFT != 0, joins & RIGHT != 0);
    match (left, right, joins & UP != 0, joins & DOWN != 0) {
        (false, false, false, false) => Cell::Blank,
        (false, false, ..) => Cell::Vertical,
        (_, _, false, false) => Cell::Horizontal,
        (true, true, false, true) => Cell::Fork,
        (true, false, false, true) => Cell::ForkRight,
        (false, true, false, true) => Cell::ForkLeft,
        (true, true, true, false) => Cell::Merge,
        (true, false, true, false) => Cell::MergeRight,
        (false, true, true, false) => Cell::MergeLeft,
        (true, true, true, true) => Cell::Both,
        (true, false, true, true) => Cell::BothRight,
        (false, true, true, true) => Cell::BothLeft,
    }
}
