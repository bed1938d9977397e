//! What can be told of the time left: when each step is expected to end, and which of them decide when the run does.

use std::sync::Arc;
use std::time::Duration;

use super::lay::Basis;
use super::machine::Run;
use super::past::Expectations;
use super::state::State;
use crate::time::Timestamp;

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

    /// What can be told of the time left, by expected times and the slots that there are.
    ///
    /// A failed step counts as if it were retried now. What waits for a person counts its `expected`, or nothing: nobody
    /// knows when someone answers.
    pub fn forecast(&self, now: Timestamp, by: &Expectations) -> Forecast {
        let laid = self.lay(Basis { now, by });
        let mut forecast = Forecast {
            at: now,
            spans: laid.spans,
            places: vec![Place::Off; self.workflow.steps.len()],
            ..Forecast::default()
        };
        let ends = forecast.spans.iter().map(|span| span.end);
        forecast.last = ends.max().unwrap_or(now);
        forecast.end = self.forecast_end(&forecast.spans, now);
        forecast.recovered = self.forecast_recovered(&forecast);
        if self.rollback.is_some() {
            forecast.critical = self.undoing().filter(|&i| self.is_open(i)).collect();
        } else {
            forecast.walk(self, &laid.behind);
        }
        forecast
    }

    /// How long the whole run should take, as if nothing of it had happened; `None` if nothing is expected of any step.
    pub fn expected_in_all(&self, by: &Expectations) -> Option<Duration> {
        let mut fresh = Self::empty(Arc::clone(&self.workflow));
        fresh.start.clone_from(&self.start);
        let steps = 0..fresh.workflow.steps.len();
        let known = steps.clone().any(|i| by.of(&fresh.workflow, i).is_some());
        let start = Timestamp::default();
        known.then(|| fresh.forecast(start, by).last.since(start))
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
}

/// When all is over, if it goes as expected and nobody waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outlook {
    /// Of the run.
    pub end: Timestamp,
    /// When what the recovery objective asks for comes about.
    pub recovered: Timestamp,
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
        // Whoever runs although a need of it failed may have the slot that this need waits for.
        while let Some(i) = at.filter(|&i| self.places[i] == Place::Off) {
            self.critical.push(i);
            at = behind[i];
            self.places[i] = at.map_or(Place::First, Place::After);
        }
        self.critical.reverse();
    }
}
