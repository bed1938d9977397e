//! The outline's rails: git-style lanes on each step's own row, drawn from the plan once and never moved.
//!
//! ```text
//!  ✓─┬─┬─╮  freeze       a step forks one lane for each step that needs it, beside its own
//!  ✓ │ │ │  fence
//!  │ ✓ │ │  snapshot
//!  ✗─╯ │ │  promote      and takes in the lanes of what it needs; a line that only crosses is left unbroken:  ✓─│─╯
//! ```
//!
//! A lane carries one edge from its parent's row down to its child's row. Edges beyond the last lane share one more
//! column, the bundle, which says how many they are (`+12`). Rows are stored as bit masks and drawn only when visible.

mod graph;

use graph::Graph;

/// Lanes at most; what does not fit is bundled.
pub const LANES_MAX: usize = 8;

const NO_EDGE: u32 = u32::MAX;

/// Row order and lanes of a plan.
#[derive(Clone, Debug, Default)]
pub struct Rails {
    /// The step on each row.
    steps: Vec<u32>,
    /// The row of each step.
    rows: Vec<u32>,
    edges: Vec<Edge>,
    masks: Vec<Masks>,
    /// For each row, the edge in each lane below it; `NO_EDGE` where there is none.
    below: Vec<[u32; LANES_MAX]>,
    lanes: usize,
    columns: usize,
    bundle_max: u32,
}

/// `to` needs `from`; both are steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edge {
    pub from: usize,
    pub to: usize,
}

/// One row: where its node stands, and which columns (bit 0 = leftmost) pass, end or begin here.
#[derive(Clone, Copy, Debug, Default)]
struct Masks {
    node: u8,
    through: u16,
    merge: u16,
    fork: u16,
    /// Bundled edges that pass below this row.
    bundled: u32,
}

/// What stands in one character of a row. Left and right are seen from the node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cell {
    /// The step: drawn as the glyph of its status.
    Node,
    Blank,
    Vertical,
    Horizontal,
    /// A new lane goes down, and the line goes on.
    Fork,
    ForkRight,
    ForkLeft,
    /// A lane from above comes in, and the line goes on.
    Merge,
    MergeRight,
    MergeLeft,
    /// A lane from above comes in and another one goes down.
    Both,
    BothRight,
    BothLeft,
}

/// A cell, and whether an edge that the caller called strong (critical, of the selected step) runs through it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drawn {
    pub cell: Cell,
    pub strong: bool,
}

impl Rails {
    /// `needs` gives for each step the steps that it needs. At most `lanes_max` lanes (1 to 8) before the bundle.
    pub fn new<N>(needs: impl IntoIterator<Item = N>, lanes_max: usize) -> Self
    where
        N: IntoIterator<Item = usize>,
    {
        let graph = Graph::new(needs);
        let steps = graph.depth_first();
        let mut rows = vec![0; steps.len()];
        for (row, step) in steps.iter().enumerate() {
            rows[*step as usize] = row as u32;
        }
        let mut rails = Self {
            lanes: lanes_max.clamp(1, LANES_MAX),
            masks: Vec::with_capacity(steps.len()),
            below: Vec::with_capacity(steps.len()),
            steps,
            rows,
            ..Self::default()
        };
        rails.lay(&graph);
        rails
    }

    /// Number of rows, which is the number of steps.
    pub fn len(&self) -> usize {
        self.steps.len()
    }

    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// The step on this row.
    pub fn step(&self, row: usize) -> usize {
        self.steps[row] as usize
    }

    /// The row of this step.
    pub fn row(&self, step: usize) -> usize {
        self.rows[step] as usize
    }

    /// All steps in row order.
    pub fn order(&self) -> impl ExactSizeIterator<Item = usize> + '_ {
        self.steps.iter().map(|step| *step as usize)
    }

    /// Characters that the widest row takes, the `+n` of the bundle included.
    pub fn width(&self) -> usize {
        let label = if self.bundle_max == 0 {
            0
        } else {
            2 + self.bundle_max.ilog10() as usize + 1
        };
        (2 * self.columns).saturating_sub(1) + label
    }

    /// Edges in the bundle below this row: shown as `+n` after the cells if not 0.
    pub fn bundled(&self, row: usize) -> usize {
        self.masks[row].bundled as usize
    }

    /// The characters of a row, the same number for each row. `strong` picks the edges to stand out.
    pub fn cells(&self, row: usize, strong: impl Fn(Edge) -> bool) -> Vec<Drawn> {
        let masks = self.masks[row];
        let node = usize::from(masks.node);
        let joins = masks.merge | masks.fork | 1 << node;
        let (left, right) = (joins.trailing_zeros() as usize, joins.ilog2() as usize);
        let is_strong = |column: usize, edges: Option<&[u32; LANES_MAX]>| {
            let edge = edges.and_then(|edges| edges.get(column).copied());
            edge.is_some_and(|e| e != NO_EDGE && strong(self.edges[e as usize]))
        };
        let above = row.checked_sub(1).map(|row| &self.below[row]);
        let below = Some(&self.below[row]);
        let joined = |column: usize| {
            masks.merge & 1 << column != 0 && is_strong(column, above)
                || masks.fork & 1 << column != 0 && is_strong(column, below)
        };
        // A line is strong as far as the outermost strong join reaches.
        let strong_left = (left..node).find(|c| joined(*c)).unwrap_or(node);
        let strong_right = (node + 1..=right).rfind(|c| joined(*c)).unwrap_or(node);
        let mut drawn = Vec::with_capacity(2 * self.columns);
        for column in 0..self.columns {
            let cell = masks.cell(column, left, right, self.lanes);
            let strong = match cell {
                Cell::Blank => false,
                Cell::Node => {
                    let own = is_strong(column, above) || is_strong(column, below);
                    own || strong_left < strong_right
                }
                Cell::Vertical => is_strong(column, below),
                Cell::Horizontal => (strong_left..strong_right).contains(&column),
                _ => joined(column) || (strong_left < column && column < strong_right),
            };
            drawn.push(Drawn { cell, strong });
            if column + 1 < self.columns {
                let line = left <= column && column < right;
                drawn.push(Drawn {
                    cell: if line { Cell::Horizontal } else { Cell::Blank },
                    strong: line && (strong_left..strong_right).contains(&column),
                });
            }
        }
        drawn
    }

    /// The characters of a line between this row and the next one: for members of a fan-out and other extra lines.
    pub fn continuation(&self, row: usize, strong: impl Fn(Edge) -> bool) -> Vec<Drawn> {
        let mut drawn = Vec::with_capacity(2 * self.columns);
        for column in 0..self.columns {
            let edge = self.below[row].get(column).copied().unwrap_or(NO_EDGE);
            let bundle = column == self.lanes && self.masks[row].bundled > 0;
            drawn.push(Drawn {
                cell: if edge != NO_EDGE || bundle {
                    Cell::Vertical
                } else {
                    Cell::Blank
                },
                strong: edge != NO_EDGE && strong(self.edges[edge as usize]),
            });
            if column + 1 < self.columns {
                drawn.push(Drawn {
                    cell: Cell::Blank,
                    strong: false,
                });
            }
        }
        drawn
    }

    /// Gives each edge its lane, row by row.
    fn lay(&mut self, graph: &Graph) {
        let children = graph.children_by(&self.steps);
        let mut lanes = [NO_EDGE; LANES_MAX];
        let mut bundle = Bundle {
            total: 0,
            to: vec![0; self.len()],
        };
        // Where a step without children stood on the row above: a step without needs must not seem to follow it.
        let mut ended = None;
        for row in 0..self.len() {
            let step = self.step(row);
            let bundled_in = bundle.take(step);
            let mut merge = if bundled_in { 1 << self.lanes } else { 0_u16 };
            for (column, edge) in lanes.iter_mut().enumerate() {
                if *edge != NO_EDGE && self.edges[*edge as usize].to == step {
                    merge |= 1 << column;
                    *edge = NO_EDGE;
                }
            }
            let node = if merge == 0 {
                let free = |column: &usize| lanes[*column] == NO_EDGE && Some(*column) != ended;
                (0..self.lanes).find(free).unwrap_or(self.lanes)
            } else {
                merge.trailing_zeros() as usize
            };
            let mut masks = Masks {
                node: node as u8,
                through: bundle.bit(self.lanes),
                merge: merge & !(1 << node),
                ..Masks::default()
            };
            for (column, edge) in lanes.iter().enumerate() {
                masks.through |= u16::from(*edge != NO_EDGE) << column;
            }
            for to in children.of(step) {
                let to = *to as usize;
                let right = (node..self.lanes).find(|c| lanes[*c] == NO_EDGE);
                let free =
                    right.or_else(|| (0..node.min(self.lanes)).rfind(|c| lanes[*c] == NO_EDGE));
                if let Some(column) = free {
                    lanes[column] = self.edges.len() as u32;
                    self.edges.push(Edge { from: step, to });
                    masks.fork |= 1 << column;
                } else {
                    bundle.put(to);
                    masks.fork |= 1 << self.lanes;
                }
            }
            masks.fork &= !(1 << node);
            masks.bundled = bundle.total;
            ended = children.of(step).is_empty().then_some(node);
            let used = masks.through | masks.merge | masks.fork | 1 << node;
            self.columns = self.columns.max(used.ilog2() as usize + 1);
            self.bundle_max = self.bundle_max.max(bundle.total);
            self.masks.push(masks);
            self.below.push(lanes);
        }
    }
}

impl Masks {
    fn cell(self, column: usize, left: usize, right: usize, bundle: usize) -> Cell {
        let bit = |mask: u16| mask & 1 << column != 0;
        let node = usize::from(self.node);
        if column == node {
            return Cell::Node;
        }
        let (mut up, mut down, through) = (bit(self.merge), bit(self.fork), bit(self.through));
        if !up && !down {
            return match through {
                true => Cell::Vertical,
                false if left < column && column < right => Cell::Horizontal,
                false => Cell::Blank,
            };
        }
        if column == bundle {
            // Others in the bundle pass while one leaves or joins it.
            (up, down) = (up || through, down || through);
        }
        let goes_on = left < column && column < right;
        match (up, down, goes_on, column > node) {
            (true, true, true, _) => Cell::Both,
            (true, true, false, true) => Cell::BothRight,
            (true, true, false, false) => Cell::BothLeft,
            (true, false, true, _) => Cell::Merge,
            (true, false, false, true) => Cell::MergeRight,
            (true, false, false, false) => Cell::MergeLeft,
            (false, _, true, _) => Cell::Fork,
            (false, _, false, true) => Cell::ForkRight,
            (false, _, false, false) => Cell::ForkLeft,
        }
    }
}

/// Edges that found no lane.
struct Bundle {
    total: u32,
    /// How many of them lead to each step.
    to: Vec<u32>,
}

impl Bundle {
    fn put(&mut self, step: usize) {
        self.total += 1;
        self.to[step] += 1;
    }

    /// Takes out what leads to `step`; whether there was any.
    fn take(&mut self, step: usize) -> bool {
        let count = std::mem::take(&mut self.to[step]);
        self.total -= count;
        count > 0
    }

    fn bit(&self, column: usize) -> u16 {
        u16::from(self.total > 0) << column
    }
}

#[cfg(test)]
mod tests;
