//! The controls on the screen: `C` takes, asks, answers or gives up, as the moment allows; and what is said when they move.

use super::events::call;
use crate::run::{Actor, Command, Controls, Event};
use crate::tui::keys::Act;
use crate::tui::message::Request;
use crate::tui::model::{
    Confirm, Confirmed, Dialog, Field, Front, Means, Model, Purpose, Tone, What, told,
};
use crate::tui::options::Watch;

/// `C`: one line that says what would happen, or a box for a reason.
pub(super) fn key(model: &mut Model) {
    let Controls { held, asked } = model.run.controls();
    let holder = held.as_ref().map(|held| held.actor.to_string());
    let holder = holder.unwrap_or_default();
    let (question, what) = match (model.controls_key(), asked) {
        (Means::Force, _) => return force(model),
        (Means::Answer, Some(asked)) => (
            format!("Hand the controls over to {}?", told(&asked.actor)),
            Confirmed::Answer(Box::new(asked.actor.clone())),
        ),
        (Means::Ask, _) => (
            format!("Ask {holder} for the controls? Granted after 30 s unless refused"),
            Confirmed::Send(take(false, "")),
        ),
        (Means::Take, _) if held.is_some() => (
            format!("Take the controls? {holder} is gone"),
            Confirmed::Send(take(false, "")),
        ),
        (Means::Take, _) => (
            "Take the controls? Nobody has them".to_owned(),
            Confirmed::Send(take(false, "")),
        ),
        (Means::GiveUp | Means::Answer, _) => (
            "Give up the controls? The run goes on; whoever acts next has them".to_owned(),
            Confirmed::Send(Command::Release),
        ),
    };
    model.front = Front::Confirm(Confirm {
        question,
        what,
        aim: None,
        drawn: None,
    });
}

/// Taken without being granted: a box, and a reason for the record.
pub(super) fn force(model: &mut Model) {
    let controls = model.run.controls();
    let Some(held) = controls.held_by_another(&model.actor) else {
        return key(model);
    };
    let title = format!("TAKE THE CONTROLS BY FORCE FROM {}", told(&held.actor));
    let mut dialog = Dialog::new(title, Purpose::Act(Act::Force), None);
    "Take".clone_into(&mut dialog.yes);
    let reason = Field::text_field(What::Reason, "Reason", "").required();
    model.front = Front::Dialog(Box::new(dialog.with_fields(vec![reason])));
}

pub(super) fn take(force: bool, reason: &str) -> Command {
    Command::Take {
        force,
        reason: reason.to_owned(),
    }
}

/// Keys act from now on, or only watch.
pub(super) fn arm(model: &mut Model, watch: Watch) {
    if model.watch == Watch::WatchOnly {
        return model.say(Tone::Warn, "this screen only watches (--watch)");
    }
    model.watch = watch;
    let key = model.keymap.first_of(Act::Controls);
    let text = match (watch, model.controls_key()) {
        (Watch::Acting, Means::Ask | Means::Force) => {
            let held = model.run.controls().held.as_ref();
            let who = held.map(|held| told(&held.actor)).unwrap_or_default();
            format!("acting, but {who} has the controls: {key} asks for them")
        }
        (Watch::Acting, _) => "acting: keys change the run".to_owned(),
        _ => "watching only".to_owned(),
    };
    model.say(Tone::Info, &text);
}

/// Says what has become of the controls. `mine` = this screen had them before. Losing them closes what would act.
pub(super) fn tell(model: &mut Model, event: &Event, mine: bool, out: &mut Vec<Request>) {
    let Some(words) = event.controls() else {
        return;
    };
    let reason = reason(model);
    let me = |actor: &Actor| actor.same_terminal(&model.actor);
    match event {
        Event::ControlsTaken { actor, .. } if me(actor) => {
            let why = words.split_once(": ").map_or("", |(_, why)| why);
            if model.watch == Watch::Watching {
                model.watch = Watch::Acting;
            }
            model.say(Tone::Info, &format!("you have the controls: {why}"));
        }
        Event::ControlsTaken { .. } if mine => {
            close_what_acts(model);
            model.say(Tone::Error, &format!("LOST: {words}{reason}"));
            out.push(call(model, &words));
        }
        // The question itself stands on the screen until it is answered.
        Event::ControlsAsked { .. } if mine => out.push(call(model, &words)),
        Event::ControlsAsked { actor, .. } if me(actor) => model.toast = None,
        Event::ControlsDenied { actor } if me(actor) => {
            model.say(Tone::Error, &format!("you do not get the controls{reason}"));
            out.push(call(model, &words));
        }
        _ if about(event).is_some_and(me) => {}
        _ => model.say(Tone::Info, &words),
    }
}

fn about(event: &Event) -> Option<&Actor> {
    match event {
        Event::ControlsReleased { actor }
        | Event::ControlsWithdrawn { actor }
        | Event::ControlsReturned { actor } => Some(actor),
        _ => None,
    }
}

/// Why they were taken or denied, if the last command said so.
fn reason(model: &Model) -> String {
    let mut commands = model.run.audit().iter().rev().take(2);
    let reason = commands.find_map(|entry| match entry.command.as_ref()? {
        Command::Take { reason, .. } | Command::Deny { reason, .. } => Some(reason.as_str()),
        _ => None,
    });
    match reason.unwrap_or_default() {
        "" => String::new(),
        reason => format!(": {reason}"),
    }
}

/// Boxes and questions whose answer the machine would refuse from now on.
fn close_what_acts(model: &mut Model) {
    let acts = match &model.front {
        Front::Confirm(confirm) => !matches!(confirm.what, Confirmed::Detach),
        Front::Dialog(dialog) => dialog.purpose != Purpose::Act(Act::Answer),
        Front::Checklist(_) => true,
        _ => false,
    };
    if acts {
        super::events::close(model);
    }
}
