//! What can happen next. Kept up to date with every fact, so that no turn has to search: a fact files the step anew in
//! these lists, and the steps that need it if that made a difference to them.

use std::collections::{BTreeMap, BTreeSet};

use super::machine::Run;
use super::state::{Ask, SkipReason, State};
use super::verbs::{answer, tick};
use crate::time::Timestamp;
use crate::workflow::Action;

/// Number of states, the four kinds of skipping counted apart, and `ENGAGED`.
pub(super) const STATES: usize = 23;

/// Counted here instead: not started, but its effect is being looked at, so that it may not start either.
pub(super) const ENGAGED: usize = 22;

/// A list that a step may stand in.
#[derive(Clone, Copy)]
pub(super) enum List {
    /// Pending, and nothing upstream is in its way.
    Promote,
    /// Was ready, but a need is not met any more.
    Demote,
    /// Cannot run any more, because a need was skipped for the same reason.
    Doom,
    /// Not started, or between attempts, or waiting.
    Open,
    /// An attempt or a look is under way.
    UnderWay,
    /// An attempt, a look or a question has ended, and what follows is not recorded yet.
    Undecided,
    /// A mark was accepted and is not recorded yet.
    Marked,
    /// Ready, with a one-step token.
    Admitted,
    Ready,
    Held,
    /// Waiting for a person.
    Asking,
    /// A timer or an automatic retry will move it.
    Clocked,
}

const LISTS: usize = 12;

#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Schedule {
    lists: [BTreeSet<usize>; LISTS],
    /// Ready steps that need a slot, by definition, so that a fan-out at its limit is passed over at once.
    pub(super) ready_work: BTreeMap<usize, BTreeSet<usize>>,
    /// Ready steps that need none.
    pub(super) ready_pure: BTreeMap<usize, BTreeSet<usize>>,
    pub(super) timers: BTreeSet<(Timestamp, usize)>,
    /// Steps by state; groups count as their members.
    pub(super) tally: [usize; STATES],
}

impl Schedule {
    pub(super) fn list(&self, list: List) -> &BTreeSet<usize> {
        &self.lists[list as usize]
    }

    pub(super) fn count(&self, state: State) -> usize {
        self.tally[slot(state)]
    }

    /// Slots that are taken.
    pub(super) fn active(&self) -> usize {
        self.count(State::Running) + self.count(State::Stopping)
    }

    pub(super) fn unresolved(&self) -> usize {
        unresolved(&self.tally)
    }
}

/// How a step stands towards those that need it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Standing {
    #[default]
    Open,
    Met,
    /// Skipped because of what came before it: spreads.
    Dead,
    /// Ended, and not well.
    Fallen,
    /// Ended, and nobody knows how.
    Unclear,
}

pub(super) fn standing(state: State) -> Standing {
    match state {
        State::Skipped(SkipReason::Upstream) => Standing::Dead,
        State::Unknown => Standing::Unclear,
        s if s.is_resolved() => Standing::Met,
        s if s.is_unresolved() => Standing::Fallen,
        _ => Standing::Open,
    }
}

pub(super) fn not_started(state: State) -> bool {
    matches!(state, State::Pending | State::Ready | State::Held)
}

pub(super) fn slot(state: State) -> usize {
    match state {
        State::Pending => 0,
        State::Ready => 1,
        State::Held => 2,
        State::Running => 3,
        State::Waiting => 4,
        State::Retrying { .. } => 5,
        State::Stopping => 6,
        State::Failed => 7,
        State::TimedOut => 8,
        State::Cancelled => 9,
        State::Rejected => 10,
        State::Unknown => 11,
        State::Succeeded => 12,
        State::Marked => 13,
        State::Skipped(SkipReason::Condition) => 14,
        State::Skipped(SkipReason::Operator) => 15,
        State::Skipped(SkipReason::Upstream) => 16,
        State::Ignored => 17,
        State::Compensating => 18,
        State::Compensated => 19,
        State::CompensationFailed => 20,
        State::Skipped(SkipReason::Mode) => 21,
    }
}

pub(super) fn unresolved(tally: &[usize; STATES]) -> usize {
    tally[slot(State::Failed)..=slot(State::Unknown)]
        .iter()
        .sum()
}

impl Run {
    /// Whether the needs of plan step `i` let it start.
    ///
    /// An `always` step starts once each of its needs has ended and is settled. A parked failure is not settled while a
    /// person may still retry it, so the step waits; once the run is on its way out, any end will do.
    pub(super) fn clear(&self, i: usize) -> bool {
        let track = &self.tracks[i];
        if !self.has_begun(i) {
            return false;
        }
        if self.def(i).always {
            track.unended == 0 && (track.undecided == 0 || self.abort.is_some())
        } else {
            track.unmet == 0
        }
    }

    /// The sub-workflow around plan step `i`, if there is one, has begun, or never will.
    fn has_begun(&self, i: usize) -> bool {
        let begin = self
            .graph
            .begins
            .get(i)
            .copied()
            .flatten()
            .map(|begin| self.tracks[begin].standing);
        begin.is_none_or(|standing| match standing {
            Standing::Open => false,
            Standing::Met | Standing::Dead => true,
            Standing::Fallen | Standing::Unclear => self.abort.is_some(),
        })
    }

    /// The plan step whose needs count for step `i`: itself, or its group.
    pub(super) fn gate(&self, i: usize) -> usize {
        self.steps[i].group.unwrap_or(i)
    }

    /// An attempt or a look of step `i` is under way.
    pub(super) fn under_way(&self, i: usize) -> bool {
        let act = self.steps[i].attempts.last();
        self.tracks[i].look.is_some() || act.is_some_and(|a| a.ended.is_none())
    }

    /// Nobody looks at its effect, and no mark of it is being considered.
    pub(super) fn free(&self, i: usize) -> bool {
        let track = &self.tracks[i];
        !self.under_way(i) && track.mark.is_none() && track.looked.is_none()
    }

    /// Files step `i` anew after anything about it has changed, and all that depends on it.
    pub(super) fn refile(&mut self, i: usize) {
        self.file_due(i);
        self.file_count(i);
        self.file_lists(i);
        if let Some(group) = self.steps[i].group {
            self.regroup(group);
        } else {
            self.file_standing(i);
        }
        self.regroup_around(i);
        self.file_undo(i);
    }

    fn file_due(&mut self, i: usize) {
        let step = &self.steps[i];
        let due = match (step.state, &step.ask) {
            (State::Retrying { until }, _) => Some(until),
            (State::Waiting, Some(Ask::Timer { until })) => Some(*until),
            (State::Waiting, Some(Ask::Approval { deadline, .. })) => *deadline,
            _ => None,
        };
        let old = std::mem::replace(&mut self.tracks[i].due, due);
        if old != due {
            old.map(|t| self.schedule.timers.remove(&(t, i)));
            due.map(|t| self.schedule.timers.insert((t, i)));
        }
    }

    pub(super) fn file_count(&mut self, i: usize) {
        let step = &self.steps[i];
        let engaged = not_started(step.state) && !self.free(i);
        let place = if engaged { ENGAGED } else { slot(step.state) };
        let now = step.members.is_none().then_some(place);
        let group = step.group;
        let old = std::mem::replace(&mut self.tracks[i].counted, now);
        if old == now {
            return;
        }
        let count = |tally: &mut [usize; STATES]| {
            if let Some(gone) = old {
                tally[gone] -= 1;
            }
            if let Some(come) = now {
                tally[come] += 1;
            }
        };
        count(&mut self.schedule.tally);
        for around in self.groups_around(i) {
            if let Some(crowd) = self.tracks[around].crowd.as_mut() {
                count(&mut crowd.tally);
            }
        }
        if let Some(crowd) = group.and_then(|g| self.tracks[g].crowd.as_mut()) {
            count(&mut crowd.tally);
        }
    }

    pub(super) fn file_lists(&mut self, i: usize) {
        let new = self.lists_of(i);
        let changed = self.tracks[i].filed ^ new;
        self.tracks[i].filed = new;
        for list in 0..LISTS {
            if changed & (1 << list) != 0 {
                if new & (1 << list) != 0 {
                    self.schedule.lists[list].insert(i);
                } else {
                    self.schedule.lists[list].remove(&i);
                }
            }
        }
        if changed & (1 << List::Ready as usize) != 0 {
            self.file_ready(i, new & (1 << List::Ready as usize) != 0);
        }
        if changed & (1 << List::Promote as usize) != 0 {
            self.file_eager(i, new & (1 << List::Promote as usize) != 0);
        }
    }

    /// Tells the sub-workflows around step `i` that it is on the point of going on, or not any more.
    fn file_eager(&mut self, i: usize, eager: bool) {
        for around in self.groups_around(i) {
            let count = self.tracks[around].crowd.as_mut();
            if let Some(count) = count.and_then(|crowd| crowd.eager.as_mut()) {
                shift(count, !eager, eager);
            }
        }
        self.regroup_around(i);
    }

    fn file_ready(&mut self, i: usize, ready: bool) {
        let def = self.steps[i].def;
        let work = matches!(self.def(i).action, Action::Work(_));
        let lane = if work {
            &mut self.schedule.ready_work
        } else {
            &mut self.schedule.ready_pure
        };
        if ready {
            lane.entry(def).or_default().insert(i);
        } else if let Some(set) = lane.get_mut(&def) {
            set.remove(&i);
            if set.is_empty() {
                lane.remove(&def);
            }
        }
    }

    /// The lists that step `i` belongs in, as bits.
    fn lists_of(&self, i: usize) -> u16 {
        let mut bits = 0;
        let mut put = |list: List, test: bool| bits |= u16::from(test) << list as usize;
        let (step, track) = (&self.steps[i], &self.tracks[i]);
        let under_way = self.under_way(i);
        let free = self.free(i);
        if let Some(crowd) = &track.crowd {
            if crowd.eager.is_some() {
                return bits;
            }
            let pending = crowd.tally[slot(State::Pending)];
            let lined_up = crowd.tally[slot(State::Ready)] + crowd.tally[slot(State::Held)];
            let clear = self.clear(i);
            put(List::Promote, clear && (crowd.stale || pending > 0));
            put(List::Demote, !clear && lined_up > 0);
            put(List::Doom, self.doomed(i) && pending + lined_up > 0);
            return bits;
        }
        let state = step.state;
        let not_started = not_started(state);
        if step.group.is_none() {
            let clear = self.clear(i);
            put(List::Promote, free && clear && state == State::Pending);
            put(
                List::Demote,
                free && !clear && not_started && state != State::Pending,
            );
            put(List::Doom, free && not_started && self.doomed(i));
        }
        let timed = matches!(step.ask, Some(Ask::Timer { .. }));
        let waiting = state == State::Waiting;
        let retrying = matches!(state, State::Retrying { .. });
        put(List::Open, not_started || waiting || retrying);
        put(List::UnderWay, under_way);
        let answered = match &step.ask {
            Some(Ask::Approval { needed, votes, .. }) => answer::is_answered(*needed, votes),
            Some(Ask::Checklist { items }) => tick::all_done(items),
            _ => false,
        };
        let over = track.looked.is_some() || state.is_active() || answered;
        put(List::Undecided, !under_way && over);
        put(
            List::Marked,
            !under_way && track.mark.is_some() && track.looked.is_none(),
        );
        put(List::Ready, free && state == State::Ready);
        put(
            List::Admitted,
            free && state == State::Ready && track.admitted,
        );
        put(List::Held, free && state == State::Held);
        put(List::Asking, waiting && !timed);
        put(List::Clocked, retrying || (waiting && timed));
        bits
    }

    fn doomed(&self, i: usize) -> bool {
        self.tracks[i].dead > 0 && !self.def(i).always
    }

    /// Tells those that need plan step `i` how it stands now.
    pub(super) fn file_standing(&mut self, i: usize) {
        let new = standing(self.steps[i].state);
        let old = std::mem::replace(&mut self.tracks[i].standing, new);
        if old == new {
            return;
        }
        let graph = self.graph.clone();
        let after = self.undone_next(i).map(|next| (next, false));
        let wanted_by = graph.wanted_by.get(i).into_iter().flatten().copied();
        for (dependent, any) in wanted_by.chain(after) {
            let track = &mut self.tracks[dependent];
            let unmet = |s| !(s == Standing::Met || any && s == Standing::Fallen);
            shift(&mut track.unmet, unmet(old), unmet(new));
            let dead = |s| s == Standing::Dead;
            shift(&mut track.dead, dead(old), dead(new));
            let unended = |s| s == Standing::Open;
            shift(&mut track.unended, unended(old), unended(new));
            let undecided = |s| matches!(s, Standing::Fallen | Standing::Unclear);
            shift(&mut track.undecided, undecided(old), undecided(new));
            self.file_lists(dependent);
        }
        for &inside in graph.behind.get(&i).into_iter().flatten() {
            self.file_lists(inside);
        }
    }

    /// Files the `always` steps anew, and what waits for a sub-workflow to begin: whether the run is on its way out decides
    /// when they may start.
    pub(super) fn refile_always(&mut self) {
        let graph = self.graph.clone();
        for &i in graph.always.iter().chain(graph.behind.values().flatten()) {
            self.file_lists(i);
        }
    }
}

fn shift(counter: &mut usize, was: bool, is: bool) {
    *counter = *counter + usize::from(is) - usize::from(was);
}
