//! Keys in the list of runs: what they do with the selected run, or with two of them.

use super::moves::page;
use super::run_list::{Did, run_list};
use super::{prompt, views};
use crate::engine::Pace;
use crate::tui::keys::Act;
use crate::tui::message::Request;
use crate::tui::model::{Asked, Model, Tone, View};
use crate::tui::options::Outcome;

/// False if `act` means here what it always does.
pub(super) fn runs(model: &mut Model, act: Act, out: &mut Vec<Request>) -> bool {
    if act == Act::RetryFrom && !needs_no_screen(model) {
        let text = "this run is live: leave it first (q), then start another one from `flightdeck`";
        model.say(Tone::Warn, text);
        return true;
    }
    let page = page(model);
    match run_list(&mut model.runs, act, page) {
        Did::Nothing => {}
        Did::Something => return true,
        Did::Said(text) => {
            model.say(Tone::Info, &text);
            return true;
        }
        Did::Asked(request) => {
            out.push(request);
            return true;
        }
    }
    match act {
        Act::Open => open(model),
        Act::Find => prompt::open(model, Asked::FilterRuns),
        Act::Back if model.runs.is_filtered() => {
            // No filter is always one that means something.
            model.runs.set_filter("").unwrap_or_default();
        }
        _ => return false,
    }
    true
}

/// Another run can be looked at once this one needs no screen.
fn open(model: &mut Model) {
    let Some(entry) = model.runs.selected() else {
        return model.say(Tone::Info, "there is no run to open");
    };
    let id = entry.summary.id.clone();
    if model.run.started().is_some_and(|start| start.run == id) {
        views::show(model, View::Outline);
    } else if needs_no_screen(model) {
        model.outcome = Some(Outcome::OpenRun(id));
    } else {
        let text =
            format!("this run is live: leave it first (q), then open {id} from `flightdeck`");
        model.say(Tone::Warn, &text);
    }
}

/// The run that is shown goes on, or has ended, without this screen.
fn needs_no_screen(model: &Model) -> bool {
    model.run.phase().is_terminal() || model.pace != Pace::Live || model.replay.is_some()
}
