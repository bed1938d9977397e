//! The whole program against what else runs the same steps: journal synced, output kept, with and without its screen.
//!
//! `cargo bench --bench whole` races everything; `-- NAME...` only what has NAME in its title; `-- --rounds N` (5);
//! `-- --test` runs each once and tiny. The floor is one thread that starts a process and waits for one, and counts needs.
//! CPU ratios are what repeats; wall is as quiet as the machine is.

#![expect(clippy::print_stdout, reason = "the tables are what it is for")]

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{WaitOptions, wait};

mod cancel;
mod graph;
mod logs;
mod place;
#[expect(dead_code, reason = "the screen's bench waits for more")]
mod pty;
mod race;

use graph::Graph;
use place::{FLIGHTDECK, Place};
use pty::Pty;
use race::{Contender, race};

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["floor", steps, at_once] => floor(Path::new(steps), at_once.parse().expect("a number")),
        ["lines", bytes] => logs::lines(bytes.parse().expect("a number"), None),
        ["lines", bytes, rate] => logs::lines(
            bytes.parse().expect("a number"),
            Some(rate.parse().expect("a number")),
        ),
        ["readers", steps, bytes, rate] => {
            logs::readers(steps.parse().expect("a number"), bytes, rate);
        }
        _ => races(&Wish::of(&args)),
    }
}

/// What the command line asks for.
struct Wish {
    test: bool,
    rounds: usize,
    names: Vec<String>,
}

impl Wish {
    fn of(args: &[String]) -> Self {
        let test = args.iter().any(|a| a == "--test");
        let rounds = args.iter().position(|a| a == "--rounds");
        let given = rounds.and_then(|at| args.get(at + 1)?.parse().ok());
        let names = args.iter().enumerate();
        let names =
            names.filter(|(i, a)| !a.starts_with("--") && rounds.is_none_or(|r| *i != r + 1));
        Self {
            test,
            rounds: if test { 1 } else { given.unwrap_or(5) },
            names: names.map(|(_, a)| a.clone()).collect(),
        }
    }

    fn wants(&self, title: &str) -> bool {
        self.names.is_empty() || self.names.iter().any(|name| title.contains(name.as_str()))
    }
}

fn races(wish: &Wish) {
    let few = |many| if wish.test { 20 } else { many };
    let tiny = tiny_program();
    let static_program = tiny.as_ref().map(|(_, path)| path.display().to_string());
    let shapes: [(&str, Graph, usize); 3] = [
        ("chain", Graph::chain(few(1_000)), 8),
        ("fan", Graph::fan(few(1_000)), 8),
        ("layered", Graph::layered(few(10_000)), 8),
    ];
    let mut programs = vec![
        ("/bin/true", vec!["/bin/true"]),
        ("sh -c true", vec!["/bin/sh", "-c", "true"]),
    ];
    programs.extend(static_program.as_deref().map(|path| ("static", vec![path])));
    for (shape, graph, at_once) in &shapes {
        for (program, argv) in &programs {
            let title = format!(
                "{shape} of {} x {program}, {at_once} at once",
                graph.needs.len()
            );
            if wish.wants(&title) {
                println!("{}", steps(&title, wish.rounds, graph, argv, *at_once));
            }
        }
    }
    let megabytes = if wish.test { 1 } else { 1_000 };
    let title = format!("log of {megabytes} MB");
    if wish.wants(&title) {
        println!("{}", logs::one(&title, wish.rounds, megabytes));
    }
    let steps = if wish.test { 4 } else { 64 };
    let title = format!("cancel of {steps} steps");
    if wish.wants(&title) {
        println!("{}", cancel::cancel(&title, wish.rounds, steps));
    }
    let steps = few(4_800);
    let title = format!("{steps} steps of 50 ms, 4 at once, at a terminal");
    if wish.wants(&title) {
        println!("{}", at_terminal(&title, wish.rounds, steps));
    }
    let (steps, megabytes) = if wish.test { (4, 1) } else { (64, 30) };
    let title = format!("{steps} logs of {megabytes} MB, 10 MB/s each");
    if wish.wants(&title) {
        println!("{}", logs::many(&title, wish.rounds, steps, megabytes));
    }
}

/// The same graph by everyone.
fn steps(title: &str, rounds: usize, graph: &Graph, argv: &[&str], at_once: usize) -> String {
    let peers = Place::new();
    graph
        .write_for_peers(argv, peers.dir())
        .expect("target/ can be written");
    let text = graph.workflow(argv, at_once);
    let jobs = at_once.to_string();
    let me = std::env::current_exe().expect("we run from a file");
    let run = |program: &Path, args: &[&str]| {
        let mut command = Command::new(program);
        command.args(args).current_dir(peers.dir());
        ends_well(&mut command).map(|()| None)
    };
    let mut field = vec![
        Contender {
            name: "floor",
            run: Box::new(|| run(&me, &["floor", "steps", &jobs])),
        },
        Contender {
            name: "flightdeck",
            run: Box::new(|| headless(&text)),
        },
        Contender {
            name: "flightdeck, screen",
            run: Box::new(|| on_screen(&text)),
        },
    ];
    for (name, args) in [
        ("ninja", vec!["-j", &*jobs]),
        ("make", vec!["-s", "-j", &*jobs]),
    ] {
        match which(name) {
            Some(path) => field.push(Contender {
                name,
                run: Box::new(move || run(&path, &args)),
            }),
            None => println!("{name} is not installed"),
        }
    }
    race(title, rounds, (graph.needs.len(), "step"), field)
}

fn headless(text: &str) -> Result<Option<Duration>, String> {
    let place = Place::new();
    place.write("w.yaml", text);
    let mut command = Command::new(FLIGHTDECK);
    command.args(["run", "w.yaml", "--headless"]);
    command
        .current_dir(place.dir())
        .env_clear()
        .envs(place.environment());
    ends_well(&mut command).map(|()| None)
}

/// A terminal that nobody reads must not slow the run down.
fn at_terminal(title: &str, rounds: usize, steps: usize) -> String {
    let text = Graph::fan(steps).workflow(&["/bin/sleep", "0.05"], 4);
    let field = vec![
        Contender {
            name: "read",
            run: Box::new(|| on_screen(&text)),
        },
        Contender {
            name: "never read",
            run: Box::new(|| {
                let place = Place::new();
                let (pty, start) = begin(&place, &text);
                pty.wait(|screen| screen.contents().contains("bench"));
                pty.stall();
                let took = end_of_run(&place.path(JOURNAL), start);
                pty.kill();
                took.map(Some)
            }),
        },
    ];
    race(title, rounds, (steps, "step"), field)
}

const JOURNAL: &str = "state/runs/r/journal";

/// The time until the run has ended; then the screen is left.
fn on_screen(text: &str) -> Result<Option<Duration>, String> {
    let place = Place::new();
    let (pty, start) = begin(&place, text);
    let took = end_of_run(&place.path(JOURNAL), start)?;
    pty.leave();
    Ok(Some(took))
}

fn begin(place: &Place, text: &str) -> (Pty, Instant) {
    place.write("w.yaml", text);
    let start = Instant::now();
    (Pty::start(place, &["run", "w.yaml", "--id", "r"]), start)
}

/// Looks at the end of the journal now and then: reading all of it would cost the machine what the run needs.
fn end_of_run(journal: &Path, start: Instant) -> Result<Duration, String> {
    const LIMIT: Duration = Duration::from_mins(5);
    let mut seen = 0;
    let mut text = Vec::new();
    while start.elapsed() < LIMIT {
        std::thread::sleep(Duration::from_millis(5));
        let Ok(mut file) = File::open(journal) else {
            continue;
        };
        text.clear();
        let read = file
            .seek(SeekFrom::Start(seen))
            .and_then(|_| file.read_to_end(&mut text));
        read.map_err(|e| format!("the journal cannot be read: {e}"))?;
        let written = text.iter().position(|b| *b == 0).unwrap_or(text.len());
        if String::from_utf8_lossy(&text[..written]).contains("\"run_ended\"") {
            return Ok(start.elapsed());
        }
        seen += text[..written]
            .iter()
            .rposition(|b| *b == b'\n')
            .map_or(0, |at| at as u64 + 1);
    }
    Err("the run did not end".to_owned())
}

fn ends_well(command: &mut Command) -> Result<(), String> {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    let output = command.output().map_err(|e| e.to_string())?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!(
        "{}: {}",
        output.status,
        said.lines().next().unwrap_or_default()
    ))
}

fn which(name: &str) -> Option<PathBuf> {
    let folders = ["/usr/local/bin", "/usr/bin", "/bin"];
    folders
        .iter()
        .map(|f| Path::new(f).join(name))
        .find(|path| path.exists())
}

/// The cheapest process that there is, without a libc: what is left is the engine. `None` without a C compiler.
fn tiny_program() -> Option<(Place, PathBuf)> {
    const SOURCE: &str = if cfg!(target_arch = "x86_64") {
        "void _start(void){__asm__ volatile(\"mov $60,%eax; xor %edi,%edi; syscall\");}\n"
    } else {
        "void _start(void){__asm__ volatile(\"mov x8,#93; mov x0,#0; svc #0\");}\n"
    };
    let place = Place::new();
    let source = place.write("tiny.c", SOURCE);
    let path = place.path("tiny");
    let mut gcc = Command::new("gcc");
    gcc.args(["-O2", "-static", "-nostdlib", "-o"])
        .arg(&path)
        .arg(&source);
    match ends_well(&mut gcc) {
        Ok(()) => Some((place, path)),
        Err(why) => {
            println!("no static program: gcc: {why}");
            None
        }
    }
}

/// The floor: nothing but processes, a thread, and counting.
fn floor(steps: &Path, at_once: usize) {
    let text = std::fs::read_to_string(steps).expect("it was just written");
    let (argv, rest) = text
        .split_once('\n')
        .expect("the first line is the command");
    let argv: Vec<&str> = argv.split('\t').collect();
    let mut unmet = Vec::new();
    let mut needed_by: Vec<Vec<usize>> = Vec::new();
    for (i, line) in rest.lines().enumerate() {
        let needs: Vec<usize> = line
            .split_whitespace()
            .filter_map(|n| n.parse().ok())
            .collect();
        unmet.push(needs.len());
        needed_by.push(Vec::new());
        for need in needs {
            needed_by[need].push(i);
        }
    }
    let mut ready: std::collections::VecDeque<usize> =
        (0..unmet.len()).filter(|i| unmet[*i] == 0).collect();
    let mut running: BTreeMap<i32, usize> = BTreeMap::new();
    let mut command = Command::new(argv[0]);
    command.args(&argv[1..]);
    while !ready.is_empty() || !running.is_empty() {
        while running.len() < at_once
            && let Some(step) = ready.pop_front()
        {
            #[expect(
                clippy::zombie_processes,
                reason = "reaped by the `wait` below, whichever ends first"
            )]
            let child = command.spawn().expect("the step starts");
            running.insert(child.id().cast_signed(), step);
        }
        let Ok(Some((pid, _))) = wait(WaitOptions::empty()) else {
            continue;
        };
        let Some(step) = running.remove(&pid.as_raw_pid()) else {
            continue;
        };
        for next in &needed_by[step] {
            unmet[*next] -= 1;
            if unmet[*next] == 0 {
                ready.push_back(*next);
            }
        }
    }
}
