//! Attention: nothing can go on without a person. Where its author has set a limit to that, the run goes out by itself when
//! nobody has acted for so long.

use super::desk::Desk;
use super::event::Event;
use super::machine::Run;
use super::state::{Attention, Shown};
use crate::time::{Timestamp, spoken_span};
use crate::workflow::{HookKind, OnAttentionTimeout};

impl Run {
    /// Since when it is known that nothing can go on without a person. Kept only where something hangs on it.
    pub fn attention(&self) -> Option<&Attention> {
        self.attention.as_ref()
    }

    /// What the run does by itself unless somebody acts in time: `aborts 14:02:03 unless somebody acts`.
    pub fn attention_limit(&self) -> Option<String> {
        let until = self.attention.as_ref()?.until?.clock();
        let limit = self.workflow.attention_timeout.as_ref()?;
        let verb = match limit.then {
            OnAttentionTimeout::Rollback if self.rollback.is_none() => "rolls back",
            _ => "aborts",
        };
        Some(format!("{verb} {until} unless somebody acts"))
    }

    pub(super) fn attention_due(&self) -> Option<Timestamp> {
        self.attention.as_ref()?.until
    }

    fn attention_until(&self) -> Option<Timestamp> {
        let limit = self.workflow.attention_timeout.as_ref()?;
        Some(self.at.after(limit.after))
    }

    /// Something hangs on whether a person is needed.
    fn minds_attention(&self) -> bool {
        self.workflow.attention_timeout.is_some() || self.has_hook(HookKind::Attention)
    }

    // ---- the fold ----

    pub(super) fn attention_began(&mut self, until: Option<Timestamp>) {
        self.attention = Some(Attention {
            since: self.at,
            until,
        });
        self.set_due(HookKind::Attention, true);
        if let Some(limit) = self.attention_limit() {
            self.note_fact(format!("nothing can go on without a person: {limit}"));
        }
    }

    /// A hook that has not begun yet is not needed any more.
    pub(super) fn attention_ended(&mut self) {
        self.attention = None;
        self.set_due(HookKind::Attention, false);
    }

    /// The end that was is none.
    pub(super) fn reopened(&mut self) {
        self.set_due(HookKind::Ended, false);
        self.went_out.clear();
    }

    /// Whoever acts, and be it by a note, is there: the time begins anew.
    pub(super) fn somebody_acted(&mut self) {
        let until = self.attention_until();
        if let Some(attention) = &mut self.attention {
            attention.until = until;
        }
    }
}

impl Desk<'_> {
    /// Nothing else follows by itself any more: is a person needed, and for how long already? True if the run goes out.
    pub(super) fn follow_attention(&mut self) -> bool {
        let needed = self.run.shown() == Shown::Attention;
        match self.run.attention {
            None if needed && self.run.minds_attention() => {
                let limit = self.run.workflow.attention_timeout.as_ref();
                let until = limit.map(|limit| self.now.after(limit.after));
                self.emit(Event::AttentionBegan { until });
                false
            }
            Some(_) if !needed => {
                self.emit(Event::AttentionEnded);
                false
            }
            Some(Attention { until, .. }) if until.is_some_and(|at| at <= self.now) => {
                self.give_up_waiting();
                true
            }
            _ => false,
        }
    }

    fn give_up_waiting(&mut self) {
        let Some(limit) = self.run.workflow.attention_timeout.clone() else {
            return;
        };
        // Before the first step, and in a roll back, there is nothing (more) to undo.
        let undo = self.run.opened && self.run.rollback.is_none();
        let roll_back = undo && limit.then == OnAttentionTimeout::Rollback;
        let span = spoken_span(limit.after);
        let why = format!("nobody has acted for {span} (attention_timeout)");
        self.abort_by_itself(why, roll_back);
    }
}
