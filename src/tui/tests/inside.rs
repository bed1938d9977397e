//! What a service call says of itself while it runs, beside its step.

use std::sync::Arc;

use super::play::Play;
use crate::id::AttemptId;
use crate::run::Outcome;
use crate::tui::message::{Message, Request};
use crate::workflow::check;

fn two_probes() -> Play {
    let checked = check(
        b"name: t\nsteps:\n  - {id: db, needs: [], probe: {tcp: 'db:5432'}}\n  \
           - {id: web, needs: [], probe: {tcp: 'web:443'}}\n  - {id: shell, needs: [], run: 'true'}\n",
    );
    let mut play = Play::new(Arc::new(checked.workflow.expect("it is in order")));
    play.resize(80, 24).pass(2);
    play
}

fn said(step: &str, words: &str) -> Message {
    Message::Inside([(AttemptId::act(step.into(), 1), words.to_owned())].into())
}

#[test]
fn it_is_asked_for_each_second_and_stands_beside_its_step_until_that_ends() {
    let mut play = two_probes();
    let asked = play.asked.iter().rev().find_map(|request| match request {
        Request::LookInside(attempts) => {
            Some(attempts.iter().map(|a| a.step.to_string()).collect())
        }
        _ => None,
    });
    let asked: Vec<String> = asked.expect("it looks");
    assert_eq!(asked, ["db", "web"], "no words are known of other actions");
    play.tell(said("db", "lag 12 s, expected value < 5"));
    assert!(
        play.text(false).contains("db  lag 12 s"),
        "{}",
        play.text(false)
    );
    play.resize(200, 50);
    assert!(
        play.text(false)
            .contains("db  lag 12 s, expected value < 5")
    );
    play.ends("db", Outcome::Succeeded, "");
    assert!(!play.text(false).contains("lag 12 s"));
}

#[test]
fn what_comes_from_outside_is_clean_and_never_pushes_the_columns() {
    let mut play = two_probes();
    let before = play.text(false);
    // Columns, not bytes.
    let state = |text: &str| {
        let line = text.lines().find(|line| line.contains("web"))?;
        Some(line[..line.find(" run ")?].chars().count())
    };
    play.tell(said(
        "web",
        &format!("\u{1b}[2J\u{202e}evil{}", "x".repeat(300)),
    ));
    let after = play.text(false);
    assert!(!after.contains('\u{1b}') && !after.contains('\u{202e}'));
    assert_eq!(state(&before), state(&after), "{after}");
}
