//! Frames as they should be, and a great many as they should not.

use proptest::prelude::Rng;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use super::frame::{self, FrameError, Frames, MAX, split};
use super::message::{Ask, Role, VERSION};
use crate::id::StepId;
use crate::run::{Command, Seen, State};

fn framed(body: &[u8]) -> Vec<u8> {
    let mut frame = (body.len() as u32).to_be_bytes().to_vec();
    frame.extend(body);
    frame
}

fn some() -> Vec<Ask> {
    let step = StepId::from("drain");
    let ask = |command, seen| Ask::Command {
        number: 7,
        command,
        seen,
    };
    let seen = Seen {
        attempts: 1,
        state: State::Failed,
    };
    vec![
        Ask::Hello {
            version: VERSION,
            role: Role::Screen,
        },
        Ask::Beat,
        ask(Command::Pause, None),
        ask(
            Command::Retry {
                step,
                changes: None,
                reason: "again é".into(),
            },
            Some(seen),
        ),
    ]
}

#[test]
fn what_is_written_is_read_however_it_is_cut() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(async {
        for pipe in [1, 3, 64, 4096] {
            let (mut to, from) = tokio::io::duplex(pipe);
            let mut frames = Frames::new(from);
            let write = async {
                for ask in some() {
                    frame::write(&mut to, &ask).await.unwrap();
                }
                drop(to);
            };
            let read = async {
                let mut all: Vec<Ask> = Vec::new();
                while let Some(ask) = frames.next().await.unwrap() {
                    all.push(ask);
                }
                all
            };
            assert_eq!(tokio::join!(write, read).1, some(), "a pipe of {pipe}");
        }
    });
}

#[test]
fn a_long_frame_is_refused_before_its_body_comes() {
    let mut read = u32::MAX.to_be_bytes().to_vec();
    let error = split::<Ask>(&mut read).unwrap_err();
    assert!(matches!(error, FrameError::TooLong(n) if n == u32::MAX as usize));
    let mut read = framed(&vec![b' '; MAX + 1]);
    assert!(matches!(
        split::<Ask>(&mut read),
        Err(FrameError::TooLong(_))
    ));
    let mut read = framed(&vec![b'['; MAX]);
    assert!(matches!(
        split::<Ask>(&mut read),
        Err(FrameError::NotAMessage(_))
    ));
}

#[test]
fn what_is_unknown_is_refused_with_its_name() {
    for body in [
        r#"{"ask":"format_disk"}"#,
        r#"{"ask":"command","number":1,"command":"explode"}"#,
        r#"{"ask":"command","number":1,"command":"pause","actor":{"name":"root"}}"#,
        r#"{"ask":"beat"} {"ask":"beat"}"#,
        "",
        "null",
    ] {
        let error = split::<Ask>(&mut framed(body.as_bytes()));
        assert!(matches!(error, Err(FrameError::NotAMessage(_))), "{body}");
    }
}

/// `FLIGHTDECK_CASES=1000000` for the long form.
#[test]
fn mutated_frames_are_read_or_refused() {
    let cases = std::env::var("FLIGHTDECK_CASES").ok();
    let cases: u32 = cases.and_then(|n| n.parse().ok()).unwrap_or(20_000);
    let seeds: Vec<Vec<u8>> = some()
        .iter()
        .map(|ask| framed(&serde_json::to_vec(ask).unwrap()))
        .collect();
    let seed = [7; 32];
    let config = Config::default();
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
    let mut runner = TestRunner::new_with_rng(config, rng);
    let mut whole = 0_u32;
    for case in 0..cases {
        let dice = runner.rng();
        let mut bytes = seeds[dice.next_u32() as usize % seeds.len()].clone();
        for _ in 0..=dice.next_u32() % 6 {
            let at = dice.next_u32() as usize % bytes.len().max(1);
            match dice.next_u32() % 5 {
                0 if !bytes.is_empty() => bytes[at] ^= 1 << (dice.next_u32() % 8),
                1 => bytes.truncate(at),
                2 => bytes.insert(at.min(bytes.len()), dice.next_u32() as u8),
                3 => bytes.extend_from_slice(&seeds[dice.next_u32() as usize % seeds.len()]),
                // The same body under its true length again, so that more than the length is tried.
                _ if bytes.len() > 4 => bytes = framed(&bytes[4..]),
                _ => {}
            }
        }
        let before = bytes.len();
        while let Ok(Some(ask)) = split::<Ask>(&mut bytes) {
            let again = serde_json::to_vec(&ask).unwrap();
            let read: Ask = serde_json::from_slice(&again).unwrap();
            assert_eq!(read, ask, "case {case}, seed {seed:?}");
            whole += 1;
        }
        assert!(bytes.len() <= before);
    }
    assert!(
        whole > cases / 10,
        "the mutations hit the length only: {whole}"
    );
}
