//! Which keys do what: the table, with the user's own keys laid over it.

use super::key::{Key, parse_chord, write_chord};
use super::table::{Act, Action, TABLE, action};

/// All chords. Made once; small enough to be searched in order.
#[derive(Clone, Debug)]
pub struct Keymap {
    chords: Vec<(Vec<Key>, Act)>,
}

/// What the keys so far mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    Does(Act),
    /// The first key of longer chords.
    Begins,
    Nothing,
}

/// Why a user's keys cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyProblem {
    #[error("no command `{0}`; `flightdeck keys` lists them")]
    UnknownCommand(String),
    #[error("`{0}` names no key; write `p`, `Ctrl-d`, `PgUp` or `g f`")]
    UnknownKey(String),
    #[error("`{key}` would do both `{first}` and `{second}`")]
    Conflict {
        key: String,
        first: String,
        second: String,
    },
    #[error("`{key}` must not change the run, so it cannot do `{command}`")]
    Forbidden { key: String, command: String },
}

impl Default for Keymap {
    fn default() -> Self {
        Self::new(&[]).expect("the table itself has no conflict: a test holds it to that")
    }
}

impl Keymap {
    /// `own` are pairs of a command's name and the key that shall do it; they replace that command's keys.
    pub fn new(own: &[(String, String)]) -> Result<Self, Vec<KeyProblem>> {
        let mut problems = Vec::new();
        let mut chords: Vec<(Vec<Key>, Act)> = Vec::new();
        for (command, key) in own {
            match own_chord(command, key) {
                Ok(chord) => chords.push(chord),
                Err(problem) => problems.push(problem),
            }
        }
        let replaced = |row: &Action| own.iter().any(|(command, _)| command == row.command);
        for row in TABLE.iter().filter(|row| !replaced(row)) {
            let keys = row.keys.iter().map(|key| (parse_chord(key), row.act));
            chords.extend(keys);
        }
        problems.extend(conflicts(&chords));
        if problems.is_empty() {
            Ok(Self { chords })
        } else {
            Err(problems)
        }
    }

    pub fn meaning(&self, keys: &[Key]) -> Meaning {
        if let Some((_, act)) = self.chords.iter().find(|(chord, _)| chord == keys) {
            return Meaning::Does(*act);
        }
        let begins = self.chords.iter().any(|(chord, _)| chord.starts_with(keys));
        if begins {
            Meaning::Begins
        } else {
            Meaning::Nothing
        }
    }

    /// The keys of `act` as they are written: `["j", "Down"]`.
    pub fn keys_of(&self, act: Act) -> Vec<String> {
        let own = self.chords.iter().filter(|(_, other)| *other == act);
        own.map(|(chord, _)| write_chord(chord)).collect()
    }

    /// The key to name in a sentence; its command where it has none.
    pub fn first_of(&self, act: Act) -> String {
        let first = self.keys_of(act).into_iter().next();
        first.unwrap_or_else(|| format!(":{}", action(act).command))
    }
}

fn own_chord(command: &str, key: &str) -> Result<(Vec<Key>, Act), KeyProblem> {
    let row = TABLE
        .iter()
        .find(|row| row.command == command)
        .ok_or_else(|| KeyProblem::UnknownCommand(command.to_owned()))?;
    let chord = parse_chord(key);
    if chord.is_empty() || chord.len() > 2 {
        return Err(KeyProblem::UnknownKey(key.to_owned()));
    }
    if row.changes && forbidden(&chord) {
        return Err(KeyProblem::Forbidden {
            key: key.to_owned(),
            command: command.to_owned(),
        });
    }
    Ok((chord, row.act))
}

/// Keys that never change a run: a slip or a habit from elsewhere must not.
fn forbidden(chord: &[Key]) -> bool {
    let slips = [
        Key::Char(' '),
        Key::Char('q'),
        Key::Char('y'),
        Key::Char('n'),
    ];
    let movement = [
        Key::Char('h'),
        Key::Char('j'),
        Key::Char('k'),
        Key::Char('l'),
    ];
    chord
        .iter()
        .any(|key| !matches!(key, Key::Char(_)) || slips.contains(key) || movement.contains(key))
}

fn conflicts(chords: &[(Vec<Key>, Act)]) -> Vec<KeyProblem> {
    let mut found = Vec::new();
    for (i, (chord, act)) in chords.iter().enumerate() {
        for (other, other_act) in &chords[i + 1..] {
            let hidden = chord.starts_with(other) || other.starts_with(chord);
            if hidden && act != other_act {
                found.push(KeyProblem::Conflict {
                    key: write_chord(if chord.len() < other.len() {
                        chord
                    } else {
                        other
                    }),
                    first: super::action(*act).command.to_owned(),
                    second: super::action(*other_act).command.to_owned(),
                });
            }
        }
    }
    found
}

/// The table as Markdown, for the README and `flightdeck keys`.
pub fn markdown() -> String {
    use std::fmt::Write as _;
    let mut out = String::from("| key | command | does | asks |\n|---|---|---|---|\n");
    for row in TABLE {
        let keys: Vec<String> = row.keys.iter().map(|key| format!("`{key}`")).collect();
        let does = if row.later {
            format!("{} (not in this version)", row.help)
        } else {
            row.help.to_owned()
        };
        let _ = writeln!(
            out,
            "| {} | `:{}` | {does} | {} |",
            keys.join(" ").replace('|', "\\|"),
            row.command,
            row.asks.text(),
        );
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::Level;
    use super::*;

    #[test]
    fn the_table_keeps_the_rules_of_the_screen() {
        for row in TABLE {
            for key in row.keys {
                let chord = parse_chord(key);
                assert!(!chord.is_empty(), "{key} of {} names no key", row.command);
                assert!(
                    !(row.changes && forbidden(&chord)),
                    "{key} must not {}",
                    row.command
                );
                let upper = matches!(chord[..], [Key::Char(c)] if c.is_ascii_uppercase());
                assert!(
                    !(upper && row.changes && row.asks.normally == Level::Free),
                    "{key} must ask"
                );
            }
            let same = TABLE.iter().filter(|other| other.command == row.command);
            assert_eq!(same.count(), 1, "two commands are called {}", row.command);
        }
        assert_eq!(super::super::action(Act::Back).keys, ["Esc"]);
        assert_eq!(conflicts(&Keymap::default().chords), vec![]);
    }

    #[test]
    fn own_keys_replace_and_conflicts_name_both() {
        let own = |command: &str, key: &str| Keymap::new(&[(command.into(), key.into())]);
        let map = own("pause", "H").expect("free");
        assert_eq!(map.meaning(&[Key::Char('H')]), Meaning::Does(Act::Pause));
        assert_eq!(map.meaning(&[Key::Char('p')]), Meaning::Nothing);
        let message = own("pause", "r").expect_err("taken")[0].to_string();
        assert_eq!(message, "`r` would do both `pause` and `retry`");
        let hidden = own("note", "g").expect_err("begins others")[0].to_string();
        assert_eq!(hidden, "`g` would do both `note` and `top`");
        assert!(
            own("pause", "Ctrl-p").expect_err("no Ctrl")[0]
                .to_string()
                .contains("must not")
        );
        assert!(own("pause", "nokey").is_err());
        assert!(own("no-such", "p").is_err());
    }

    #[test]
    fn two_keys_make_one_chord() {
        let map = Keymap::default();
        assert_eq!(map.meaning(&[Key::Char('g')]), Meaning::Begins);
        let chord = [Key::Char('g'), Key::Char('f')];
        assert_eq!(map.meaning(&chord), Meaning::Does(Act::ToFailed));
        assert_eq!(map.keys_of(Act::Down), ["j", "Down"]);
    }
}
