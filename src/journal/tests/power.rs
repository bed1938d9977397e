//! The power goes, or the engine is killed, at any moment of a whole run: every write and every sync of its journal is a place
//! to be cut, and what was not synced is on the disk in any blocks and any order. What the disk may then hold is built from
//! what was done to the file, and the run is taken up from it.
//!
//! `FLIGHTDECK_CASES` says how many states of the disk are built for each moment (4), `FLIGHTDECK_SEED` which ones.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use super::{fast_folder, folder, journal_of, started};
use crate::id::AttemptId;
use crate::journal::medium::noted::{self, Deed};
use crate::journal::{Log, Opened};
use crate::run::{Effect, Ended, Event, Input, Outcome, Phase, Recorded, Run, RunStart, Turn};
use crate::time::Timestamp;
use crate::workflow::{self, Workflow};

const STEPS: usize = 200;
const WIDTH: usize = 10;
/// A disk writes a sector whole or not at all.
const SECTOR: usize = 512;

#[test]
fn a_run_outlives_a_power_cut_at_any_moment() {
    let number = |name: &str| std::env::var(name).ok().and_then(|v| v.parse::<u64>().ok());
    let cases = number("FLIGHTDECK_CASES").unwrap_or(4);
    let seed = number("FLIGHTDECK_SEED").unwrap_or(0x5eed_0003);
    let mut dice = Dice(seed);
    let dir = folder();
    noted::begin();
    let mut world = World::start(dir.path());
    while world.go_on(&mut dice) {}
    let deeds = noted::end();
    assert_eq!(world.run.phase(), Phase::Succeeded);
    let (mut disk, mut built, mut finished) = (Disk::default(), 0, 0);
    let place = fast_folder();
    for moment in 0..=deeds.len() {
        for case in 0..cases {
            let bytes = match case {
                // The engine is killed and the machine lives.
                0 => disk.as_seen(),
                1 => disk.durable.clone(),
                _ => disk.after_power_cut(&mut dice),
            };
            built += 1;
            let shown = format!("FLIGHTDECK_SEED={seed}: moment {moment}, case {case}");
            let Some(opened) = take_up(place.path(), &bytes, &world, moment, &shown) else {
                continue;
            };
            // To its end from some moments of the run only: each is a whole run again.
            if dice.below(deeds.len() as u64 / 2) == 0 {
                finish(opened, &world, moment, &mut dice, &shown);
                finished += 1;
            } else {
                std::mem::forget(opened.log);
            }
        }
        if let Some(deed) = deeds.get(moment) {
            disk.take(deed);
        }
    }
    eprintln!("{built} states of the disk, {finished} runs taken up to their end");
    assert!(deeds.len() > 100 && finished > 0);
}

/// The engine is killed between write and sync, the next one goes on, and then the power goes: what the next one went on
/// from must not be lost, or its own records would stand behind a gap.
#[test]
fn what_an_engine_goes_on_from_is_durable() {
    let dir = folder();
    noted::begin();
    let mut world = World::start(dir.path());
    let mut dice = Dice(0x5eed_0004);
    for _ in 0..20 {
        world.go_on(&mut dice);
    }
    let deeds = noted::end();
    for moment in 0..=deeds.len() {
        let mut disk = Disk::default();
        deeds[..moment].iter().for_each(|deed| disk.take(deed));
        let place = fast_folder();
        put(place.path(), &disk.as_seen());
        noted::begin();
        let opened = Log::open(place.path());
        let Ok(mut opened) = opened else {
            noted::end();
            continue;
        };
        let seq = opened.records.len() as u64;
        opened
            .log
            .append(&[super::told(seq + 1, "taken up")])
            .unwrap();
        std::mem::forget(opened.log);
        for deed in noted::end() {
            disk.take(&deed);
            for _ in 0..4 {
                let bytes = disk.after_power_cut(&mut dice);
                let second = fast_folder();
                put(second.path(), &bytes);
                match Log::open(second.path()) {
                    Ok(again) => {
                        let acked = world.acked(moment);
                        assert!(again.records.len() >= acked, "moment {moment}");
                    }
                    Err(e) => assert_eq!(world.acked(moment), 0, "moment {moment}: {e}"),
                }
            }
        }
    }
}

/// Opens what the disk holds; checks that nothing confirmed is lost and nothing started is unknown to it.
fn take_up(dir: &Path, bytes: &[u8], world: &World, moment: usize, shown: &str) -> Option<Opened> {
    put(dir, bytes);
    let acked = world.acked(moment);
    let opened = match Log::open(dir) {
        Ok(opened) => opened,
        Err(e) => {
            assert_eq!(acked, 0, "{shown}: {e}");
            return None;
        }
    };
    let n = opened.records.len();
    assert!(n >= acked, "{shown}: {acked} were confirmed, {n} are there");
    assert_eq!(opened.records, world.all[..n], "{shown}");
    for (at, seq, attempt) in &world.started {
        if *at <= moment {
            assert!(*seq <= n as u64, "{shown}: {attempt:?} has no record");
        }
    }
    Some(opened)
}

/// The run as its next engine sees it, brought to its end: no attempt of before is ordered again.
fn finish(opened: Opened, world: &World, moment: usize, dice: &mut Dice, shown: &str) {
    let mut run = Run::empty(Arc::clone(world.run.workflow()));
    for record in &opened.records {
        run.apply(record).unwrap_or_else(|e| panic!("{shown}: {e}"));
    }
    let before: BTreeSet<&AttemptId> = world
        .started
        .iter()
        .filter(|s| s.0 <= moment)
        .map(|s| &s.2)
        .collect();
    let under_way = run.attempts_under_way();
    let turn = run.revive(Timestamp(2), false);
    let mut next = World {
        run,
        log: opened.log,
        all: opened.records,
        confirmed: Vec::new(),
        started: Vec::new(),
        alive: Vec::new(),
    };
    next.take(turn);
    let inputs = under_way.into_iter().map(|attempt| {
        let outcome = if before.contains(&attempt) {
            Outcome::Succeeded
        } else {
            Outcome::Orphaned
        };
        end(attempt, outcome)
    });
    next.feed(inputs.collect());
    while next.go_on(dice) {}
    assert_eq!(next.run.phase(), Phase::Succeeded, "{shown}");
    for (_, _, attempt) in &next.started {
        assert!(!before.contains(attempt), "{shown}: {attempt:?} twice");
    }
}

/// An engine without a world: attempts succeed, in any order.
struct World {
    run: Run,
    log: Log,
    all: Vec<Recorded>,
    /// After so many deeds, so many records were confirmed.
    confirmed: Vec<(usize, usize)>,
    /// After so many deeds, this attempt was started, by the record of this number.
    started: Vec<(usize, u64, AttemptId)>,
    alive: Vec<AttemptId>,
}

impl World {
    fn start(dir: &Path) -> Self {
        let log = Log::create(dir).unwrap();
        let (run, turn) = Run::start(plan(), start(), Timestamp(1));
        let mut world = Self {
            run,
            log,
            all: Vec::new(),
            confirmed: Vec::new(),
            started: Vec::new(),
            alive: Vec::new(),
        };
        world.take(turn);
        world
    }

    /// Some attempts end, all in one turn. False when none is left.
    fn go_on(&mut self, dice: &mut Dice) -> bool {
        let together = dice.below(4) + 1;
        let mut inputs = Vec::new();
        for _ in 0..together {
            if !self.alive.is_empty() {
                let attempt = self
                    .alive
                    .swap_remove(dice.below(self.alive.len() as u64) as usize);
                inputs.push(end(attempt, Outcome::Succeeded));
            }
        }
        let any = !inputs.is_empty();
        self.feed(inputs);
        any
    }

    fn feed(&mut self, inputs: Vec<Input>) {
        let mut all = Turn::default();
        for input in inputs {
            let turn = self.run.handle(input, Timestamp(2));
            all.events.extend(turn.events);
            all.effects.extend(turn.effects);
        }
        self.take(all);
    }

    fn take(&mut self, turn: Turn) {
        self.log.append(&turn.events).unwrap();
        self.all.extend(turn.events);
        self.confirmed.push((noted::count(), self.all.len()));
        for effect in turn.effects {
            let Effect::Start(spec) = effect else {
                continue;
            };
            let this = |r: &&Recorded| matches!(&r.event, Event::AttemptStarted { attempt, .. } if *attempt == spec.attempt);
            let seq = self
                .all
                .iter()
                .rev()
                .find(this)
                .expect("its record comes first")
                .seq;
            self.started
                .push((noted::count(), seq, spec.attempt.clone()));
            self.alive.push(spec.attempt);
        }
    }

    fn acked(&self, moment: usize) -> usize {
        let before = self.confirmed.iter().filter(|(deeds, _)| *deeds <= moment);
        before.map(|(_, records)| *records).max().unwrap_or(0)
    }
}

/// What a disk holds for sure, and what was done since its last sync.
#[derive(Default)]
struct Disk {
    durable: Vec<u8>,
    pending: Vec<Deed>,
}

impl Disk {
    fn take(&mut self, deed: &Deed) {
        if matches!(deed, Deed::Sync) {
            self.durable = self.as_seen();
            self.pending.clear();
        } else {
            self.pending.push(deed.clone());
        }
    }

    /// By the programs of a machine that is up.
    fn as_seen(&self) -> Vec<u8> {
        let mut bytes = self.durable.clone();
        for deed in &self.pending {
            perform(&mut bytes, deed, |_| true);
        }
        bytes
    }

    /// Any sectors of what was not synced are there, and each change of the length is or is not.
    fn after_power_cut(&self, dice: &mut Dice) -> Vec<u8> {
        let mut bytes = self.durable.clone();
        let often = dice.below(5);
        let mut lengths = Vec::new();
        for deed in &self.pending {
            perform(&mut bytes, deed, |_| dice.below(4) < often);
            lengths.push(bytes.len());
        }
        lengths.push(self.durable.len());
        bytes.resize(lengths[dice.below(lengths.len() as u64) as usize], 0);
        bytes
    }
}

fn perform(bytes: &mut Vec<u8>, deed: &Deed, mut arrives: impl FnMut(usize) -> bool) {
    match deed {
        Deed::Take { from, bytes: n } => {
            let end = (from + n) as usize;
            bytes.resize(bytes.len().max(end), 0);
        }
        Deed::Write { at, bytes: new } => {
            let (at, end) = (*at as usize, *at as usize + new.len());
            bytes.resize(bytes.len().max(end), 0);
            let mut from = at;
            while from < end {
                let to = ((from / SECTOR + 1) * SECTOR).min(end);
                if arrives(from / SECTOR) {
                    bytes[from..to].copy_from_slice(&new[from - at..to - at]);
                }
                from = to;
            }
        }
        Deed::Cut { length } => bytes.resize(*length as usize, 0),
        Deed::Sync => {}
    }
}

fn put(dir: &Path, bytes: &[u8]) {
    for entry in fs::read_dir(dir).unwrap() {
        fs::remove_file(entry.unwrap().path()).unwrap();
    }
    fs::write(journal_of(dir), bytes).unwrap();
    fs::set_permissions(journal_of(dir), fs::Permissions::from_mode(0o600)).unwrap();
}

fn plan() -> Arc<Workflow> {
    Arc::new(
        workflow::check(text().as_bytes())
            .workflow
            .expect("a good workflow"),
    )
}

fn text() -> String {
    let mut text = "name: cut\npolicies: {max_parallel: 8}\nsteps:\n".to_owned();
    for n in 0..STEPS {
        let below = (n / WIDTH).checked_sub(1).map(|layer| layer * WIDTH);
        let needs = below.map_or_else(String::new, |from| {
            format!("s{}, s{}", from + n % WIDTH, from + (n + 1) % WIDTH)
        });
        let _ = writeln!(text, "  - {{id: s{n}, needs: [{needs}], run: \"true\"}}");
    }
    text
}

fn start() -> RunStart {
    let Event::RunStarted(start) = started("r1").event else {
        unreachable!("it is the start of a run")
    };
    RunStart {
        text: Arc::from(text()),
        ..*start
    }
}

fn end(attempt: AttemptId, outcome: Outcome) -> Input {
    let ended = Ended {
        took_ms: 1,
        ..Ended::new(outcome, "")
    };
    Input::AttemptEnded { attempt, ended }
}

struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % n.max(1)
    }
}
