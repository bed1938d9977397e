//! `ssh` over links that are cut at random moments: a proxy of ours in front of the real server. What each command did stands
//! in a ledger that it writes itself.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value as Json;

use crate::parties::sshd::sshd;
use crate::run::run_slowly;
use crate::support::Place;

/// A small generator: the same seed, the same sequence.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % n
    }
}

/// About so many bytes, both ways together, pass before a command can begin.
const HANDSHAKE: u64 = 4_500;

/// Passes connections on to `target`, and cuts most of them: after so many bytes, or so long after them. How many it has cut.
fn cutting_proxy(target: u16, seed: u64) -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let cuts = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&cuts);
    std::thread::spawn(move || {
        let mut dice = Dice(seed);
        for client in listener.incoming().flatten() {
            let Ok(server) = TcpStream::connect(("127.0.0.1", target)) else {
                continue;
            };
            let (bytes, pause) = match dice.below(10) {
                0 => (dice.below(HANDSHAKE), Duration::ZERO),
                1..4 => (HANDSHAKE + dice.below(12_000), Duration::ZERO),
                4..8 => (HANDSHAKE, Duration::from_millis(dice.below(400))),
                _ => (u64::MAX >> 1, Duration::ZERO),
            };
            pass(client, server, bytes, pause, &counted);
        }
    });
    (port, cuts)
}

fn pass(
    client: TcpStream,
    server: TcpStream,
    bytes: u64,
    pause: Duration,
    cuts: &Arc<AtomicUsize>,
) {
    let left = Arc::new(AtomicI64::new(bytes.cast_signed()));
    let over = Arc::new(AtomicUsize::new(0));
    let cut = {
        let client = Arc::new(client.try_clone().expect("a socket"));
        let server = Arc::new(server.try_clone().expect("a socket"));
        let (cuts, over) = (Arc::clone(cuts), Arc::clone(&over));
        move || {
            if over.swap(1, Ordering::SeqCst) == 0 {
                cuts.fetch_add(1, Ordering::SeqCst);
                let _ = client.shutdown(Shutdown::Both);
                let _ = server.shutdown(Shutdown::Both);
            }
        }
    };
    let both = [
        (
            client.try_clone().expect("a socket"),
            server.try_clone().expect("a socket"),
        ),
        (server, client),
    ];
    for (mut from, mut to) in both {
        let (left, over, cut) = (Arc::clone(&left), Arc::clone(&over), cut.clone());
        std::thread::spawn(move || {
            let mut buffer = [0; 1024];
            while let Ok(n) = from.read(&mut buffer) {
                if n == 0 || to.write_all(&buffer[..n]).is_err() {
                    break;
                }
                let before = left.fetch_sub(n as i64, Ordering::SeqCst);
                if (0..=n as i64).contains(&before) {
                    let cut = cut.clone();
                    std::thread::spawn(move || {
                        std::thread::sleep(pause);
                        cut();
                    });
                }
            }
            // It ended by itself: whoever comes later has nothing to cut.
            over.swap(1, Ordering::SeqCst);
            let _ = to.shutdown(Shutdown::Both);
        });
    }
}

/// What became of many commands.
#[derive(Debug, Default)]
struct Tally {
    commands: usize,
    unknown: usize,
    /// Neither begun nor reached: a definite failure.
    not_begun: usize,
    reconnected: usize,
    wrong: Vec<String>,
}

#[test]
fn links_cut_at_random_moments_never_give_a_wrong_verdict() {
    const STEPS: usize = 60;
    let wanted = std::env::var("FLIGHTDECK_CASES")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(300);
    let began = Instant::now();
    let mut tally = Tally::default();
    let (port, cuts) = cutting_proxy(sshd().port, 0x5eed_0055_1111);
    let mut round = 0;
    while cuts.load(Ordering::SeqCst) < wanted {
        round += 1;
        one_round(round, STEPS, port, &mut tally);
        assert!(tally.wrong.is_empty(), "{tally:#?}");
    }
    let cuts = cuts.load(Ordering::SeqCst);
    let told = format!("{cuts} cuts in {:?}: {tally:?}", began.elapsed());
    assert!(
        tally.unknown * 20 <= tally.commands - tally.not_begun,
        "{told}"
    );
    assert!(
        tally.reconnected * 2 > tally.commands - tally.not_begun,
        "{told}"
    );
    fs::write(sshd().dir.join("cuts"), told).unwrap();
}

fn one_round(round: usize, steps: usize, port: u16, tally: &mut Tally) {
    let place = Place::new();
    let ledger = place.work().join("ledger");
    let mut dice = Dice(0x5eed_0000 + round as u64);
    let mut text = format!(
        "name: cuts\npolicies: {{max_parallel: 24}}\nenv: {{LEDGER: '{}'}}\nsteps:\n",
        ledger.display()
    );
    let config = sshd().config.display();
    let mut codes = Vec::new();
    for n in 0..steps {
        let code = [0, 0, 0, 3, 255][dice.below(5) as usize];
        let nap = dice.below(400);
        codes.push(code);
        let _ = writeln!(
            text,
            "  - {{id: s{n}, needs: [], on_failure: ignore, env: {{CODE: '{code}', NAP: '0.{nap:03}'}}, outputs: {{all: {{regex: '(?s)\\A(.*)\\z'}}}}, \
             ssh: {{config: '{config}', host: web1, port: {port}, reconnect_within: 30s, \
             run: 'echo \"$FLIGHTDECK_STEP_ID $CODE\" >> \"$LEDGER\"; echo begin; seq 300; sleep \"$NAP\"; echo end; exit \"$CODE\"'}}}}"
        );
    }
    let outcome = run_slowly(&place, &text, &["--id", &format!("cuts-{round}")], |_| {});
    let mut lines: BTreeMap<String, usize> = BTreeMap::new();
    for line in fs::read_to_string(&ledger).unwrap_or_default().lines() {
        *lines.entry(line.to_owned()).or_default() += 1;
    }
    let numbers: Vec<String> = (1..=300).map(|n| n.to_string()).collect();
    let whole = format!("begin\n{}\nend\n", numbers.join("\n"));
    for (n, code) in codes.iter().enumerate() {
        let id = format!("s{n}");
        let end = outcome.ended(&id);
        let times = lines.get(&format!("{id} {code}")).copied().unwrap_or(0);
        tally.commands += 1;
        let right = match end["outcome"].as_str().unwrap_or_default() {
            "succeeded" => times == 1 && *code == 0 && end["outputs"]["all"] == whole,
            "failed" if end["exit_code"].is_null() => {
                tally.not_begun += 1;
                times == 0
            }
            "failed" => times == 1 && end["exit_code"] == *code && *code != 0,
            "unknown" => {
                tally.unknown += 1;
                times <= 1
            }
            _ => false,
        };
        if !right {
            tally
                .wrong
                .push(format!("{times} lines, code {code}: {end}"));
        }
        let log = place.run(&["logs", &format!("cuts-{round}"), &id]);
        tally.reconnected += usize::from(log.out.contains("link lost, reconnecting"));
    }
}

/// A copy that is cut again and again arrives whole or not at all.
#[test]
fn cut_copies_arrive_whole() {
    let place = Place::new();
    let (port, _) = cutting_proxy(sshd().port, 0x5eed_0066);
    let config = sshd().config.display();
    let bytes: Vec<u8> = (0..200_000_u32).flat_map(u32::to_le_bytes).collect();
    fs::write(place.work().join("file"), &bytes).unwrap();
    let far = sshd().dir.join("home/cut-copy");
    let text = format!(
        "name: copies\nsteps:\n  - {{id: copy, retry: {{limit: 9, delay: 10ms}}, ssh: {{config: '{config}', host: web1, port: {port}, upload: [{{from: file, to: '{0}'}}], download: [{{from: '{0}', to: back}}]}}}}\n",
        far.display()
    );
    let outcome = run_slowly(&place, &text, &[], |_| {});
    let end: &Json = outcome.ended("copy");
    assert_eq!(end["outcome"], "succeeded", "{end}");
    assert_eq!(fs::read(place.work().join("back")).unwrap(), bytes);
    assert_eq!(fs::read(&far).unwrap(), bytes);
}
