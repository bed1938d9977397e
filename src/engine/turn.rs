//! The one-way circle: gather what is waiting, decide, remember, tell, act.
//!
//! One task drives one run. Everything that waits is served by one turn, so one sync of the journal serves it all: the
//! disk is the window of the group commit, there is no other. Nothing is told or acted upon before it is remembered.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval, sleep, timeout_at};

use super::adopt::Adopted;
use super::boot;
use super::clock;
use super::feed::{Pace, Teller};
use super::handle::{Letter, Post, Receipt};
use super::host::Error;
use super::perform::Hands;
use super::seat::Seat;
use crate::journal::{self, Log};
use crate::run::{Effect, Ended, Input, Outcome, Recorded, Refusal, Run, Spec, Turn};
use crate::time::Timestamp;

/// Timers of the runtime do not count suspend, so a longer wait is looked at again this often.
const LONGEST_SLEEP: Duration = Duration::from_secs(30);
/// How often adopted attempts, stops that wait for their attempt to begin, and specifications that wait for room in their
/// pipe are looked at.
const POLL: Duration = Duration::from_millis(20);
/// How often a full disk is tried again.
const FULL_DISK_POLL: Duration = Duration::from_secs(1);
/// Inputs of one turn; what is beyond waits for the next one, so that a flood cannot starve the journal.
const TURN_MAX: usize = 4096;

/// Words of this program to itself that wait for a disk with room; older ones give way.
const LATER_MAX: usize = 64;

pub(super) struct Circle {
    run: Run,
    log: Log,
    hands: Hands,
    adopted: Adopted,
    seat: Seat,
    letters: mpsc::Receiver<Letter>,
    /// Letters that came while the disk was full.
    later: VecDeque<Letter>,
    tell: Teller,
    wake: Option<Timestamp>,
    /// Starts that are recorded, and wait until the disk has room for what they would write.
    postponed: Vec<Spec>,
    wall: clock::Wall,
}

/// What one turn collects before the journal is written.
#[derive(Default)]
struct Gathered {
    events: Vec<Recorded>,
    effects: Vec<Effect>,
    receipts: Vec<(oneshot::Sender<Receipt>, Receipt)>,
    inputs: usize,
    let_go: bool,
}

impl Circle {
    pub(super) fn new(
        run: Run,
        log: Log,
        hands: Hands,
        (adopted, seat): (Adopted, Seat),
        post: Post,
    ) -> Self {
        let Post { letters, tell } = post;
        Self {
            run,
            log,
            hands,
            adopted,
            seat,
            letters,
            later: VecDeque::new(),
            tell,
            wake: None,
            postponed: Vec::new(),
            wall: clock::Wall::default(),
        }
    }

    /// Goes round until it is asked to let go, or cannot write any more.
    pub(super) async fn go_round(mut self, first: Turn) -> Result<(), Error> {
        let end = self.turns(first).await;
        let words = match &end {
            Ok(()) => "the engine has let go".to_owned(),
            Err(error) => error.to_string(),
        };
        self.tell.pace(Pace::Over(words));
        self.seat.leave(&self.run, clock::now());
        end
    }

    async fn turns(&mut self, first: Turn) -> Result<(), Error> {
        let mut children = signal(SignalKind::child()).map_err(Error::Hands)?;
        let mut poll = interval(POLL);
        poll.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut gathered = Gathered {
            events: first.events,
            effects: first.effects,
            ..Gathered::default()
        };
        self.settle_adopted(&mut gathered)?;
        // Last of all: should this turn be torn, whoever comes next still knows what is of an earlier boot.
        self.decide(Input::Booted { boot: boot::id() }, &mut gathered);
        loop {
            let let_go = gathered.let_go;
            self.remember(&gathered.events).await?;
            self.seat.give_back_after(&self.run);
            for (reply, receipt) in gathered.receipts {
                // Whoever asked may have gone meanwhile; the command stands all the same.
                let _ = reply.send(receipt);
            }
            if let_go {
                return Ok(());
            }
            let (effects, mut not_started) = self.hold_back(gathered.effects);
            not_started.extend(self.hands.perform(effects, &mut self.wake, &self.adopted));
            gathered = Gathered::default();
            for input in not_started {
                self.decide(input, &mut gathered);
            }
            if gathered.inputs == 0 && self.later.is_empty() {
                self.wait(&mut gathered, &mut children, &mut poll).await?;
            }
            self.drain(&mut gathered)?;
        }
    }

    /// Waits for the first thing to happen.
    async fn wait(
        &mut self,
        gathered: &mut Gathered,
        children: &mut Signal,
        poll: &mut Interval,
    ) -> Result<(), Error> {
        let wake = self.wake.map(|at| at.since(clock::now()));
        let room = (!self.postponed.is_empty()).then_some(FULL_DISK_POLL);
        let until_wake = wake.into_iter().chain(room).chain(self.seat.poll()).min();
        let until_wake = until_wake.map(|wait| wait.min(LONGEST_SLEEP));
        tokio::select! {
            biased;
            letter = self.letters.recv() => match letter {
                Some(letter) => self.read(letter, gathered),
                // Every handle is gone: nobody could ever ask for anything again.
                None => gathered.let_go = true,
            },
            () = self.hands.reported() => {}
            _ = children.recv() => {
                for input in self.hands.reap().map_err(Error::Hands)? {
                    self.decide(input, gathered);
                }
            }
            () = sleep(until_wake.unwrap_or_default()), if until_wake.is_some() => {}
            _ = poll.tick(), if !self.adopted.is_empty() || self.hands.has_unsent() => {
                self.settle_adopted(gathered)?;
                self.hands.send_rest();
                self.hands.signal_stops(&self.adopted);
            }
        }
        Ok(())
    }

    /// Takes whatever else is waiting, so that the same sync serves it.
    fn drain(&mut self, gathered: &mut Gathered) -> Result<(), Error> {
        while gathered.inputs < TURN_MAX {
            let waiting = self.later.pop_front();
            let Some(letter) = waiting.or_else(|| self.letters.try_recv().ok()) else {
                break;
            };
            self.read(letter, gathered);
        }
        for input in self.hands.reports().map_err(Error::Hands)? {
            self.decide(input, gathered);
        }
        if let Some(what) = self.wall.moved() {
            self.decide(Input::Told { what }, gathered);
        }
        if let Some(input) = self.seat.ask_again(&self.run, clock::now()) {
            self.decide(input, gathered);
        }
        if self.wake.is_some_and(|at| at <= clock::now()) {
            self.wake = None;
            self.decide(Input::Due, gathered);
        }
        Ok(())
    }

    fn read(&mut self, letter: Letter, gathered: &mut Gathered) {
        match letter {
            Letter::Command {
                command,
                actor,
                seen,
                reply,
            } => {
                let refused = self.decide(
                    Input::Command {
                        command,
                        actor: *actor,
                        seen,
                    },
                    gathered,
                );
                gathered.receipts.push((reply, refused.map_or(Ok(()), Err)));
            }
            Letter::Attend(attended) => drop(self.decide(Input::Attend { attended }, gathered)),
            Letter::Told(what) => drop(self.decide(Input::Told { what }, gathered)),
            Letter::Terminal { actor, there } => {
                let actor = *actor;
                let input = if there {
                    Input::Returned { actor }
                } else {
                    Input::Lapsed { actor }
                };
                self.decide(input, gathered);
            }
            Letter::LetGo => gathered.let_go = true,
        }
    }

    fn decide(&mut self, input: Input, gathered: &mut Gathered) -> Option<Refusal> {
        let turn = self.run.handle(input, clock::now());
        gathered.events.extend(turn.events);
        gathered.effects.extend(turn.effects);
        gathered.inputs += 1;
        turn.refused
    }

    fn settle_adopted(&mut self, gathered: &mut Gathered) -> Result<(), Error> {
        let inputs = self.adopted.settle(&self.hands).map_err(Error::Hands)?;
        for input in inputs {
            self.decide(input, gathered);
        }
        Ok(())
    }

    /// While the disk is short of room nothing new starts: what is left of it belongs to the results of what runs. Gives the
    /// effects that may be performed, and the ends of starts that are not wanted any more.
    fn hold_back(&mut self, mut effects: Vec<Effect>) -> (Vec<Effect>, Vec<Input>) {
        let starts = |effect: &Effect| matches!(effect, Effect::Start(_));
        if self.postponed.is_empty() && !effects.iter().any(starts) {
            return (effects, Vec::new());
        }
        let mut unwanted = Vec::new();
        if self.log.is_short() {
            for effect in effects.extract_if(.., |effect| starts(effect)) {
                if let Effect::Start(spec) = effect {
                    self.postponed.push(*spec);
                }
            }
            let stopped = |spec: &mut Spec| {
                let this = |e: &Effect| matches!(e, Effect::Stop { attempt, .. } if *attempt == spec.attempt);
                effects.iter().any(this)
            };
            for spec in self.postponed.extract_if(.., stopped) {
                let ended = Ended::new(Outcome::NotStarted, "stopped while the disk was full");
                let attempt = spec.attempt;
                unwanted.push(Input::AttemptEnded { attempt, ended });
            }
        } else {
            let due = self.postponed.drain(..);
            let due = due.map(|spec| Effect::Start(Box::new(spec)));
            effects.splice(0..0, due);
        }
        self.tell.pace(self.pace());
        (effects, unwanted)
    }

    fn pace(&self) -> Pace {
        match self.postponed.len() {
            0 => Pace::Live,
            n => Pace::Stuck(format!(
                "the disk of the run's folder is nearly full: {n} attempts wait for room to start; make room"
            )),
        }
    }

    /// Writes the turn's events and tells the watchers. While the disk is full it tries again: what has happened must
    /// be recorded before anything else may happen.
    async fn remember(&mut self, events: &[Recorded]) -> Result<(), Error> {
        if events.is_empty() {
            return Ok(());
        }
        let mut tries = 0_u32;
        loop {
            tries += 1;
            match self.log.append(events) {
                Ok(()) => break,
                // The journal has just given its reserve to the disk, and so to these records, if nobody else is faster.
                Err(journal::Error::Full { .. }) if tries == 1 => {}
                Err(error @ journal::Error::Full { .. }) => {
                    tracing::warn!(tries, "{error}");
                    let words = format!("{error}: nothing new starts until there is room");
                    self.tell.pace(Pace::Stuck(words));
                    if self.asked_to_let_go(FULL_DISK_POLL).await {
                        return Err(error.into());
                    }
                }
                Err(error) => return Err(error.into()),
            }
        }
        self.tell.durable(self.log.durable(), self.pace());
        Ok(())
    }

    /// Hears what is said while nothing can be recorded. Whoever commands is refused, and told why. Letting go loses nothing:
    /// what ended meanwhile stands in the record files, and what was not recorded has not been started.
    async fn asked_to_let_go(&mut self, limit: Duration) -> bool {
        let until = Instant::now() + limit;
        while let Ok(letter) = timeout_at(until, self.letters.recv()).await {
            match letter {
                None | Some(Letter::LetGo) => return true,
                Some(Letter::Command { reply, .. }) => {
                    let _ = reply.send(Err(Refusal {
                        why: "the disk is full, so nothing can be recorded".to_owned(),
                        hint: Some("make room; the run goes on by itself".to_owned()),
                    }));
                }
                Some(letter) => {
                    if self.later.len() == LATER_MAX {
                        self.later.pop_front();
                    }
                    self.later.push_back(letter);
                }
            }
        }
        false
    }
}
