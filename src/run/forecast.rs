//! What can be told of the time left: when each step is expected to end, and which of them decide when the run does.

use std::time::Duration;

use super::machine::Run;
use super::past::Expectations;
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

    /// What can be told of the time left, by the longest path of expected times.
    ///
    /// A failed step counts as if it were retried now. What waits for a person counts its `expected`, or nothing: nobody
    /// knows when someone answers.
    pub fn forecast(&self, now: Timestamp, by: &Expectations) -> Forecast {
        let basis = Basis { now, by };
        let mut forecast = Forecast {
            at: now,
            spans: vec![Span::default(); self.steps.len()],
            places: vec![Place::Off; self.workflow.steps.len()],
            ..Forecast::default()
        };
        let mut behind = vec![None; self.workflow.steps.len()];
        for &i in &self.graph.order {
            let needs = self.workflow.steps[i].needs.iter().map(|n| n.step);
            let last = needs.max_by_key(|&n| forecast.weight(n, self));
            behind[i] = last;
            let from = last.map_or(now, |n| forecast.spans[n].end.max(now));
            self.lay(i, from, basis, &mut forecast.spans);
        }
        let mut from = now;
        for i in self.undoing() {
            self.lay_leaf(i, from, basis, &mut forecast.spans);
            from = from.max(forecast.spans[i].end);
        }
        let ends = forecast.spans.iter().map(|span| span.end);
        forecast.last = ends.max().unwrap_or(now);
        forecast.end = self.forecast_end(&forecast.spans, now);
        forecast.recovered = self.forecast_recovered(&forecast);
        if self.rollback.is_some() {
            forecast.critical = self.undoing().filter(|&i| self.is_open(i)).collect();
        } else {
            forecast.walk(self, &behind);
        }
        forecast
    }

    /// When a run that goes on will be over; `None` where that cannot be told, or there is nothing left to tell.
    pub(super) fn outlook(&self, now: Timestamp, by: &Expectations) -> Option<Outlook> {
        let live = !self.phase.is_terminal() && self.abort.is_none() && self.rollback.is_none();
        let forecast = live.then(|| self.forecast(now, by))?;
        Some(Outlook {
            end: forecast.end?,
            recovered: forecast.recovered?,
        })
    }

    /// When the recovery objective is reached, if all goes as expected.
    fn forecast_recovered(&self, forecast: &Forecast) -> Option<Timestamp> {
        let wanted = self.workflow.objectives.clock_end.as_ref();
        match wanted.and_then(|id| self.index(id)) {
            Some(i) => forecast.span(i).filter(|span| span.known).map(|s| s.end),
            None => forecast.end,
        }
    }

    /// `None` where an open step has no expected time.
    fn forecast_end(&self, spans: &[Span], now: Timestamp) -> Option<Timestamp> {
        if self.phase.is_terminal() {
            return self.ended_at;
        }
        let undoing = self.undoing();
        let decisive = if self.rollback.is_some() {
            undoing
        } else {
            0..self.workflow.steps.len()
        };
        let mut end = now;
        for i in decisive.filter(|&i| self.is_open(i)) {
            end = end.max(spans[i].end);
            if !spans[i].known {
                return None;
            }
        }
        Some(end)
    }

    fn is_open(&self, i: usize) -> bool {
        !self.steps[i].state.is_resolved()
    }

    /// A plan step that can go on at `from`; a fan-out lays its open members in rows as wide as it may run.
    fn lay(&self, i: usize, from: Timestamp, basis: Basis<'_>, spans: &mut [Span]) {
        let Some(members) = &self.steps[i].members else {
            return self.lay_leaf(i, from, basis, spans);
        };
        if self.workflow.steps[i].inner().is_some() {
            // Its steps stand before it on the path.
            let begins = members.iter().map(|&m| spans[m].begin).min();
            spans[i] = Span {
                begin: begins.unwrap_or(from),
                end: self.over(i).unwrap_or(from),
                known: true,
            };
            return;
        }
        let limit = self.workflow.steps[i].fan_out.as_ref();
        let limit = limit.and_then(|f| f.max_parallel);
        let width = limit.unwrap_or(usize::MAX).min(self.max_parallel()).max(1);
        let left = |&m: &usize| self.leaf_left(m, basis);
        let longest = members.iter().filter_map(left).max().unwrap_or_default();
        let rows = |open: usize| longest * u32::try_from(open / width).unwrap_or(u32::MAX);
        let (mut open, mut known) = (0, true);
        for &m in members {
            self.lay_leaf(m, from.after(rows(open)), basis, spans);
            known &= spans[m].known;
            open += usize::from(self.is_open(m));
        }
        let begins = members.iter().map(|&m| spans[m].begin).min();
        let ends = self.over(i);
        spans[i] = Span {
            begin: begins.unwrap_or(from),
            end: ends.unwrap_or_else(|| from.after(rows(open + width - 1))),
            known,
        };
    }

    fn lay_leaf(&self, i: usize, from: Timestamp, basis: Basis<'_>, spans: &mut [Span]) {
        let step = &self.steps[i];
        let asks = (step.state == State::Waiting).then_some(step.since);
        let begun = step.attempts.first().map(|a| a.started_at).or(asks);
        let left = self.leaf_left(i, basis);
        let end = self.over(i);
        spans[i] = Span {
            begin: begun.or(end).unwrap_or(from),
            end: end.unwrap_or_else(|| from.after(left.unwrap_or_default())),
            known: left.is_some(),
        };
    }

    /// When a step that is settled came to be so.
    fn over(&self, i: usize) -> Option<Timestamp> {
        (!self.is_open(i)).then(|| self.steps[i].since)
    }

    fn leaf_left(&self, i: usize, Basis { now, by }: Basis<'_>) -> Option<Duration> {
        let (step, def) = (&self.steps[i], self.def(i));
        let expected = || self.expected(i, by).map(|expected| expected.time);
        let whole = match &def.action {
            _ if step.state.is_resolved() => return Some(Duration::ZERO),
            Action::Work(_) => expected()?,
            Action::Wait(Wait::For(span)) => *span,
            _ => expected().unwrap_or_default(),
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

/// When all is over, if it goes as expected and nobody waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outlook {
    /// Of the run.
    pub end: Timestamp,
    /// When what the recovery objective asks for comes about.
    pub recovered: Timestamp,
}

/// What a forecast is made from.
#[derive(Clone, Copy)]
struct Basis<'a> {
    now: Timestamp,
    by: &'a Expectations,
}

/// When each step began and ended, or is expected to, and which of them decide when the run ends.
#[derive(Clone, Debug, Default)]
pub struct Forecast {
    /// When it was made.
    at: Timestamp,
    /// Of the run; `None` where an open step has no expected time.
    pub end: Option<Timestamp>,
    /// When what the recovery objective asks for comes about.
    pub recovered: Option<Timestamp>,
    /// The latest end of all steps, whether it is known or not.
    last: Timestamp,
    /// By index into `Run::steps`.
    spans: Vec<Span>,
    /// The critical path, from its first step to its last.
    critical: Vec<usize>,
    places: Vec<Place>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    pub begin: Timestamp,
    pub end: Timestamp,
    /// Whether its length is known, or at least expected.
    pub known: bool,
}

/// Where a plan step stands on the critical path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Off,
    First,
    After(usize),
}

impl Forecast {
    pub fn at(&self) -> Timestamp {
        self.at
    }

    /// When the last step ends, as far as can be told.
    pub fn last(&self) -> Timestamp {
        self.last
    }

    /// Of a step by its index; `None` before the first event.
    pub fn span(&self, index: usize) -> Option<Span> {
        self.spans.get(index).copied()
    }

    /// The steps that decide when the run ends, first to last: those that are over too. Of a roll back, what is left of it.
    pub fn critical(&self) -> &[usize] {
        &self.critical
    }

    pub fn is_critical(&self, index: usize) -> bool {
        self.places.get(index).is_some_and(|p| *p != Place::Off)
    }

    /// Whether the critical path goes from `from` straight to `to`.
    pub fn leads(&self, from: usize, to: usize) -> bool {
        self.places.get(to) == Some(&Place::After(from))
    }

    /// What comes later decides; of what comes at once, what is still open does.
    fn weight(&self, i: usize, run: &Run) -> (Timestamp, bool) {
        (self.spans[i].end, run.is_open(i))
    }

    /// The critical path, back from what ends last.
    fn walk(&mut self, run: &Run, behind: &[Option<usize>]) {
        let over = run.phase.is_terminal();
        let ends = run.graph.order.iter().copied();
        let ends = ends.filter(|&i| over || run.is_open(i));
        let mut at = ends.max_by_key(|&i| self.weight(i, run));
        while let Some(i) = at {
            self.critical.push(i);
            at = behind[i];
            self.places[i] = at.map_or(Place::First, Place::After);
        }
        self.critical.reverse();
    }
}
