//! The desk: where one turn is decided. It emits facts, which change the run at once, and orders to the edge.

use super::effect::Effect;
use super::event::{Event, Recorded};
use super::input::Ended;
use super::machine::{Run, Turn};
use super::schedule::List;
use super::state::State;
use crate::id::{AttemptId, StepId};
use crate::time::Timestamp;

pub(super) struct Desk<'a> {
    pub(super) run: &'a mut Run,
    pub(super) now: Timestamp,
    turn: Turn,
    due_before: Option<Timestamp>,
}

impl<'a> Desk<'a> {
    pub(super) fn new(run: &'a mut Run, now: Timestamp) -> Self {
        Self {
            due_before: run.next_due(),
            run,
            now,
            turn: Turn::default(),
        }
    }

    /// Makes a fact: the run changes by it here and now, in the same way as when it is read back.
    pub(super) fn emit(&mut self, event: Event) {
        let recorded = Recorded {
            seq: self.run.seq + 1,
            at: self.now,
            event,
        };
        let applied = self.run.apply(&recorded);
        applied.expect("the machine makes only facts that can follow");
        self.turn.events.push(recorded);
    }

    pub(super) fn order(&mut self, effect: Effect) {
        self.turn.effects.push(effect);
    }

    /// The turn, with a wake-up call if the next due moment is another one now.
    pub(super) fn close(mut self) -> Turn {
        let due = self.run.next_due();
        if let Some(at) = due.filter(|_| due != self.due_before) {
            self.order(Effect::WakeAt(at));
        }
        self.turn
    }

    /// Orders the wake-up call anew: whoever kept the last one is gone.
    pub(super) fn wake(&mut self) {
        self.due_before = None;
    }

    pub(super) fn id(&self, i: usize) -> StepId {
        self.run.steps[i].id.clone()
    }

    pub(super) fn change(&mut self, i: usize, state: State, why: impl Into<String>) {
        let (step, why) = (self.id(i), why.into());
        self.emit(Event::StepChanged { step, state, why });
    }

    /// The world reports an end. What is not under way (any more) was reported twice: nothing follows.
    pub(super) fn attempt_ended(&mut self, attempt: AttemptId, ended: Ended) {
        if self.run.is_under_way(&attempt) {
            self.emit(Event::AttemptEnded { attempt, ended });
        }
    }

    /// Tells the attempt or look of step `i` that is under way to stop.
    pub(super) fn stop(&mut self, i: usize, kill: bool) {
        if let Some(attempt) = self.run.current(i) {
            self.emit(Event::StopOrdered {
                attempt: attempt.clone(),
                kill,
            });
            self.order(Effect::Stop { attempt, kill });
        }
    }

    /// Whoever takes a live run up may want to see how it stands before anything starts.
    pub(super) fn stand_by(&mut self, wanted: bool) {
        if self.run.is_live() && self.run.standby != wanted {
            self.emit(if wanted {
                Event::StandbyBegan
            } else {
                Event::StandbyEnded
            });
        }
    }

    pub(super) fn repeat_stops(&mut self) {
        self.repeat_check_stops();
        let under_way: Vec<usize> = self
            .run
            .schedule
            .list(List::UnderWay)
            .iter()
            .copied()
            .collect();
        for i in under_way {
            if let (Some(kill), Some(attempt)) = (self.run.tracks[i].stop, self.run.current(i)) {
                self.order(Effect::Stop { attempt, kill });
            }
        }
    }
}
