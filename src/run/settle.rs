//! The end of every turn: whatever can follow by itself now does, until nothing more can. It works from the state alone, so
//! a turn that was cut short by a crash is finished by the next one.

use super::desk::Desk;
use super::event::Event;
use super::input::AbortHow;
use super::machine::Abort;
use super::schedule::{List, not_started};
use super::state::{Ask, Phase, SkipReason, State};
use crate::workflow::{Action, OnTimeout};

impl Desk<'_> {
    pub(super) fn settle(&mut self) {
        while self.run.is_live() {
            self.draw_consequences();
            let kept_back = self.is_kept_back();
            self.carry_out_abort();
            if kept_back {
                if self.follow_attention() {
                    continue;
                }
                break;
            }
            self.run_timers();
            self.follow_needs();
            self.promote();
            while let Some(i) = self.run.next_to_start() {
                self.launch(i);
            }
            if !self.anything_left() && !self.try_to_end() && !self.follow_attention() {
                break;
            }
        }
        self.start_hooks();
    }

    fn first(&self, list: List) -> Option<usize> {
        self.run.schedule.list(list).first().copied()
    }

    /// Another round is needed before it is known where the run stands.
    fn anything_left(&self) -> bool {
        let lists = [List::Undecided, List::Promote, List::Demote, List::Doom];
        let due = self.run.next_timer().is_some_and(|t| t <= self.now);
        due || lists.into_iter().any(|list| self.first(list).is_some())
            || self.to_sweep().next().is_some()
    }

    fn draw_consequences(&mut self) {
        loop {
            if let Some(i) = self.first(List::Undecided) {
                self.decide(i);
            } else if let Some(i) = self.first(List::Marked) {
                self.consider_mark(i);
            } else {
                break;
            }
        }
    }

    /// Fan-outs whose items depend on no step are known from the start.
    pub(super) fn expand_known(&mut self) {
        if self.run.seq == 0 {
            return;
        }
        for group in self.run.graph.clone().fan_outs.clone() {
            let fresh = self.run.steps[group].members.is_none()
                && self.run.steps[group].state == State::Pending;
            if fresh && let Some(Ok(items)) = self.run.items(group, false) {
                let step = self.id(group);
                self.emit(Event::FanOutExpanded { step, items });
            }
        }
    }

    // ---- on the way out ----

    /// Steps that may not go on, now that the run is on its way out.
    fn to_sweep(&self) -> impl Iterator<Item = usize> {
        let run = &*self.run;
        // Before the first step there is nothing to tidy up, and nothing may start.
        let kill = !run.let_in() || run.abort.is_some_and(|abort| abort.how == AbortHow::Kill);
        // Nobody retries the failed member that its siblings would wait for, or the need that fell.
        let blocked = move |i: usize| {
            let fell = !run.def(i).always && run.tracks[run.gate(i)].undecided > 0;
            not_started(run.steps[i].state) && (fell || run.failed_sibling(i).is_some())
        };
        let spared = move |i: usize| !kill && run.def(i).outlives && !blocked(i);
        let open = run.abort.map(|_| run.schedule.list(List::Open));
        let open = open.into_iter().flatten().copied();
        open.filter(move |&i| !spared(i) && !run.under_way(i))
    }

    fn carry_out_abort(&mut self) {
        let Some(abort) = self.run.abort else { return };
        if self.run.phase != Phase::Cancelling {
            self.emit(Event::PhaseChanged {
                phase: Phase::Cancelling,
                why: String::new(),
                roll_back: abort.roll_back,
            });
        }
        self.sweep();
        self.stop_checks(abort.how == AbortHow::Kill);
        self.stop_all(abort);
        while let Some(i) = self.first(List::Held) {
            self.change(i, State::Ready, "the run is being aborted");
        }
    }

    fn sweep(&mut self) {
        let all: Vec<usize> = self.to_sweep().collect();
        for i in all {
            if matches!(self.run.steps[i].state, State::Retrying { .. }) {
                let why = self.run.steps[i].why.clone();
                self.change(i, State::Failed, why);
            } else {
                self.skip_upstream(i);
            }
        }
    }

    fn stop_all(&mut self, abort: Abort) {
        if abort.how == AbortHow::Drain {
            return;
        }
        let kill = abort.how == AbortHow::Kill;
        let under_way = self.run.schedule.list(List::UnderWay).iter().copied();
        let to_stop: Vec<usize> = under_way
            .filter(|&i| kill || !self.run.def(i).outlives)
            .filter(|&i| self.run.tracks[i].stop < Some(kill))
            .collect();
        for i in to_stop {
            self.stop(i, kill);
        }
    }

    pub(super) fn skip_upstream(&mut self, i: usize) {
        self.skip_by_itself(i, SkipReason::Upstream);
    }

    fn skip_by_itself(&mut self, i: usize, reason: SkipReason) {
        let step = self.id(i);
        self.emit(Event::StepSkipped {
            step,
            reason,
            outputs: std::collections::BTreeMap::new(),
        });
    }

    /// The run goes out by itself: a policy says so, or there is no one to ask.
    /// With `roll_back`, what has been done is undone then.
    pub(super) fn abort_by_itself(&mut self, why: String, roll_back: bool) {
        if self.run.abort.is_none() {
            self.emit(Event::PhaseChanged {
                phase: Phase::Cancelling,
                why,
                roll_back,
            });
        }
    }

    // ---- time ----

    fn run_timers(&mut self) {
        while let Some((until, i)) = self.run.schedule.timers.first().copied() {
            if self.run.gated() || until > self.now {
                break;
            }
            match self.run.steps[i].ask {
                Some(Ask::Timer { .. }) => self.timer_ended(i),
                Some(_) => self.deadline_passed(i),
                None => {
                    let why = self.run.steps[i].why.clone();
                    self.change(i, State::Ready, why);
                }
            }
        }
    }

    fn timer_ended(&mut self, i: usize) {
        let waited = self.now.since(self.run.steps[i].since).as_secs();
        let outputs = [("waited".to_owned(), waited.into())].into();
        let step = self.id(i);
        self.emit(Event::StepSucceeded { step, outputs });
    }

    fn deadline_passed(&mut self, i: usize) {
        let Action::Approval(approval) = &self.run.def(i).action else {
            return self.timer_ended(i);
        };
        let (on_timeout, on_reject) = (approval.on_timeout, approval.on_reject);
        let passed = format!("no answer by {}", self.now.clock());
        match on_timeout {
            OnTimeout::Hold => self.change(i, State::Waiting, format!("{passed}, still asked for")),
            OnTimeout::Approve => self.approved(i),
            OnTimeout::Reject => self.rejected(i, passed, on_reject),
        }
    }

    // ---- needs ----

    fn follow_needs(&mut self) {
        while let Some(gate) = self.first(List::Doom) {
            for i in self.leaves(gate, not_started) {
                self.skip_upstream(i);
            }
        }
        while let Some(gate) = self.first(List::Demote) {
            let lined_up = |s| matches!(s, State::Ready | State::Held);
            for i in self.leaves(gate, lined_up) {
                self.change(i, State::Pending, "");
            }
        }
    }

    /// Step `gate` itself, or its members, as far as they are in such a state and free to move.
    fn leaves(&self, gate: usize, test: impl Fn(State) -> bool) -> Vec<usize> {
        let (run, own) = (&self.run, [gate]);
        let all = run.steps[gate].members.as_deref().unwrap_or(&own);
        let all = all.iter().copied();
        all.filter(|&i| test(run.steps[i].state) && run.free(i))
            .collect()
    }

    fn promote(&mut self) {
        while let Some(gate) = self.first(List::Promote) {
            if self.pass_over(gate) {
                continue;
            }
            let fans_out = self.run.def(gate).fan_out.is_some();
            let stale = self.run.tracks[gate].crowd.as_ref().map(|c| c.stale);
            if fans_out && stale != Some(false) {
                self.expand(gate);
                continue;
            }
            for i in self.leaves(gate, |s| s == State::Pending) {
                self.promote_leaf(i);
            }
        }
    }

    /// Inside a sub-workflow that was passed over, everything is, for the same reason. True if that made a difference.
    fn pass_over(&mut self, gate: usize) -> bool {
        let begin = self.run.graph.begins.get(gate).copied().flatten();
        let begin = begin.map(|begin| self.run.steps[begin].state);
        let reason = match begin {
            None | Some(State::Succeeded) => return false,
            Some(State::Skipped(reason)) => reason,
            Some(State::Marked | State::Ignored) => SkipReason::Operator,
            Some(_) => SkipReason::Upstream,
        };
        let all = self.leaves(gate, |s| s == State::Pending);
        for &i in &all {
            self.skip_by_itself(i, reason);
        }
        !all.is_empty()
    }

    /// The needs of a fan-out are met: its condition counts first, as far as it can be told without an item.
    fn expand(&mut self, group: usize) {
        if self.run.condition(group) == Ok(false) && self.run.steps[group].members.is_none() {
            return self.skip_by_condition(group);
        }
        let step = self.id(group);
        match self.run.items(group, true) {
            Some(Ok(items)) => {
                let count = items.len();
                self.emit(Event::FanOutExpanded { step, items });
                let members = self.run.steps[group].members.clone();
                for surplus in members.into_iter().flatten().skip(count) {
                    if self.run.steps[surplus].state == State::Pending {
                        self.skip_by_condition(surplus);
                    }
                }
            }
            Some(Err(why)) if self.run.steps[group].members.is_none() => {
                self.fail(group, State::Failed, why);
            }
            // The items of the last time stand in, since they cannot be read anew.
            _ => {
                let members = self.run.steps[group].members.iter().flatten();
                let items = members.filter_map(|&m| self.run.steps[m].item.clone());
                let items = items.collect();
                self.emit(Event::FanOutExpanded { step, items });
            }
        }
    }

    fn skip_by_condition(&mut self, i: usize) {
        self.skip_by_itself(i, SkipReason::Condition);
    }

    /// Step `i` is pending and its needs are met. Steps before it in the plan that wait for a slot go first.
    fn promote_leaf(&mut self, i: usize) {
        if !self.run.is_live() || self.run.steps[i].state != State::Pending {
            return;
        }
        match self.run.condition(i) {
            Ok(false) => return self.skip_by_condition(i),
            Err(why) if !self.run.is_dry() => {
                return self.fail(i, State::Failed, format!("if: {why}"));
            }
            _ => {}
        }
        if self.run.at_breakpoint(i) {
            return self.change(i, State::Held, "");
        }
        if self.run.is_skipped_by_mode(i) {
            return self.skip_by_mode(i);
        }
        while let Some(first) = self.run.next_to_start()
            && self.run.place(first) < self.run.place(i)
        {
            self.launch(first);
        }
        if self.run.may_start(i) {
            self.launch(i);
        } else {
            self.change(i, State::Ready, "");
        }
    }

    // ---- the end ----

    /// True if that made a difference.
    fn try_to_end(&mut self) -> bool {
        let schedule = &self.run.schedule;
        let quiet = schedule.list(List::UnderWay).is_empty()
            && self.run.checks_under_way().next().is_none();
        let over = quiet && schedule.list(List::Open).is_empty();
        if let Some(abort) = self.run.abort {
            if over && abort.roll_back && self.run.rollback.is_none() {
                self.roll_back();
            } else if over {
                let phase = match (&self.run.rollback, abort.asked) {
                    (Some(_), _) => self.run.rolled_back(),
                    (None, true) => Phase::Cancelled,
                    (None, false) => Phase::Failed,
                };
                self.emit(Event::RunEnded { phase });
            }
            return over;
        }
        if self.run.rollback.is_some() {
            if over && !self.run.undone_by_half() {
                let phase = self.run.rolled_back();
                self.emit(Event::RunEnded { phase });
                return true;
            }
        } else if over && schedule.unresolved() == 0 {
            let exceptions = [
                State::Marked,
                State::Ignored,
                State::Skipped(SkipReason::Operator),
            ];
            let any = exceptions.into_iter().any(|s| schedule.count(s) > 0);
            let phase = if any {
                Phase::CompletedWithExceptions
            } else {
                Phase::Succeeded
            };
            self.emit(Event::RunEnded { phase });
            return true;
        }
        self.give_up_if_alone()
    }

    /// A failure is held, nothing else can run, and there is no one to ask.
    fn give_up_if_alone(&mut self) -> bool {
        let schedule = &self.run.schedule;
        let ready = schedule.count(State::Ready) > 0;
        let moving = !schedule.list(List::UnderWay).is_empty()
            || !schedule.list(List::Clocked).is_empty()
            || !schedule.list(List::Held).is_empty()
            || (self.run.gated() && ready);
        if self.run.attended || self.run.standby || moving || schedule.unresolved() == 0 {
            return false;
        }
        let undoing = self.run.rollback.is_some();
        let mut steps = self.run.steps.iter();
        let failed = steps.find(|s| s.state.is_unresolved() && s.compensates.is_some() == undoing);
        let what = failed.map_or_else(String::new, |s| {
            format!("{} {}", s.id, super::describe::word(s.state))
        });
        self.abort_by_itself(format!("{what}, and there is no one to ask"), false);
        true
    }
}
