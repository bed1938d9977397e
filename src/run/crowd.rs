//! A group, of a fan-out or a sub-workflow: it has no life of its own, its state follows from its members.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::machine::Run;
use super::schedule::{self, ENGAGED, Standing, slot, standing};
use super::state::{SkipReason, State};
use super::track::Crowd;
use crate::time::Timestamp;

impl Run {
    /// Derives a group's state from its members, who have just changed.
    pub(super) fn regroup(&mut self, group: usize) {
        let Some(crowd) = &self.tracks[group].crowd else {
            return;
        };
        let state = match crowd.eager {
            Some(eager) => inner_state_of(crowd, eager),
            None => state_of(crowd),
        };
        let old = self.steps[group].state;
        if old != state {
            let undoing = matches!(state, State::Compensating | State::CompensationFailed);
            let (outputs, why) = if undoing {
                (
                    std::mem::take(&mut self.steps[group].outputs),
                    String::new(),
                )
            } else if standing(state) == Standing::Met {
                self.crowd_outputs(group, state)
            } else {
                (BTreeMap::new(), String::new())
            };
            // A sub-workflow goes on while its members come and go.
            let goes_on = self.workflow.steps[group].inner().is_some()
                && standing(old) == Standing::Open
                && standing(state) == Standing::Open
                && old != State::Pending;
            let step = &mut self.steps[group];
            step.state = state;
            if !goes_on {
                step.since = self.at;
            }
            step.outputs = outputs;
            step.why = why;
        }
        self.file_lists(group);
        self.file_standing(group);
    }

    /// The same for the sub-workflows around step `i`, the nearest first.
    pub(super) fn regroup_around(&mut self, i: usize) {
        for group in self.groups_around(i) {
            self.regroup(group);
        }
    }

    fn crowd_outputs(&self, group: usize, state: State) -> (BTreeMap<String, Json>, String) {
        if let Some(inner) = self.workflow.steps[group].inner() {
            return self.inner_outputs(group, inner, state);
        }
        let members = self.steps[group].members.iter().flatten();
        let size = self.tracks[group].crowd.as_ref().map_or(0, |c| c.size);
        let items = members.take(size).map(|&m| json!(self.steps[m].outputs));
        let items = Json::Array(items.collect());
        (BTreeMap::from([("items".to_owned(), items)]), String::new())
    }

    /// Step `i` itself; of a group, all steps in it that have a life of their own.
    pub fn leaves(&self, i: usize) -> Vec<usize> {
        match &self.steps[i].members {
            None => vec![i],
            Some(members) => members.iter().flat_map(|&m| self.leaves(m)).collect(),
        }
    }

    /// The sub-workflows around step `i`, the nearest first. A compensation stands in none: it has its turn in the roll back.
    pub(super) fn groups_around(&self, i: usize) -> Vec<usize> {
        let step = &self.steps[i];
        let within = step.compensates.is_none().then_some(step.def);
        within.map_or_else(Vec::new, |def| self.workflow.around(def).collect())
    }

    /// Step `i` stands in `group`, at any depth.
    pub(super) fn is_within(&self, i: usize, group: usize) -> bool {
        self.steps[i].group == Some(group) || self.groups_around(i).contains(&group)
    }
}

/// The state of a sub-workflow: as of a fan-out, but what waits for a member that failed does not move.
fn inner_state_of(crowd: &Crowd, eager: usize) -> State {
    let has = |state: State| crowd.tally[slot(state)] > 0;
    let moves = [
        State::Running,
        State::Stopping,
        State::Waiting,
        State::Held,
        State::Ready,
    ];
    let all: usize = crowd.tally.iter().sum();
    if crowd.tally[slot(State::Pending)] == all && all > 0 {
        return State::Pending;
    }
    let started = eager > 0 && !moves.into_iter().any(has);
    if started {
        return State::Running;
    }
    let parked = schedule::unresolved(&crowd.tally) > 0;
    let blocked = parked && !moves.into_iter().any(has);
    if blocked && has(State::Pending) {
        let mut without = crowd.clone();
        without.tally[slot(State::Pending)] = 0;
        return state_of(&without);
    }
    state_of(crowd)
}

/// The state of a group, from those of its members: what still moves first, then what asks for a person, then the rest.
fn state_of(crowd: &Crowd) -> State {
    if crowd.stale && crowd.tally[slot(State::Pending)] == crowd.tally.iter().sum::<usize>() {
        return State::Pending;
    }
    let has = |state: State| crowd.tally[slot(state)] > 0;
    let retrying = State::Retrying {
        until: Timestamp(0),
    };
    if has(State::Running) || has(retrying) || crowd.tally[ENGAGED] > 0 {
        return State::Running;
    }
    let order = [
        State::Compensating,
        State::CompensationFailed,
        State::Compensated,
        State::Stopping,
        State::Waiting,
        State::Held,
        State::Ready,
        State::Pending,
        State::Unknown,
        State::Failed,
        State::TimedOut,
        State::Rejected,
        State::Cancelled,
        State::Skipped(SkipReason::Upstream),
        State::Ignored,
        State::Marked,
        State::Succeeded,
        State::Skipped(SkipReason::Operator),
        State::Skipped(SkipReason::Mode),
        State::Skipped(SkipReason::Condition),
    ];
    let first = order.into_iter().find(|s| has(*s));
    first.unwrap_or(State::Succeeded)
}
