//! Random workflows under random commands, results, times and crashes. Whatever happens: a replay equals the live run, no
//! attempt is ordered twice, nothing starts before its needs are met, limits hold, and every run can be brought to an end.
//!
//! `FLIGHTDECK_CASES` says how many histories are tried (300), `FLIGHTDECK_SEED` the first of them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use super::build::{actor, check, ended, hook, template, workflow_after};
use super::plans::{Dice, random_start, random_steps};
use crate::id::{AttemptId, Role, StepId};
use crate::run::verbs::needs_controls;
use crate::run::{
    AbortHow, Actor, Ask, Attempt, Changes, Command, Effect, Event, Input, Outcome, Recorded, Run,
    Seen, Shown, SkipReason, State, StepRun, Turn,
};
use crate::time::Timestamp;
use crate::workflow::{
    Action, AttentionTimeout, Concurrency, HookKind, Need, OnAttentionTimeout, OnConflict, Workflow,
};

#[test]
fn random_histories_keep_the_rules() {
    let number = |name: &str| std::env::var(name).ok().and_then(|v| v.parse::<u64>().ok());
    let cases = number("FLIGHTDECK_CASES").unwrap_or(300);
    let first = number("FLIGHTDECK_SEED").unwrap_or(1);
    for seed in first..first + cases {
        let history = std::panic::catch_unwind(|| World::new(seed).live());
        if let Err(panic) = history {
            eprintln!("FLIGHTDECK_SEED={seed} FLIGHTDECK_CASES=1 shows it");
            std::panic::resume_unwind(panic);
        }
    }
}

/// Any event after any other: refused or taken, but never a panic.
#[test]
fn shuffled_journals_are_refused_without_a_panic() {
    for seed in 1..60 {
        let mut world = World::new(seed);
        world.live();
        let mut dice = Dice(seed);
        let mut run = Run::empty(world.run.workflow().clone());
        for _ in 0..world.journal.len() * 2 {
            let mut event = world.journal[dice.below(world.journal.len())].clone();
            event.seq = run.seq() + 1;
            if run.apply(&event).is_ok() {
                check_indices(&run);
            }
        }
    }
}

/// An engine without a world: a journal in memory, and attempts that end as the dice say.
struct World {
    dice: Dice,
    run: Run,
    /// Fed by the journal alone.
    replayed: Run,
    journal: Vec<Recorded>,
    alive: BTreeSet<AttemptId>,
    stopping: BTreeSet<AttemptId>,
    ordered: BTreeSet<AttemptId>,
    now: Timestamp,
    wake: Option<Timestamp>,
    /// Who brings the run to its end.
    helper: Actor,
}

impl World {
    fn new(seed: u64) -> Self {
        let mut dice = Dice(seed);
        let steps = random_steps(&mut dice, 0);
        let mut check = |n| check(&format!("c{n}"), !dice.one_in(4));
        let checks = match seed % 4 {
            0 => (0..=(seed % 3)).map(&mut check).collect(),
            _ => Vec::new(),
        };
        let mut plan = workflow_after(checks, steps);
        let own = Arc::get_mut(&mut plan).expect("nobody else has it yet");
        for kind in HookKind::ALL {
            if dice.one_in(3) {
                own.hooks.insert(kind, hook());
            }
        }
        if seed % 5 == 1 {
            own.policies.concurrency = Some(Concurrency {
                group: template("g"),
                limit: 1,
                on_conflict: OnConflict::Queue,
            });
        }
        own.attention_timeout = dice.one_in(3).then(|| random_limit(&mut dice));
        let start = random_start(&mut dice, &plan);
        let now = Timestamp(1_000_000);
        let (run, turn) = Run::start(plan.clone(), start, now);
        let mut world = Self {
            dice,
            replayed: Run::empty(plan),
            run,
            journal: Vec::new(),
            alive: BTreeSet::new(),
            stopping: BTreeSet::new(),
            ordered: BTreeSet::new(),
            now,
            wake: None,
            helper: actor("ana"),
        };
        if world.dice.one_in(10) {
            let kept = world.dice.below(turn.events.len()) + 1;
            world.journal.extend(turn.events.into_iter().take(kept));
            world.crash(kept);
        } else {
            world.take(turn);
        }
        world
    }

    /// Lives through a random history, then is brought to an end.
    fn live(&mut self) {
        for _ in 0..self.dice.below(60) {
            match self.dice.below(12) {
                0..=4 => self.end_one(false),
                5..=8 => {
                    let command = self.random_command();
                    self.command(command);
                }
                9 => self.pass_time(),
                10 if self.dice.one_in(2) => {
                    let attended = !self.dice.one_in(3);
                    self.feed(Input::Attend { attended });
                }
                10 => self.come_or_go(),
                _ => self.crash(self.journal.len()),
            }
        }
        self.bring_to_an_end();
        self.check_hooks();
        let text = serde_json::to_string(&self.journal).unwrap();
        let back: Vec<Recorded> = serde_json::from_str(&text).unwrap();
        let again = replay(self.run.workflow(), &back);
        assert!(
            again.same_as(&self.run),
            "the journal as text replays differently"
        );
    }

    /// A terminal goes, or is there again, or has the run after its engine has gone.
    fn come_or_go(&mut self) {
        let actor = self.somebody();
        let input = match self.dice.below(7) {
            0 | 1 => Input::Lapsed { actor },
            2 => Input::Returned { actor },
            3 => Input::Booted {
                boot: self.dice.pick(&["one", "two"]).to_owned(),
            },
            4 => Input::Queued {
                why: self.dice.pick(&["full", "still full"]).to_owned(),
            },
            5 => admitted(),
            _ => Input::TakenUp {
                pilot: self.dice.one_in(2).then_some(actor),
            },
        };
        self.feed(input);
    }

    /// One of three people at one of two terminals, perhaps at a screen.
    fn somebody(&mut self) -> Actor {
        Actor {
            at: self.dice.pick(&["pts/1", "pts/2"]).to_owned(),
            screen: self.dice.one_in(2),
            ..actor(self.dice.pick(&["ana", "bob", "eve"]))
        }
    }

    fn feed(&mut self, input: Input) {
        let turn = self.run.handle(input, self.now);
        if turn.refused.is_some() {
            assert!(turn.events.is_empty() && turn.effects.is_empty());
        }
        // Now and then the engine dies while it writes this turn down: nothing of it was performed.
        if turn.events.len() > 1 && self.dice.one_in(25) {
            let kept = self.dice.below(turn.events.len()) + 1;
            self.journal.extend(turn.events.into_iter().take(kept));
            self.crash(self.journal.len());
        } else {
            self.take(turn);
        }
    }

    /// Remembers, checks and performs a turn.
    fn take(&mut self, turn: Turn) {
        for recorded in turn.events {
            self.check_event(&recorded);
            let applied = self.replayed.apply(&recorded);
            applied.unwrap_or_else(|e| panic!("{e}: {recorded:?}"));
            self.journal.push(recorded);
        }
        assert!(self.replayed.same_as(&self.run), "live and replayed differ");
        check_indices(&self.run);
        self.check_limits();
        self.check_not_stuck();
        for effect in turn.effects {
            match effect {
                Effect::Start(spec) => {
                    let fresh = self.ordered.insert(spec.attempt.clone());
                    assert!(fresh, "{:?} ordered twice", spec.attempt);
                    self.alive.insert(spec.attempt);
                }
                Effect::Stop { attempt, .. } => {
                    self.stopping.insert(attempt);
                }
                Effect::WakeAt(at) => self.wake = Some(at),
            }
        }
    }

    fn check_event(&self, recorded: &Recorded) {
        if let Event::CommandAccepted { actor, command } = &recorded.event
            && needs_controls(command)
        {
            let other = self.replayed.controls().held_by_another(actor);
            assert_eq!(other, None, "{actor} commanded: {command:?}");
        }
        let Event::AttemptStarted { attempt, .. } = &recorded.event else {
            return;
        };
        let waits = self.replayed.queued().is_some() && attempt.role != Role::Verify;
        assert!(!waits, "{attempt:?} started while queued");
        if attempt.role != Role::Act {
            return;
        }
        // What a person marked before the first step, and then has rolled back, is undone all the same.
        let undone = self.replayed.rollback.is_some();
        let open = self.replayed.blocking().is_empty() || self.replayed.is_dry() || undone;
        assert!(open, "{attempt:?} started before its preflight was met");
        let run = &self.replayed;
        assert!(!run.standby, "{attempt:?} started while standing by");
        let i = run.index(&attempt.step).unwrap();
        let def = run.def(i);
        for need in run.needs(i) {
            let state = run.state(need.step);
            let fallen = state.is_unresolved();
            let dead = state == State::Skipped(SkipReason::Upstream);
            let met = state.is_resolved() && !dead;
            let any = need.any && fallen && state != State::Unknown;
            let always = def.always && (state.is_resolved() || fallen && run.abort.is_some());
            assert!(met || any || always, "{attempt:?} started, need {state:?}");
        }
        let begin = run.graph.begins[run.steps()[i].def].map(|begin| run.state(begin));
        // What was marked inside before it began is undone all the same.
        let undoes = run.steps()[i].compensates.is_some();
        assert!(
            undoes || begin.is_none_or(|state| state == State::Succeeded),
            "{attempt:?} started, begin {begin:?}"
        );
        let paused = run.paused.is_some() && run.abort.is_none();
        let let_through = run.tracks[i].admitted || run.state(i) == State::Running;
        assert!(!paused || let_through, "{attempt:?} started while paused");
    }

    fn check_limits(&self) {
        let run = &self.run;
        let takes_slot = |(i, step): &(usize, &StepRun)| {
            let work = matches!(run.def(*i).action, Action::Work(_));
            work && step.members.is_none() && step.state.is_active()
        };
        let active = run.steps().iter().enumerate().filter(takes_slot);
        let limit = run.max_parallel();
        assert!(
            active.count() <= limit,
            "more than {limit}:\n{}",
            picture(run)
        );
        for (i, group) in run.steps().iter().enumerate() {
            if let Some(limit) = run.def(i).inner().and_then(|inner| inner.max_parallel) {
                let inside = run.leaves(i).into_iter().map(|m| (m, &run.steps()[m]));
                let active = inside.filter(takes_slot).count();
                assert!(active <= limit, "{} too wide:\n{}", group.id, picture(run));
            }
        }
        for group in run.steps().iter().filter(|s| s.members.is_some()) {
            let limit = run.workflow().steps[group.def].fan_out.as_ref();
            let Some(limit) = limit.and_then(|f| f.max_parallel) else {
                continue;
            };
            let members = group.members.iter().flatten();
            let active = members.filter(|&&m| run.state(m).is_active()).count();
            assert!(active <= limit, "{} too wide", group.id);
        }
    }

    /// A live run goes on by itself, or there is something for a person to do.
    fn check_not_stuck(&self) {
        let counts = self.run.counts();
        let held = self
            .run
            .steps()
            .iter()
            .filter(|s| s.state == State::Held)
            .count();
        if self.run.shown() == Shown::Attention {
            let asked = counts.unresolved + counts.asking + held + self.run.blocking().len();
            assert!(asked > 0, "stuck:\n{}", picture(&self.run));
        }
        if self.run.phase().is_terminal() {
            assert!(self.run.is_quiet());
        }
        let limited = self.run.workflow().attention_timeout.is_some()
            || self.run.has_hook(HookKind::Attention);
        let waits = limited && self.run.shown() == Shown::Attention;
        let until = self.run.attention().map(|a| a.until);
        assert_eq!(
            until.is_some(),
            waits,
            "attention is not what the run is in"
        );
        let due = until.flatten().is_none_or(|until| until > self.now);
        assert!(due, "nobody acted for too long, and the run goes on");
    }

    /// No hook has run more often than there was an occasion.
    fn check_hooks(&self) {
        let happened = |test: &dyn Fn(&Event) -> bool| {
            let facts = self.journal.iter().filter(|r| test(&r.event));
            facts.count()
        };
        for hook in self.run.hooks() {
            let occasions = match hook.kind {
                HookKind::Attention => happened(&|e| matches!(e, Event::AttentionBegan { .. })),
                HookKind::Ended => happened(&|e| matches!(e, Event::RunEnded { .. })),
            };
            let never = [Some(Outcome::NotStarted), Some(Outcome::Orphaned)];
            let outcome = |a: &Attempt| a.ended.as_ref().map(|e| e.outcome);
            let begun = hook
                .attempts
                .iter()
                .filter(|a| !never.contains(&outcome(a)));
            assert!(begun.count() <= occasions, "{} too often", hook.id());
        }
    }

    fn end_one(&mut self, well: bool) {
        let Some(attempt) = self.alive.iter().nth(self.dice.below(self.alive.len())) else {
            return;
        };
        let attempt = attempt.clone();
        self.alive.remove(&attempt);
        let outcome = self.random_outcome(&attempt, well);
        let ended = ended(outcome, "said the dice");
        self.feed(Input::AttemptEnded { attempt, ended });
    }

    fn random_outcome(&mut self, attempt: &AttemptId, well: bool) -> Outcome {
        if well {
            return Outcome::Succeeded;
        }
        if self.stopping.contains(attempt) && !self.dice.one_in(3) {
            return Outcome::Cancelled;
        }
        self.dice.pick(&[
            Outcome::Succeeded,
            Outcome::Succeeded,
            Outcome::Succeeded,
            Outcome::Failed,
            Outcome::Failed,
            Outcome::TimedOut,
            Outcome::NotStarted,
            Outcome::Orphaned,
            Outcome::Unknown,
        ])
    }

    fn pass_time(&mut self) {
        let due = self.wake.take().unwrap_or(self.now);
        self.now = due.max(self.now.after(Duration::from_secs(1)));
        self.feed(Input::Due);
    }

    /// The engine dies; another one reads the journal as far as it was written and settles what was under way.
    fn crash(&mut self, written: usize) {
        self.journal.truncate(written);
        if self.dice.one_in(4) {
            // Until the next engine is there, the clock is set back or forth, or the machine sleeps for a night.
            let hours = self.dice.pick(&[-1, 1, 8]);
            let set = Timestamp(self.now.0 + hours * 3_600_000);
            // As every engine does: time never goes back behind the last record.
            self.now = self.journal.last().map_or(set, |last| set.max(last.at));
        }
        self.run = replay(self.run.workflow(), &self.journal);
        self.replayed = self.run.clone();
        let standby = self.dice.one_in(3);
        let turn = self.run.revive(self.now, standby);
        self.take(turn);
        for attempt in self.run.attempts_under_way() {
            if !self.alive.contains(&attempt) {
                // Its start was written down and never performed, or just has been by `revive`.
                let ended = ended(Outcome::Orphaned, "never began");
                self.feed(Input::AttemptEnded { attempt, ended });
            } else if self.dice.one_in(3) {
                self.alive.remove(&attempt);
                let outcome = self.random_outcome(&attempt, false);
                let outcome = self.dice.pick(&[Outcome::Unknown, outcome]);
                let ended = ended(outcome, "lost");
                self.feed(Input::AttemptEnded { attempt, ended });
            }
        }
    }

    fn command(&mut self, command: Command) -> bool {
        let actor = self.somebody();
        self.command_by(actor, command)
    }

    /// As the person at this screen, who gets the controls first, whoever has them: they can always be had.
    fn helped(&mut self, command: Command) -> bool {
        let actor = self.helper.clone();
        self.get_controls(&actor);
        self.command_by(actor, command)
    }

    /// Whoever has them, and whatever became of that terminal: `actor` asks and waits.
    fn get_controls(&mut self, actor: &Actor) {
        let reason = String::new();
        let force = false;
        // More than once, since a crash may swallow a request that was not answered yet.
        for _ in 0..20 {
            if self.run.controls().held_by_another(actor).is_none() {
                return;
            }
            // Refused where somebody asks already: then that one has them soon, and is asked next.
            self.command_by(
                actor.clone(),
                Command::Take {
                    force,
                    reason: reason.clone(),
                },
            );
            if let Some(asked) = &self.run.controls().asked {
                let until = asked.until;
                assert!(
                    self.wake.is_some_and(|at| at <= until),
                    "not woken for {until:?}"
                );
                assert!(until <= self.now.after(Duration::from_secs(30)));
                self.now = self.now.max(until);
                self.feed(Input::Due);
                assert_eq!(self.run.controls().asked, None, "asked for ever");
            }
        }
        assert!(self.run.controls().held_by(actor), "locked out");
    }

    fn command_by(&mut self, actor: Actor, command: Command) -> bool {
        let step = super::super::verbs::aim(&command).and_then(|s| self.run.step(s));
        let seen = step.map(|s| Seen {
            attempts: s.attempts.len() as u32,
            state: s.state,
        });
        let seen = seen.filter(|_| self.dice.one_in(2));
        let refusal = self.run.refusal(&command, &actor, seen.as_ref());
        let preview = self.run.preview(&command, &actor, self.now, None);
        if seen.is_none() {
            assert_eq!(refusal, preview.refused, "refusal and preview differ");
        }
        let accepted = refusal.is_none();
        self.feed(Input::Command {
            command,
            actor,
            seen,
        });
        accepted
    }

    /// Of the last command, or of one that is long past.
    fn way_back(&mut self) -> Command {
        let any = self.dice.below(self.run.seq() as usize + 2) as u64;
        match self.run.way_back(&actor("ana")) {
            Ok(way) if self.dice.one_in(2) => way.by,
            _ => Command::TakeBack { command: any },
        }
    }

    fn random_command(&mut self) -> Command {
        let step = self.run.steps()[self.dice.below(self.run.steps().len())]
            .id
            .clone();
        let reason = "because".to_owned();
        let outputs = BTreeMap::new();
        match self.dice.below(36) {
            33..36 => self.way_back(),
            31 | 32 => Command::Ungraceful {
                step: self.dice.one_in(2).then_some(step),
                on: self.dice.one_in(2),
                reason,
            },
            30 => Command::Recheck { check: None },
            29 => Command::Override {
                check: None,
                reason,
            },
            24 | 25 => Command::Take {
                force: self.dice.one_in(4),
                reason,
            },
            26 if self.dice.one_in(2) => Command::Deny { to: None, reason },
            26 => Command::HandOver { to: None },
            28 => Command::Rollback { reason },
            27 => Command::Release,
            0 => Command::Pause,
            1 | 2 => Command::Resume,
            3 => Command::Step { step: None },
            4 => Command::Step { step: Some(step) },
            5 => Command::Breakpoint {
                step,
                on: self.dice.one_in(2),
            },
            6..=8 => Command::Retry {
                step,
                changes: self.dice.one_in(4).then(|| Changes {
                    inputs: [("timeout".to_owned(), "5m".to_owned())].into(),
                    rest_of_run: false,
                }),
                reason,
            },
            9 => Command::RetryFrom {
                step: step.clone(),
                rerun: vec![step],
                reason,
            },
            10 | 11 => Command::Skip {
                step,
                outputs,
                dependents: self.dice.one_in(2),
                reason,
            },
            12 => Command::Unskip { step, reason },
            13 | 14 => Command::Mark {
                step,
                outputs,
                override_verify: self.dice.one_in(2),
                reason,
            },
            15 => Command::Ignore { step, reason },
            16 | 17 => Command::Cancel {
                step,
                kill: self.dice.one_in(3),
                reason,
            },
            18 if self.dice.one_in(4) => Command::Abort {
                how: self.dice.pick(&[
                    AbortHow::Drain,
                    AbortHow::Now,
                    AbortHow::Rollback,
                    AbortHow::Kill,
                ]),
                reason,
            },
            18 | 19 => approve(step),
            20 => Command::Reject { step, reason },
            21 => Command::Revoke { step },
            22 => tick(step, self.dice.below(3)),
            _ => Command::Postpone {
                step,
                until: self.now.after(Duration::from_secs(self.dice.roll() % 90)),
            },
        }
    }

    /// Without an abort if the dice say so: whatever state a run is in, a person finds a way to its end.
    fn bring_to_an_end(&mut self) {
        let kill = self.dice.one_in(2);
        self.helper = self.somebody();
        for _ in 0..3000 {
            if self.run.phase().is_terminal() {
                return;
            }
            // Sooner or later there is a slot; an abort does not need one.
            if self.dice.one_in(2) {
                self.feed(admitted());
            }
            if kill {
                let reason = "enough".to_owned();
                self.helped(Command::Abort {
                    how: AbortHow::Kill,
                    reason,
                });
                self.end_one(false);
            } else {
                self.help();
            }
        }
        panic!("no way to an end:\n{}", picture(&self.run));
    }

    fn help(&mut self) {
        if self.run.shown() == Shown::Attention && !self.run.blocking().is_empty() {
            let reason = "helped".to_owned();
            let check = None;
            self.helped(Command::Override { check, reason });
        }
        if self.run.stands_by() || self.run.paused().is_some() {
            self.helped(Command::Resume);
        }
        let open: Vec<StepId> = self.run.steps().iter().map(|s| s.id.clone()).collect();
        for id in open {
            let Some(step) = self.run.step(&id).filter(|s| s.members.is_none()) else {
                continue;
            };
            let (step, reason) = (step.clone(), "helped".to_owned());
            match step.state {
                State::Held => {
                    self.helped(Command::Step { step: Some(id) });
                }
                State::Waiting => match step.ask {
                    Some(Ask::Checklist { .. }) => {
                        self.helped(tick(id, 0));
                    }
                    // By others too, without the controls.
                    _ => {
                        self.command(approve(id));
                    }
                },
                State::Rejected | State::Cancelled => {
                    self.helped(Command::Retry {
                        step: id,
                        changes: None,
                        reason,
                    });
                }
                state if state.is_unresolved() => {
                    self.helped(Command::Mark {
                        step: id,
                        outputs: BTreeMap::new(),
                        override_verify: true,
                        reason,
                    });
                }
                _ => {}
            }
        }
        while !self.alive.is_empty() {
            self.end_one(true);
        }
        // Not past a deadline while there is someone to answer in time.
        if self.run.counts().asking == 0 {
            self.pass_time();
        }
    }
}

/// A line for each step, for when a rule is broken.
fn picture(run: &Run) -> String {
    let line = |i: usize| {
        let step = &run.steps[i];
        let def = run.def(i);
        let (needs, always, why) = (run.needs(i), def.always, run.why(i).to_string());
        let name = def.action.kind();
        format!(
            "{} {name} {:?} always={always} {needs:?} ({why}) {:?}\n",
            step.id, step.state, step.ask
        )
    };
    let steps: String = (0..run.steps.len()).map(line).collect();
    format!("{:?} {:?}\n{steps}", run.phase, run.abort)
}

fn random_limit(dice: &mut Dice) -> AttentionTimeout {
    AttentionTimeout {
        after: Duration::from_secs(dice.pick(&[1, 45, 600])),
        then: dice.pick(&[OnAttentionTimeout::Abort, OnAttentionTimeout::Rollback]),
    }
}

fn approve(step: StepId) -> Command {
    Command::Approve {
        step,
        form: BTreeMap::new(),
        note: String::new(),
    }
}

fn admitted() -> Input {
    Input::Admitted {
        group: "g".to_owned(),
    }
}

fn tick(step: StepId, item: usize) -> Command {
    Command::Tick {
        step,
        item,
        done: true,
        note: String::new(),
        value: None,
    }
}

pub(super) fn replay(plan: &Arc<Workflow>, journal: &[Recorded]) -> Run {
    let mut run = Run::empty(plan.clone());
    for recorded in journal {
        run.apply(recorded)
            .unwrap_or_else(|e| panic!("{e}: {recorded:?}"));
    }
    run
}

/// The lists and counters that `apply` keeps are what a fresh look at all steps would give.
pub(super) fn check_indices(run: &Run) {
    let mut fresh = run.clone();
    for i in 0..fresh.steps.len() {
        fresh.refile(i);
    }
    assert!(fresh.same_as(run), "filed in the wrong lists");
    for (i, def) in run.workflow().steps.iter().enumerate() {
        let met = |need: &&Need| {
            let state = run.state(need.step);
            let any = need.any && state.is_unresolved() && state != State::Unknown;
            any || state.is_resolved() && state != State::Skipped(SkipReason::Upstream)
        };
        let unmet = def.needs.len() - def.needs.iter().filter(met).count();
        assert_eq!(run.tracks[i].unmet, unmet, "needs of {}", def.id);
    }
}
