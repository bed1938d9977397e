//! Who has the controls, where that is not this screen; and a request for them, until it is answered.

use crate::time::clock_span;
use crate::tui::keys::Act;
use crate::tui::model::{Model, told};
use crate::tui::options::Watch;

/// For the top of the screen: whether this screen only watches, and who has the controls. Empty where it may act.
pub(super) fn standing(model: &Model) -> String {
    if let Some(replay) = model.replay {
        let paused = if replay.paused { ", paused" } else { "" };
        let keys = [Act::Pause, Act::Slower, Act::Faster].map(|act| model.keymap.first_of(act));
        let [pause, slower, faster] = keys;
        return format!(
            "x{}{paused} ({pause} pause, {slower} {faster} speed)",
            replay.speed
        );
    }
    let watching = match model.watch {
        Watch::Acting => "",
        Watch::Watching => "WATCHING",
        Watch::WatchOnly => "WATCH ONLY",
    };
    let other = model.run.controls().held_by_another(&model.actor);
    let Some(held) = other else {
        return match model.watch {
            Watch::Watching => "WATCHING (:arm to act)".to_owned(),
            _ => watching.to_owned(),
        };
    };
    let who = if held.actor.same_person(&model.actor) {
        format!("you at {}", held.actor.at)
    } else {
        held.actor.to_string()
    };
    let gone = if held.lapsed.is_some() {
        ", who is gone"
    } else {
        ""
    };
    let gap = if watching.is_empty() { "" } else { "  " };
    format!("{watching}{gap}controls: {who}{gone}")
}

/// The request that waits for an answer, to the two whom it concerns.
pub(super) fn request(model: &Model) -> Option<String> {
    let controls = model.run.controls();
    let asked = controls.asked.as_ref()?;
    let left = clock_span(asked.until.since(model.now));
    if controls.held_by(&model.actor) {
        let key = model.keymap.first_of(Act::Controls);
        let who = told(&asked.actor);
        return Some(format!(
            "{who} asks for the controls: {key} answers; granted in {left}"
        ));
    }
    let held = controls.held.as_ref()?;
    controls.asked_by(&model.actor).then(|| {
        format!(
            "You have asked {} for the controls: granted in {left} unless refused",
            held.actor
        )
    })
}
