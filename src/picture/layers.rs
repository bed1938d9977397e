//! Where the boxes of a graph stand: level by level, each step one level behind the last of its needs.
//!
//! An edge that passes a level does so at a bend, a place of its own in that level. Edges share their bends with those of the
//! step at one end of them (the end with more of them), so a step that needs all others costs one line and not thousands.
//! That is why this is no library's work: those at hand give each edge bends of its own, and need seconds for such a plan.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use super::graph::Edge;

/// More would take long and could not be read: further edges run straight across the levels.
const BENDS_MAX: usize = 30_000;
/// Times that all levels are gone through, down and up again: more changes little.
const SWEEPS: usize = 6;

pub(super) struct Layers {
    /// The level of each spot: first those of the steps, then the bends.
    pub(super) level: Vec<usize>,
    /// The spots of each level, from the left.
    pub(super) rows: Vec<Vec<usize>>,
    /// From a spot to one that is further down; whether all that it stands for are `any`.
    pub(super) lines: BTreeMap<(usize, usize), bool>,
    above: Vec<Vec<usize>>,
    below: Vec<Vec<usize>>,
    steps: usize,
}

impl Layers {
    /// For `steps` steps and edges without a circle.
    pub(super) fn new(steps: usize, edges: &[Edge]) -> Self {
        let mut layers = Self {
            level: levels(steps, edges),
            rows: Vec::new(),
            lines: BTreeMap::new(),
            above: Vec::new(),
            below: Vec::new(),
            steps,
        };
        layers.draw_lines(edges);
        layers.link();
        for _ in 0..SWEEPS {
            for level in 1..layers.rows.len() {
                layers.reorder(level, true);
            }
            for level in (0..layers.rows.len().saturating_sub(1)).rev() {
                layers.reorder(level, false);
            }
        }
        layers
    }

    fn draw_lines(&mut self, edges: &[Edge]) {
        let steps = self.level.len();
        let (mut outs, mut ins) = (vec![0_usize; steps], vec![0_usize; steps]);
        let is_long = |level: &[usize], edge: &Edge| level[edge.to] - level[edge.from] > 1;
        for edge in edges.iter().filter(|e| is_long(&self.level, e)) {
            outs[edge.from] += 1;
            ins[edge.to] += 1;
        }
        let mut bends = BTreeMap::new();
        for edge in edges {
            if ins[edge.to] > outs[edge.from] {
                self.run_into(edge, &mut bends);
            } else {
                self.run_out_of(edge, &mut bends);
            }
        }
    }

    /// Down from the need until the way of another edge to the same step is met.
    fn run_into(&mut self, edge: &Edge, bends: &mut BTreeMap<(usize, usize, bool), usize>) {
        let mut at = edge.from;
        for level in self.level[edge.from] + 1..self.level[edge.to] {
            let Some(next) = self.bend(bends, (edge.to, level, true)) else {
                break;
            };
            if !self.line(at, next, edge.any) {
                return;
            }
            at = next;
        }
        self.line(at, edge.to, edge.any);
    }

    /// Up from the step until the way of another edge from the same need is met.
    fn run_out_of(&mut self, edge: &Edge, bends: &mut BTreeMap<(usize, usize, bool), usize>) {
        let mut at = edge.to;
        for level in (self.level[edge.from] + 1..self.level[edge.to]).rev() {
            let Some(next) = self.bend(bends, (edge.from, level, false)) else {
                break;
            };
            if !self.line(next, at, edge.any) {
                return;
            }
            at = next;
        }
        self.line(edge.from, at, edge.any);
    }

    fn bend(
        &mut self,
        bends: &mut BTreeMap<(usize, usize, bool), usize>,
        key: (usize, usize, bool),
    ) -> Option<usize> {
        let count = bends.len();
        match bends.entry(key) {
            Entry::Occupied(known) => Some(*known.get()),
            Entry::Vacant(_) if count >= BENDS_MAX => None,
            Entry::Vacant(free) => {
                self.level.push(key.1);
                Some(*free.insert(self.level.len() - 1))
            }
        }
    }

    /// Whether that says anything new.
    fn line(&mut self, from: usize, to: usize, any: bool) -> bool {
        match self.lines.entry((from, to)) {
            Entry::Vacant(free) => {
                free.insert(any);
                true
            }
            Entry::Occupied(mut known) => *known.get() && !std::mem::replace(known.get_mut(), any),
        }
    }

    fn link(&mut self) {
        self.rows = vec![Vec::new(); self.level.iter().max().map_or(0, |last| last + 1)];
        for (spot, level) in self.level.iter().enumerate() {
            self.rows[*level].push(spot);
        }
        self.above = vec![Vec::new(); self.level.len()];
        self.below = vec![Vec::new(); self.level.len()];
        for (from, to) in self.lines.keys() {
            self.above[*to].push(*from);
            self.below[*from].push(*to);
        }
    }

    fn beside(&self, spot: usize, above: bool) -> &[usize] {
        if above {
            &self.above[spot]
        } else {
            &self.below[spot]
        }
    }

    /// Each spot goes to the middle of what it hangs on; what hangs on nothing keeps its place.
    fn reorder(&mut self, level: usize, above: bool) {
        let mut place = BTreeMap::new();
        let around = if above { level - 1 } else { level + 1 };
        for (i, spot) in self.rows[around].iter().enumerate() {
            place.insert(*spot, i as f64 / self.rows[around].len() as f64);
        }
        let count = self.rows[level].len() as f64;
        let row = std::mem::take(&mut self.rows[level]);
        let wish = |(i, spot): (usize, usize)| {
            let places = self.beside(spot, above).iter();
            let mean = mean(places.filter_map(|s| place.get(s)).copied());
            (mean.unwrap_or(i as f64 / count), spot)
        };
        let mut wished: Vec<(f64, usize)> = row.into_iter().enumerate().map(wish).collect();
        wished.sort_by(|a, b| a.0.total_cmp(&b.0));
        self.rows[level] = wished.into_iter().map(|(_, spot)| spot).collect();
    }

    /// The middle of each spot across the levels, from 0: as near to what it hangs on as the order and `size` allow.
    pub(super) fn places(&self, size: impl Fn(usize) -> f64) -> Vec<f64> {
        let mut places = vec![0.0; self.level.len()];
        for row in &self.rows {
            spread(row, &size, &mut places, |_, _| Some(0.0));
        }
        for _ in 0..SWEEPS {
            for row in &self.rows {
                spread(row, &size, &mut places, |spot, places| {
                    mean(self.above[spot].iter().map(|s| places[*s]))
                });
            }
            for row in self.rows.iter().rev() {
                spread(row, &size, &mut places, |spot, places| {
                    mean(self.below[spot].iter().map(|s| places[*s]))
                });
            }
        }
        let left = |spot: usize| places[spot] - size(spot) / 2.0;
        let least = (0..places.len()).map(left).fold(f64::INFINITY, f64::min);
        places.iter().map(|place| place - least).collect()
    }

    pub(super) fn is_bend(&self, spot: usize) -> bool {
        spot >= self.steps
    }
}

/// Gives each spot of a row the place it wishes, or, where they would stand on each other, the nearest to all wishes of a
/// cluster: what "pool adjacent violators" finds in one pass.
fn spread(
    row: &[usize],
    size: impl Fn(usize) -> f64,
    places: &mut [f64],
    wish: impl Fn(usize, &[f64]) -> Option<f64>,
) {
    // (sum of wishes less the room before each, how many): their mean is where the cluster begins.
    let mut clusters: Vec<(f64, usize)> = Vec::new();
    let mut room = Vec::with_capacity(row.len());
    let mut before = 0.0;
    for &spot in row {
        let middle = before + size(spot) / 2.0;
        before += size(spot);
        room.push(middle);
        let wish = wish(spot, places).unwrap_or(places[spot]);
        let mut last = (wish - middle, 1);
        while let Some(&(sum, count)) = clusters.last()
            && sum / count as f64 > last.0 / last.1 as f64
        {
            clusters.pop();
            last = (last.0 + sum, last.1 + count);
        }
        clusters.push(last);
    }
    let shifts = clusters
        .iter()
        .flat_map(|(sum, count)| std::iter::repeat_n(sum / *count as f64, *count));
    for ((spot, middle), shift) in row.iter().zip(room).zip(shifts) {
        places[*spot] = middle + shift;
    }
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, count) = values.fold((0.0, 0_u32), |(sum, count), v| (sum + v, count + 1));
    (count > 0).then(|| sum / f64::from(count))
}

/// The longest way to each step from one that needs nothing.
fn levels(steps: usize, edges: &[Edge]) -> Vec<usize> {
    let (mut open, mut out) = (vec![0_usize; steps], vec![Vec::new(); steps]);
    for edge in edges {
        open[edge.to] += 1;
        out[edge.from].push(edge.to);
    }
    let mut level = vec![0; steps];
    let mut ready: Vec<usize> = (0..steps).filter(|i| open[*i] == 0).collect();
    while let Some(step) = ready.pop() {
        for &next in &out[step] {
            level[next] = level[next].max(level[step] + 1);
            open[next] -= 1;
            if open[next] == 0 {
                ready.push(next);
            }
        }
    }
    level
}
