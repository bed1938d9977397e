//! The graph of needs: order, cycles, and who comes before whom. Linear in steps and needs.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::workflow::plan::{Step, Workflow};

/// The steps in an order in which every step comes after its needs, and otherwise as in the file. Steps of a cycle, and
/// those behind it, are left out.
pub(super) fn order(steps: &[Step]) -> Vec<usize> {
    let dependents = dependents(steps);
    let mut missing: Vec<usize> = steps.iter().map(|s| s.needs.len()).collect();
    let mut ready: BinaryHeap<Reverse<usize>> = (0..steps.len())
        .filter(|&i| missing[i] == 0)
        .map(Reverse)
        .collect();
    let mut order = Vec::with_capacity(steps.len());
    while let Some(Reverse(i)) = ready.pop() {
        order.push(i);
        for &dependent in &dependents[i] {
            missing[dependent] -= 1;
            if missing[dependent] == 0 {
                ready.push(Reverse(dependent));
            }
        }
    }
    order
}

/// For each step, those that need it.
pub(super) fn dependents(steps: &[Step]) -> Vec<Vec<usize>> {
    let mut dependents = vec![Vec::new(); steps.len()];
    for (i, step) in steps.iter().enumerate() {
        for need in &step.needs {
            dependents[need.step].push(i);
        }
    }
    dependents
}

/// One cycle of each knot of steps; each begins with its first step in the file.
pub(super) fn cycles(steps: &[Step]) -> Vec<Vec<usize>> {
    const UNSEEN: usize = usize::MAX;
    let mut left = vec![true; steps.len()];
    for i in order(steps) {
        left[i] = false;
    }
    // Every step that is left needs another one that is left: following any such need must come round.
    let mut walk_of = vec![UNSEEN; steps.len()];
    let mut cycles = Vec::new();
    for start in 0..steps.len() {
        let mut path = Vec::new();
        let mut at = start;
        while left[at] && walk_of[at] == UNSEEN {
            walk_of[at] = start;
            path.push(at);
            let next = steps[at].needs.iter().find(|need| left[need.step]);
            match next {
                Some(need) => at = need.step,
                None => break,
            }
        }
        if left[at] && walk_of[at] == start {
            let begin = path.iter().position(|&i| i == at).unwrap_or(0);
            let mut cycle = path.split_off(begin);
            let first = (0..cycle.len()).min_by_key(|&n| cycle[n]).unwrap_or(0);
            cycle.rotate_left(first);
            cycles.push(cycle);
        }
    }
    cycles
}

impl Workflow {
    /// The steps in an order in which every step comes after its needs, and otherwise as in the file.
    pub fn order(&self) -> Vec<usize> {
        order(&self.steps)
    }

    /// Each id and the index of its step, for many look-ups.
    pub fn step_indices(&self) -> std::collections::BTreeMap<&crate::id::StepId, usize> {
        self.steps
            .iter()
            .enumerate()
            .map(|(i, step)| (&step.id, i))
            .collect()
    }

    /// The index of the step with this id; searches all steps.
    pub fn step_index(&self, id: &crate::id::StepId) -> Option<usize> {
        self.steps.iter().position(|step| step.id == *id)
    }
}

/// Answers whether a step runs before another one, for many pairs at a bounded cost.
pub(super) struct Ancestry {
    dependents: Vec<Vec<usize>>,
    position: Vec<usize>,
    /// Visits that are left.
    budget: usize,
}

/// Steps that are visited in search of an answer, all questions together.
const VISITS_MAX: usize = 20_000_000;

impl Ancestry {
    pub(super) fn of(steps: &[Step]) -> Self {
        let mut position = vec![usize::MAX; steps.len()];
        for (n, i) in order(steps).into_iter().enumerate() {
            position[i] = n;
        }
        Self {
            dependents: dependents(steps),
            position,
            budget: VISITS_MAX,
        }
    }

    /// For each of `readers`, whether `step` runs before it; `None` if the graph is too tangled to tell.
    pub(super) fn runs_before(&mut self, step: usize, readers: &[usize]) -> Option<Vec<bool>> {
        let last = readers.iter().map(|&r| self.position[r]).max()?;
        let mut seen = std::collections::BTreeSet::from([step]);
        let mut next = vec![step];
        while let Some(at) = next.pop() {
            self.budget = self.budget.checked_sub(self.dependents[at].len())?;
            for &dependent in &self.dependents[at] {
                if self.position[dependent] <= last && seen.insert(dependent) {
                    next.push(dependent);
                }
            }
        }
        let before = |&reader: &usize| reader != step && seen.contains(&reader);
        Some(readers.iter().map(before).collect())
    }
}
