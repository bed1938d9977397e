//! Lines and numbered questions instead of a screen: in mid-run and back, and from the start.

use crate::face::{BINARY, Face};
use crate::place::{Place, wait_for};

const NIGHT: &str = r#"
name: night
steps:
  - id: promote
    run: |
      echo "ERROR lag of 9 MB is too much"
      [ -e lag-is-over ]
  - id: cut-over
    needs: promote
    approval: {message: "Go live?"}
  - id: announce
    needs: cut-over
    run: echo announced
"#;

/// Types a line, once the question before it can have been read.
fn answer(face: &mut Face, line: &str) {
    Face::settle();
    face.send(format!("{line}\r").as_bytes());
}

fn night() -> Place {
    let place = Place::new();
    place.write("night.yaml", NIGHT);
    place
}

#[test]
fn a_failure_is_answered_by_number_and_the_screen_comes_back() {
    let place = night();
    let mut face = Face::start(&place, &["run", "night.yaml", "--id", "r"], 80, 24);
    face.wait("Needs you: promote");
    face.keys(":");
    face.wait("COMMAND");
    face.keys("plain");
    face.keys("\r");
    face.wait("Type a number and Enter");
    assert!(!face.look().contains("▌"), "{}", face.text());
    for told in [
        "the run goes on and is told in lines",
        "promote: failed",
        "1 retry",
        "0 back to the screen",
    ] {
        face.wait(told);
    }
    answer(&mut face, "2");
    face.wait("Reason (needed):");
    // An empty answer is none, and nothing has happened yet.
    answer(&mut face, "");
    face.wait("fill this in");
    answer(&mut face, "lag is borne");
    face.wait("1 Skip");
    assert_eq!(place.step("r", "promote"), "failed");
    answer(&mut face, "1");
    face.wait("promote: skipped");
    face.wait("It asks: Go live?");
    answer(&mut face, "0");
    face.wait("1Outline");
    face.wait("ASK");
    face.keys("a");
    face.wait("ANSWER cut-over");
    Face::settle();
    face.keys("\t\ty");
    face.wait("The run has ended");
    assert_eq!(face.quit(), 3);
    face.is_given_back();
}

#[test]
fn plain_from_the_start_asks_by_numbers_and_draws_nothing() {
    let place = night();
    let args = ["run", "night.yaml", "--plain", "--id", "r"];
    let mut face = Face::start(&place, &args, 80, 24);
    face.wait("The log of promote, attempt 1, ends:");
    face.wait("| ERROR lag of 9 MB is too much");
    face.wait("Type a number and Enter");
    place.write("lag-is-over", "");
    answer(&mut face, "1");
    face.wait("RETRY promote");
    // What came before the question could be read answers nothing.
    face.send(b"1\r");
    face.wait("that was typed before the question");
    answer(&mut face, "1");
    face.wait("It asks: Go live?");
    // Ctrl-c stops no run: it asks how to leave, and drops that again.
    Face::settle();
    face.send(b"\x03");
    face.wait("Leave this run?");
    face.send(b"\x03");
    face.wait("nothing more was done");
    answer(&mut face, "");
    face.wait("8 answer");
    answer(&mut face, "8");
    face.wait("Decision?");
    answer(&mut face, "1");
    face.wait("Note");
    answer(&mut face, "");
    face.wait("1 Confirm");
    answer(&mut face, "1");
    wait_for("the program to end", || face.has_ended());
    assert_eq!(face.end().exit_code(), 0);
    let bytes = face.bytes();
    assert!(!bytes.contains(&0x1b), "no escape sequence was sent");
    face.is_given_back();
}

/// Nobody has to ask for lines where a screen could not be read.
#[test]
fn a_dumb_terminal_and_a_tiny_one_begin_in_lines() {
    let place = night();
    let run = |id| ["run", "night.yaml", "--id", id];
    let dumb = [&["TERM=dumb", BINARY][..], &run("dumb")].concat();
    let dumb = Face::by(&place, "/usr/bin/env", &dumb);
    let tiny = Face::start(&place, &run("tiny"), 39, 10);
    for mut face in [dumb, tiny] {
        face.wait("6 retry-from");
        face.wait("Type a number and Enter");
        Face::settle();
        face.send(b"\x03");
        face.wait("Leave this run?");
        assert!(!face.bytes().contains(&0x1b), "no escape sequence was sent");
        face.hang_up();
    }
}

#[test]
fn a_terminal_that_goes_away_in_lines_ends_no_run() {
    let place = night();
    let args = ["run", "night.yaml", "--plain", "--id", "r"];
    let mut face = Face::start(&place, &args, 80, 24);
    face.wait("Type a number and Enter");
    place.write("lag-is-over", "");
    face.hang_up();
    wait_for("the controls to lapse", || {
        let told = place.output(&["show", "r", "--events"]);
        String::from_utf8_lossy(&told.stdout).contains("the terminal went away")
    });
    for verb in [&["take"][..], &["retry", "promote", "--attempt", "1"]] {
        let args = [&["ctl", "r"], verb].concat();
        let done = place.output(&args);
        assert!(done.status.success(), "{done:?}");
    }
    wait_for("the retry", || place.step("r", "promote") == "succeeded");
}

/// Somebody stops the process and continues it, and hands half a line over: neither becomes an answer, and the terminal is given
/// back as the shell had it.
#[test]
fn what_was_continued_gives_the_terminal_back_as_it_was_found() {
    let place = night();
    let args = ["run", "night.yaml", "--plain", "--id", "r"];
    let mut face = Face::start(&place, &args, 80, 24);
    face.wait("2 skip");
    let tell = |signal: &str, face: &Face| {
        let told = std::process::Command::new("kill")
            .args([signal, &face.pid().to_string()])
            .status();
        assert!(told.is_ok_and(|status| status.success()));
    };
    tell("-CONT", &face);
    answer(&mut face, "2");
    face.wait("Reason (needed):");
    answer(&mut face, "lag is borne");
    face.wait("1 Skip");
    Face::settle();
    face.send(b"1\x04");
    face.wait("nothing is done");
    assert_eq!(place.step("r", "promote"), "failed");
    tell("-TERM", &face);
    wait_for("the end of the program", || face.has_ended());
    face.is_given_back();
}
