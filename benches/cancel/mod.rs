//! How long it takes to stop many steps that would run for long: from the order to the end of the engine, and nothing left.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::graph::Graph;
use super::place::{FLIGHTDECK, Place};
use super::race::{Contender, race};
use super::{ends_well, which};

/// Nothing here may take longer.
const LIMIT: Duration = Duration::from_secs(20);

pub(crate) fn cancel(title: &str, rounds: usize, steps: usize) -> String {
    // A number that no other process sleeps for.
    let span = (900_000 + std::process::id() % 90_000).to_string();
    let argv = ["/bin/sleep", &span];
    let graph = Graph::fan(steps);
    let peers = Place::new();
    graph
        .write_for_peers(&argv, peers.dir())
        .expect("target/ can be written");
    let text = graph.workflow(&argv, steps);
    let jobs = steps.to_string();
    let interrupted = |program: &Path, args: &[&str]| {
        let mut command = Command::new(program);
        command.args(args).current_dir(peers.dir());
        stopped(&mut command, &span, steps, |child| {
            kill_process(Pid::from_child(child), Signal::INT).map_err(|e| e.to_string())
        })
    };
    let mut field = Vec::new();
    if let Some(ninja) = which("ninja") {
        let run = &interrupted;
        let jobs = &jobs;
        field.push(Contender {
            name: "ninja, INT",
            run: Box::new(move || run(&ninja, &["-j", jobs])),
        });
    }
    field.push(Contender {
        name: "flightdeck, abort",
        run: Box::new(|| aborted(&text, &span, steps)),
    });
    race(title, rounds, (steps, "step"), field)
}

/// By a command from another terminal, as an operator would.
fn aborted(text: &str, span: &str, steps: usize) -> Result<Option<Duration>, String> {
    let place = Place::new();
    place.write("w.yaml", text);
    let ours = |args: &[&str]| {
        let mut command = Command::new(FLIGHTDECK);
        command.args(args).current_dir(place.dir());
        command.env_clear().envs(place.environment());
        command
    };
    let mut run = ours(&["run", "w.yaml", "--headless", "--hold", "--id", "r"]);
    stopped(&mut run, span, steps, |_| {
        let reason = ["--reason", "measured"];
        ends_well(ours(&["ctl", "r", "abort", "now"]).args(reason))
    })
}

/// Starts it, waits until all steps run, gives the order, and measures until it has ended. A step that lives on is an error, and is
/// killed: the race waits for whatever a contender has left behind.
fn stopped(
    command: &mut Command,
    span: &str,
    steps: usize,
    order: impl FnOnce(&Child) -> Result<(), String>,
) -> Result<Option<Duration>, String> {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let mut child = command.spawn().map_err(|e| e.to_string())?;
    let took = measured(&mut child, span, steps, order);
    let _ = child.kill();
    for one in sleepers(span) {
        let _ = kill_process(one, Signal::KILL);
    }
    took.map(Some)
}

fn measured(
    child: &mut Child,
    span: &str,
    steps: usize,
    order: impl FnOnce(&Child) -> Result<(), String>,
) -> Result<Duration, String> {
    let begun = Instant::now();
    while sleepers(span).len() < steps {
        if begun.elapsed() > LIMIT {
            return Err("not all steps started".to_owned());
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    let ordered = Instant::now();
    order(child)?;
    while child.try_wait().map_err(|e| e.to_string())?.is_none() {
        if ordered.elapsed() > LIMIT {
            return Err("it did not end".to_owned());
        }
        std::thread::sleep(Duration::from_micros(200));
    }
    let took = ordered.elapsed();
    match sleepers(span).len() {
        0 => Ok(took),
        n => Err(format!("{n} steps live on")),
    }
}

/// Processes that sleep for just so long.
fn sleepers(span: &str) -> Vec<Pid> {
    let ending = format!("sleep\0{span}\0");
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let found = processes.filter(|entry| {
        fs::read(entry.path().join("cmdline")).is_ok_and(|line| line.ends_with(ending.as_bytes()))
    });
    found
        .filter_map(|entry| Pid::from_raw(entry.file_name().to_str()?.parse().ok()?))
        .collect()
}
