//! The logs of several steps as one: whether the Logs view shows them, of which steps, and which logs that are.

use std::collections::BTreeMap;

use unicode_width::UnicodeWidthStr;

use super::{Model, View};
use crate::id::{AttemptId, StepId};
use crate::run::{Attempt, StepRun};
use crate::tui::message::Part;

/// Logs that are merged when a merge begins: the newest ones. Those of later attempts are added.
const PARTS_MAX: usize = 1_000;

#[derive(Clone, Debug, Default)]
pub(crate) struct Merge {
    /// The Logs view shows the merge, not the log of one step.
    pub on: bool,
    /// Of the present choice of steps; the first one is 1.
    pub number: u32,
    /// Of the marked steps; empty: of all.
    pub of: Vec<StepId>,
    pub parts: Vec<Part>,
    /// For each part, how many other steps have come before its step: neighbours look different.
    pub nth: Vec<usize>,
    /// Columns that the longest name takes.
    pub longest: usize,
    /// Older logs that are left out.
    pub left_out: usize,
    /// Up to which event `parts` are known.
    seq: u64,
}

impl Merge {
    /// The next look chooses anew.
    pub(crate) fn forget(&mut self) {
        *self = Self {
            on: self.on,
            number: self.number,
            ..Self::default()
        };
    }

    fn look_at_parts(&mut self) {
        let mut seen = BTreeMap::new();
        let steps = self.parts.iter().map(|part| &part.attempt.step);
        let nth = steps.map(|step| {
            let next = seen.len();
            *seen.entry(step.clone()).or_insert(next)
        });
        self.nth = nth.collect();
        let names = self.parts.iter().map(|part| part.attempt.short_name());
        self.longest = names.map(|name| name.width()).max().unwrap_or(0);
    }
}

impl Model {
    /// The log pane shows several logs as one.
    pub(crate) fn merges(&self) -> bool {
        self.view == View::Logs && self.merge.on
    }

    /// Brings the choice of logs up to date; true if it has changed.
    pub(crate) fn choose_logs(&mut self) -> bool {
        let marked = self.marked();
        let ids = marked.iter().map(|step| self.run.steps()[*step].id.clone());
        let of: Vec<StepId> = ids.collect();
        let anew = self.merge.number == 0 || self.merge.seq == 0 || of != self.merge.of;
        if !anew && self.merge.seq == self.run.seq() {
            return false;
        }
        let attempts = self.run.attempts_of(&marked.into_iter().collect());
        let logs: Vec<Part> = attempts.into_iter().map(part).collect();
        self.merge.seq = self.run.seq();
        if anew {
            self.merge.number += 1;
            self.merge.of = of;
            self.merge.left_out = logs.len().saturating_sub(PARTS_MAX);
            let newest = logs.into_iter().skip(self.merge.left_out);
            self.merge.parts = newest.collect();
        } else if !self.merge_on(logs) {
            return false;
        }
        self.merge.look_at_parts();
        true
    }

    /// What was there keeps its place, so that no line moves; true if anything is new.
    fn merge_on(&mut self, logs: Vec<Part>) -> bool {
        let parts = &mut self.merge.parts;
        let known = (0..).zip(&*parts);
        let mut known: BTreeMap<AttemptId, usize> =
            known.map(|(n, part)| (part.attempt.clone(), n)).collect();
        let mut changed = false;
        // The oldest ones may have been left out at the beginning; they stay so.
        for part in logs.into_iter().skip(self.merge.left_out) {
            if let Some(n) = known.remove(&part.attempt) {
                changed |= parts[n].live != part.live;
                parts[n] = part;
            } else {
                parts.push(part);
                changed = true;
            }
        }
        changed
    }
}

fn part((step, attempt): (&StepRun, &Attempt)) -> Part {
    Part {
        attempt: AttemptId::act(step.id.clone(), attempt.n),
        live: attempt.ended_at.is_none(),
    }
}
