//! What the screen costs: a frame in time and bytes, the first layout of the rails, the time to the first full screen of the
//! real program, and how long a key takes to be seen while a step floods. `cargo bench --bench screen [-- NAME | --test]`.

#![expect(clippy::print_stdout, reason = "bytes are told beside the times")]

use std::hint::black_box;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use flightdeck::id::{AttemptId, RunId, StepId};
use flightdeck::run::{Effect, Ended, Input, LogFacts, Outcome, Run, RunStart, Turn};
use flightdeck::time::Timestamp;
use flightdeck::tui::keys::Keymap;
use flightdeck::tui::rails::{LANES_MAX, Rails};
use flightdeck::tui::stage::Stage;
use flightdeck::tui::{OneTheme, Options, Programs, Watch, theme};
use flightdeck::workflow;

#[expect(dead_code, reason = "its peers are the race's")]
mod graph;
mod place;
#[expect(dead_code, reason = "the race leaves runs that have ended")]
mod pty;

use graph::Graph;
use place::Place;
use pty::Pty;

const START: Timestamp = Timestamp(1_795_528_800_000);
const STEPS: usize = 10_000;

/// A run of many steps, and its screen.
struct Show {
    run: Run,
    stage: Stage,
    now: Timestamp,
    under_way: Vec<AttemptId>,
}

impl Show {
    fn new(size: (u16, u16)) -> Self {
        let text = Graph::layered(STEPS).workflow(&["/bin/true"], 16);
        let workflow = workflow::check(text.as_bytes())
            .workflow
            .expect("it is right");
        let workflow = Arc::new(workflow);
        let start = RunStart {
            file: "bench.yaml".into(),
            ..RunStart::new(RunId::parse("bench").expect("a run id"), &workflow)
        };
        let (run, turn) = Run::start(Arc::clone(&workflow), start, START);
        let mut show = Self {
            run,
            stage: Stage::new(workflow, &options(), size),
            now: START,
            under_way: Vec::new(),
        };
        show.turn(turn);
        show.stage.draw();
        show
    }

    fn turn(&mut self, turn: Turn) {
        for effect in turn.effects {
            if let Effect::Start(spec) = effect {
                self.under_way.push(spec.attempt);
            }
        }
        self.stage.events(turn.events);
    }

    /// A second passes: the clocks on the screen move.
    fn tick(&mut self) {
        self.now.0 += 1_000;
        self.stage.tick(self.now);
    }

    /// A step ends, and the next one starts; over and over.
    fn step(&mut self) {
        let attempt = if self.under_way.is_empty() {
            return self.tick();
        } else {
            self.under_way.remove(0)
        };
        let ended = Ended {
            outcome: Outcome::Succeeded,
            exit_code: Some(0),
            signal: None,
            message: String::new(),
            outputs: [].into(),
            leftovers: Vec::new(),
            log: LogFacts::default(),
            took_ms: 1,
        };
        let turn = self
            .run
            .handle(Input::AttemptEnded { attempt, ended }, self.now);
        self.turn(turn);
    }
}

fn options() -> Options {
    let theme = theme::load("dark", &|_| None).expect("a built-in theme");
    Options {
        theme: theme.clone(),
        themes: Arc::new(OneTheme(theme)),
        keymap: Keymap::default(),
        fps: 10,
        watch: Watch::Acting,
        now: || START,
        dir: PathBuf::from("/state/runs/bench"),
        programs: Programs::default(),
        source: None,
        recording: None,
        replay: None,
        plain: false,
        has_screen: true,
        words: |_| None,
        notify: flightdeck::tui::Notify::default(),
        memory: None,
        remember: None,
    }
}

fn frames(c: &mut Criterion) {
    type Change = fn(&mut Show);
    let changes: [(&str, Change); 4] = [
        ("nothing", |_| {}),
        ("clock", Show::tick),
        ("status", Show::step),
        ("everything", |show| show.stage.redraw()),
    ];
    for size in [(80, 24), (200, 50)] {
        let mut group = c.benchmark_group(format!("frame {}x{} of {STEPS} rows", size.0, size.1));
        for (name, change) in changes {
            let mut show = Show::new(size);
            change(&mut show);
            println!(
                "frame {}x{}, {name}: {:?}",
                size.0,
                size.1,
                show.stage.draw()
            );
            group.bench_function(name, |b| {
                // Only the frame is timed: what made it necessary is the model's affair.
                b.iter_custom(|rounds| {
                    let mut spent = Duration::ZERO;
                    for _ in 0..rounds {
                        change(&mut show);
                        let start = Instant::now();
                        black_box(show.stage.draw());
                        spent += start.elapsed();
                    }
                    spent
                });
            });
        }
        group.finish();
    }
}

/// What a log that grows by 20 lines costs, the update included.
fn log(c: &mut Criterion) {
    let texts: Vec<String> = (0..20)
        .map(|n| {
            format!(
                "{n:04} copied object {} of bucket orders to replica eu-north-1",
                n * 37
            )
        })
        .collect();
    let mut show = Show::new((200, 50));
    show.stage.log(&texts, START);
    println!("log + 20 lines: {:?}", show.stage.draw());
    c.bench_function("log + 20 lines 200x50", |b| {
        b.iter(|| {
            show.stage.log(&texts, START);
            black_box(show.stage.draw())
        });
    });
}

fn rails(c: &mut Criterion) {
    let mut group = c.benchmark_group("rails");
    for (name, graph) in [
        ("layered", Graph::layered(STEPS)),
        ("chain", Graph::chain(STEPS)),
    ] {
        group.bench_function(BenchmarkId::new(name, STEPS), |b| {
            b.iter(|| Rails::new(graph.needs.iter().map(|n| n.iter().copied()), LANES_MAX));
        });
    }
    group.finish();
}

/// From the start of the program to a screen on which most rows are filled.
fn first_screen(c: &mut Criterion) {
    let mut group = c.benchmark_group("first full screen");
    group.sample_size(10);
    let sleeper = ["/bin/sleep", "100"];
    for steps in [50, STEPS] {
        let text = Graph::layered(steps).workflow(&sleeper, 2);
        group.bench_function(BenchmarkId::from_parameter(steps), |b| {
            b.iter_custom(|rounds| {
                let mut spent = Duration::ZERO;
                for _ in 0..rounds {
                    let place = Place::new();
                    place.write("w.yaml", &text);
                    let pty = Pty::start(&place, &["run", "w.yaml", "--id", "r"]);
                    spent += pty.wait_full();
                    pty.kill();
                    stop(&place, &["s0", "s1"]);
                }
                spent
            });
        });
    }
    group.finish();
}

/// A key that opens the help and one that closes it, while a step writes as fast as it can.
fn key(c: &mut Criterion) {
    let flood = "while :; do echo copied object of bucket orders; done";
    let text = format!(
        "name: flood\nsteps:\n  - {{id: s0, exec: {{argv: [/bin/sh, -c, {flood:?}]}}, max_log: 200MiB}}\n"
    );
    let place = Place::new();
    place.write("w.yaml", &text);
    let mut pty = Pty::start(&place, &["run", "w.yaml", "--id", "r"]);
    pty.wait(|screen| screen.contents().contains("copied object"));
    let mut group = c.benchmark_group("key while a step floods");
    group.sample_size(10);
    group.bench_function("help", |b| {
        b.iter_custom(|rounds| {
            let mut spent = Duration::ZERO;
            for _ in 0..rounds {
                let start = Instant::now();
                pty.type_keys("?");
                pty.wait(is_help);
                spent += start.elapsed();
                pty.type_keys("\x1b");
                pty.wait(|screen| !is_help(screen));
                // As a person types: frames for keys keep a pace among themselves, for keys that are held down.
                std::thread::sleep(Duration::from_millis(70));
            }
            spent
        });
    });
    group.finish();
    pty.kill();
    stop(&place, &["s0"]);
}

fn is_help(screen: &vt100::Screen) -> bool {
    screen.contents().contains("HELP: keys and commands")
}

/// What a killed screen left running: attempts outlive their engine by design, so another engine ends them.
fn stop(place: &Place, steps: &[&str]) {
    let step = |id: &&str| AttemptId::act(StepId::from(*id), 1);
    let dir = place.path("state/runs/r/attempts");
    let asked: Vec<AttemptId> = steps.iter().map(step).collect();
    let records = std::fs::read_dir(&dir)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path());
    for (_, standing) in flightdeck::attempt::settle(records, &asked).unwrap_or_default() {
        if let flightdeck::attempt::Standing::Alive { pid } = standing
            && let Some(pid) = i32::try_from(pid)
                .ok()
                .and_then(rustix::process::Pid::from_raw)
        {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::USR1);
        }
    }
}

criterion_group!(benches, frames, log, rails, first_screen, key);
criterion_main!(benches);
