//! When each open step would begin and end, if all goes as expected: in the order in which they become ready, each in the first
//! slot that is free. What waits for a person or a clock takes none.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::time::Duration;

use super::forecast::Span;
use super::machine::Run;
use super::past::Expectations;
use super::schedule::List;
use super::state::{Ask, State};
use crate::time::Timestamp;
use crate::workflow::{Action, Wait};

/// What a forecast is made from.
#[derive(Clone, Copy)]
pub(super) struct Basis<'a> {
    pub(super) now: Timestamp,
    pub(super) by: &'a Expectations,
}

/// Spans of all steps, and for each plan step the one that it waits for at last: a need, or who has its slot before it.
pub(super) struct Laid {
    pub(super) spans: Vec<Span>,
    pub(super) behind: Vec<Option<usize>>,
}

impl Run {
    pub(super) fn lay(&self, basis: Basis<'_>) -> Laid {
        let count = self.workflow.steps.len();
        let mut laying = Laying {
            run: self,
            basis,
            slots: Slots::new(self.max_parallel()),
            inner: self.inner_slots(),
            laid: Laid {
                spans: vec![Span::default(); self.steps.len()],
                behind: vec![None; count],
            },
        };
        for &i in self.schedule.list(List::UnderWay) {
            if self.steps[i].state.is_active() {
                let left = self.leaf_left(i, basis).unwrap_or_default();
                laying.hold(basis.now.after(left), i);
            }
        }
        let needs = self.workflow.steps.iter().map(|s| s.needs.len());
        let mut missing: Vec<usize> = needs.collect();
        // By when they are ready: many become so at the same moment.
        let mut ready = BTreeMap::from([(basis.now, self.graph.roots.clone())]);
        while let Some((from, mut wave)) = ready.pop_first() {
            wave.sort_unstable();
            for i in wave {
                laying.step(i, from);
                for &(d, _) in &self.graph.wanted_by[i] {
                    missing[d] -= 1;
                    if missing[d] == 0 {
                        ready.entry(laying.ready(d)).or_default().push(d);
                    }
                }
            }
        }
        let mut from = basis.now;
        for i in self.undoing() {
            laying.leaf(i, from, None);
            from = from.max(laying.laid.spans[i].end);
        }
        laying.laid
    }

    /// Of the sub-workflows that let no more run at once.
    fn inner_slots(&self) -> BTreeMap<usize, Slots> {
        let steps = self.workflow.steps.iter().enumerate();
        let limited = steps.filter_map(|(i, step)| Some((i, step.inner()?.max_parallel?)));
        limited
            .map(|(i, limit)| (i, Slots::new(limit.max(1))))
            .collect()
    }

    pub(super) fn is_open(&self, i: usize) -> bool {
        !self.steps[i].state.is_resolved()
    }

    /// When a step that is settled came to be so.
    fn over(&self, i: usize) -> Option<Timestamp> {
        (!self.is_open(i)).then(|| self.steps[i].since)
    }

    fn leaf_left(&self, i: usize, Basis { now, by }: Basis<'_>) -> Option<Duration> {
        let (step, def) = (&self.steps[i], self.def(i));
        let expected = || self.expected(i, by).map(|expected| expected.time);
        let whole = match &def.action {
            _ if step.state.is_resolved() => return Some(Duration::ZERO),
            Action::Work(_) => expected()?,
            Action::Wait(Wait::For(span)) => *span,
            _ => expected().unwrap_or_default(),
        };
        let since = match (step.state, &step.ask) {
            (State::Waiting, Some(Ask::Timer { until })) => return Some(until.since(now)),
            (State::Waiting, _) => Some(step.since),
            (State::Running | State::Stopping, _) => step.attempts.last().map(|a| a.started_at),
            _ => None,
        };
        Some(since.map_or(whole, |since| whole.saturating_sub(now.since(since))))
    }
}

struct Laying<'a> {
    run: &'a Run,
    basis: Basis<'a>,
    slots: Slots,
    /// By the place of the sub-workflow in the plan.
    inner: BTreeMap<usize, Slots>,
    laid: Laid,
}

impl Laying<'_> {
    /// Of the whole run, and of each sub-workflow around `i` that has a limit: the slots that it takes.
    fn around(&mut self, i: usize) -> impl Iterator<Item = &mut Slots> {
        let groups = if self.inner.is_empty() {
            Vec::new()
        } else {
            self.run.groups_around(i)
        };
        let inner = self.inner.iter_mut();
        let inner = inner.filter(move |(group, _)| groups.contains(group));
        inner.map(|(_, slots)| slots).chain([&mut self.slots])
    }

    fn hold(&mut self, until: Timestamp, i: usize) {
        for slots in self.around(i) {
            slots.hold(until, i);
        }
    }

    /// When all that plan step `i` needs is over.
    fn ready(&self, i: usize) -> Timestamp {
        let needs = self.run.workflow.steps[i].needs.iter();
        let ends = needs.map(|need| self.laid.spans[need.step].end);
        ends.max()
            .map_or(self.basis.now, |end| end.max(self.basis.now))
    }

    /// A plan step that can go on at `from`.
    fn step(&mut self, i: usize, from: Timestamp) {
        let run = self.run;
        let needs = run.workflow.steps[i].needs.iter().map(|n| n.step);
        self.laid.behind[i] = needs.max_by_key(|&n| (self.laid.spans[n].end, run.is_open(n)));
        let after = match &run.steps[i].members {
            None => self.leaf(i, from, None),
            Some(members) if run.workflow.steps[i].inner().is_some() => {
                self.group(i, members, from);
                None
            }
            Some(members) => self.fan_out(i, members, from),
        };
        // Whoever waits for a slot, and not for another of its own members.
        let before = after.map(|i| run.gate(i)).filter(|&before| before != i);
        if before.is_some() {
            self.laid.behind[i] = before;
        }
    }

    /// A sub-workflow, whose steps stand before it on the path.
    fn group(&mut self, i: usize, members: &[usize], from: Timestamp) {
        let begins = members.iter().map(|&m| self.laid.spans[m].begin).min();
        self.laid.spans[i] = Span {
            begin: begins.unwrap_or(from),
            end: self.run.over(i).unwrap_or(from),
            known: true,
        };
    }

    /// Its members in as many slots as it may take. Who had the slot before the one that ends last.
    fn fan_out(&mut self, i: usize, members: &[usize], from: Timestamp) -> Option<usize> {
        let run = self.run;
        let limit = run.workflow.steps[i].fan_out.as_ref();
        let limit = limit.and_then(|f| f.max_parallel).unwrap_or(usize::MAX);
        let mut own = Slots::new(limit.max(1));
        for &m in members.iter().filter(|&&m| run.steps[m].state.is_active()) {
            let left = run.leaf_left(m, self.basis).unwrap_or_default();
            own.hold(self.basis.now.after(left), m);
        }
        let (mut known, mut last) = (true, (from, None));
        for &m in members {
            let after = self.leaf(m, from, Some(&mut own));
            let span = self.laid.spans[m];
            known &= span.known;
            if span.end >= last.0 {
                last = (span.end, after);
            }
        }
        let begins = members.iter().map(|&m| self.laid.spans[m].begin).min();
        self.laid.spans[i] = Span {
            begin: begins.unwrap_or(from),
            end: run.over(i).unwrap_or(last.0),
            known,
        };
        last.1
    }

    /// A step with a life of its own. Who had its slot before it, if it must wait for that.
    fn leaf(&mut self, i: usize, from: Timestamp, own: Option<&mut Slots>) -> Option<usize> {
        let (run, step) = (self.run, &self.run.steps[i]);
        let left = run.leaf_left(i, self.basis);
        let begun = step.attempts.first().map(|a| a.started_at);
        let begun = begun.or(step.waited_from).or(run.over(i));
        let under_way = step.state.is_active() || step.state == State::Waiting;
        let span = |begin: Timestamp, from: Timestamp| Span {
            begin,
            end: run.over(i).unwrap_or(from.after(left.unwrap_or_default())),
            known: left.is_some(),
        };
        if under_way || !run.is_open(i) || !run.is_work(i) || step.compensates.is_some() {
            self.laid.spans[i] = span(begun.unwrap_or(from), from);
            return None;
        }
        let mut none = Slots::new(usize::MAX);
        let own = own.unwrap_or(&mut none);
        let (mut at, mut last) = own.take(from);
        for slots in self.around(i) {
            let (free, by) = slots.take(at);
            at = free;
            last = by.or(last);
        }
        let span = span(begun.unwrap_or(at), at);
        own.give(span.end, i);
        for slots in self.around(i) {
            slots.give(span.end, i);
        }
        self.laid.spans[i] = span;
        last
    }
}

/// What may run at once, and who has it until when.
struct Slots {
    never_taken: usize,
    taken: BinaryHeap<Reverse<(Timestamp, usize)>>,
}

impl Slots {
    fn new(count: usize) -> Self {
        Self {
            never_taken: count,
            taken: BinaryHeap::new(),
        }
    }

    /// Somebody has one already. Should more have one than there are, those that end last count.
    fn hold(&mut self, until: Timestamp, by: usize) {
        self.give(until, by);
        match self.never_taken.checked_sub(1) {
            Some(left) => self.never_taken = left,
            None => _ = self.taken.pop(),
        }
    }

    /// From when on there is one, from `ready` on; and who has it until then, if that is later.
    fn take(&mut self, ready: Timestamp) -> (Timestamp, Option<usize>) {
        if self.never_taken > 0 {
            self.never_taken -= 1;
            return (ready, None);
        }
        match self.taken.pop() {
            Some(Reverse((free, by))) if free > ready => (free, Some(by)),
            _ => (ready, None),
        }
    }

    fn give(&mut self, from: Timestamp, by: usize) {
        self.taken.push(Reverse((from, by)));
    }
}
