//! Which ready step starts next: slots, the limits of fan-outs, the pause, breakpoints.

use std::collections::{BTreeMap, BTreeSet};

use super::machine::Run;
use super::schedule::{self, List};
use super::state::{State, StepRun};
use crate::workflow::Action;

impl Run {
    pub(super) fn max_parallel(&self) -> usize {
        let given = self.start.as_ref().and_then(|s| s.max_parallel);
        given.unwrap_or(self.workflow.max_parallel).max(1)
    }

    fn slot_free(&self) -> bool {
        self.schedule.active() < self.max_parallel()
    }

    /// The outermost sub-workflow around step `i` in which no more may run at once, and its limit.
    pub(super) fn full_around(&self, i: usize) -> Option<(usize, usize)> {
        if !self.is_work(i) {
            return None;
        }
        let mut limited = self.groups_around(i).into_iter().filter_map(|group| {
            let limit = self.workflow.steps[group].inner()?.max_parallel?.max(1);
            let crowd = self.tracks[group].crowd.as_ref()?;
            let busy = [State::Running, State::Stopping];
            let busy: usize = busy.map(|s| crowd.tally[schedule::slot(s)]).iter().sum();
            (busy >= limit).then_some((group, limit))
        });
        limited.next_back()
    }

    /// The limit of step `i`'s fan-out, if it is reached.
    pub(super) fn fan_out_limit(&self, i: usize) -> Option<usize> {
        let crowd = self.tracks[self.steps[i].group?].crowd.as_ref()?;
        let limit = self.def(i).fan_out.as_ref()?.max_parallel?.max(1);
        let busy = [State::Running, State::Stopping, State::Waiting];
        let busy = busy.map(|s| crowd.tally[schedule::slot(s)]);
        (busy.iter().sum::<usize>() >= limit).then_some(limit)
    }

    /// The failed member because of which this one may not start (`fail_fast`).
    pub(super) fn failed_sibling(&self, i: usize) -> Option<&StepRun> {
        let group = self.steps[i].group?;
        let fast = self.def(i).fan_out.as_ref()?.fail_fast;
        let crowd = self.tracks[group].crowd.as_ref()?;
        if !fast || schedule::unresolved(&crowd.tally) == 0 {
            return None;
        }
        let mut members = self.steps[group].members.iter().flatten();
        let failed = members.find(|&&m| self.steps[m].state.is_unresolved());
        failed.map(|&m| &self.steps[m])
    }

    /// Its fan-out, and the sub-workflows around it, let step `i` start.
    pub(super) fn crowd_lets(&self, i: usize) -> bool {
        self.full_around(i).is_none()
            && self.fan_out_limit(i).is_none()
            && self.failed_sibling(i).is_none()
    }

    pub(super) fn is_work(&self, i: usize) -> bool {
        matches!(self.def(i).action, Action::Work(_))
    }

    /// Nothing but a slot, its fan-out and the pause are asked here: its needs are met already.
    pub(super) fn may_start(&self, i: usize) -> bool {
        let gated = self.shut() || self.gated() && !self.tracks[i].admitted;
        !gated && (!self.is_work(i) || self.slot_free()) && self.crowd_lets(i)
    }

    /// The ready step that starts next, in the order of the plan.
    pub(super) fn next_to_start(&self) -> Option<usize> {
        if self.shut() {
            return None;
        }
        if self.gated() {
            let mut admitted = self.schedule.list(List::Admitted).iter().copied();
            return admitted.find(|&i| self.may_start(i));
        }
        let pure = self.first_of(&self.schedule.ready_pure);
        let work = self.slot_free().then_some(&self.schedule.ready_work);
        let work = work.and_then(|lane| self.first_of(lane));
        pure.into_iter().chain(work).min_by_key(|&i| self.place(i))
    }

    /// Members stand where their group stands in the plan.
    pub(super) fn place(&self, i: usize) -> (usize, usize) {
        (self.steps[i].def, i)
    }

    fn first_of(&self, lane: &BTreeMap<usize, BTreeSet<usize>>) -> Option<usize> {
        let mut from = 0;
        while let Some((&def, set)) = lane.range(from..).next() {
            let first = *set.first()?;
            if self.crowd_lets(first) {
                return Some(first);
            }
            // A sub-workflow's steps stand in a row that ends with its group: all of them would be refused.
            let full = self.full_around(first).map(|(group, _)| group);
            from = full.unwrap_or(def) + 1;
        }
        None
    }

    /// A breakpoint stands before step `i`, its own or its group's (of a sub-workflow, before its first step), and has not been passed.
    pub(super) fn at_breakpoint(&self, i: usize) -> bool {
        let begins = match self.def(i).action {
            Action::Begin => self.def(i).inside,
            _ => None,
        };
        let own = self.steps[i].breakpoint || self.steps[self.gate(i)].breakpoint;
        let set = own || begins.is_some_and(|group| self.steps[group].breakpoint);
        set && !self.tracks[i].passed && self.abort.is_none()
    }
}
