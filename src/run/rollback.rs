//! Roll back: which steps are undone, in which order, and what becomes of them.

use std::ops::Range;

use super::desk::Desk;
use super::event::Event;
use super::fold::blank;
use super::machine::Run;
use super::schedule::{ENGAGED, STATES, not_started, slot, unresolved};
use super::state::{Phase, SkipReason, State, StepRun};
use super::track::Track;
use crate::id::StepId;
use crate::workflow::{HookKind, Need};

/// The compensations of a run: steps of their own, behind all others, each of which needs the one before.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Rollback {
    first: usize,
    /// For each one but the first: the one before it.
    needs: Vec<Need>,
    /// For each one but the last: the one after it.
    dependents: Vec<usize>,
    pub(super) left: Vec<StepId>,
}

impl Rollback {
    fn new(first: usize, count: usize, left: &[StepId]) -> Self {
        let after = first + 1..first + count.max(1);
        let need = |i| Need {
            step: i - 1,
            any: false,
        };
        Self {
            first,
            needs: after.clone().map(need).collect(),
            dependents: after.collect(),
            left: left.to_vec(),
        }
    }

    pub(super) fn holds(&self, i: usize) -> bool {
        i >= self.first
    }

    pub(super) fn needs_of(&self, i: usize) -> &[Need] {
        let before = i.checked_sub(self.first + 1);
        before.map_or(&[], |n| self.needs.get(n..=n).unwrap_or_default())
    }

    pub(super) fn dependents_of(&self, i: usize) -> &[usize] {
        let n = i - self.first;
        self.dependents.get(n..=n).unwrap_or_default()
    }
}

impl Run {
    /// The steps that a roll back undoes now, the last one that came to its end first; and those that it leaves as they are
    /// although they have changed something, or may have.
    pub(super) fn rollback_plan(&self) -> (Vec<StepId>, Vec<StepId>) {
        let leaf = |&i: &usize| self.steps[i].members.is_none();
        let leaves = (0..self.steps.len()).filter(leaf);
        let (mut undone, left): (Vec<_>, Vec<_>) = leaves
            .filter(|&i| self.has_acted(i))
            .partition(|&i| self.can_be_undone(i));
        undone.sort_by_key(|&i| std::cmp::Reverse(self.tracks[i].since));
        let ids = |list: Vec<usize>| list.into_iter().map(|i| self.steps[i].id.clone()).collect();
        (ids(undone), ids(left))
    }

    fn can_be_undone(&self, i: usize) -> bool {
        let done = matches!(
            self.steps[i].state,
            State::Succeeded | State::Marked | State::Unknown
        );
        done && self.def(i).compensate.is_some()
    }

    /// Something has changed by it, or may have: by an attempt, or by the hand of whoever marked or ticked it.
    fn has_acted(&self, i: usize) -> bool {
        let (step, def) = (&self.steps[i], self.def(i));
        let changes = def.changes_something() || def.compensate.is_some();
        let by_hand = matches!(step.state, State::Marked | State::Succeeded);
        changes && (by_hand || !step.attempts.is_empty())
    }

    /// Records the beginning: the compensations become steps.
    pub(super) fn start_rollback(&mut self, undone: &[StepId], left: &[StepId]) {
        self.phase = Phase::RollingBack;
        self.set_due(HookKind::Ended, false);
        // What a person orders goes on at once; what an author ordered waits for the person who has paused.
        if self.abort.take().is_none_or(|abort| abort.asked) {
            self.paused = None;
        }
        self.ended_at = None;
        let first = self.steps.len();
        let undone: Vec<usize> = undone.iter().filter_map(|id| self.index(id)).collect();
        self.rollback = Some(Rollback::new(first, undone.len(), left));
        for (n, &of) in undone.iter().enumerate() {
            let (found, i) = (&self.steps[of], self.steps.len());
            let step = StepRun {
                item: found.item.clone(),
                compensates: Some(of),
                ..blank(found.id.undo(), found.def, self.at)
            };
            let waits = usize::from(n > 0);
            self.tracks.push(Track {
                unmet: waits,
                unended: waits,
                found: found.state,
                since: self.seq,
                ..Track::default()
            });
            self.by_id.insert(step.id.clone(), i);
            self.steps.push(step);
        }
        for i in self.undoing() {
            self.refile(i);
        }
        self.refile_always();
        self.note_fact(super::describe::rollback(undone.len(), left));
    }

    pub(super) fn legal_rollback(&self, undone: &[StepId]) -> Result<(), String> {
        if self.rollback.is_some() {
            return Err("a run is rolled back once".to_owned());
        }
        if !self.is_quiet() {
            return Err("attempts are under way".to_owned());
        }
        let mut seen = std::collections::BTreeSet::new();
        let can = |id: &StepId| {
            let i = self.index(id).filter(|&i| self.steps[i].members.is_none());
            i.is_some_and(|i| self.can_be_undone(i)) && seen.insert(id.clone())
        };
        let all = undone.iter().all(can);
        all.then_some(())
            .ok_or_else(|| "a step of it cannot be undone".to_owned())
    }

    /// The compensation after `i`, if `i` is one.
    pub(super) fn undone_next(&self, i: usize) -> Option<usize> {
        self.steps[i].compensates?;
        (i + 1 < self.steps.len()).then_some(i + 1)
    }

    /// Shows at the step that is undone how its compensation goes.
    pub(super) fn file_undo(&mut self, i: usize) {
        let Some(of) = self.steps[i].compensates else {
            return;
        };
        let begun = !self.steps[i].attempts.is_empty();
        let state = match self.steps[i].state {
            State::Skipped(_) => self.tracks[i].found,
            s if not_started(s) && !begun => self.tracks[i].found,
            State::Succeeded | State::Marked => State::Compensated,
            State::Ignored => State::CompensationFailed,
            s if s.is_unresolved() => State::CompensationFailed,
            _ => State::Compensating,
        };
        if self.steps[of].state != state {
            self.steps[of].state = state;
            self.steps[of].since = self.at;
            self.refile(of);
        }
    }

    /// Indices of the compensations, in their order: behind them there is nothing.
    pub fn undoing(&self) -> Range<usize> {
        let count = self.steps.len();
        self.rollback.as_ref().map_or(count, |r| r.first)..count
    }

    /// A person must decide about a compensation before the roll back can end.
    pub(super) fn undone_by_half(&self) -> bool {
        self.undone_tally().is_some_and(|t| unresolved(&t) > 0)
    }

    /// How a roll back that is over has ended: left as it is by a person's word is well enough.
    pub(super) fn rolled_back(&self) -> Phase {
        let tally = self.undone_tally().unwrap_or_default();
        let failed = unresolved(&tally)
            + tally[slot(State::Ignored)]
            + tally[slot(State::Skipped(SkipReason::Upstream))];
        if failed == 0 {
            Phase::RolledBack
        } else {
            Phase::RollbackFailed
        }
    }

    /// The compensations by state, once there are any.
    pub(super) fn undone_tally(&self) -> Option<[usize; STATES]> {
        self.rollback.as_ref()?;
        let mut tally = [0; STATES];
        for i in self.undoing() {
            let engaged = not_started(self.steps[i].state) && !self.free(i);
            let place = if engaged {
                ENGAGED
            } else {
                slot(self.steps[i].state)
            };
            tally[place] += 1;
        }
        Some(tally)
    }

    /// `from` and all that need it, directly or not; nearest first.
    pub(super) fn descendants(&self, from: usize) -> Vec<usize> {
        match self.rollback.as_ref().filter(|r| r.holds(from)) {
            Some(_) => (from..self.steps.len()).collect(),
            None => self.graph.descendants(from),
        }
    }

    /// The steps that wait for `i`, those inside of sub-workflows too.
    pub(super) fn heirs(&self, i: usize) -> Vec<usize> {
        match self.rollback.as_ref().filter(|r| r.holds(i)) {
            Some(rollback) => rollback.dependents_of(i).to_vec(),
            None => self.graph.heirs(&self.workflow, i),
        }
    }

    /// Steps that a roll back has left as they are, or will leave so: what has changed something and is not undone.
    pub fn left_as_they_are(&self) -> &[StepId] {
        self.rollback.as_ref().map_or(&[], |r| &r.left)
    }
}

impl Desk<'_> {
    /// Nothing runs any more: what has been done is undone from here on.
    pub(super) fn roll_back(&mut self) {
        let (steps, left) = self.run.rollback_plan();
        self.emit(Event::RollbackStarted { steps, left });
    }
}
