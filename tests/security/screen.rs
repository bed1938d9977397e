//! What a step says cannot act on the operator's terminal: the bytes that the program sends are audited against a list of
//! what it may send, and a paste is never a key.

use crate::face::Face;
use crate::mutate::{NOISE, mutated};
use crate::place::{Dice, Place, cases, wait_for};

/// `count` mutations, a line each.
fn noise_of(dice: &mut Dice, count: u64) -> Vec<u8> {
    let seeds: Vec<Vec<u8>> = NOISE.iter().map(|seed| seed.to_vec()).collect();
    let mut out = Vec::new();
    for _ in 0..count {
        let mut line = mutated(dice, &seeds);
        line.retain(|b| *b != b'\n');
        out.extend_from_slice(&line);
        out.push(b'\n');
    }
    out
}

/// The control sequences that stand in `bytes`, each once, numbers taken out.
fn sequences(bytes: &[u8]) -> std::collections::BTreeSet<String> {
    let mut found = std::collections::BTreeSet::new();
    let mut rest = bytes;
    while let Some(at) = rest.iter().position(|b| *b < 0x20 || *b == 0x7f) {
        rest = &rest[at..];
        let length = match rest {
            [0x1b, b'[', body @ ..] => {
                let end = body.iter().position(|b| (0x40..0x7f).contains(b));
                2 + end.map_or(body.len(), |end| end + 1)
            }
            [0x1b, b']' | b'P' | b'_' | b'^' | b'X', body @ ..] => {
                2 + body
                    .iter()
                    .position(|b| matches!(b, 7 | 0x1b))
                    .unwrap_or(body.len())
            }
            [0x1b, _, ..] => 2,
            _ => 1,
        };
        let (one, after) = rest.split_at(length);
        let text: String = one
            .iter()
            .filter(|b| !b.is_ascii_digit() && **b != b';' && **b != b':')
            .map(|b| b.escape_ascii().to_string())
            .collect();
        found.insert(text);
        rest = after;
    }
    found
}

/// Everything that the program may send: its modes at the start and the end, moves, colours, erasing, margins.
const ALLOWED: [&str; 19] = [
    "\\x1b[?h", "\\x1b[?l", "\\x1b[m", "\\x1b[H", "\\x1b[J", "\\x1b[K", "\\x1b[r", "\\x1b[M",
    "\\x1b[L", "\\x1b[C", "\\x1b[D", "\\x1b[G", "\\x1b[A", "\\x1b[B", "\\x1b[d", "\\x1b[ q", "\\r",
    "\\n", "\\x07",
];

/// The program asks once what colour the background has. A question of a step would look the same, so one alone is let pass.
fn without_own_question(mut bytes: Vec<u8>) -> Vec<u8> {
    const QUESTION: &[u8] = b"\x1b]11;?\x1b\\";
    let found = bytes.windows(QUESTION.len()).position(|w| w == QUESTION);
    if let Some(at) = found {
        bytes.drain(at..at + QUESTION.len());
    }
    bytes
}

#[test]
fn only_listed_sequences_are_sent_whatever_a_step_says() {
    // A million with FLIGHTDECK_CASES=1000000.
    let count = cases(20_000);
    let seed = 0x5eed_cafe;
    let place = Place::new();
    let noise = noise_of(&mut Dice(seed), count);
    std::fs::write(place.path("noise"), &noise).expect("a file");
    // It stays in view for a moment at each part, and the last lines prove that nothing was eaten.
    let run = "split -l 2000 noise part.; for p in part.*; do cat $p; sleep 0.05; done; printf '\\033]0;open string\\n'; for n in $(seq 1 50); do echo \"line $n is here\"; done; while [ ! -e over ]; do sleep 0.05; done; exit 3";
    place.write(
        "noisy.yaml",
        &format!(
            "name: noisy\nsteps:\n  - id: a\n    run: {}\n",
            serde_json::to_string(run).expect("JSON")
        ),
    );
    let mut face = Face::start(&place, &["run", "noisy.yaml", "--id", "one"], 100, 30);
    face.wait("line 50 is here");
    face.keys("4");
    face.wait("line 30 is here");
    let frame = face.text();
    for n in 35..=50 {
        assert!(
            frame.contains(&format!("line {n} is here")),
            "seed {seed}: line {n} was eaten:\n{frame}"
        );
    }
    face.keys("gg");
    std::thread::sleep(std::time::Duration::from_millis(300));
    place.write("over", "");
    face.keys("1");
    face.wait("ATTENTION");
    // Our own header and footer stand where they were.
    let screen = face.text();
    assert!(
        screen
            .lines()
            .next()
            .is_some_and(|row| row.contains("noisy")),
        "{screen}"
    );
    let sent = sequences(&without_own_question(face.bytes()));
    let foreign: Vec<_> = sent
        .iter()
        .filter(|s| !ALLOWED.contains(&s.as_str()))
        .collect();
    assert!(foreign.is_empty(), "seed {seed}: sent {foreign:?}");
    // Our own bell calls the operator; none of the thousands of a step.
    assert!(
        memchr::memchr_iter(7, &face.bytes()).count() <= 3,
        "seed {seed}: bells"
    );
    let text = String::from_utf8(face.bytes()).expect("only UTF-8 is sent");
    let acts = |c: &char| ('\u{80}'..='\u{9f}').contains(c) || flightdeck::text::deceives(*c);
    assert_eq!(text.chars().find(acts), None, "seed {seed}");
    assert_eq!(
        std::fs::read(place.path("state/runs/one/output/a.1.log"))
            .map(|log| log.starts_with(&noise))
            .ok(),
        Some(true)
    );
}

/// Clipboards that hold the end of a paste and then keys: each would confirm, abort, skip or quit.
#[test]
fn a_paste_never_acts() {
    let keys = [
        "\r", "y\r", "r\r", "Xk\r", "S\r", "a\ry", "q\r", "qa", "M\r", "I\r",
    ];
    let ways = [
        "text\u{1b}[201~",
        "\u{1b}[201~",
        "\r\u{1b}[201~",
        "\u{1b}[200~\u{1b}[201~",
        "one\rtwo\u{1b}[201~\u{1b}[200~x\u{1b}[201~",
    ];
    let place = Place::new();
    place.write("held.yaml", "name: held\nsteps:\n  - {id: a, run: 'echo x >> ran; exit 3'}\n  - {id: b, run: 'touch b'}\n");
    let mut face = Face::start(&place, &["run", "held.yaml", "--id", "one"], 100, 30);
    face.wait("ATTENTION");
    let journal = || std::fs::read(place.path("state/runs/one/journal")).expect("the journal");
    let before = journal();
    let mut payloads = 0;
    for way in ways {
        for key in keys {
            face.send(format!("\u{1b}[200~{way}{key}\u{1b}[201~").as_bytes());
            std::thread::sleep(std::time::Duration::from_millis(200));
            payloads += 1;
            assert_eq!(journal(), before, "{way:?} {key:?} acted:\n{}", face.text());
            assert!(!face.has_ended(), "{way:?} {key:?} quit");
            let screen = face.text();
            assert!(
                !screen.contains("confirm") && screen.contains("ATTENTION"),
                "{way:?} {key:?}:\n{screen}"
            );
        }
    }
    assert_eq!(payloads, 50);
    // A key that a person presses afterwards still acts.
    std::thread::sleep(std::time::Duration::from_millis(1100));
    face.keys("p");
    wait_for("the pause", || journal() != before);
}
