//! The shape of the plan, worked out once: who waits for whom, and an order in which every step comes after its needs.

use std::collections::BTreeMap;

use super::reads::{Read, reads};
use crate::workflow::{Action, Workflow};

#[derive(Debug)]
pub(super) struct Graph {
    /// For each plan step, the plan steps that need it.
    pub(super) dependents: Vec<Vec<usize>>,
    /// The same, with whether the dependent takes it failed too (`needs: {x: any}`).
    pub(super) wanted_by: Vec<Vec<(usize, bool)>>,
    /// All plan steps, each after what it needs.
    pub(super) order: Vec<usize>,
    /// Plan steps that need nothing.
    pub(super) roots: Vec<usize>,
    /// For each plan step, how many steps stand before it on the longest way from a root.
    pub(super) level: Vec<usize>,
    pub(super) levels: usize,
    pub(super) always: Vec<usize>,
    pub(super) fan_outs: Vec<usize>,
    /// For each plan step whose outputs are read: by whom.
    pub(super) reads: BTreeMap<usize, Vec<Read>>,
    /// For each plan step inside a sub-workflow: the first step of it, before which it cannot start.
    pub(super) begins: Vec<Option<usize>>,
    /// The first step of each sub-workflow, by its group; and all the steps that wait for that one, by it.
    pub(super) first: BTreeMap<usize, usize>,
    pub(super) behind: BTreeMap<usize, Vec<usize>>,
}

impl Graph {
    pub(super) fn new(workflow: &Workflow) -> Self {
        let count = workflow.steps.len();
        let mut dependents = vec![Vec::new(); count];
        let mut wanted_by = vec![Vec::new(); count];
        for (i, step) in workflow.steps.iter().enumerate() {
            for need in &step.needs {
                wanted_by[need.step].push((i, need.any));
                if dependents[need.step].last() != Some(&i) {
                    dependents[need.step].push(i);
                }
            }
        }
        let pick = |test: fn(&crate::workflow::Step) -> bool| {
            let chosen = workflow.steps.iter().enumerate();
            chosen.filter(|(_, s)| test(s)).map(|(i, _)| i).collect()
        };
        let order = order(workflow, &wanted_by);
        let mut level = vec![0; count];
        for &i in &order {
            let needs = workflow.steps[i].needs.iter();
            level[i] = needs.map(|n| level[n.step] + 1).max().unwrap_or(0);
        }
        let levels = level.iter().max().map_or(0, |last| last + 1);
        let first = firsts(workflow);
        let scopes = (0..count).map(|i| workflow.scope(i));
        let begins: Vec<_> = scopes.map(|s| Some(first[&s?])).collect();
        let mut behind: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (i, begin) in begins.iter().enumerate() {
            if let Some(begin) = begin {
                behind.entry(*begin).or_default().push(i);
            }
        }
        Self {
            begins,
            first,
            behind,
            dependents,
            wanted_by,
            order,
            roots: pick(|s| s.needs.is_empty()),
            level,
            levels,
            always: pick(|s| s.always),
            fan_outs: pick(|s| s.fan_out.is_some()),
            reads: reads(workflow),
        }
    }

    /// Who waits for plan step `i`: where that is the group around it, those who wait for the group.
    pub(super) fn heirs(&self, workflow: &Workflow, i: usize) -> Vec<usize> {
        let mut heirs = Vec::new();
        for &d in &self.dependents[i] {
            if workflow.steps[d].inner().is_some() {
                heirs.extend(self.heirs(workflow, d));
            } else {
                heirs.push(d);
            }
        }
        heirs
    }

    /// `from` and all that need it, directly or not; nearest first.
    pub(super) fn descendants(&self, from: usize) -> Vec<usize> {
        let mut seen = vec![false; self.dependents.len()];
        let mut found = vec![from];
        seen[from] = true;
        let mut next = 0;
        while next < found.len() {
            for &d in &self.dependents[found[next]] {
                if !std::mem::replace(&mut seen[d], true) {
                    found.push(d);
                }
            }
            next += 1;
        }
        found
    }
}

fn firsts(workflow: &Workflow) -> BTreeMap<usize, usize> {
    let steps = workflow.steps.iter().enumerate();
    let begins = steps.filter(|(_, s)| matches!(s.action, Action::Begin));
    begins.filter_map(|(i, s)| Some((s.inside?, i))).collect()
}

fn order(workflow: &Workflow, wanted_by: &[Vec<(usize, bool)>]) -> Vec<usize> {
    let mut missing: Vec<usize> = workflow.steps.iter().map(|s| s.needs.len()).collect();
    let mut order: Vec<usize> = (0..missing.len()).filter(|&i| missing[i] == 0).collect();
    let mut next = 0;
    while next < order.len() {
        for &(d, _) in &wanted_by[order[next]] {
            missing[d] -= 1;
            if missing[d] == 0 {
                order.push(d);
            }
        }
        next += 1;
    }
    order
}
