//! What can be told of the time left.

use std::time::Duration;

use super::machine::Run;
use super::state::{Ask, State};
use crate::time::Timestamp;
use crate::workflow::{Action, Wait};

/// The recovery time: from the start of the run until the step `clock_end` succeeds, else until the run ends. It never stops
/// meanwhile, paused or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecoveryTime {
    pub spent: Duration,
    pub objective: Option<Duration>,
    /// What the objective asks for has come about.
    pub reached: bool,
    /// The run has ended: what has not come about will not.
    pub over: bool,
}

impl RecoveryTime {
    /// Whether the objective was met; `None` where there is none, or it is open. Too late is too late, reached or not.
    pub fn met(&self) -> Option<bool> {
        let objective = self.objective?;
        let late = self.spent > objective;
        let decided = self.reached || self.over || late;
        decided.then_some(self.reached && !late)
    }
}

impl Run {
    pub fn recovery_time(&self, now: Timestamp) -> RecoveryTime {
        let wanted = &self.workflow.objectives;
        let reached = match &wanted.clock_end {
            Some(id) => self
                .step(id)
                .filter(|s| s.state == State::Succeeded)
                .map(|s| s.since),
            None => self.ended_at,
        };
        let until = reached.or(self.ended_at).unwrap_or(now);
        RecoveryTime {
            spent: until.since(self.started_at),
            objective: wanted.rto,
            reached: reached.is_some(),
            over: self.phase.is_terminal(),
        }
    }

    /// What can be told of the time left, by the longest path of `expected` times: `None` where a step has none.
    ///
    /// A failed step counts as if it were retried now. What waits for a person counts its `expected`, or nothing: nobody
    /// knows when someone answers.
    pub fn forecast_end(&self, now: Timestamp) -> Option<Timestamp> {
        if self.phase.is_terminal() {
            return self.ended_at;
        }
        if self.rollback.is_some() {
            let left: Option<Duration> = self.undoing().map(|i| self.leaf_left(i, now)).sum();
            return left.map(|left| now.after(left));
        }
        let mut ends = vec![Duration::ZERO; self.workflow.steps.len()];
        let mut last = Duration::ZERO;
        for &i in &self.graph.order {
            let needs = self.workflow.steps[i].needs.iter();
            let from = needs.map(|n| ends[n.step]).max().unwrap_or_default();
            ends[i] = from + self.time_left(i, now)?;
            last = last.max(ends[i]);
        }
        Some(now.after(last))
    }

    /// Of a plan step; a fan-out counts its open members in rows as wide as it may run.
    fn time_left(&self, i: usize, now: Timestamp) -> Option<Duration> {
        let step = &self.steps[i];
        let Some(members) = &step.members else {
            return self.leaf_left(i, now);
        };
        if self.workflow.steps[i].inner().is_some() {
            // Its steps stand before it on the path.
            return Some(Duration::ZERO);
        }
        let limit = self.workflow.steps[i].fan_out.as_ref();
        let limit = limit.and_then(|f| f.max_parallel);
        let width = limit.unwrap_or(usize::MAX).min(self.max_parallel()).max(1);
        let (mut longest, mut open) = (Duration::ZERO, 0);
        for &m in members {
            longest = longest.max(self.leaf_left(m, now)?);
            open += usize::from(!self.steps[m].state.is_resolved());
        }
        Some(longest * u32::try_from(open.div_ceil(width)).unwrap_or(u32::MAX))
    }

    fn leaf_left(&self, i: usize, now: Timestamp) -> Option<Duration> {
        let (step, def) = (&self.steps[i], self.def(i));
        let whole = match &def.action {
            _ if step.state.is_resolved() => return Some(Duration::ZERO),
            Action::Work(_) => def.expected?,
            Action::Wait(Wait::For(span)) => *span,
            _ => def.expected.unwrap_or_default(),
        };
        let since = match (step.state, &step.ask) {
            (State::Waiting, Some(Ask::Timer { until })) => return Some(until.since(now)),
            (State::Waiting, _) => Some(step.since),
            (State::Running | State::Stopping, _) => step.attempts.last().map(|a| a.started_at),
            _ => None,
        };
        Some(since.map_or(whole, |since| whole.saturating_sub(now.since(since))))
    }
}
