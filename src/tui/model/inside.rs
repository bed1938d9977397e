//! How the service calls that run stand inside, in their own words.

use super::screen_model::Model;
use crate::id::AttemptId;
use crate::run::State;
use crate::workflow::{Action, Work};

/// More would not be looked at by anybody.
const MOST: usize = 64;

impl Model {
    /// The attempts of service calls that run now.
    pub(crate) fn calls_under_way(&self) -> Vec<AttemptId> {
        let calls = (0..self.run.steps().len()).filter_map(|index| self.call_under_way(index));
        calls.take(MOST).collect()
    }

    fn call_under_way(&self, index: usize) -> Option<AttemptId> {
        let step = &self.run.steps()[index];
        if self.run.state(index) != State::Running {
            return None;
        }
        let calls = |action: &Action| matches!(action, Action::Work(Work::Call(_)));
        self.def(index).filter(|def| calls(&def.action))?;
        let attempt = step.attempts.last().filter(|a| a.ended.is_none())?;
        Some(AttemptId::act(step.id.clone(), attempt.n))
    }

    /// What it said last about itself.
    pub(crate) fn inside_of(&self, index: usize) -> Option<&str> {
        if self.inside.is_empty() {
            return None;
        }
        let said = self.inside.get(&self.call_under_way(index)?);
        said.map(String::as_str)
    }
}
