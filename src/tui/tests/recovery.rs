//! The objective of a recovery on the screen: how much of it is spent, and until when, also while nothing moves.

use std::sync::Arc;

use super::play::Play;
use crate::workflow;

const TEXT: &str = "name: dr\nobjectives: {rto: 5m, clock_end: b}\nsteps:\n  - {id: a, run: a}\n  - {id: b, run: b}\n  - {id: c, run: c}\n";

fn play() -> Play {
    let workflow = workflow::check(TEXT.as_bytes())
        .workflow
        .expect("it is right");
    Play::new(Arc::new(workflow))
}

#[track_caller]
fn says(play: &Play, expected: &str) {
    let text = play.text(false);
    let row = text.lines().nth(1).expect("a second row");
    assert!(row.contains(expected), "{row}");
}

#[test]
fn it_counts_while_the_run_moves_and_names_the_hour_while_it_does_not() {
    let mut play = play();
    play.pass(60);
    says(&play, "RTO 1:01 of 5:00");
    play.fails("a", "exit 1");
    says(&play, "RTO until ");
    play.press("r y").pass(250);
    says(&play, " of 5:00 MISSED");
}

#[test]
fn it_is_met_by_the_step_that_ends_the_clock() {
    let mut play = play();
    play.pass(30).ok(&["a"]);
    play.pass(30).ok(&["b"]);
    play.pass(600);
    says(&play, "RTO 1:0");
    says(&play, "of 5:00 met");
}

#[test]
fn a_run_that_ends_without_it_has_not_reached_it() {
    let mut play = play();
    play.pass(30).fails("a", "exit 1");
    let how = crate::run::AbortHow::Drain;
    let reason = "given up".to_owned();
    let me = super::play::actor();
    play.by(me, crate::run::Command::Abort { how, reason });
    says(&play, "RTO 5:00 not reached");
}
