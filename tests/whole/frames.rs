//! Whatever is written to the socket of a live run: it serves on, and nothing but a whole command has an effect.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use flightdeck::id::StepId;
use flightdeck::run::Command;
use serde_json::json;

use crate::link::Detached;
use crate::mutate::mutated;
use crate::place::{Dice, cases};

/// No answer takes longer; a connection that says nothing is ended after five seconds.
const PATIENCE: Duration = Duration::from_secs(20);

/// `FLIGHTDECK_CASES=1000000 cargo test --test whole frames` is the long form.
#[test]
fn mutated_frames_end_their_own_connection_only() {
    let run = Detached::start();
    let socket = run.socket().expect("a socket");
    let note = |step, text: &str| Command::Note {
        step,
        text: text.to_owned(),
    };
    let commands = [
        note(None, "so it is"),
        note(Some(StepId::new("a")), "\u{202e}\u{1b}[2J"),
        Command::Breakpoint {
            step: StepId::new("b"),
            on: true,
        },
        Command::Step {
            step: Some(StepId::new("nobody")),
        },
        Command::Take {
            force: false,
            reason: String::new(),
        },
    ];
    let said = commands.map(|command| json!({"ask": "command", "number": 1, "command": command}));
    let hello = json!({"ask": "hello", "version": 1, "role": "command"});
    let mut seeds = vec![
        hello.to_string().into_bytes(),
        b"{\"ask\":\"beat\"}".to_vec(),
    ];
    seeds.extend(said.map(|ask| ask.to_string().into_bytes()));
    let mut dice = Dice(0x5eed_0018);
    for case in 0..cases(300) {
        let mut bytes = framed(hello.to_string().as_bytes());
        // Nonsense in a frame, or instead of one, or before the greeting.
        match dice.below(3) {
            0 => bytes.extend(framed(&mutated(&mut dice, &seeds))),
            1 => bytes.extend(mutated(&mut dice, &seeds)),
            _ => bytes = mutated(&mut dice, &[bytes]),
        }
        let mut stream = UnixStream::connect(&socket).expect("connected");
        stream.set_read_timeout(Some(PATIENCE)).expect("a limit");
        // The other side may have had enough before all is said.
        let _ = stream.write_all(&bytes);
        let _ = stream.shutdown(Shutdown::Write);
        let mut answer = Vec::new();
        let read = stream.read_to_end(&mut answer);
        let waited = read.is_err_and(|e| e.kind() == std::io::ErrorKind::WouldBlock);
        assert!(!waited, "case {case} is held: {}", bytes.escape_ascii());
    }
    assert_eq!(run.ctl(&["note", "--reason", "still served"]).0, 0);
    let steps = ["a", "b"].map(|step| run.place.step("r", step));
    assert_eq!(steps, ["failed", "pending"]);
}

fn framed(body: &[u8]) -> Vec<u8> {
    [&(body.len() as u32).to_be_bytes(), body].concat()
}
