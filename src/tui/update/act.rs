//! From an action of the table to what does it.

use super::{
    ask, controls, logs, marks, mouse, moves, outside, palette, plain, prompt, runs, views,
};
use crate::run::{Ask, Command};
use crate::tui::keys::{Act, action};
use crate::tui::looks::Wanted;
use crate::tui::message::Request;
use crate::tui::model::{Asked, Confirm, Confirmed, Filter, Front, Menu, Model, QUIT, Tone, View};
use crate::tui::options::{Outcome, Watch};
use crate::tui::replay::Change;

/// Does `act`, or says why it cannot.
pub(super) fn act(model: &mut Model, act: Act, out: &mut Vec<Request>) {
    if let Some(change) = model.replay.and_then(|_| Change::of(act)) {
        out.push(Request::Replay(change));
        return;
    }
    if model.view == View::Runs && runs::runs(model, act, out) {
        return;
    }
    let on_marked = marks::ON_MARKED.contains(&act) && !model.marks.is_empty();
    let why = if on_marked {
        model.cannot_act()
    } else {
        refused(model, act)
    };
    if let Some(why) = why {
        let row = action(act);
        model.say(Tone::Warn, &format!("{}: {why}", row.command));
        return;
    }
    match act {
        _ if marks::ask(model, act, out) || marks::marks(model, act) => {}
        Act::Breakpoint => send(model, act, out),
        Act::Pin => pin(model, out),
        Act::Note => prompt::open(model, Asked::Note),
        Act::Arm => controls::arm(model, Watch::Acting),
        Act::Disarm => controls::arm(model, Watch::Watching),
        Act::Controls => controls::key(model),
        Act::Force => controls::force(model),
        Act::Detach => detach(model),
        Act::Quit => quit(model),
        Act::Back => back(model),
        Act::Palette | Act::Help => palette::open(model, act == Act::Help),
        Act::Theme => out.push(Request::Theme(Wanted::Next)),
        Act::Redraw => out.push(Request::Redraw),
        Act::Mouse => mouse::turn(model, out),
        Act::Plain => plain::start(model, out),
        Act::Suspend => out.push(Request::Suspend),
        Act::Find => logs::find(model),
        Act::Reload => outside::ask_definition(model),
        _ if outside::outside(model, act, out) => {}
        _ if action(act).changes => ask::ask(model, act, out),
        _ if moves::moves(model, act, out) || logs::logs(model, act, out) => {}
        _ => views::views(model, act, out),
    }
}

/// As `Model::why_not`, but an answer may be sought elsewhere, and a note is always possible.
fn refused(model: &mut Model, act: Act) -> Option<String> {
    let ask = model.step().and_then(|step| step.ask.as_ref());
    match ask {
        None if act == Act::Answer => Some(point_at_what_asks(model)),
        // Who may answer is told in the box, beside what is asked.
        Some(Ask::Approval { .. }) if act == Act::Answer => model.cannot_do(act),
        _ => model.why_not(act),
    }
}

/// Nothing is answered by a slip: the first press only goes to the step that asks.
fn point_at_what_asks(model: &mut Model) -> String {
    let asking = |index: &usize| model.run.steps()[*index].ask.is_some();
    let found = model.needs_you.iter().copied().find(asking);
    match found {
        Some(index) if model.select(index) => {
            model.follow_run = false;
            let id = &model.run.steps()[index].id;
            format!("{id} asks; press again to answer")
        }
        _ => "nothing asks for an answer".into(),
    }
}

/// Sends the command of `act` without asking.
pub(super) fn send(model: &mut Model, act: Act, out: &mut Vec<Request>) {
    let seen = model.aim().map(|aim| aim.seen);
    if let Some(command) = model.command_for(act) {
        let seen = seen.filter(|_| !matches!(command, Command::Pause | Command::Resume));
        out.push(Request::Send { command, seen });
    }
}

fn pin(model: &mut Model, out: &mut Vec<Request>) {
    let top = model.log.top(crate::tui::layout::panes(model).log_rows());
    let line = model
        .log
        .lines
        .get(top.saturating_sub(model.log.from) as usize);
    let found = line.and_then(|line| match (&line.origin, model.log.attempt()) {
        (Some(origin), _) => Some((line, &origin.attempt, origin.number)),
        (None, attempt) => Some((line, attempt?, line.number)),
    });
    let Some((line, attempt, number)) = found else {
        return model.say(Tone::Warn, "pin: there is no log line");
    };
    out.push(Request::Send {
        command: Command::Pin {
            attempt: attempt.clone(),
            line: number,
            text: crate::tui::ansi::text(&line.spans),
        },
        seen: None,
    });
}

fn detach(model: &mut Model) {
    model.front = Front::Confirm(Confirm {
        question: "Detach: leave, and the run goes on without a screen?".into(),
        what: Confirmed::Detach,
        aim: None,
        drawn: None,
    });
}

/// Back to the outline; from there, out.
fn quit(model: &mut Model) {
    if model.view != View::Outline || model.zoom {
        return back(model);
    }
    if model.run.started().is_some() && model.run.phase().is_terminal() {
        model.outcome = Some(Outcome::Ended(model.run.phase()));
    } else if model.why_not(Act::Detach).is_some() || model.watch == Watch::WatchOnly {
        model.outcome = Some(Outcome::Left);
    } else {
        model.front = Front::Menu(Menu {
            title: "Leave this run?",
            items: QUIT,
            at: 0,
            drawn: None,
        });
    }
}

fn back(model: &mut Model) {
    if model.zoom {
        model.zoom = false;
    } else if model.view != View::Outline {
        views::show(model, View::Outline);
    } else if model.marks.drop_last() {
        model.say(Tone::Info, "marks taken back");
    } else if model.rows.is_filtered() {
        model.rows.set_filter(Filter::default());
        model.build_rows();
    } else if model.log.search.take().is_some() {
        model.log.only_matches = false;
        model.log.forget();
    } else if model.toast.take().is_none() {
        let quit = model.keymap.keys_of(Act::Quit).join(" or ");
        model.say(Tone::Info, &format!("nothing is open; {quit} leaves"));
    }
}
