//! The steps around one step, in columns: what it needs to the left, what needs it to the right, beside it those that share
//! either. Only what can be seen is looked at, so that a graph of ten thousand steps costs what one of ten costs.
//!
//! ```text
//!   column 0       1            2            3            middle = 2: the step and its siblings
//!   freeze-dep ─┬─ fence-prim ─┬─ PROMOTE-OR ─── approve
//!               ╰─ snap-order ─╯
//! ```

use std::collections::{BTreeMap, BTreeSet};

use crate::run::{Run, State};

/// Steps to either side of a step among which its siblings are looked for.
const WINDOW: usize = 64;
/// Parents and children whose own children and parents are siblings.
const RELATIVES: usize = 8;

/// What is seen of the graph.
#[derive(Clone, Debug, Default)]
pub(crate) struct Neighbours {
    pub columns: Vec<Column>,
    /// From a place in a column to a place in the next one.
    pub edges: Vec<Edge>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Column {
    /// From top to bottom; `first` is the row of the first one.
    pub places: Vec<Place>,
    pub first: usize,
    /// Steps that belong here and found no room.
    pub more: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Step(usize),
    /// A line from this step to a column further right.
    Through(usize),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Edge {
    pub column: usize,
    /// Rows of the picture.
    pub from: usize,
    pub to: usize,
    /// The steps that it joins, be they in these columns or further away.
    pub needed: usize,
    pub needs: usize,
}

impl Column {
    pub(crate) fn row_of(&self, wanted: Place) -> Option<usize> {
        let at = self.places.iter().position(|place| *place == wanted);
        at.map(|at| self.first + at)
    }
}

impl Neighbours {
    /// Around `step`, so many columns to each side, in so many rows.
    pub(crate) fn new(run: &Run, step: usize, depth: usize, rows: usize) -> Self {
        let rows = rows.max(1);
        let needs = |i: usize| run.needs(i).iter().map(|need| need.step);
        let mut left = levels(step, depth, rows, needs);
        let right = levels(step, depth, rows, |i| run.dependents(i).iter().copied());
        let middle = left.len();
        left.reverse();
        let elsewhere: BTreeSet<usize> = left
            .iter()
            .chain(&right)
            .flat_map(|l| &l.0)
            .copied()
            .collect();
        let mut siblings = siblings(run, step);
        siblings.retain(|i| !elsewhere.contains(i));
        let beside = centred(&siblings, step, rows);
        let levels = left.into_iter().chain([beside]).chain(right);
        let mut columns: Vec<Column> = levels.map(|level| column(level, rows)).collect();
        // The step itself stands in the middle row, wherever its siblings end.
        let at = columns[middle].row_of(Place::Step(step)).unwrap_or(0);
        let first = columns[middle].first as isize + (rows / 2) as isize - at as isize;
        let lowest = rows - columns[middle].places.len().min(rows);
        columns[middle].first = usize::try_from(first).unwrap_or(0).min(lowest);
        let mut found = Self {
            columns,
            edges: Vec::new(),
        };
        found.join(run, step, rows);
        found
    }

    /// Finds the edges between the steps that are seen, and makes room for those that cross a column.
    fn join(&mut self, run: &Run, step: usize, rows: usize) {
        let mut at = BTreeMap::new();
        for (column, level) in self.columns.iter().enumerate() {
            for place in &level.places {
                if let Place::Step(step) = place {
                    at.insert(*step, column);
                }
            }
        }
        let mut joined: Vec<(usize, usize)> = Vec::new();
        for &needed in at.keys() {
            let dependents = run.dependents(needed);
            if dependents.len() <= at.len() {
                let seen = dependents.iter().filter(|d| at.contains_key(*d));
                joined.extend(seen.map(|d| (needed, *d)));
            } else {
                let seen = at.keys().filter(|d| dependents.binary_search(d).is_ok());
                joined.extend(seen.map(|d| (needed, *d)));
            }
        }
        // The lines of the step itself come first, then short ones: what finds no room is left out.
        let far = |(from, to): &(usize, usize)| at[to].saturating_sub(at[from]);
        joined.sort_by_key(|edge| (edge.0 != step && edge.1 != step, far(edge), *edge));
        for (needed, needs) in joined.into_iter().filter(|edge| far(edge) > 0) {
            self.draw(needed, needs, (at[&needed], at[&needs]), rows);
        }
        self.edges.sort_unstable();
        self.edges.dedup();
    }

    fn draw(&mut self, needed: usize, needs: usize, (from, to): (usize, usize), rows: usize) {
        let mut path = vec![Place::Step(needed)];
        for column in from + 1..to {
            let through = Place::Through(needed);
            let level = &mut self.columns[column];
            if level.row_of(through).is_none() {
                if level.first + level.places.len() < rows {
                    level.places.push(through);
                } else {
                    return;
                }
            }
            path.push(through);
        }
        path.push(Place::Step(needs));
        for (n, pair) in path.windows(2).enumerate() {
            let column = from + n;
            let row = |column: usize, place| self.columns[column].row_of(place);
            if let (Some(from), Some(to)) = (row(column, pair[0]), row(column + 1, pair[1])) {
                self.edges.push(Edge {
                    column,
                    from,
                    to,
                    needed,
                    needs,
                });
            }
        }
    }
}

/// The steps of a column, and how many found no room.
type Level = (Vec<usize>, usize);

/// Level by level away from `step`; a step that is met again further away stands there.
fn levels<N: Iterator<Item = usize>>(
    step: usize,
    depth: usize,
    rows: usize,
    next: impl Fn(usize) -> N,
) -> Vec<Level> {
    let mut levels: Vec<Level> = Vec::new();
    let mut last = vec![step];
    for _ in 0..depth {
        let mut found = BTreeSet::new();
        let mut more = 0;
        for &from in &last {
            let (low, high) = next(from).size_hint();
            let mut looked = 0;
            for to in next(from).take(rows + found.len()) {
                looked += 1;
                if found.len() < rows {
                    found.insert(to);
                } else if !found.contains(&to) {
                    more += 1;
                }
            }
            more += high.unwrap_or(low).saturating_sub(looked);
        }
        if found.is_empty() {
            break;
        }
        for level in &mut levels {
            level.0.retain(|step| !found.contains(step));
        }
        last = found.iter().copied().collect();
        levels.push((last.clone(), more));
    }
    levels
}

fn column((steps, more): Level, rows: usize) -> Column {
    let first = (rows / 2).saturating_sub(steps.len() / 2);
    Column {
        first,
        places: steps.into_iter().map(Place::Step).collect(),
        more,
    }
}

/// As many steps around `step` as there are rows.
fn centred(steps: &[usize], step: usize, rows: usize) -> Level {
    let at = steps.iter().position(|i| *i == step).unwrap_or(0);
    let first = at
        .saturating_sub(rows / 2)
        .min(steps.len().saturating_sub(rows));
    let end = (first + rows).min(steps.len());
    let more = steps.len() - (end - first);
    (steps[first..end].to_vec(), more)
}

/// Steps that share a need or a dependent with `step`, itself among them, in the order of the file.
pub(crate) fn siblings(run: &Run, step: usize) -> Vec<usize> {
    let mut found = BTreeSet::from([step]);
    let needs = run.needs(step);
    for need in needs.iter().take(RELATIVES) {
        found.extend(window(run.dependents(need.step), step));
    }
    if needs.is_empty() {
        found.extend(window(run.first_steps(), step));
    }
    for &dependent in run.dependents(step).iter().take(RELATIVES) {
        let needs = run.needs(dependent);
        let at = needs.iter().position(|need| need.step == step);
        let near = needs.iter().skip(at.unwrap_or(0).saturating_sub(WINDOW));
        found.extend(near.take(2 * WINDOW).map(|need| need.step));
    }
    found.into_iter().collect()
}

/// Those around `step` in an ascending list.
fn window(steps: &[usize], step: usize) -> impl Iterator<Item = usize> {
    let at = steps.partition_point(|other| *other < step);
    let near = steps.iter().skip(at.saturating_sub(WINDOW));
    near.take(2 * WINDOW).copied()
}

/// Of the steps before or behind a step, the one to go to: what has failed or runs says more than what is done.
pub(crate) fn telling(run: &Run, steps: impl Iterator<Item = usize>) -> Option<usize> {
    let rank = |index: &usize| match run.state(*index) {
        state if state.is_unresolved() => 0,
        State::Held | State::Waiting => 1,
        state if state.is_active() => 2,
        state if !state.is_resolved() => 3,
        _ => 4,
    };
    steps.take(WINDOW).min_by_key(rank)
}
