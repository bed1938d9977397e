//! Which keys do what: the table, with the user's own keys laid over it.

use super::key::{Key, parse_chord, write_chord};
use super::table::{Act, Action, Group, TABLE, action};

/// A person's own keys for one command; they replace those of the table. None at all: it is reached by its name only.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Own {
    /// As in the table: `pause`.
    pub command: String,
    pub keys: Vec<String>,
    /// Where that is said: `keys.yaml:3`.
    pub place: String,
}

/// Must be pressed before each key that changes the run, where somebody wants to be safe from slips.
const SAFE: Key = Key::Char(';');
/// Without a key for these nothing could be reached, or left.
const NEEDED: [Act; 2] = [Act::Palette, Act::Quit];

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

/// Why a person's own keys cannot be used, and where they are said.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{what}", if .place.is_empty() { String::new() } else { format!("{place}: ") })]
pub struct KeyProblem {
    pub place: String,
    pub what: Wrong,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Wrong {
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
    #[error("`{key}` must not change the run, so it cannot do `{command}`: {why}")]
    Forbidden {
        key: String,
        command: String,
        why: &'static str,
    },
    #[error("`Esc` closes what is open and does nothing else, so it cannot do `{0}`")]
    Escape(String),
    #[error("`{0}` needs a key")]
    Needed(String),
    #[error(
        "`{key}` would do `{command}` without `;` before it, which the profile safe wants: write one key, or `; {last}`"
    )]
    Unsafe {
        key: String,
        command: String,
        last: String,
    },
}

impl Default for Keymap {
    fn default() -> Self {
        Self::new(&[]).expect("the table itself has no conflict: a test holds it to that")
    }
}

impl Keymap {
    /// The table, with `own` laid over it; what is said later holds.
    pub fn new(own: &[Own]) -> Result<Self, Vec<KeyProblem>> {
        Self::made(own, false)
    }

    /// The same, but each key that changes the run wants `;` before it.
    pub fn safe(own: &[Own]) -> Result<Self, Vec<KeyProblem>> {
        Self::made(own, true)
    }

    fn made(own: &[Own], safe: bool) -> Result<Self, Vec<KeyProblem>> {
        let mut problems = Vec::new();
        let mut chords = Vec::new();
        let last = |own: &[Own], command: &str| own.iter().rposition(|o| o.command == command);
        for (n, one) in own.iter().enumerate() {
            if last(own, &one.command) == Some(n) {
                match own_chords(one) {
                    Ok(found) => chords.extend(found),
                    Err(what) => problems.push(KeyProblem {
                        place: one.place.clone(),
                        what,
                    }),
                }
            }
        }
        for row in TABLE.iter().filter(|row| last(own, row.command).is_none()) {
            chords.extend(row.keys.iter().map(|key| Chord {
                keys: parse_chord(key),
                act: row.act,
                place: String::new(),
            }));
        }
        for chord in chords.iter_mut().filter(|_| safe) {
            problems.extend(secure(chord));
        }
        problems.extend(conflicts(&chords));
        if problems.is_empty() {
            let chords = chords.into_iter().map(|chord| (chord.keys, chord.act));
            Ok(Self {
                chords: chords.collect(),
            })
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

/// Keys, what they do, and where a person says so.
struct Chord {
    keys: Vec<Key>,
    act: Act,
    place: String,
}

/// Puts `;` before keys that change the run. A chord has two keys at most, so there is no room for it before two others.
fn secure(chord: &mut Chord) -> Option<KeyProblem> {
    let row = action(chord.act);
    if !row.changes {
        return None;
    }
    match chord.keys[..] {
        [SAFE, _] => None,
        [_, last] => Some(KeyProblem {
            place: chord.place.clone(),
            what: Wrong::Unsafe {
                key: write_chord(&chord.keys),
                command: row.command.to_owned(),
                last: last.to_string(),
            },
        }),
        _ => {
            chord.keys.insert(0, SAFE);
            None
        }
    }
}

fn own_chords(own: &Own) -> Result<Vec<Chord>, Wrong> {
    let row = TABLE
        .iter()
        .find(|row| row.command == own.command)
        .ok_or_else(|| Wrong::UnknownCommand(own.command.clone()))?;
    if own.keys.is_empty() && NEEDED.contains(&row.act) {
        return Err(Wrong::Needed(own.command.clone()));
    }
    own.keys
        .iter()
        .map(|key| own_chord(row, key, own))
        .collect()
}

fn own_chord(row: &Action, key: &str, own: &Own) -> Result<Chord, Wrong> {
    let keys = parse_chord(key);
    if keys.is_empty() || keys.len() > 2 {
        return Err(Wrong::UnknownKey(key.to_owned()));
    }
    if let Some(why) = forbidden(&keys).filter(|_| row.changes) {
        return Err(Wrong::Forbidden {
            key: key.to_owned(),
            command: row.command.to_owned(),
            why,
        });
    }
    if keys.contains(&Key::Esc) && row.act != Act::Back {
        return Err(Wrong::Escape(row.command.to_owned()));
    }
    Ok(Chord {
        keys,
        act: row.act,
        place: own.place.clone(),
    })
}

/// Why these keys never change a run: a slip or a habit from elsewhere must not.
fn forbidden(chord: &[Key]) -> Option<&'static str> {
    chord.iter().find_map(|key| match key {
        Key::Char(' ' | 'q' | 'y' | 'n') => Some("it leaves, answers or marks"),
        Key::Char(_) if moves(*key) => Some("it moves"),
        Key::Char(_) => None,
        Key::Ctrl(_) => Some("Ctrl is pressed by habit from elsewhere"),
        _ => Some("it is pressed by habit"),
    })
}

/// A hand that moves presses it often, also by mistake.
fn moves(key: Key) -> bool {
    let mut rows = TABLE.iter().filter(|row| row.group == Group::Move);
    rows.any(|row| row.keys.iter().any(|written| parse_chord(written) == [key]))
}

fn conflicts(chords: &[Chord]) -> Vec<KeyProblem> {
    let mut found = Vec::new();
    for (i, one) in chords.iter().enumerate() {
        for other in &chords[i + 1..] {
            let hidden = one.keys.starts_with(&other.keys) || other.keys.starts_with(&one.keys);
            if hidden && one.act != other.act {
                let shorter = if one.keys.len() < other.keys.len() {
                    one
                } else {
                    other
                };
                let places = [&one.place, &other.place];
                found.push(KeyProblem {
                    place: places
                        .into_iter()
                        .find(|p| !p.is_empty())
                        .cloned()
                        .unwrap_or_default(),
                    what: Wrong::Conflict {
                        key: write_chord(&shorter.keys),
                        first: action(one.act).command.to_owned(),
                        second: action(other.act).command.to_owned(),
                    },
                });
            }
        }
    }
    found
}

/// The table as Markdown, with a person's own keys: for `flightdeck keys`, and without them for the README.
pub fn markdown(keymap: &Keymap) -> String {
    use std::fmt::Write as _;
    let mut out = String::from("| key | command | does | asks |\n|---|---|---|---|\n");
    for row in TABLE {
        let keys = keymap.keys_of(row.act);
        let keys: Vec<String> = keys.iter().map(|key| format!("`{key}`")).collect();
        let does = row.help;
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
                    !(row.changes && forbidden(&chord).is_some()),
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
    }

    fn one(command: &str, keys: &[&str]) -> Own {
        Own {
            command: command.into(),
            keys: keys.iter().map(ToString::to_string).collect(),
            place: "keys.yaml:2".into(),
        }
    }

    fn refused(command: &str, keys: &[&str]) -> String {
        let problems = Keymap::new(&[one(command, keys)]).expect_err("refused");
        problems[0].to_string()
    }

    #[test]
    fn own_keys_replace_and_conflicts_name_both() {
        let map = Keymap::new(&[one("pause", &["H", "g p"])]).expect("free");
        assert_eq!(map.meaning(&[Key::Char('H')]), Meaning::Does(Act::Pause));
        assert_eq!(map.keys_of(Act::Pause), ["H", "g p"]);
        assert_eq!(map.meaning(&[Key::Char('p')]), Meaning::Nothing);
        let told = "keys.yaml:2: `r` would do both `pause` and `retry`";
        assert_eq!(refused("pause", &["r"]), told);
        let told = "keys.yaml:2: `g` would do both `note` and `top`";
        assert_eq!(refused("note", &["g"]), told);
        assert!(refused("pause", &["nokey"]).contains("names no key"));
        assert!(refused("no-such", &["p"]).contains("no command"));
    }

    #[test]
    fn own_keys_keep_the_rules_of_the_table() {
        for key in [
            "Ctrl-p", "Enter", "Space", "Tab", "q", "y", "j", "G", "}", "Down", "Home", "; j",
        ] {
            let told = refused("abort", &[key]);
            assert!(told.contains("must not change the run"), "{key}: {told}");
        }
        assert!(refused("quit", &["Esc"]).contains("does nothing else"));
        assert!(refused("palette", &[]).contains("needs a key"));
        let none = Keymap::new(&[one("abort", &[])]).expect("allowed");
        assert_eq!(none.first_of(Act::Abort), ":abort");
        // What is said later holds.
        let twice = [one("pause", &["H"]), one("pause", &["L"])];
        let map = Keymap::new(&twice).expect("free");
        assert_eq!(map.keys_of(Act::Pause), ["L"]);
    }

    #[test]
    fn safe_wants_a_key_before_each_that_changes_the_run() {
        let map = Keymap::safe(&[one("pause", &["H"])]).expect("free");
        for row in TABLE.iter().filter(|row| row.changes) {
            for key in map.keys_of(row.act) {
                assert!(key.starts_with("; "), "{key} does {}", row.command);
            }
        }
        assert_eq!(map.keys_of(Act::Pause), ["; H"]);
        assert_eq!(map.keys_of(Act::Down), ["j", "Down"]);
        assert_eq!(map.meaning(&[Key::Char('X')]), Meaning::Nothing);
    }

    #[test]
    fn safe_refuses_two_keys_that_would_act_without_it() {
        let problems = Keymap::safe(&[one("abort", &["g X"])]).expect_err("refused");
        let told = "keys.yaml:2: `g X` would do `abort` without `;` before it, which the profile safe wants: \
                    write one key, or `; X`";
        assert_eq!(problems[0].to_string(), told);
        // These keep the promise, or change nothing.
        let map = Keymap::safe(&[one("abort", &["; Z"]), one("theme", &["g t"])]).expect("safe");
        assert_eq!(map.keys_of(Act::Abort), ["; Z"]);
        assert_eq!(map.keys_of(Act::Theme), ["g t"]);
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
