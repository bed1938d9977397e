//! The mouse: selects and scrolls where it points, and changes nothing else.

use super::play::{Play, failed};
use crate::tui::message::{Message, Request};
use crate::tui::model::{Focus, Front, View};
use crate::tui::mouse::{Does, Mouse};

impl Play {
    fn mouse(&mut self, does: Does, column: u16, row: u16) -> &mut Self {
        self.tell(Message::Mouse(Mouse { does, column, row }));
        self
    }

    /// Where a text stands on the screen.
    fn place(&self, text: &str) -> (u16, u16) {
        let screen = self.text(false);
        let row = screen.lines().position(|line| line.contains(text));
        let row = row.expect("it is on the screen");
        let line = screen.lines().nth(row).expect("a row");
        let column = line.split(text).next().unwrap_or("").chars().count();
        (column as u16, row as u16)
    }

    fn click(&mut self, text: &str) -> &mut Self {
        let (column, row) = self.place(text);
        self.mouse(Does::Click, column, row)
    }
}

#[test]
fn it_is_off_until_it_is_turned_on() {
    let mut play = failed();
    play.press("\\");
    assert!(play.asked.contains(&Request::Mouse(true)));
    assert!(play.toast().contains("text selection"), "{}", play.toast());
    play.press("\\");
    assert!(play.asked.contains(&Request::Mouse(false)));
}

#[test]
fn a_click_selects_what_stands_there() {
    for (width, height) in [(80, 24), (120, 40), (200, 50)] {
        let mut play = failed();
        play.resize(width, height);
        play.click("snapshot-users");
        assert_eq!(play.selected(), "snapshot-users", "{width}x{height}");
        assert!(!play.model.follow_run);
        let (_, log) = play.place("─── LOG");
        play.mouse(Does::Click, 3, log + 1);
        assert_eq!(play.model.focus, Focus::Log);
        assert_eq!(play.selected(), "snapshot-users");
        play.click("Gantt");
        assert_eq!(play.model.view, View::Gantt);
        play.click("drain-queue");
        assert_eq!(play.selected(), "drain-queue");
        play.click("Audit");
        assert_eq!(play.model.view, View::Audit);
        assert!(play.sent.is_empty());
    }
}

#[test]
fn every_click_and_every_turn_anywhere_changes_no_run() {
    for (width, height) in [(40, 10), (80, 24), (200, 50)] {
        for keys in ["", "2", "3", "4", "5", "6", "d", "z"] {
            let mut play = failed();
            play.resize(width, height).press(keys);
            for row in 0..height + 2 {
                for column in (0..width + 2).step_by(3) {
                    for does in [Does::Click, Does::WheelUp, Does::WheelDown] {
                        play.mouse(does, column, row);
                    }
                }
            }
            assert!(play.sent.is_empty());
            assert!(matches!(play.model.front, Front::None));
            assert_eq!(play.model.outcome, None);
        }
    }
}

#[test]
fn a_box_is_answered_by_keys_alone() {
    let mut play = failed();
    play.press("S").write("reason");
    for row in 0..24 {
        for column in 0..80 {
            play.mouse(Does::Click, column, row);
        }
    }
    assert!(matches!(play.model.front, Front::Dialog(_)));
    assert!(play.sent.is_empty());
    assert!(play.toast().contains("answers nothing"));
}

#[test]
fn the_wheel_scrolls_what_lies_under_it_and_the_keys_stay() {
    let mut play = failed();
    let lines: Vec<String> = (0..200).map(|n| format!("line {n}")).collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    play.log("promote-orders", 3, &lines);
    assert!(play.text(false).contains("line 199"));
    let (_, log) = play.place("─── LOG");
    play.mouse(Does::WheelUp, 3, log + 1);
    assert!(!play.text(false).contains("line 199"));
    assert_eq!(play.model.focus, Focus::Steps);
    assert_eq!(play.selected(), "promote-orders");
    play.mouse(Does::WheelDown, 3, 4);
    assert_ne!(play.selected(), "promote-orders");
}
