//! The box on which a run that was taken up opens: how it stands, what is unknown and why, and what Enter will start.
//! Until then nothing starts; the machine holds that (`stands_by`), this box only asks.

use crate::run::{Command, Event, Recorded};
use crate::tui::keys::{Act, Key};
use crate::tui::message::Request;
use crate::tui::model::{Dialog, Fact, Front, Model, Purpose, Tone};
use crate::tui::options::{Outcome, Watch};

/// Unknown outcomes that the box explains; the rest are on the screen behind it.
const EXPLAINED: usize = 4;

/// Facts have arrived: opens the box, brings it up to date, or closes it because somebody has let the run go on.
pub(super) fn follow(model: &mut Model, events: &[Recorded]) {
    let open = matches!(&model.front, Front::Dialog(dialog) if dialog.purpose == Purpose::TakeUp);
    if !model.run.stands_by() {
        model.took_stock = false;
        if open {
            super::events::close(model);
            // A pause that a person has set outlasts the engine that he set it in.
            let words = match model.run.paused() {
                Some(_) => "taken up; it stays paused as it was",
                None => "the run goes on",
            };
            model.say(Tone::Info, words);
        }
        return;
    }
    let began = |recorded: &Recorded| recorded.event == Event::StandbyBegan;
    let mine = model.watch == Watch::Acting
        && model.run.controls().held_by_another(&model.actor).is_none();
    // Another engine has it now: how it stands may have changed.
    model.took_stock &= !events.iter().any(began);
    // Where the last one left it standing by, the first events may still say that the controls are another's.
    if mine && matches!(model.front, Front::None) && !model.took_stock {
        model.took_stock = true;
        let run = model.run.started().map(|start| start.run.to_string());
        let title = format!("TAKE UP {}", run.unwrap_or_default());
        let mut dialog = Dialog::new(title, Purpose::TakeUp, None);
        "Leave".clone_into(&mut dialog.no);
        "Go on".clone_into(&mut dialog.yes);
        // There are no fields: the focus is on "go on" from the start, since Enter is what the box asks for.
        dialog.focus = dialog.fields.len() + 1;
        model.front = Front::Dialog(Box::new(dialog));
    }
    let facts = facts(model);
    if let Front::Dialog(dialog) = &mut model.front
        && dialog.purpose == Purpose::TakeUp
    {
        dialog.facts = facts;
    }
}

fn facts(model: &Model) -> Vec<Fact> {
    let fact = |label, text, grave| Fact { label, text, grave };
    let run = &model.run;
    let mut facts = vec![fact(
        "Stands",
        format!("{}; nothing starts until you press Enter", run.stock()),
        false,
    )];
    if let Some((actor, at)) = run.paused() {
        let text = format!("by {actor} at {}; stays so", at.clock());
        facts.push(fact("Paused", text, false));
    }
    let unknowns = run.unknowns();
    for (step, why) in unknowns.iter().take(EXPLAINED) {
        facts.push(fact("Unknown", format!("{step}: {why}"), true));
    }
    let more = unknowns.len().saturating_sub(EXPLAINED);
    if more > 0 {
        facts.push(fact("", format!("and {more} more"), true));
    }
    facts.extend(model.facts(&Command::Resume));
    facts
}

/// Keys of this box alone: leaving it leaves the run, as it is.
pub(super) fn key(
    model: &mut Model,
    mut dialog: Box<Dialog>,
    key: Key,
    out: &mut Vec<Request>,
) -> Front {
    match super::dialog::press(&mut dialog, key) {
        super::dialog::Pressed::No => model.outcome = Some(Outcome::Left),
        super::dialog::Pressed::Yes => out.push(Request::Send {
            command: Command::Resume,
            seen: None,
        }),
        _ if key == Key::Char('l') => {
            let keys = model.keymap.keys_of(Act::Pause).join(" or ");
            let text = format!("look around: nothing starts until you resume ({keys})");
            model.say(Tone::Warn, &text);
            return Front::None;
        }
        _ => {}
    }
    // It stays until the run goes on.
    Front::Dialog(dialog)
}
