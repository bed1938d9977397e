//! One key press, as the screen knows it, and the way it is written: `p`, `Ctrl-d`, `PgUp`, `g f`.

use std::fmt;

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

/// A key. Shift is in the character itself; Alt and function keys do nothing here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    Char(char),
    Ctrl(char),
    Enter,
    Esc,
    Tab,
    BackTab,
    Backspace,
    Delete,
    Up,
    Down,
    Left,
    Right,
    Home,
    End,
    PageUp,
    PageDown,
    Other,
}

/// The names of keys that are not a character, as written in the table, in help and in `keys.yaml`.
const NAMES: [(Key, &str); 16] = [
    (Key::Char(' '), "Space"),
    (Key::Enter, "Enter"),
    (Key::Esc, "Esc"),
    (Key::Tab, "Tab"),
    (Key::BackTab, "Shift-Tab"),
    (Key::Backspace, "Backspace"),
    (Key::Delete, "Delete"),
    (Key::Up, "Up"),
    (Key::Down, "Down"),
    (Key::Left, "Left"),
    (Key::Right, "Right"),
    (Key::Home, "Home"),
    (Key::End, "End"),
    (Key::PageUp, "PgUp"),
    (Key::PageDown, "PgDn"),
    (Key::Other, "?key"),
];

impl Key {
    /// What crossterm read; `None` for the release of a key.
    pub fn from_event(event: KeyEvent) -> Option<Self> {
        if event.kind == KeyEventKind::Release {
            return None;
        }
        let held = event.modifiers;
        Some(match event.code {
            KeyCode::Char(c) if held.contains(KeyModifiers::CONTROL) => {
                Self::Ctrl(c.to_ascii_lowercase())
            }
            KeyCode::Char(_) if held.intersects(KeyModifiers::ALT | KeyModifiers::SUPER) => {
                Self::Other
            }
            KeyCode::Char(c) => Self::Char(c),
            KeyCode::Enter => Self::Enter,
            KeyCode::Esc => Self::Esc,
            KeyCode::Tab => Self::Tab,
            KeyCode::BackTab => Self::BackTab,
            KeyCode::Backspace => Self::Backspace,
            KeyCode::Delete => Self::Delete,
            KeyCode::Up => Self::Up,
            KeyCode::Down => Self::Down,
            KeyCode::Left => Self::Left,
            KeyCode::Right => Self::Right,
            KeyCode::Home => Self::Home,
            KeyCode::End => Self::End,
            KeyCode::PageUp => Self::PageUp,
            KeyCode::PageDown => Self::PageDown,
            _ => Self::Other,
        })
    }

    /// Reads one key as it is written; `None` if there is no such key.
    pub fn parse(text: &str) -> Option<Self> {
        if let Some((key, _)) = NAMES.iter().find(|(_, name)| *name == text) {
            return Some(*key);
        }
        let one = |text: &str| {
            let mut chars = text.chars();
            chars.next().filter(|_| chars.next().is_none())
        };
        match text.strip_prefix("Ctrl-").and_then(one) {
            Some(c) => Some(Self::Ctrl(c.to_ascii_lowercase())),
            None => one(text).filter(|c| !c.is_control()).map(Self::Char),
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((_, name)) = NAMES.iter().find(|(key, _)| key == self) {
            return f.write_str(name);
        }
        match self {
            Self::Char(c) => write!(f, "{c}"),
            Self::Ctrl(c) => write!(f, "Ctrl-{c}"),
            _ => Ok(()),
        }
    }
}

/// One or two keys, one after the other: `p`, `g f`. Empty if `text` names none.
pub fn parse_chord(text: &str) -> Vec<Key> {
    let keys: Option<Vec<Key>> = text.split(' ').map(Key::parse).collect();
    keys.unwrap_or_default()
}

/// The keys as they are written.
pub fn write_chord(keys: &[Key]) -> String {
    let names: Vec<String> = keys.iter().map(ToString::to_string).collect();
    names.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_what_is_read() {
        for text in [
            "p",
            "R",
            "Ctrl-d",
            "PgUp",
            "g f",
            "Shift-Tab",
            "Space",
            ":",
            "\\",
        ] {
            assert_eq!(write_chord(&parse_chord(text)), text);
        }
        assert_eq!(parse_chord("no such key"), vec![]);
    }
}
