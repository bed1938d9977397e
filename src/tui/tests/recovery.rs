//! The objective of a recovery on the screen: how much of it is spent, and until when, also while nothing moves.

use std::sync::Arc;

use super::play::Play;
use crate::workflow;

const TEXT: &str = "name: dr\nobjectives: {rto: 5m, clock_end: b}\nsteps:\n  - {id: a, run: a}\n  - {id: b, run: b}\n  - {id: c, run: c}\n";

/// The same with times: what is left can be told.
const TIMED: &str = "name: dr\nobjectives: {rto: 5m, clock_end: b}\nsteps:\n  - {id: a, run: a, expected: 1m}\n  - {id: b, run: b, expected: 2m}\n  - {id: c, run: c, expected: 1m}\n";

fn play() -> Play {
    playing(TEXT)
}

fn playing(text: &str) -> Play {
    let workflow = workflow::check(text.as_bytes())
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

#[test]
fn while_nothing_moves_it_says_until_when_to_go_on() {
    let mut play = playing(TIMED);
    play.pass(30).fails("a", "exit 1");
    // Three minutes are left to do, and the objective is over at 14:05.
    says(&play, "RTO: go on by 14:02:00");
    play.resize(120, 30);
    says(&play, "RTO until 14:05:00: go on by 14:02:00");
    play.pass(100).resize(80, 24);
    play.press("c n o t e Enter");
    says(&play, "RTO 14:05:00 out of reach");
}

#[test]
fn a_box_says_what_becomes_of_the_end_and_of_the_objective() {
    let mut play = playing(TIMED);
    play.pass(30).fails("a", "exit 1");
    play.press("S");
    let text = play.text(false);
    assert!(
        text.contains("Finish        14:03:31, 1:00 sooner; RTO met with 2:29 to spare"),
        "{text}"
    );
}

#[test]
fn the_time_axis_shows_where_it_is_over() {
    let mut play = playing(TIMED);
    play.pass(30).press("3");
    insta::assert_snapshot!("gantt_rto_80x24", play.text(false));
}
