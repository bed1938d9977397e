//! How long steps took in past runs, and how long they should take: the median of those, else what the file declares.

use std::collections::BTreeMap;
use std::time::Duration;

use super::machine::Run;
use super::state::State;
use crate::id::StepId;
use crate::workflow::Workflow;

/// How long the steps of a workflow took, by its past runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PastTimes {
    /// Newest first. Of a fan-out, those of all its members.
    times: BTreeMap<StepId, Vec<Duration>>,
}

/// How long a step should take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expected {
    /// The median of past runs, or what the file declares.
    pub time: Duration,
    /// `None` for a declared time.
    pub past: Option<Spread>,
}

/// How much past runs differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spread {
    /// Nine of ten took no longer.
    pub p90: Duration,
    /// How often it was done.
    pub count: usize,
}

impl PastTimes {
    /// Takes in what the next older run tells: how long each step took that succeeded, at the try that did.
    pub fn add(&mut self, run: &Run) {
        for (index, step) in run.steps().iter().enumerate() {
            let last = step
                .attempts
                .last()
                .and_then(|attempt| attempt.ended.as_ref());
            let (Some(ended), State::Succeeded) = (last, step.state) else {
                continue;
            };
            if let Some(def) = run.definition(index) {
                let took = Duration::from_millis(ended.took_ms);
                self.times.entry(def.id.clone()).or_default().push(took);
            }
        }
    }

    pub fn is_empty(&self) -> bool {
        self.times.is_empty()
    }

    /// The last so many times of a step of the plan, oldest first.
    pub fn trend(&self, step: &StepId, last: usize) -> Vec<Duration> {
        let times = self.times.get(step).into_iter().flatten().take(last);
        let mut trend: Vec<Duration> = times.copied().collect();
        trend.reverse();
        trend
    }

    fn of(&self, step: &StepId) -> Option<Expected> {
        let mut times = self.times.get(step)?.clone();
        times.sort_unstable();
        Some(Expected {
            time: percentile(&times, 50)?,
            past: Some(Spread {
                p90: percentile(&times, 90)?,
                count: times.len(),
            }),
        })
    }
}

/// What is expected of each step of a plan, looked up once.
#[derive(Clone, Debug, Default)]
pub struct Expectations {
    /// By the place in the plan; of what has none, the declared time holds.
    past: Vec<Option<Expected>>,
}

impl Expectations {
    pub fn new(workflow: &Workflow, past: &PastTimes) -> Self {
        let steps = workflow.steps.iter().filter(|_| !past.is_empty());
        Self {
            past: steps.map(|step| past.of(&step.id)).collect(),
        }
    }

    /// Whether anything is known of past runs.
    pub fn know_the_past(&self) -> bool {
        !self.past.is_empty()
    }

    /// Of a step by its place in the plan.
    pub fn of(&self, workflow: &Workflow, plan: usize) -> Option<Expected> {
        let past = self.past.get(plan).copied().flatten();
        past.or_else(|| declared(workflow.steps[plan].expected))
    }
}

/// Of ascending times the smallest that so many percent do not exceed.
pub fn percentile(times: &[Duration], percent: usize) -> Option<Duration> {
    let rank = (times.len() * percent).div_ceil(100).max(1) - 1;
    times.get(rank).copied()
}

fn declared(time: Option<Duration>) -> Option<Expected> {
    time.map(|time| Expected { time, past: None })
}

impl Run {
    /// How long this step should take.
    pub fn expected(&self, index: usize, by: &Expectations) -> Option<Expected> {
        let step = self.steps.get(index)?;
        if step.compensates.is_some() {
            return declared(self.def(index).expected);
        }
        by.of(&self.workflow, step.def)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(seconds: &[u64]) -> (u64, u64) {
        let id = StepId::from("a");
        let times = seconds.iter().copied().map(Duration::from_secs).collect();
        let past = PastTimes {
            times: BTreeMap::from([(id.clone(), times)]),
        };
        let expected = past.of(&id).unwrap();
        (
            expected.time.as_secs(),
            expected.past.unwrap().p90.as_secs(),
        )
    }

    #[test]
    fn a_trend_ends_with_the_newest() {
        let id = StepId::from("a");
        let newest_first = [5, 9, 2, 7].map(Duration::from_secs).to_vec();
        let past = PastTimes {
            times: BTreeMap::from([(id.clone(), newest_first)]),
        };
        assert_eq!(past.trend(&id, 3), [2, 9, 5].map(Duration::from_secs));
        assert!(past.trend(&StepId::from("b"), 3).is_empty());
    }

    #[test]
    fn the_median_and_what_nine_of_ten_did_not_exceed() {
        assert_eq!(told(&[7]), (7, 7));
        assert_eq!(told(&[1, 2]), (1, 2));
        assert_eq!(told(&[3, 1, 2]), (2, 3));
        assert_eq!(told(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]), (5, 9));
    }
}
