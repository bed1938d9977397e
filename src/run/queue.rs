//! Turns between runs: which group a run belongs to, and whether it holds a slot of it.
//!
//! Slots are locks of the machine, so who holds one is a fact of the world that the engine reports. A run that has none is
//! queued: nothing of it starts, not even its preflight; what runs goes on, and an abort works. It gives its slot back when
//! it ends, so one that is opened again is queued until it has another.

use super::desk::Desk;
use super::event::{Event, RunStart};
use super::machine::Run;
use super::resolve::plain;
use super::scope::View;
use super::state::Kind;
use crate::workflow::OnConflict;

/// What a run asks for before it may start anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    pub group: String,
    /// So many runs of the group at once.
    pub limit: usize,
    pub on_conflict: OnConflict,
}

impl Run {
    /// The slot that the run needs while it is live; `Err` if the name of its group cannot be found out.
    pub fn claim(&self) -> Option<Result<Claim, String>> {
        let start = self.start.as_ref()?;
        let said = self.workflow.policies.concurrency.as_ref()?;
        if start.kind == Kind::Dry {
            return None;
        }
        let group = plain(&said.group, &View::of_all(self));
        Some(group.and_then(|group| {
            if group.trim().is_empty() {
                return Err("its text is empty".to_owned());
            }
            Ok(Claim {
                group,
                limit: said.limit as usize,
                on_conflict: said.on_conflict,
            })
        }))
    }

    /// It waits for a slot of its group; with the reason.
    pub fn queued(&self) -> Option<&str> {
        self.queued.as_deref().filter(|_| self.is_live())
    }

    /// As it begins, and whenever it has ended, it has no slot.
    pub(super) fn without_slot(&self, start: &RunStart) -> Option<String> {
        let takes_turns = self.workflow.policies.concurrency.is_some() && start.kind != Kind::Dry;
        takes_turns.then(|| "it has not got its slot yet".to_owned())
    }
}

impl Desk<'_> {
    /// Another run has the slot; or, while it waits, others than before.
    pub(super) fn queue(&mut self, why: String) {
        if self.run.is_live() && self.run.queued.as_ref() != Some(&why) {
            self.emit(Event::RunQueued { why });
        }
    }

    pub(super) fn admit(&mut self, group: String) {
        if self.run.queued().is_some() {
            self.emit(Event::RunAdmitted { group });
        }
    }
}
