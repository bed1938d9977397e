//! Keys in a box, and whether what it holds may be sent.

use super::edit::{edit, insert};
use super::filled::{command, span};
use super::marks;
use crate::time::Timestamp;
use crate::tui::keys::{Act, Key};
use crate::tui::message::Request;
use crate::tui::model::{Dialog, Field, Front, Model, Purpose, Value, What};
use crate::tui::options::Outcome;

/// One key; gives what lies in front afterwards.
pub(super) fn key(
    model: &mut Model,
    mut dialog: Box<Dialog>,
    key: Key,
    at: Timestamp,
    out: &mut Vec<Request>,
) -> Front {
    let leaves = key == Key::Esc || key == Key::Ctrl('c');
    if leaves && dialog.purpose == Purpose::TakeUp {
        model.outcome = Some(Outcome::Left);
    }
    if leaves {
        return Front::None;
    }
    if !dialog.hears(at) {
        return Front::Dialog(dialog);
    }
    if dialog.purpose == Purpose::TakeUp {
        return super::take_up::key(model, dialog, key, out);
    }
    if let Purpose::Marked(act) = dialog.purpose {
        return marked(model, dialog, (act, key), out);
    }
    match press(&mut dialog, key) {
        Pressed::No => return Front::None,
        Pressed::Nothing => {}
        Pressed::Changed => refresh(model, &mut dialog),
        Pressed::Yes => match submit(model, &mut dialog) {
            Some(request) => {
                out.push(request);
                return Front::None;
            }
            None => return Front::Dialog(dialog),
        },
    }
    Front::Dialog(dialog)
}

/// As `key`, in the box about all marked steps.
fn marked(
    model: &mut Model,
    mut dialog: Box<Dialog>,
    (act, key): (Act, Key),
    out: &mut Vec<Request>,
) -> Front {
    match press(&mut dialog, key) {
        Pressed::No => return Front::None,
        Pressed::Nothing => {}
        Pressed::Changed => marks::refresh(model, act, &mut dialog),
        Pressed::Yes => {
            if let Some(at) = first_bad(&mut dialog) {
                dialog.focus = at;
            } else if let Some(requests) = marks::submit(model, act, &mut dialog) {
                out.extend(requests);
                return Front::None;
            }
        }
    }
    Front::Dialog(dialog)
}

/// What a key did to a box.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pressed {
    Nothing,
    /// A switch or choice was turned: what would happen may differ now.
    Changed,
    No,
    Yes,
}

/// Moves and types in a box; shared by the run's screen and the home screen.
pub(crate) fn press(dialog: &mut Dialog, key: Key) -> Pressed {
    let typing = dialog.is_typing();
    match key {
        Key::BackTab | Key::Up => dialog.move_focus(-1),
        Key::Enter if dialog.on_yes() => return Pressed::Yes,
        Key::Enter if dialog.on_no() => return Pressed::No,
        Key::Enter => enter(dialog),
        Key::Tab | Key::Down => dialog.move_focus(1),
        Key::Left | Key::Right if dialog.on_no() || dialog.on_yes() => {
            dialog.focus = dialog.fields.len() + usize::from(dialog.on_no());
        }
        Key::Char('y') if !typing => return Pressed::Yes,
        Key::Char('n' | 'q') if !typing => return Pressed::No,
        _ => return in_field(dialog, key),
    }
    Pressed::Nothing
}

/// Enter in a field goes to the next one that must be filled and is not. Once all are, it goes to the button that acts; but a
/// box that makes nobody type goes through all its stops, so that a key held down ends at "no".
fn enter(dialog: &mut Dialog) {
    let rejects = rejects(dialog);
    let count = dialog.fields.len();
    let lacking = |at: &usize| lack(&dialog.fields[*at], rejects).is_some();
    let next = (dialog.focus + 1..count)
        .chain(0..=dialog.focus)
        .find(lacking);
    let typed = dialog.fields.iter().any(|field| is_needed(field, rejects));
    match next {
        Some(at) => {
            if at == dialog.focus {
                dialog.fields[at].problem = lack(&dialog.fields[at], rejects).unwrap_or_default();
            }
            dialog.focus = at;
        }
        None if typed => dialog.focus = count + 1,
        None => dialog.move_focus(1),
    }
}

fn in_field(dialog: &mut Dialog, key: Key) -> Pressed {
    let Some(field) = dialog.focused() else {
        return Pressed::Nothing;
    };
    field.problem.clear();
    if let Value::Text(input) = &mut field.value {
        edit(input, key);
        return Pressed::Nothing;
    }
    match key {
        Key::Left | Key::Char('h') => field.turn(-1),
        Key::Right | Key::Char(' ' | 'l') => field.turn(1),
        _ => return Pressed::Nothing,
    }
    Pressed::Changed
}

/// Puts text into the focused text field.
pub(crate) fn paste(dialog: &mut Dialog, text: &str) {
    if let Some(Field {
        value: Value::Text(input),
        ..
    }) = dialog.focused()
    {
        insert(input, text);
    }
}

/// Finds anew what the box would do. What has not been typed yet is taken to be something.
pub(super) fn refresh(model: &Model, dialog: &mut Dialog) {
    let mut filled = dialog.clone();
    for field in &mut filled.fields {
        if let Value::Text(input) = &mut field.value
            && input.value().is_empty()
            && (field.required || matches!(field.what, What::Reason | What::Note))
        {
            insert(input, "?");
        }
    }
    let command = command(model, &filled);
    dialog.facts = command
        .map(|command| model.facts(&command))
        .unwrap_or_default();
}

/// The request, if every field holds what it must and the machine would accept it; else the box says why not.
fn submit(model: &Model, dialog: &mut Dialog) -> Option<Request> {
    if let Some(at) = first_bad(dialog) {
        dialog.focus = at;
        return None;
    }
    let Some(command) = command(model, dialog) else {
        "this cannot be asked of the run now".clone_into(&mut dialog.problem);
        return None;
    };
    let seen = dialog.aim.as_ref().map(|aim| aim.seen.clone());
    if let Some(refusal) = model.run.refusal(&command, &model.actor, seen.as_ref()) {
        dialog.problem = refusal.to_string();
        return None;
    }
    Some(Request::Send { command, seen })
}

/// Marks what is missing or wrong; gives the first such field.
pub(crate) fn first_bad(dialog: &mut Dialog) -> Option<usize> {
    let rejects = rejects(dialog);
    for field in &mut dialog.fields {
        field.problem = lack(field, rejects).unwrap_or_default();
    }
    let bad = |field: &Field| !field.problem.is_empty();
    dialog.fields.iter().position(bad)
}

pub(super) fn rejects(dialog: &Dialog) -> bool {
    dialog.text_of(&What::Decision) == "reject"
}

/// Marks what is missing or wrong in one field.
pub(super) fn check(dialog: &mut Dialog, at: usize) {
    let rejects = rejects(dialog);
    let field = &mut dialog.fields[at];
    field.problem = lack(field, rejects).unwrap_or_default();
}

/// Whether somebody must type into the field: who rejects gives a note, and not what the form asks for.
fn is_needed(field: &Field, rejects: bool) -> bool {
    match field.what {
        What::Param(_) if rejects => false,
        What::Note if rejects => true,
        _ => field.required,
    }
}

/// Why the field cannot be taken as it stands.
fn lack(field: &Field, rejects: bool) -> Option<String> {
    let text = field.text();
    match &field.what {
        What::Name(name) if text != *name => Some(format!("type {name}")),
        What::Span if span(&text).is_none() => Some("a span such as 10m or 1h30m".into()),
        _ if is_needed(field, rejects) && text.trim().is_empty() => Some("fill this in".into()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(fields: Vec<Field>) -> Dialog {
        let purpose = Purpose::Act(Act::RetryEdited);
        Dialog::new("t".into(), purpose, None).with_fields(fields)
    }

    #[test]
    fn enter_goes_to_what_must_be_filled_and_then_to_the_button_that_acts() {
        let field = |label: &str| Field::text_field(What::Reason, label, "");
        let mut dialog = with(vec![field("a"), field("b"), field("reason").required()]);
        press(&mut dialog, Key::Enter);
        assert_eq!(dialog.focus, 2);
        press(&mut dialog, Key::Enter);
        let told = &dialog.fields[2].problem;
        assert_eq!((dialog.focus, told.as_str()), (2, "fill this in"));
        press(&mut dialog, Key::Char('x'));
        assert_eq!(press(&mut dialog, Key::Enter), Pressed::Nothing);
        assert!(dialog.on_yes());
        assert_eq!(press(&mut dialog, Key::Enter), Pressed::Yes);
    }

    #[test]
    fn enter_held_down_in_a_box_that_makes_nobody_type_ends_at_no() {
        let mut dialog = with(vec![Field::text_field(What::Reason, "Reason", "")]);
        assert_eq!(press(&mut dialog, Key::Enter), Pressed::Nothing);
        assert!(dialog.on_no());
        assert_eq!(press(&mut dialog, Key::Enter), Pressed::No);
    }
}
