//! Random histories with reloads: whatever is reloaded when, what has begun keeps its attempts and its definition, a replay equals
//! the live run, no attempt is ordered twice, and the run comes to its end.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Arc;

use super::build::{actor, ended, start};
use super::plans::Dice;
use super::random::{check_indices, replay};
use crate::id::AttemptId;
use crate::run::{Command, Definition, Effect, Input, Kind, Outcome, Phase, Recorded, Run, Turn};
use crate::time::Timestamp;
use crate::workflow::{Workflow, check, check_recorded};

#[test]
fn random_reloads_lose_nothing_and_start_nothing_twice() {
    let number = |name: &str| std::env::var(name).ok().and_then(|v| v.parse::<u64>().ok());
    let cases = number("FLIGHTDECK_CASES").unwrap_or(200);
    let first = number("FLIGHTDECK_SEED").unwrap_or(1);
    let mut reloads = 0;
    for seed in first..first + cases {
        eprintln!("FLIGHTDECK_SEED={seed} FLIGHTDECK_CASES=1");
        reloads += live(seed);
    }
    assert!(reloads as u64 > cases / 4, "only {reloads} were accepted");
}

/// What is reloaded in a drill is the plan of a drill: the real thing never comes in that way.
#[test]
fn a_drill_stays_one() {
    let text = |real: &str, fake: &str| {
        format!(
            "name: t\nsteps:\n  - {{id: a, run: a}}\n  - {{id: b, run: {real}, drill: {{run: {fake}}}}}\n"
        )
    };
    let plan = check(text("real", "fake").as_bytes()).workflow;
    let plan = Arc::new(plan.expect("it is in order"));
    let mut begin = start(&plan);
    begin.kind = Kind::Drill;
    let (run, turn) = Run::start(plan.clone(), begin, Timestamp(0));
    let mut world = World::new(run, plan);
    world.take(turn);
    world.command(Command::Pause);
    let definition = Box::new(Definition {
        file: "t.yaml".to_owned(),
        text: text("changed", "rehearsed").into(),
        files: BTreeMap::new(),
    });
    world.command(Command::Reload { definition });
    let will = world.run.will_run(&"b".into()).join(" ");
    assert!(will.contains("rehearsed"), "{will}");
}

/// Inside a sub-workflow that has begun, what has not started may change; what goes into it may not.
#[test]
fn a_sub_workflow_may_change_where_nothing_has_started() {
    let outer = |n: &str| {
        format!(
            "name: t\nsteps:\n  - {{id: r, workflow: {{file: in.yaml, params: {{n: {n}}}}}}}\n  - {{id: z, run: z}}\n"
        )
    };
    let inner = |steps: &str| format!("name: i\nparams: {{n: {{type: int}}}}\nsteps: [{steps}]\n");
    let definition = |outer: String, inner: String| {
        let files = [("in.yaml".to_owned(), inner.into())].into();
        let (file, text) = ("t.yaml".to_owned(), outer.into());
        Command::Reload {
            definition: Box::new(Definition { file, text, files }),
        }
    };
    let a = "{id: a, run: a}";
    let first = inner(&format!("{a}, {{id: b, run: b}}"));
    let Command::Reload { definition: old } = definition(outer("1"), first) else {
        unreachable!("it is a reload")
    };
    let plan = Arc::new(
        check_recorded(&old.text, &old.files)
            .workflow
            .expect("it is in order"),
    );
    let mut begin = start(&plan);
    begin.files.clone_from(&old.files);
    let (run, turn) = Run::start(plan.clone(), begin, Timestamp(0));
    let mut world = World::new(run, plan);
    world.take(turn);
    world.command(Command::Pause);
    let more = inner(&format!("{a}, {{id: b, run: other}}, {{id: c, run: c}}"));
    assert!(
        !world.command(definition(outer("2"), more.clone())),
        "r has begun with 1"
    );
    assert!(
        !world.command(definition(outer("1"), inner("{id: b, run: b}"))),
        "a runs"
    );
    let before = world.begun();
    assert!(world.command(definition(outer("1"), more)));
    assert_eq!(world.begun(), before);
    assert!(world.run.step(&"r/c".into()).is_some(), "it is new");
    world.command(Command::Resume);
    let mut dice = Dice(1);
    while !world.alive.is_empty() {
        world.end_one(&mut dice, true);
    }
    assert_eq!(world.run.phase(), Phase::Succeeded);
    let ran: Vec<String> = world.ordered.iter().map(AttemptId::file_stem).collect();
    assert_eq!(ran, ["r+a.1", "r+b.1", "r+c.1", "z.1"]);
}

/// A step of a file: what it runs, what it needs, how often.
#[derive(Clone)]
struct Line {
    id: String,
    run: usize,
    needs: Vec<usize>,
    wide: usize,
}

fn file(lines: &[Line]) -> String {
    let mut text = "name: t\nsteps:\n".to_owned();
    for line in lines {
        let known = |n: &&usize| lines.iter().any(|l| l.id == format!("s{n}"));
        let needs: Vec<String> = line
            .needs
            .iter()
            .filter(known)
            .map(|n| format!("s{n}"))
            .collect();
        let wide = match line.wide {
            0 => String::new(),
            n => format!(", for_each: {:?}", (0..n).collect::<Vec<_>>()),
        };
        let (id, needs) = (&line.id, needs.join(", "));
        writeln!(
            text,
            "  - {{id: {id}, needs: [{needs}], run: r{}{wide}}}",
            line.run
        )
        .unwrap();
    }
    text
}

fn random_lines(dice: &mut Dice) -> Vec<Line> {
    let line = |n: usize, dice: &mut Dice| Line {
        id: format!("s{n}"),
        run: dice.below(9),
        needs: (0..n).filter(|_| dice.one_in(3)).collect(),
        wide: dice.pick(&[0, 0, 2, 3]),
    };
    (0..dice.below(7) + 2).map(|n| line(n, dice)).collect()
}

/// Changes, adds or leaves out a few, mostly of those that have not started: else little would be accepted.
fn mutated(dice: &mut Dice, lines: &[Line], run: &Run) -> Vec<Line> {
    let mut lines = lines.to_vec();
    for _ in 0..=dice.below(2) {
        let at = dice.below(lines.len());
        let state = run
            .step(&lines[at].id.as_str().into())
            .map(|s| s.state.word());
        if !matches!(state, Some("pending" | "ready")) && !dice.one_in(8) {
            continue;
        }
        match dice.below(5) {
            0 if lines.len() > 2 => drop(lines.remove(at)),
            1 => lines[at].wide = dice.pick(&[0, 2, 4]),
            2 => lines[at].needs.clear(),
            _ => lines[at].run += 10,
        }
    }
    if dice.one_in(2) {
        let n = 20 + dice.below(20);
        if lines.iter().all(|line| line.id != format!("s{n}")) {
            let place = dice.below(lines.len());
            let needs = if dice.one_in(2) { vec![0] } else { Vec::new() };
            let line = Line {
                id: format!("s{n}"),
                run: 1,
                needs,
                wide: dice.pick(&[0, 2]),
            };
            lines.insert(place, line);
        }
    }
    lines
}

struct World {
    run: Run,
    plan: Arc<Workflow>,
    journal: Vec<Recorded>,
    alive: BTreeSet<AttemptId>,
    ordered: BTreeSet<AttemptId>,
    now: Timestamp,
}

impl World {
    fn new(run: Run, plan: Arc<Workflow>) -> Self {
        Self {
            run,
            plan,
            journal: Vec::new(),
            alive: BTreeSet::new(),
            ordered: BTreeSet::new(),
            now: Timestamp(1_000_000),
        }
    }

    fn take(&mut self, turn: Turn) -> bool {
        self.journal.extend(turn.events);
        for effect in turn.effects {
            if let Effect::Start(spec) = effect {
                assert!(
                    self.ordered.insert(spec.attempt.clone()),
                    "{:?} twice",
                    spec.attempt
                );
                self.alive.insert(spec.attempt);
            }
        }
        check_indices(&self.run);
        assert!(
            replay(&self.plan, &self.journal).same_as(&self.run),
            "live and replayed differ"
        );
        turn.refused.is_none()
    }

    fn command(&mut self, command: Command) -> bool {
        let actor = actor("ana");
        let seen = None;
        let turn = self.run.handle(
            Input::Command {
                command,
                actor,
                seen,
            },
            self.now,
        );
        self.take(turn)
    }

    fn end_one(&mut self, dice: &mut Dice, well: bool) {
        let Some(attempt) = self.alive.iter().nth(dice.below(self.alive.len())).cloned() else {
            return;
        };
        self.alive.remove(&attempt);
        let outcomes = [
            Outcome::Succeeded,
            Outcome::Succeeded,
            Outcome::Failed,
            Outcome::Unknown,
        ];
        let outcome = if well {
            Outcome::Succeeded
        } else {
            dice.pick(&outcomes)
        };
        let ended = ended(outcome, "said the dice");
        let turn = self
            .run
            .handle(Input::AttemptEnded { attempt, ended }, self.now);
        self.take(turn);
    }

    /// What has begun: its attempts and its state.
    fn begun(&self) -> BTreeMap<String, String> {
        let steps = self.run.steps().iter().filter(|s| !s.attempts.is_empty());
        let told = steps.map(|s| (s.id.to_string(), format!("{:?} {:?}", s.state, s.attempts)));
        told.collect()
    }
}

fn live(seed: u64) -> usize {
    let mut dice = Dice(seed);
    let mut lines = random_lines(&mut dice);
    let checked = check(file(&lines).as_bytes());
    let plan = Arc::new(
        checked
            .workflow
            .unwrap_or_else(|| panic!("{:?}", checked.problems)),
    );
    let now = Timestamp(1_000_000);
    let mut begin = start(&plan);
    begin.max_parallel = dice.pick(&[None, Some(1), Some(2)]);
    let (run, turn) = Run::start(plan.clone(), begin, now);
    let mut world = World::new(run, plan);
    world.take(turn);
    let mut reloads = 0;
    for _ in 0..dice.below(40) {
        world.now = Timestamp(world.now.0 + 1000);
        match dice.below(8) {
            0..=2 => world.end_one(&mut dice, false),
            3 => _ = world.command(Command::Pause),
            4 => _ = world.command(Command::Resume),
            5 => {
                world.run = replay(&world.plan, &world.journal);
                let turn = world.run.revive(world.now, false);
                world.take(turn);
            }
            _ => {
                let new = mutated(&mut dice, &lines, &world.run);
                let definition = Box::new(Definition {
                    file: "t.yaml".to_owned(),
                    text: file(&new).into(),
                    files: BTreeMap::new(),
                });
                let before = world.begun();
                if world.command(Command::Reload { definition }) {
                    assert_eq!(
                        world.begun(),
                        before,
                        "something that had begun has changed"
                    );
                    assert_eq!(&*world.run.workflow().text, file(&new));
                    (lines, reloads) = (new, reloads + 1);
                }
            }
        }
    }
    world.command(Command::Resume);
    for _ in 0..500 {
        if world.run.phase().is_terminal() {
            break;
        }
        world.end_one(&mut dice, true);
        let open: Vec<_> = world
            .run
            .steps()
            .iter()
            .filter(|s| s.state.is_unresolved())
            .collect();
        let open: Vec<_> = open
            .into_iter()
            .filter(|s| s.members.is_none())
            .map(|s| s.id.clone())
            .collect();
        for step in open {
            world.command(Command::Mark {
                step,
                outputs: BTreeMap::new(),
                override_verify: true,
                reason: "helped".to_owned(),
            });
        }
    }
    let phase = world.run.phase();
    assert!(
        matches!(phase, Phase::Succeeded | Phase::CompletedWithExceptions),
        "{phase:?}"
    );
    reloads
}
