//! A run that was taken up: the screen opens on how it stands, and nothing starts before Enter.

use super::play::{Play, failed};
use crate::run::{Command, Outcome};
use crate::tui::model::Front;
use crate::tui::options;

/// One step's end is not known, another one failed.
fn lost() -> Play {
    let mut play = failed();
    play.taken_up();
    let gone = "it began, and its attempt process is gone without a word";
    play.ends("promote-users", Outcome::Unknown, gone);
    play
}

#[test]
fn it_opens_on_how_the_run_stands_and_what_is_unknown() {
    let mut play = lost();
    insta::assert_snapshot!("taken_up_80x24", play.text(false));
    insta::assert_snapshot!("taken_up_40x10", play.resize(40, 10).text(false));
}

#[test]
fn enter_lets_it_go_on_and_the_box_stays_until_it_does() {
    let mut play = lost();
    assert!(play.engine.stands_by());
    play.press("Enter");
    assert_eq!(play.sent, [Command::Resume]);
    assert!(!play.engine.stands_by());
    assert!(matches!(play.model.front, Front::None));
}

#[test]
fn a_run_that_a_person_paused_stays_so_and_says_so() {
    let mut play = failed();
    play.press("p").taken_up();
    assert!(play.text(false).contains("paused as it is"));
    play.press("Enter");
    assert!(!play.engine.stands_by() && play.engine.paused().is_some());
    assert_eq!(play.toast(), "taken up; it stays paused as it was");
}

#[test]
fn leaving_starts_nothing() {
    for key in ["Esc", "q", "n"] {
        let mut play = lost();
        play.press(key);
        assert_eq!(play.model.outcome, Some(options::Outcome::Left), "{key}");
        assert!(play.engine.stands_by() && play.sent.is_empty(), "{key}");
    }
}

#[test]
fn one_may_look_around_first_and_resume_by_the_key_of_pause() {
    let mut play = lost();
    play.press("l");
    assert!(matches!(play.model.front, Front::None));
    assert!(play.engine.stands_by());
    assert!(
        play.text(false).contains("standing by"),
        "{}",
        play.text(false)
    );
    play.press("p y");
    assert!(!play.engine.stands_by(), "{}", play.text(false));
}

#[test]
fn keys_that_were_typed_before_it_was_seen_let_nothing_go_on() {
    let mut play = failed();
    play.now.0 += 5_000;
    let turn = play.engine.revive(play.now, true);
    let events = crate::tui::message::Message::Events(turn.events);
    play.tell(events);
    let (key, at) = (crate::tui::keys::Key::Enter, play.now);
    play.tell(crate::tui::message::Message::Key { key, at });
    assert!(play.engine.stands_by() && play.sent.is_empty());
}
