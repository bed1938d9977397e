//! Ungraceful mode: which steps are passed over, or go another way, when there is no time for the graceful one.

use std::collections::BTreeMap;

use super::desk::Desk;
use super::event::Event;
use super::machine::Run;
use super::state::{SkipReason, State};
use crate::id::StepId;
use crate::workflow::Ungraceful;

/// What has been ordered: for the run, and for single steps or groups, whose word stands over the run's.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Modes {
    pub(super) run: bool,
    steps: BTreeMap<usize, bool>,
}

impl Modes {
    /// The same, of steps that stand in other places; what has no place any more has no mode.
    pub(super) fn moved(&self, places: &BTreeMap<usize, usize>) -> Self {
        let steps = self.steps.iter();
        let moved = steps.filter_map(|(i, on)| Some((*places.get(i)?, *on)));
        Self {
            run: self.run,
            steps: moved.collect(),
        }
    }
}

impl Run {
    /// The run as a whole is in ungraceful mode.
    pub fn is_ungraceful(&self) -> bool {
        self.modes.run
    }

    /// The mode in which step `i` starts next.
    pub(super) fn mode_of(&self, i: usize) -> bool {
        let own = std::iter::once(i).chain(self.around(i));
        let mut said = own.filter_map(|i| self.modes.steps.get(&i));
        said.next().copied().unwrap_or(self.modes.run)
    }

    /// What its author says of step `i` for ungraceful mode.
    pub(super) fn other_way(&self, i: usize) -> Option<&Ungraceful> {
        let step = &self.steps[i];
        let plan = self.workflow.steps[step.def].ungraceful.as_ref();
        plan.filter(|_| step.compensates.is_none())
    }

    /// In its mode, step `i` is passed over.
    pub(super) fn is_skipped_by_mode(&self, i: usize) -> bool {
        self.steps[i].ungraceful && matches!(self.other_way(i), Some(Ungraceful::Skip))
    }

    /// It has begun, and finishes as it began.
    pub(super) fn keeps_mode(&self, i: usize) -> bool {
        let state = self.steps[i].state;
        state.is_active() || state == State::Waiting || self.under_way(i)
    }

    // ---- the fold ----

    pub(super) fn change_mode(&mut self, step: Option<&StepId>, ungraceful: bool) {
        match step.map(|step| self.index(step)) {
            None => {
                self.modes.run = ungraceful;
                // Whoever speaks of the whole run means all of it.
                self.modes.steps.clear();
            }
            Some(Some(i)) => {
                let within: Vec<usize> = self.modes.steps.keys().copied().collect();
                for inner in within {
                    if self.around(inner).any(|group| group == i) {
                        self.modes.steps.remove(&inner);
                    }
                }
                self.modes.steps.insert(i, ungraceful);
            }
            Some(None) => {}
        }
        for i in 0..self.steps.len() {
            self.adopt_mode(i);
        }
    }

    /// What runs, or asks, goes on as it began; everything else takes the mode that holds now.
    pub(super) fn adopt_mode(&mut self, i: usize) {
        if !self.keeps_mode(i) && self.steps[i].compensates.is_none() {
            self.steps[i].ungraceful = self.mode_of(i);
        }
    }
}

impl Desk<'_> {
    /// Passes over step `i`; what its author provided stands in for its outputs.
    pub(super) fn skip_by_mode(&mut self, i: usize) {
        let outputs = self.run.stand_ins(i, &BTreeMap::new());
        let step = self.id(i);
        self.emit(Event::StepSkipped {
            step,
            reason: SkipReason::Mode,
            outputs: outputs.unwrap_or_default(),
        });
    }
}
