//! One-line text fields.

use tui_input::{Input, InputRequest};

use crate::tui::keys::Key;

/// Longer texts belong into a file.
const CHARS_MAX: usize = 4_000;

/// Applies an editing key; false if the key means nothing to a text field.
pub(crate) fn edit(input: &mut Input, key: Key) -> bool {
    use InputRequest as R;
    let request = match key {
        Key::Char(c) if input.value().len() < CHARS_MAX => R::InsertChar(c),
        Key::Backspace | Key::Ctrl('h') => R::DeletePrevChar,
        Key::Delete => R::DeleteNextChar,
        Key::Left => R::GoToPrevChar,
        Key::Right => R::GoToNextChar,
        Key::Home | Key::Ctrl('a') => R::GoToStart,
        Key::End | Key::Ctrl('e') => R::GoToEnd,
        Key::Ctrl('w') => R::DeletePrevWord,
        Key::Ctrl('u') => R::DeleteFromStart,
        Key::Ctrl('k') => R::DeleteTillEnd,
        _ => return false,
    };
    input.handle(request);
    true
}

/// Types a whole text.
pub(crate) fn insert(input: &mut Input, text: &str) {
    for c in text.chars().filter(|c| !c.is_control()) {
        edit(input, Key::Char(c));
    }
}
