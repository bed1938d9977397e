//! The door of the update: one arm for each message.

use std::time::Duration;

use super::{act, confirm, dialog, events, follow, logs, mouse, outside, palette, plain, prompt};
use crate::run::{Command, Refusal};
use crate::time::Timestamp;
use crate::tui::keys::{Act, Key, Meaning};
use crate::tui::message::{Message, Request};
use crate::tui::model::{Comparing, DEAF_MS, Front, Model, Tone, View};
use crate::tui::options::Outcome;

/// Takes one message and says what is to be done. The only thing that changes a model.
pub(crate) fn update(model: &mut Model, message: Message) -> Vec<Request> {
    let mut out = Vec::new();
    match message {
        Message::Key { key, at } => {
            pass_time(model, at);
            press(model, key, at, &mut out);
        }
        Message::Mouse(event) => mouse::mouse(model, event, &mut out),
        Message::Line { text, at } => {
            pass_time(model, at);
            plain::line(model, &text, at, &mut out);
        }
        Message::Paste(text) => paste(model, &text),
        Message::Resize { width, height } => (model.width, model.height) = (width, height),
        Message::Events(events) => events::take(model, &events, &mut out),
        Message::Pace(pace) => model.pace = pace,
        Message::Replay(replay) => model.replay = Some(replay),
        Message::Receipt { command, refused } => receipt(model, &command, refused),
        Message::Log {
            of,
            count,
            slice,
            lines,
        } => {
            if model.plain.on {
                plain::log(model, &of, lines);
            } else if model.log.of.as_ref() == Some(&of) {
                model.log.take(&slice, count, lines);
            }
        }
        Message::LogGrew { of, count } => {
            if model.log.of.as_ref() == Some(&of) {
                model.log.count = count;
            }
        }
        Message::Found {
            of,
            pattern,
            among,
            lines,
            done,
        } => logs::found(model, &of, &pattern, &among, (lines, done)),
        Message::Tick(now) => {
            pass_time(model, now);
            model.forget_forecast();
            let calls = model.calls_under_way();
            if !(calls.is_empty() && model.inside.is_empty()) {
                out.push(Request::LookInside(calls));
            }
            if model.view == View::Runs && model.runs.is_stale(now) {
                out.push(Request::LoadRuns);
            }
        }
        Message::Inside(said) => model.inside = said,
        Message::Drawn(at) => {
            model.front.drawn(at);
            model.plain.drawn.get_or_insert(at);
        }
        Message::Tempo(tempo) => model.tempo = tempo,
        Message::Runs(entries) => model.runs.take(entries, model.now),
        Message::Compared(contrast) => {
            model.runs.comparing = Some(Comparing::new(*contrast));
        }
        // It can be had; the form asks for its inputs once this screen is left.
        Message::Like(like) => model.outcome = Some(Outcome::StartLike(like.run)),
        Message::Past(past) => model.learn(*past),
        Message::Copied(lend) => outside::copied(model, lend, &mut out),
        Message::ErrorAt { of, line } => logs::error_at(model, &of, line),
        Message::Definition(read) => outside::definition(model, read),
        Message::Failed(why) => {
            model.plain.log = None;
            model.say(Tone::Error, &why);
        }
        Message::Theme(name) => model.theme = Some(name),
        Message::Done(what) => model.say(Tone::Info, &what),
        // The home screen's.
        Message::Workflows(_) | Message::Checked { .. } => {}
    }
    follow::sync(model, &mut out);
    plain::tell(model);
    out
}

fn pass_time(model: &mut Model, now: Timestamp) {
    model.now = now;
    if model.toast.as_ref().is_some_and(|toast| toast.until <= now) {
        model.toast = None;
    }
}

/// A key goes to what lies in front, else to the table.
pub(super) fn press(model: &mut Model, key: Key, at: Timestamp, out: &mut Vec<Request>) {
    if let Some(until) = model.deaf_until.take_if(|until| at < *until) {
        // Whoever still types has not seen yet that the box is gone.
        model.deaf_until = Some(until.max(at.after(Duration::from_millis(DEAF_MS.unsigned_abs()))));
        return;
    }
    let front = std::mem::take(&mut model.front);
    let next = match front {
        Front::None => return chord(model, key, out),
        Front::Confirm(front) => confirm::confirm(model, front, key, out),
        Front::Menu(front) => confirm::menu(model, front, key, at, out),
        Front::Checklist(front) => confirm::checklist(model, front, key, at, out),
        Front::Dialog(front) => dialog::key(model, front, key, at, out),
        Front::Prompt(front) => prompt::key(model, front, key, out),
        Front::Palette(front) => palette::key(model, front, key, false, out),
        Front::Help(front) => palette::key(model, front, key, true, out),
    };
    // What a key has opened stays in front of what it was typed into.
    if matches!(model.front, Front::None) {
        model.front = next;
    }
}

fn chord(model: &mut Model, key: Key, out: &mut Vec<Request>) {
    let keys: Vec<Key> = model.pending.take().into_iter().chain([key]).collect();
    match model.keymap.meaning(&keys) {
        Meaning::Does(act) => act::act(model, act, out),
        Meaning::Begins => model.pending = Some(key),
        Meaning::Nothing => {
            let written = crate::tui::keys::write_chord(&keys);
            let help = model.keymap.keys_of(Act::Help).join(" ");
            model.say(
                Tone::Info,
                &format!("{written} does nothing here; {help} shows the keys"),
            );
        }
    }
}

/// Pasted text goes into a text field or nowhere: it must never act as keys.
fn paste(model: &mut Model, text: &str) {
    let first = text.lines().next().unwrap_or_default().to_owned();
    let refused = match &mut model.front {
        Front::Dialog(dialog) if dialog.takes_paste() => return dialog::paste(dialog, &first),
        Front::Dialog(dialog) if dialog.is_typing() => "type the name; paste is off here",
        Front::Prompt(prompt) => return super::edit::insert(&mut prompt.input, &first),
        Front::Palette(_) | Front::Help(_) => "type the command; paste is off here",
        _ => "pasted text does nothing here",
    };
    model.say(Tone::Warn, refused);
}

fn receipt(model: &mut Model, command: &Command, refused: Option<Refusal>) {
    if model.marks.awaits() {
        let refused = refused.map(|refusal| refusal.to_string());
        if let Some((told, some_refused)) = model.marks.answered(refused) {
            let tone = if some_refused {
                Tone::Error
            } else {
                Tone::Info
            };
            model.say(tone, &told);
        }
        return;
    }
    match refused {
        Some(refusal) => {
            model.leaving = false;
            model.say(Tone::Error, &refusal.to_string());
        }
        None if model.leaving && *command == Command::Pause => {
            model.outcome = Some(Outcome::PausedAndLeft);
        }
        // What has become of the controls, or of a pause, is told by its own event.
        None if matches!(
            command,
            Command::Take { .. } | Command::HandOver { .. } | Command::Resume
        ) => {}
        None => model.say(Tone::Info, done_word(command)),
    }
}

/// What was taken up, in a word or two; the rest is to be seen.
pub(super) fn done_word(command: &Command) -> &'static str {
    match command {
        Command::Pause => "paused: running steps finish, nothing new starts",
        Command::Resume => "resumed",
        Command::Step { .. } => "one step started",
        Command::Breakpoint { on: true, .. } => "breakpoint set",
        Command::Breakpoint { on: false, .. } => "breakpoint cleared",
        Command::Retry { .. } => "retry ordered",
        Command::RetryFrom { .. } => "reset: this step and what comes after it",
        Command::Skip { .. } => "skipped",
        Command::Unskip { .. } => "skip taken back",
        Command::Mark { .. } => "mark accepted",
        Command::Ignore { .. } => "failure ignored; it stays red",
        Command::Cancel { kill: false, .. } => "told to stop; x again kills",
        Command::Cancel { kill: true, .. } => "killed",
        Command::Abort { .. } => "aborting",
        Command::Approve { .. } => "approved",
        Command::Reject { .. } => "rejected",
        Command::Revoke { .. } => "vote taken back",
        Command::Tick { .. } => "noted",
        Command::Postpone { .. } => "deadline moved",
        Command::Note { .. } => "note written",
        Command::Pin { .. } => "line pinned to the record",
        Command::Take { .. } => "the controls were asked for",
        Command::HandOver { .. } => "the controls were handed over",
        Command::Deny { .. } => "you keep the controls",
        Command::Release => "the controls were given up",
        Command::Recheck { .. } => "checked again",
        Command::Override { .. } => "overridden: it stays in the record",
        Command::Rollback { .. } => "rolling back",
        Command::Reload { .. } => "the definition is reloaded",
        Command::TakeBack { .. } => "taken back: it stands as before",
        Command::Ungraceful { on: true, .. } => {
            "ungraceful from now on; what runs finishes as it began"
        }
        Command::Ungraceful { on: false, .. } => "graceful again; what runs finishes as it began",
    }
}
