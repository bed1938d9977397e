//! The price of remembering: appends against a bare loop of pwrite and fdatasync into preallocated space, group commit with 64
//! waiters, and replay. `cargo bench --bench journal`; `-- --test` only runs each once. On the disk of `target/`.

use std::fs::OpenOptions;
use std::hint::black_box;
use std::os::unix::fs::FileExt;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use flightdeck::id::{AttemptId, StepId};
use flightdeck::journal::{Log, Tail};
use flightdeck::run::{Ended, Event, LogFacts, Outcome, Recorded};
use flightdeck::time::Timestamp;

/// About what a step that succeeds leaves: started, ended, succeeded; 300 bytes a line, more or less.
fn event(seq: u64) -> Recorded {
    let step = StepId::from(format!("warm-cache-{}", seq / 3).as_str());
    let attempt = AttemptId::act(step.clone(), 1);
    let event = match seq % 3 {
        0 => Event::AttemptStarted {
            attempt,
            inputs: [("env.TARGET", "eu-west-1a"), ("argv[1]", "--all")]
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into(),
            changes: None,
        },
        1 => Event::AttemptEnded {
            attempt,
            ended: Ended {
                outcome: Outcome::Succeeded,
                exit_code: Some(0),
                signal: None,
                message: String::new(),
                outputs: [("count".to_owned(), 42.into())].into(),
                leftovers: Vec::new(),
                log: LogFacts {
                    bytes: 12_345,
                    lines: 321,
                    dropped: 0,
                },
                took_ms: 4_321,
            },
        },
        _ => Event::StepSucceeded {
            step,
            outputs: [("count".to_owned(), 42.into())].into(),
        },
    };
    Recorded {
        seq,
        at: Timestamp(1_764_000_000_000 + seq.cast_signed()),
        event,
    }
}

fn events(from: u64, count: u64) -> Vec<Recorded> {
    (from..from + count).map(event).collect()
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("target/ can be written")
}

fn append(c: &mut Criterion) {
    let mut group = c.benchmark_group("append");
    for batch in [1, 10, 100] {
        group.throughput(Throughput::Elements(batch));
        group.bench_function(BenchmarkId::new("journal", batch), |b| {
            let dir = folder();
            let mut log = Log::create(dir.path()).expect("an empty folder");
            let mut next = 1;
            b.iter_custom(|rounds| {
                let all = events(next, rounds * batch);
                next += rounds * batch;
                let start = Instant::now();
                for some in all.chunks(batch as usize) {
                    log.append(some).expect("there is room");
                }
                start.elapsed()
            });
        });
        group.bench_function(BenchmarkId::new("raw", batch), |b| {
            b.iter_custom(|rounds| raw(rounds, batch));
        });
    }
    group.finish();
}

/// The floor: the same number of bytes, written and synced, and nothing else. Its space is zeroed before the clock starts.
fn raw(rounds: u64, batch: u64) -> Duration {
    let dir = folder();
    let line = vec![b'x'; 350 * batch as usize];
    let file = OpenOptions::new()
        .create_new(true)
        .write(true)
        .open(dir.path().join("raw"))
        .expect("an empty folder");
    let zeros = vec![0; line.len()];
    for n in 0..rounds {
        file.write_all_at(&zeros, n * line.len() as u64)
            .expect("there is room");
    }
    file.sync_all().expect("there is room");
    let start = Instant::now();
    for n in 0..rounds {
        file.write_all_at(&line, n * line.len() as u64)
            .expect("there is room");
        file.sync_data().expect("there is room");
    }
    start.elapsed()
}

/// Each waiter asks for one event and waits until it is durable; whatever came during one sync is the next append.
fn waiters(c: &mut Criterion) {
    let mut group = c.benchmark_group("waiters");
    group.throughput(Throughput::Elements(1));
    for waiters in [1, 64] {
        group.bench_function(BenchmarkId::from_parameter(waiters), |b| {
            b.iter_custom(|rounds| commit(rounds, waiters));
        });
    }
    group.finish();
}

fn commit(rounds: u64, waiters: u64) -> Duration {
    let dir = folder();
    let mut log = Log::create(dir.path()).expect("an empty folder");
    let (ask, asked) = mpsc::sync_channel::<mpsc::SyncSender<()>>(64);
    std::thread::scope(|scope| {
        for waiter in 0..waiters {
            let ask = ask.clone();
            let turns = rounds / waiters + u64::from(waiter < rounds % waiters);
            scope.spawn(move || {
                let (done, wait) = mpsc::sync_channel(1);
                for _ in 0..turns {
                    ask.send(done.clone()).expect("the committer lives");
                    wait.recv().expect("the committer answers");
                }
            });
        }
        drop(ask);
        // The first append takes space ahead; there is one of it in a run.
        log.append(&events(1, 1)).expect("there is room");
        let mut seq = 2;
        let start = Instant::now();
        while let Ok(first) = asked.recv() {
            let all: Vec<_> = std::iter::once(first).chain(asked.try_iter()).collect();
            log.append(&events(seq, all.len() as u64))
                .expect("there is room");
            seq += all.len() as u64;
            for done in all {
                done.send(()).expect("its waiter waits");
            }
        }
        start.elapsed()
    })
}

fn replay(c: &mut Criterion) {
    const EVENTS: u64 = 100_000;
    let dir = folder();
    let mut log = Log::create(dir.path()).expect("an empty folder");
    for n in 0..100 {
        log.append(&events(1 + n * EVENTS / 100, EVENTS / 100))
            .expect("there is room");
    }
    drop(log);
    let journal = dir.path().join("journal");
    let mut group = c.benchmark_group("replay");
    group.sample_size(10);
    group.throughput(Throughput::Elements(EVENTS));
    group.bench_function("journal", |b| {
        b.iter(|| {
            let mut tail = Tail::open(dir.path()).expect("it was just written");
            black_box(tail.read().expect("it is whole"))
        });
    });
    group.bench_function("one_by_one", |b| {
        b.iter(|| {
            let mut n = 0;
            let log = Log::replay(dir.path(), |recorded| n += black_box(recorded).seq);
            (log.expect("it is whole").0.durable(), n)
        });
    });
    group.bench_function("read", |b| {
        b.iter(|| black_box(std::fs::read(&journal).expect("it was just written")));
    });
    // What any journal of JSON lines must do at least.
    group.bench_function("read_and_serde", |b| {
        b.iter(|| {
            let text = std::fs::read_to_string(&journal).expect("it is text");
            let json = |line: &str| serde_json::from_str(&line[40..line.len() - 65]);
            let all: Result<Vec<Recorded>, _> = text.lines().map(json).collect();
            black_box(all.expect("it is whole"))
        });
    });
    group.finish();
}

criterion_group!(benches, append, waiters, replay);
criterion_main!(benches);
