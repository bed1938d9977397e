//! What it costs to keep what steps say: one loud step, and many that speak at a steady pace.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::place::Place;
use super::race::{Contender, race};
use super::{ends_well, headless, on_screen};

/// So many megabytes through one step: kept, indexed and searchable, against a shell that only keeps them.
pub(crate) fn one(title: &str, rounds: usize, megabytes: usize) -> String {
    let me = std::env::current_exe().expect("we run from a file");
    let me = me.display().to_string();
    let bytes = (megabytes * 1_000_000).to_string();
    let shell = |script: String| {
        let place = Place::new();
        let mut command = Command::new("/bin/sh");
        command.args(["-c", &script]).current_dir(place.dir());
        ends_well(&mut command).map(|()| None)
    };
    let text = format!(
        "name: bench\nsteps:\n  - {{id: loud, exec: {{argv: [{me:?}, lines, \"{bytes}\"]}}, max_log: 2GiB}}\n"
    );
    let field = vec![
        Contender {
            name: "cat > file",
            run: Box::new(|| shell(format!("'{me}' lines {bytes} | cat > out"))),
        },
        Contender {
            name: "no reader",
            run: Box::new(|| shell(format!("'{me}' lines {bytes} > out"))),
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
    race(title, rounds, (megabytes, "MB"), field)
}

/// So many steps at once, each of which says so much at 10 MB/s: against threads that do nothing but read, find the ends of
/// lines and write.
pub(crate) fn many(title: &str, rounds: usize, steps: usize, megabytes: usize) -> String {
    const RATE: &str = "10000000";
    let me = std::env::current_exe().expect("we run from a file");
    let bytes = (megabytes * 1_000_000).to_string();
    let program = format!("{:?}", me.display().to_string());
    let text = format!(
        "name: bench\npolicies: {{max_parallel: {steps}}}\nsteps:\n  - {{id: loud, for_each: \"${{{{ range(0, {steps}) }}}}\", exec: {{argv: [{program}, lines, \"{bytes}\", \"{RATE}\"]}}}}\n"
    );
    let field = vec![
        Contender {
            name: "threads",
            run: Box::new(|| {
                let place = Place::new();
                let mut command = Command::new(&me);
                command.args(["readers", &steps.to_string(), &bytes, RATE]);
                ends_well(command.current_dir(place.dir())).map(|()| None)
            }),
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
    race(title, rounds, (steps * megabytes, "MB"), field)
}

/// The floor of `many`: a thread for each process, 64 KiB a read, into a file of its own in this folder.
pub(crate) fn readers(steps: usize, bytes: &str, rate: &str) {
    let me = std::env::current_exe().expect("we run from a file");
    std::thread::scope(|scope| {
        for n in 0..steps {
            let mut child = Command::new(&me)
                .args(["lines", bytes, rate])
                .stdout(Stdio::piped())
                .spawn()
                .expect("the step starts");
            scope.spawn(move || {
                let mut out = child.stdout.take().expect("a pipe");
                let mut file = File::create(format!("{n}")).expect("this folder can be written");
                let mut ends: Vec<u64> = Vec::new();
                let (mut chunk, mut offset, mut lines) = (vec![0; 64 << 10], 0, 0_u64);
                while let Ok(read @ 1..) = out.read(&mut chunk) {
                    for end in memchr::memchr_iter(b'\n', &chunk[..read]) {
                        lines += 1;
                        if lines.is_multiple_of(64) {
                            ends.push(offset + end as u64);
                        }
                    }
                    offset += read as u64;
                    file.write_all(&chunk[..read]).expect("the disk has room");
                }
                child.wait().expect("reaped");
                ends.len()
            });
        }
    });
}

/// Lines of 100 bytes, 64 KiB a write; at most `rate` bytes a second.
pub(crate) fn lines(bytes: usize, rate: Option<usize>) {
    let line = format!(
        "{:<99}\n",
        "2026-11-24T10:30:02Z copied object 4711 of bucket orders to replica eu-north-1"
    );
    let chunk = line.repeat((64 << 10) / line.len());
    let mut out = io::stdout().lock();
    let mut left = bytes;
    let begun = Instant::now();
    while left > 0 {
        if let Some(rate) = rate {
            let due = Duration::from_secs_f64((bytes - left) as f64 / rate as f64);
            std::thread::sleep(due.saturating_sub(begun.elapsed()));
        }
        let n = left.min(chunk.len());
        // Whoever reads may have had enough.
        if out.write_all(&chunk.as_bytes()[..n]).is_err() {
            return;
        }
        left -= n;
    }
}
