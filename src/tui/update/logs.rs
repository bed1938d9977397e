//! The log pane: follow, wrap, times, search.

use std::ops::Range;

use super::{confirm, prompt};
use crate::tui::keys::Act;
use crate::tui::layout::panes;
use crate::tui::message::{LogOf, Request};
use crate::tui::model::{
    Asked, COPY, Chosen, Focus, Front, Menu, Model, Place, Search, Tone, View,
};

/// False if `act` has nothing to do with logs.
pub(super) fn logs(model: &mut Model, act: Act, out: &mut Vec<Request>) -> bool {
    let height = panes(model).log_rows();
    match act {
        Act::FindNext | Act::FindPrevious => step(model, act == Act::FindNext),
        Act::OnlyMatches => only_matches(model),
        Act::ToError => match model.log.of.clone() {
            Some(of) => out.push(Request::FindError(of)),
            None => model.say(Tone::Warn, "this step has no log yet"),
        },
        Act::Follow => {
            model.log.place = match model.log.place {
                Place::Follow => Place::At(model.log.top(height)),
                Place::At(_) => Place::Follow,
            };
            let word = if model.log_follows() {
                "log: follows the end"
            } else {
                "log: stays here"
            };
            model.say(Tone::Info, word);
        }
        Act::Wrap => {
            model.log.wrap = !model.log.wrap;
            model.log.left = 0;
        }
        Act::Timestamps => model.log.stamps = model.log.stamps.next(),
        // The command is what a person came for.
        Act::Copy if model.view == View::Runbook => confirm::copy(model, Chosen::CopyCommand, out),
        Act::Copy => {
            model.front = Front::Menu(Menu {
                title: "Copy to the clipboard",
                items: COPY,
                at: 0,
                drawn: None,
            });
        }
        _ => return false,
    }
    true
}

/// `/`: filters the list, or searches the log if that is where the person is.
pub(super) fn find(model: &mut Model) {
    let in_log = model.view == View::Logs || model.focus == Focus::Log;
    match model.view {
        View::Logs | View::Outline | View::Graph | View::Gantt if in_log => {
            prompt::open(model, Asked::Search);
        }
        View::Outline | View::Graph | View::Gantt => prompt::open(model, Asked::Filter),
        _ => model.say(Tone::Info, "find works in the outline and in logs"),
    }
}

pub(super) fn search(model: &mut Model, pattern: &str, out: &mut Vec<Request>) {
    model.log.only_matches = false;
    let Some(of) = model.log.of.clone() else {
        return model.say(Tone::Warn, "this step has no log yet");
    };
    if pattern.is_empty() {
        model.log.search = None;
        return;
    }
    let pattern = pattern.to_owned();
    model.log.search = Some(Search {
        pattern: pattern.clone(),
        ..Search::default()
    });
    let from = 0;
    out.push(Request::Search { of, pattern, from });
}

/// Matches come in while the file is read; the view goes to the first one below its top.
pub(super) fn found(
    model: &mut Model,
    of: &LogOf,
    pattern: &str,
    among: &Range<u64>,
    (lines, done): (Vec<u64>, bool),
) {
    let height = panes(model).log_rows();
    let top = model.log.top(height);
    let fits = model.log.of.as_ref() == Some(of);
    let Some(search) = model
        .log
        .search
        .as_mut()
        .filter(|s| fits && s.pattern == pattern)
    else {
        return;
    };
    let first = !search.done;
    search.take(among, lines, done);
    if !first {
        return;
    }
    let below = search.lines.last().is_some_and(|line| *line >= top);
    if search.current.is_some() || !(below || done) {
        return;
    }
    let target = search.step(top, true);
    let text = format!("no line holds {pattern}");
    if let Some(line) = target {
        model.log.show_line(line, height);
    } else {
        model.log.search = None;
        model.say(Tone::Warn, &text);
    }
}

/// The log goes to the line that tells why the attempt ended.
pub(super) fn error_at(model: &mut Model, of: &LogOf, line: Option<u64>) {
    if model.log.of.as_ref() != Some(of) {
        return;
    }
    let Some(line) = line else {
        return model.say(Tone::Info, "no line near its end tells of an error");
    };
    if std::mem::take(&mut model.log.only_matches) {
        model.log.forget();
    }
    model.log.show_line(line, panes(model).log_rows());
    let text = format!("line {} is the last that tells of an error", line + 1);
    model.say(Tone::Info, &text);
}

fn step(model: &mut Model, forward: bool) {
    let height = panes(model).log_rows();
    let top = model.log.top(height);
    let Some(search) = &mut model.log.search else {
        let find = model.keymap.keys_of(Act::Find).join(" ");
        return model.say(
            Tone::Info,
            &format!("nothing is searched for; {find} in the log pane (Tab) searches"),
        );
    };
    match search.step(top, forward) {
        Some(line) => model.log.show_line(line, height),
        None => model.say(Tone::Info, "no match yet"),
    }
}

fn only_matches(model: &mut Model) {
    let Some(search) = &model.log.search else {
        return model.say(Tone::Info, "search first: / in the log pane");
    };
    let line = search.current.map(|current| search.lines[current]);
    model.log.only_matches = !model.log.only_matches;
    model.log.forget();
    model.log.place = Place::At(0);
    if let Some(line) = line {
        model.log.show_line(line, panes(model).log_rows());
    }
}
