//! The logs of several steps as one: which ones, how they look, and that they follow the run.

use super::play::{Play, failed};
use crate::tui::message::{LogOf, Message, Request};
use crate::tui::model::Place;

/// A failed step, one that runs, and what both said in turn.
pub(super) fn talking() -> Play {
    let mut play = failed();
    play.log("promote-users", 1, &["promote db-users-2: lag=2 MB"]);
    play.pass(1);
    play.log(
        "promote-users",
        1,
        &["WARN slow disk on db-users-2", "\u{1b}[32mlag=0"],
    );
    play
}

#[test]
fn the_logs_of_all_steps_are_one_with_the_name_of_each() {
    let mut play = talking();
    insta::assert_snapshot!("merged_80x24", play.press("4 4").text(false));
    insta::assert_snapshot!("merged_80x24_ascii", play.text(true));
    insta::assert_snapshot!("merged_40x10", play.resize(40, 10).text(false));
    insta::assert_snapshot!("merged_200x50", play.resize(200, 50).press("t").text(false));
    play.resize(80, 24).press("4");
    assert!(play.text(false).contains("LOG promote-orders try 3"));
    play.press("1 :").write("merge").press("Enter");
    assert!(play.text(false).contains("LOG all steps by time"));
    play.press("1 o");
    assert!(play.text(false).contains("LOG promote-orders try 3"));
}

#[test]
fn marked_steps_alone_are_merged() {
    let mut play = talking();
    for step in ["promote-users", "snapshot-orders"] {
        let index = play.model.run.index(&step.into()).expect("a step");
        play.model.select(index);
        play.press("Space");
    }
    play.press("4 :").write("merge").press("Enter");
    let text = play.text(false);
    assert!(text.contains("2 marked steps by time"), "{text}");
    assert!(
        text.contains("slow disk") && !text.contains("not shrinking"),
        "{text}"
    );
    // Without marks it is all of them again.
    play.press("Esc Esc 4");
    assert!(
        play.text(false).contains("not shrinking"),
        "{}",
        play.text(false)
    );
}

#[test]
fn a_merge_follows_the_run_and_stays_where_it_was_scrolled_to() {
    let mut play = talking();
    play.press("4 4");
    assert!(
        play.asked
            .contains(&Request::WatchLog(Some(LogOf::Merged(1))))
    );
    play.log("promote-users", 1, &["lag=0, promoting"]);
    assert!(play.text(false).contains("lag=0, promoting"));
    play.press("g g");
    assert_eq!(play.model.log.place, Place::At(0));
    let before = play.text(false);
    // A step that begins adds its log, and moves nothing.
    play.press("1 g f r y 4 g g");
    play.log("promote-orders", 4, &["waiting for replay, lag=1 MB"]);
    let rows = |text: &str| {
        text.lines()
            .skip(3)
            .take(15)
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!(rows(&before), rows(&play.text(false)));
    play.press("G");
    let text = play.text(false);
    assert!(
        text.contains("promote-orders.4 waiting for replay, lag=1 MB"),
        "{text}"
    );
    // When all of them have ended nothing is looked for any more.
    play.ok(&["promote-orders", "promote-users"]);
    assert_eq!(play.model.log.watched, None);
}

#[test]
fn a_merge_is_searched_copied_and_pinned_by_the_log_that_a_line_is_of() {
    let mut play = talking();
    play.press("4 4 /").write("lag=").press("Enter");
    let of = LogOf::Merged(1);
    let pattern = "lag=".to_owned();
    let asked = Request::Search {
        of: of.clone(),
        pattern: pattern.clone(),
        from: 0,
    };
    assert!(play.asked.contains(&asked), "{:?}", play.asked);
    let (lines, done) = (vec![0, 1, 4, 5, 8, 9, 12], true);
    play.tell(Message::Found {
        of,
        pattern,
        among: 0..15,
        lines,
        done,
    });
    play.press("&");
    let text = play.text(false);
    assert!(
        text.contains("/lag= ") && text.contains("only matches"),
        "{text}"
    );
    assert!(!text.contains("WARN"), "{text}");
    play.press("& G y l");
    let Some(Request::Copy(copied)) = play.asked.last() else {
        panic!("{:?}", play.asked.last());
    };
    assert!(copied.contains("promote-users WARN slow disk"), "{copied}");
    assert!(
        copied.contains("promote-orders.3 ERROR promote"),
        "{copied}"
    );
    play.resize(80, 14)
        .press("g g j :")
        .write("pin")
        .press("Enter");
    let pinned = format!("{:?}", play.sent.last());
    assert!(
        pinned.contains("promote-orders") && pinned.contains("line: 1"),
        "{pinned}"
    );
}
