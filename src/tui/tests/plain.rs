//! Lines instead of a screen: what is told and asked, what a typed line does, and what it never does.

use super::plan;
use super::play::{Play, asking, failed, ticking};
use crate::id::StepId;
use crate::run::{Actor, Command, Outcome};
use crate::tui::message::{Message, Request};

impl Play {
    /// Types a line, once what was told before it has been read; gives what is told then.
    fn line(&mut self, text: &str) -> String {
        let at = self.now;
        self.early(text, at);
        let told = self.model.plain.take();
        self.drawn();
        told
    }

    fn early(&mut self, text: &str, at: crate::time::Timestamp) {
        let text = format!("{text}\n");
        self.tell(Message::Line { text, at });
    }

    /// From the screen to lines.
    fn plain(&mut self) -> String {
        self.press(": p l a i n Enter");
        let told = self.model.plain.take();
        self.drawn();
        told
    }
}

fn step(id: &str) -> StepId {
    StepId::from(id)
}

#[test]
fn a_failure_is_told_asked_and_skipped_by_numbers() {
    let mut play = failed();
    let mut told = vec![play.plain()];
    for line in ["", "2", "", "replica is gone", "yes please", "1"] {
        told.push(format!("> {line}\n{}", play.line(line)));
    }
    insta::assert_snapshot!(told.join(""));
    assert!(
        matches!(&play.sent[..], [.., Command::Skip { reason, .. }] if reason == "replica is gone")
    );
}

#[test]
fn the_screen_comes_back_as_it_was() {
    let mut play = failed();
    play.press("z");
    let before = play.text(false);
    play.plain();
    assert!(play.asked.contains(&Request::Plain(true)));
    assert_eq!(play.model.wake_at(), None, "no clock ticks in lines");
    play.line("0");
    assert!(play.asked.contains(&Request::Plain(false)));
    // Only its clocks have gone on.
    let still = |text: &str| -> Vec<String> {
        let rows = text.lines().skip(1).filter(|row| !row.contains("»"));
        rows.map(str::to_owned).collect()
    };
    assert_eq!(still(&play.text(false)), still(&before));
}

#[test]
fn what_comes_while_something_is_asked_waits_for_the_answer() {
    let mut play = failed();
    play.plain();
    play.line("12");
    play.ok(&["promote-users"]);
    assert_eq!(
        play.model.plain.take(),
        "",
        "told in the middle of an answer"
    );
    let told = play.line("looks like the network");
    assert!(told.contains("event "), "{told}");
    assert!(matches!(&play.sent[..], [.., Command::Note { .. }]));
}

#[test]
fn a_line_that_came_before_its_question_answers_nothing() {
    let mut play = failed();
    play.plain();
    let at = play.now;
    play.early("1", at);
    play.early("1", at);
    let told = play.model.plain.take();
    assert!(told.contains("typed before the question"), "{told}");
    assert!(play.sent.is_empty());
}

#[test]
fn a_number_for_a_question_that_is_gone_does_nothing() {
    let mut play = failed();
    play.plain();
    play.line("2");
    let ana = Actor {
        name: "ana".into(),
        ..Actor::default()
    };
    let retry = Command::Retry {
        step: step("promote-orders"),
        changes: None,
        reason: String::new(),
    };
    play.by(ana, retry);
    play.pass(2);
    let told = play.model.plain.take();
    assert!(told.contains("nothing was done"), "{told}");
    let told = play.line("1");
    assert!(told.contains("nothing is asked now"), "{told}");
    assert!(play.sent.is_empty());
}

#[test]
fn the_gravest_level_wants_the_name_here_too() {
    let mut play = failed();
    play.plain();
    let mut told = String::new();
    for line in ["15", "2", "wrong region", "failover", "failover-eu"] {
        told = play.line(line);
    }
    assert!(told.contains("1 Abort"), "{told}");
    assert!(play.sent.is_empty());
    // Nothing but the last yes sends it.
    play.line("1");
    assert!(matches!(&play.sent[..], [.., Command::Abort { .. }]));
}

#[test]
fn what_cannot_be_done_is_not_offered_and_says_why() {
    let mut play = failed();
    play.press(": d i s a r m Enter");
    let told = play.plain();
    assert!(!told.contains("1 retry"), "{told}");
    let told = play.line("retry");
    assert!(told.contains("watching only"), "{told}");
    let told = play.line("wrap");
    assert!(told.contains("is for the screen"), "{told}");
    let told = play.line("snapshot-users");
    assert!(told.contains("snapshot-users: succeeded"), "{told}");
}

#[test]
fn an_approval_and_a_checklist_are_answered_by_numbers() {
    let mut play = asking();
    let told = play.plain();
    // What the numbers do to this step now, not all that their keys can do.
    for now in [
        "2 skip: skip the step\n",
        "7 cancel: cancel the step: it waits no longer\n",
        "8 answer: approve or reject\n",
    ] {
        assert!(told.contains(now), "{told}");
    }
    for line in ["8", "1", "", "looks good", "1"] {
        play.line(line);
    }
    assert!(matches!(&play.sent[..], [.., Command::Approve { .. }]));
    let mut play = ticking();
    play.plain();
    let told = play.line("8");
    insta::assert_snapshot!(told);
    play.line("1");
    assert!(matches!(
        &play.sent[..],
        [
            ..,
            Command::Tick {
                item: 0,
                done: true,
                ..
            }
        ]
    ));
}

#[test]
fn ctrl_c_drops_what_is_asked_and_then_asks_how_to_leave() {
    let mut play = failed();
    play.plain();
    play.line("2");
    let told = play.line("half a reas\u{3}");
    assert!(told.contains("nothing more was done"), "{told}");
    let told = play.line("\u{3}");
    assert!(told.contains("Leave this run?"), "{told}");
    play.line("2");
    assert!(play.model.outcome.is_some());
    assert!(play.sent.is_empty());
}

#[test]
fn what_holds_a_run_before_its_first_step_is_told_and_overridden() {
    let mut play = Play::new(plan::with_preflight());
    play.plain();
    play.pass(2);
    play.check("tools", Outcome::Succeeded, "");
    play.check("replica-lag", Outcome::Failed, "exit 1");
    assert!(play.calls().is_empty(), "two are still looked at");
    play.check("pager", Outcome::TimedOut, "timed out after 30s");
    let told = play.model.plain.take();
    play.drawn();
    for wanted in [
        "preflight replica-lag: NOT MET: exit 1",
        "preflight pager: WARNS",
        "1 retry: run the checks again",
        "2 skip: begin although a check is not met",
    ] {
        assert!(told.contains(wanted), "{wanted} is not in\n{told}");
    }
    assert_eq!(
        play.calls(),
        ["flightdeck: failover-eu: preflight is not met"]
    );
    for line in ["2", "", "agreed with the dba", "1"] {
        play.line(line);
    }
    assert!(play.model.run.blocking().is_empty());
}
