//! Which steps have a row in the outline, in which order. Rebuilt only when a fold, the filter or a fan-out changes, so
//! that a frame costs no more with 10,000 rows than with ten.

use std::collections::BTreeSet;

use super::Filter;
use crate::run::{Ask, Run, State};
use crate::tui::rails::Rails;
use crate::tui::theme::Status;

/// Fan-outs from this size on start folded.
const FOLD_FROM: usize = 6;

#[derive(Clone, Debug, Default)]
pub(crate) struct Rows {
    /// Indices into `Run::steps`.
    steps: Vec<u32>,
    folded: BTreeSet<usize>,
    unfolded: BTreeSet<usize>,
    filter: Filter,
    /// Steps among the rows: groups do not count.
    matching: usize,
}

impl Rows {
    /// Lays the rows out anew.
    pub(crate) fn build(&mut self, run: &Run, rails: &Rails) {
        let mut rows = std::mem::take(&mut self.steps);
        rows.clear();
        for step in rails.order() {
            let inside = self.filter.is_empty() && self.is_inside_folded(run, step);
            if self.matches(run, step) && (!inside || sticks_out(run, step)) {
                rows.push(step as u32);
            }
            let members = run.fanned_out(step);
            // Of a folded fan-out, a filter shows the members that it means: not all of them because of their common name.
            let folded = inside
                || self.is_folded(run, step) && (self.filter.is_empty() || self.matches(run, step));
            let shown = members.iter().filter(|member| {
                (!folded || sticks_out(run, **member)) && self.matches(run, **member)
            });
            rows.extend(shown.map(|member| *member as u32));
        }
        let undoing = run.undoing().filter(|&step| self.matches(run, step));
        rows.extend(undoing.map(|step| step as u32));
        let alone = |row: &&u32| run.steps()[**row as usize].members.is_none();
        self.matching = rows.iter().filter(alone).count();
        self.steps = rows;
    }

    pub(crate) fn len(&self) -> usize {
        self.steps.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// The step on this row.
    pub(crate) fn step(&self, row: usize) -> Option<usize> {
        self.steps.get(row).map(|step| *step as usize)
    }

    /// The row of this step, searched from `near` outwards: selections move little.
    pub(crate) fn row_of(&self, step: usize, near: usize) -> Option<usize> {
        if self.step(near) == Some(step) {
            return Some(near);
        }
        self.steps.iter().position(|other| *other as usize == step)
    }

    pub(crate) fn is_folded(&self, run: &Run, group: usize) -> bool {
        // What a sub-workflow does is what a person wants to see; of a fan-out, one member is like another.
        let many = |_: &Vec<usize>| run.fanned_out(group).len() >= FOLD_FROM;
        run.steps()[group].members.as_ref().is_some_and(|members| {
            !self.unfolded.contains(&group) && (self.folded.contains(&group) || many(members))
        })
    }

    /// Some sub-workflow around this step is one row.
    fn is_inside_folded(&self, run: &Run, step: usize) -> bool {
        !self.folded.is_empty() && run.around(step).any(|group| self.is_folded(run, group))
    }

    /// Whether a group was folded by hand: then what sticks out of it comes and goes.
    pub(crate) fn has_folded(&self) -> bool {
        !self.folded.is_empty()
    }

    /// Folds or unfolds this group; `build` must follow. False if nothing changed.
    pub(crate) fn fold(&mut self, run: &Run, group: usize, fold: bool) -> bool {
        if run.steps()[group].members.is_none() || self.is_folded(run, group) == fold {
            return false;
        }
        self.folded.remove(&group);
        self.unfolded.remove(&group);
        let set = if fold {
            &mut self.folded
        } else {
            &mut self.unfolded
        };
        set.insert(group)
    }

    /// Groups that were folded by hand, and those that were unfolded.
    pub(crate) fn folds(&self) -> (impl Iterator<Item = usize>, impl Iterator<Item = usize>) {
        (self.folded.iter().copied(), self.unfolded.iter().copied())
    }

    /// As it was typed.
    pub(crate) fn filter(&self) -> &str {
        self.filter.text()
    }

    pub(crate) fn is_filtered(&self) -> bool {
        !self.filter.is_empty()
    }

    /// Rows come and go with the states of steps.
    pub(crate) fn follows_states(&self) -> bool {
        self.filter.follows_states()
    }

    /// Steps that are shown, of all.
    pub(crate) fn matching(&self) -> usize {
        self.matching
    }

    /// Shows only the steps that it means; `build` must follow.
    pub(crate) fn set_filter(&mut self, filter: Filter) {
        self.filter = filter;
    }

    fn matches(&self, run: &Run, index: usize) -> bool {
        // A timer asks nobody: it waits.
        let asks = !matches!(run.steps()[index].ask, Some(Ask::Timer { .. }));
        let status = match run.state(index) {
            State::Waiting if !asks => Status::Wait,
            state => Status::from(state),
        };
        self.filter.is_empty() || self.filter.holds(run, index, status)
    }
}

/// What stays visible of a folded group, because a person must see it.
fn sticks_out(run: &Run, step: usize) -> bool {
    let state = run.state(step);
    let group = run.steps()[step].members.is_some();
    !group && (state.is_unresolved() || matches!(state, State::Held | State::Waiting))
}
