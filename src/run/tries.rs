//! The part of the fold that is about attempts: ordered tries, starts, looks, ends.

use std::collections::BTreeMap;

use super::attempt::Attempt;
use super::input::{Changes, Ended, Outcome};
use super::machine::Run;
use super::schedule::not_started;
use super::state::State;
use super::track::Look;
use crate::id::{AttemptId, Role};

impl Run {
    /// A person ordered another try: fresh budget, a new idempotency key.
    pub(super) fn new_try(&mut self, i: usize, changes: Option<&Changes>) {
        let looks = self.def(i).verify.is_some();
        let (step, track) = (&mut self.steps[i], &mut self.tracks[i]);
        track.group += 1;
        track.retried = 0;
        track.astray = 0;
        track.look_first = looks && !track.doubted && !step.attempts.is_empty();
        track.parked = match step.state {
            State::Retrying { .. } => State::Failed,
            state => state,
        };
        if let Some(changes) = changes {
            if changes.rest_of_run {
                step.changes.extend(changes.inputs.clone());
            }
            track.changes = Some(changes.clone());
        }
        self.refile(i);
    }

    pub(super) fn attempt_started(
        &mut self,
        id: &AttemptId,
        inputs: &BTreeMap<String, String>,
        changes: Option<&Changes>,
    ) {
        let Some(i) = self.index(&id.step) else {
            return;
        };
        if id.role == Role::Verify {
            self.look_started(i);
            return;
        }
        self.settle_at(i, State::Running, "");
        let (step, track) = (&mut self.steps[i], &mut self.tracks[i]);
        step.attempts
            .push(Attempt::begun(id, self.at, inputs, changes));
        track.group = track.group.max(1);
        track.look_first = false;
        track.doubted = false;
        if changes.is_some() {
            track.changes = None;
        }
        self.refile(i);
    }

    fn look_started(&mut self, i: usize) {
        let why = self.look_due(i);
        let parked = self.tracks[i].parked;
        if why == Look::BeforeRetry && not_started(self.steps[i].state) {
            self.settle_at(i, State::Running, "");
        }
        let (step, track) = (&mut self.steps[i], &mut self.tracks[i]);
        track.parked = parked;
        track.looked = None;
        track.look = Some(why);
        step.verifies += 1;
        step.verifying = true;
        self.refile(i);
    }

    /// What a look that starts now is for: it follows from where the step stands.
    pub(super) fn look_due(&self, i: usize) -> Look {
        let (step, track) = (&self.steps[i], &self.tracks[i]);
        let last = step.attempts.last().and_then(|a| a.ended.as_ref());
        match (&track.looked, last.map(|e| e.outcome)) {
            (Some((look, ..)), _) => *look,
            _ if track.mark.is_some() => Look::Mark,
            _ if track.look_first => Look::BeforeRetry,
            (_, Some(Outcome::Succeeded)) => Look::AfterSuccess,
            _ => Look::Settle,
        }
    }

    pub(super) fn attempt_ended(&mut self, id: &AttemptId, ended: &Ended) {
        let Some(i) = self.index(&id.step) else {
            return;
        };
        let at = self.at;
        let (step, track) = (&mut self.steps[i], &mut self.tracks[i]);
        match ended.outcome {
            Outcome::NotStarted | Outcome::Unknown => track.astray += 1,
            Outcome::Orphaned => {}
            _ => track.astray = 0,
        }
        if id.role == Role::Verify {
            step.verifying = false;
            let look = track.look.take().unwrap_or(Look::Settle);
            if look == Look::BeforeRetry && ended.outcome == Outcome::Succeeded {
                track.doubted = true;
            }
            track.looked = Some((look, ended.outcome, ended.message.clone()));
        } else if let Some(attempt) = step.attempts.last_mut() {
            attempt.end(at, ended);
        }
        self.refile(i);
    }
}
