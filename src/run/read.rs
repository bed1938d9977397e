//! What the screen, the reports and the engine may ask a run.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::actor::Actor;
use super::attempt::Attempt;
use super::event::RunStart;
use super::machine::Run;
use super::schedule::{ENGAGED, List, not_started, slot, unresolved};
use super::state::{Ask, AuditEntry, Counts, Phase, Shown, SkipReason, State, StepRun, Why};
use crate::id::StepId;
use crate::time::Timestamp;
use crate::workflow::{Need, Workflow};

/// How many needs `Why::Needs` names.
const NEEDS_NAMED: usize = 3;

impl Run {
    pub fn workflow(&self) -> &Arc<Workflow> {
        &self.workflow
    }

    /// `None` before the first event.
    pub fn started(&self) -> Option<&RunStart> {
        self.start.as_deref()
    }

    pub fn started_at(&self) -> Timestamp {
        self.started_at
    }

    pub fn ended_at(&self) -> Option<Timestamp> {
        self.ended_at
    }

    /// The boot id of the machine under which attempts under way were started; empty where the journal does not say.
    pub fn boot(&self) -> &str {
        &self.boot
    }

    /// Sequence number of the last event.
    pub fn seq(&self) -> u64 {
        self.seq
    }

    pub fn phase(&self) -> Phase {
        match self.queued() {
            Some(_) if self.abort.is_none() => Phase::Queued,
            _ => self.phase,
        }
    }

    /// Attention = nothing can go on without a person: nothing runs, no timer will move anything, and yet it has not ended.
    pub fn shown(&self) -> Shown {
        let running = self.schedule.list(List::UnderWay).len();
        let clocked = self.schedule.list(List::Clocked).len();
        match self.phase {
            phase if phase.is_terminal() => Shown::Ended(phase),
            _ if self.standby && running > 0 => Shown::Pausing(running),
            _ if self.standby => Shown::Paused,
            Phase::Cancelling => Shown::Cancelling,
            _ if self.queued.is_some() => Shown::Queued,
            Phase::Preflight if self.checks_under_way().next().is_some() => Shown::Preflight,
            Phase::Preflight => Shown::Attention,
            _ if self.paused.is_some() && running > 0 => Shown::Pausing(running),
            _ if self.paused.is_some() => Shown::Paused,
            _ if running + clocked == 0 && self.start.is_some() => Shown::Attention,
            Phase::RollingBack => Shown::RollingBack,
            _ => Shown::Running,
        }
    }

    /// Who paused it and when, if it is paused.
    pub fn paused(&self) -> Option<&(Actor, Timestamp)> {
        self.paused.as_ref()
    }

    /// Steps by how they stand; once a roll back has begun, its compensations alone.
    pub fn counts(&self) -> Counts {
        let tally = &self.undone_tally().unwrap_or(self.schedule.tally);
        let sum = |states: &[State]| states.iter().map(|s| tally[slot(*s)]).sum::<usize>();
        let asking = self.schedule.list(List::Asking).len();
        let skips = [
            SkipReason::Condition,
            SkipReason::Operator,
            SkipReason::Upstream,
            SkipReason::Mode,
        ];
        let retrying = State::Retrying {
            until: Timestamp::default(),
        };
        let parked = [
            State::Pending,
            State::Ready,
            State::Held,
            State::Waiting,
            retrying,
        ];
        Counts {
            total: tally.iter().sum(),
            ok: sum(&[State::Succeeded]),
            excepted: sum(&[State::Marked, State::Ignored]),
            running: self.schedule.active(),
            unresolved: unresolved(tally),
            asking,
            skipped: sum(&skips.map(State::Skipped)),
            waiting: sum(&parked) + tally[ENGAGED] - asking,
        }
    }

    /// The plan's steps in the order of the file, then members of fan-outs as they became known.
    pub fn steps(&self) -> &[StepRun] {
        &self.steps
    }

    /// The members of a fan-out, which stand behind the plan's steps; those of a sub-workflow stand among them.
    pub fn fanned_out(&self, index: usize) -> &[usize] {
        let fans_out = self.workflow.steps.get(index).map(|s| s.inner().is_none());
        let step = self.steps.get(index).filter(|_| fans_out == Some(true));
        step.and_then(|s| s.members.as_deref()).unwrap_or_default()
    }

    /// The groups around this step, the nearest first: its fan-out, and the sub-workflows that it stands in.
    pub fn around(&self, index: usize) -> impl Iterator<Item = usize> + '_ {
        let step = self.steps.get(index);
        let fan_out = step.and_then(|s| s.group);
        let inside = step.map(|_| self.groups_around(index));
        fan_out.into_iter().chain(inside.into_iter().flatten())
    }

    /// The attempts of these steps and of all that lies inside them, or of all steps if there are none of these, by when they began.
    pub fn attempts_of(&self, of: &BTreeSet<usize>) -> Vec<(&StepRun, &Attempt)> {
        let wanted = |step: &usize| {
            of.is_empty()
                || of.contains(step)
                || self.around(*step).any(|group| of.contains(&group))
        };
        let steps = (0..self.steps.len()).filter(wanted);
        let attempts = steps.flat_map(|step| {
            let step = &self.steps[step];
            step.attempts.iter().map(move |attempt| (step, attempt))
        });
        let mut attempts: Vec<_> = attempts.collect();
        attempts.sort_by_key(|(_, attempt)| attempt.started_at);
        attempts
    }

    pub fn index(&self, step: &StepId) -> Option<usize> {
        self.by_id.get(step).copied()
    }

    pub fn step(&self, step: &StepId) -> Option<&StepRun> {
        self.index(step).map(|i| &self.steps[i])
    }

    /// Indices (into `steps()`) that this one needs: plan steps; a member has its group's needs, a compensation the one before.
    pub fn needs(&self, index: usize) -> &[Need] {
        let Some(step) = self.steps.get(index) else {
            return &[];
        };
        match self.rollback.as_ref().filter(|r| r.holds(index)) {
            Some(rollback) => rollback.needs_of(index),
            None => &self.workflow.steps[step.def].needs,
        }
    }

    /// Indices of steps that need this plan step, or this compensation.
    pub fn dependents(&self, index: usize) -> &[usize] {
        match self.rollback.as_ref().filter(|r| r.holds(index)) {
            Some(rollback) => rollback.dependents_of(index),
            None => self.graph.dependents.get(index).map_or(&[], Vec::as_slice),
        }
    }

    /// Plan steps that need nothing, in the order of the file.
    pub fn first_steps(&self) -> &[usize] {
        &self.graph.roots
    }

    /// How many steps stand before this plan step on the longest way from a first one; `None` for a compensation.
    pub fn level(&self, index: usize) -> Option<usize> {
        self.graph.level.get(index).copied()
    }

    pub fn levels(&self) -> usize {
        self.graph.levels
    }

    /// The state to show: for a group it is derived from its members.
    pub fn state(&self, index: usize) -> State {
        self.steps.get(index).map_or(State::Pending, |s| s.state)
    }

    pub fn why(&self, index: usize) -> Why {
        let Some(step) = self.steps.get(index) else {
            return Why::NotWaiting;
        };
        if self.phase.is_terminal() || !self.free(index) {
            return Why::NotWaiting;
        }
        let retries = matches!(step.state, State::Retrying { .. });
        let waits = not_started(step.state) || self.queued.is_some() && retries;
        if waits && (self.is_before_steps() || self.queued.is_some()) {
            return Why::KeptBack(self.kept_back_by());
        }
        match step.state {
            State::Pending => self.why_pending(index),
            State::Ready => self.why_ready(index),
            State::Held => Why::Breakpoint,
            State::Retrying { .. } if self.standby => Why::StandingBy,
            State::Retrying { .. } if self.gated() => Why::RunPaused,
            State::Retrying { until } => Why::Until(until),
            State::Waiting => match &step.ask {
                Some(Ask::Timer { until }) => Why::Until(*until),
                Some(ask) => Why::Person(super::describe::asked(ask)),
                None => Why::Person("an answer".to_owned()),
            },
            _ => Why::NotWaiting,
        }
    }

    /// It was taken up, and nothing starts until somebody says `resume`.
    pub fn stands_by(&self) -> bool {
        self.standby
    }

    /// Standing by, or paused and not on its way out: nothing starts.
    pub(super) fn gated(&self) -> bool {
        self.shut() || self.paused.is_some() && self.abort.is_none()
    }

    /// Nothing starts at all: it stands by, or has no slot of its group.
    pub(super) fn shut(&self) -> bool {
        self.standby || self.queued.is_some()
    }

    fn why_pending(&self, index: usize) -> Why {
        let gate = self.gate(index);
        let always = self.def(gate).always;
        let blocks = |need: &&Need| {
            let state = self.steps[need.step].state;
            let any = need.any && state.is_unresolved() && state != State::Unknown;
            let skipped_for_good = state == State::Skipped(SkipReason::Upstream);
            !(any || state.is_resolved() && (always || !skipped_for_good))
        };
        let needs = self.needs(gate).iter().filter(blocks);
        let named = needs.take(NEEDS_NAMED).map(|n| {
            let step = &self.steps[n.step];
            (step.id.clone(), step.state)
        });
        Why::Needs(named.collect())
    }

    fn why_ready(&self, index: usize) -> Why {
        if self.standby {
            return Why::StandingBy;
        }
        if self.gated() && !self.tracks[index].admitted {
            return Why::RunPaused;
        }
        if let Some(failed) = self.failed_sibling(index) {
            return Why::Needs(vec![(failed.id.clone(), failed.state)]);
        }
        if let Some((group, limit)) = self.full_around(index) {
            return Why::InnerSlot(self.steps[group].id.clone(), limit);
        }
        if let Some(limit) = self.fan_out_limit(index) {
            return Why::GroupSlot(limit);
        }
        if self.abort.is_some() {
            return Why::Aborting;
        }
        Why::Slot(self.max_parallel())
    }

    pub fn audit(&self) -> &[AuditEntry] {
        &self.audit
    }
}
