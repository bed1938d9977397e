//! Keys in the list of runs and in the comparison that lies over it: the same on the home screen and inside a run.

use crate::tui::keys::Act;
use crate::tui::message::Request;
use crate::tui::model::RunList;

/// What a key did to the list.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Did {
    /// It means here what it always does.
    Nothing,
    Something,
    Said(String),
    Asked(Request),
}

/// `page` is how many rows a page has.
pub(crate) fn run_list(list: &mut RunList, act: Act, page: i64) -> Did {
    if let Some(rows) = movement(act, page) {
        list.move_by(rows);
        return Did::Something;
    }
    if list.comparing.is_some() {
        return compared(list, act);
    }
    match act {
        Act::Select => mark(list),
        Act::Details => compare(list),
        Act::Write => match list.selected() {
            Some(entry) => Did::Asked(Request::report_of(&entry.summary.id)),
            None => Did::Said("there is no run to report on".into()),
        },
        Act::RetryFrom => match list.selected() {
            Some(entry) => Did::Asked(Request::LoadLike(entry.summary.id.clone())),
            None => Did::Said("there is no run to start another one like".into()),
        },
        Act::Back if list.drop_marks() => Did::Said("marks taken back".into()),
        _ => Did::Nothing,
    }
}

fn movement(act: Act, page: i64) -> Option<i64> {
    Some(match act {
        Act::Down => 1,
        Act::Up => -1,
        Act::PageDown => page,
        Act::PageUp => -page,
        Act::HalfDown => (page / 2).max(1),
        Act::HalfUp => -(page / 2).max(1),
        Act::Top => i64::MIN / 2,
        Act::Bottom => i64::MAX / 2,
        _ => return None,
    })
}

/// Keys while two runs lie side by side.
fn compared(list: &mut RunList, act: Act) -> Did {
    let Some(comparing) = &mut list.comparing else {
        return Did::Nothing;
    };
    match act {
        Act::OnlyMatches => {
            comparing.turn();
            Did::Something
        }
        Act::Back | Act::Quit | Act::Details => {
            list.comparing = None;
            Did::Something
        }
        Act::Open | Act::Select | Act::Find | Act::Write | Act::RetryFrom => {
            Did::Said("two runs are compared; Esc goes back to the list".into())
        }
        _ => Did::Nothing,
    }
}

fn mark(list: &mut RunList) -> Did {
    if !list.mark() {
        return Did::Said("there is no run to mark".into());
    }
    list.move_by(1);
    Did::Something
}

fn compare(list: &RunList) -> Did {
    match list.pair() {
        Some(runs) => Did::Asked(Request::Compare(runs)),
        None => Did::Said(
            "mark two runs with Space, or one and go to the other; then d compares".into(),
        ),
    }
}
