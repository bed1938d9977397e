//! A person's own keys: those of `config.yaml`, then those of `keys.yaml` beside it, then those of the profile that was chosen.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::{Error, ReadError, read_regular, told};
use crate::tui::keys::{Keymap, Own};
use crate::yaml::{self, At};

/// Profiles that are always there: the keys as they are, and `;` before each that changes the run.
const DEFAULT: &str = "default";
const SAFE: &str = "safe";

/// Own keys, in the order in which they are laid over the table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwnKeys {
    own: Vec<Own>,
    safe: bool,
}

impl OwnKeys {
    /// What the screen goes by, or why not, with the place of each mistake.
    pub fn keymap(&self) -> Result<Keymap, String> {
        let made = if self.safe {
            Keymap::safe(&self.own)
        } else {
            Keymap::new(&self.own)
        };
        made.map_err(|problems| {
            let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
            told.join("; ")
        })
    }
}

/// A command of the key table, and the keys that shall do it.
pub(super) type Map = BTreeMap<String, Keys>;

/// `H`, or a list of keys.
#[derive(Debug, Default)]
pub(super) struct Keys(Vec<String>);

impl<'de> Deserialize<'de> for Keys {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOrMore;
        impl<'de> Visitor<'de> for OneOrMore {
            type Value = Keys;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key such as `p` or `g p`, or a list of keys")
            }

            fn visit_str<E>(self, key: &str) -> Result<Keys, E> {
                Ok(Keys(vec![key.to_owned()]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Keys, A::Error> {
                let mut keys = Vec::new();
                while let Some(key) = list.next_element()? {
                    keys.push(key);
                }
                Ok(Keys(keys))
            }
        }
        deserializer.deserialize_any(OneOrMore)
    }
}

/// `keys.yaml`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct File {
    keys: Map,
    profiles: BTreeMap<String, Map>,
    /// The profile that is used unless `--keys` names another.
    profile: Option<String>,
}

/// `first` are the keys of `config.yaml`, `chosen` the profile that was asked for.
pub(super) fn load(
    first: Vec<Own>,
    path: Option<&Path>,
    chosen: Option<&str>,
) -> Result<OwnKeys, Error> {
    let text = match path.map(|path| read_regular(path, 256 * 1024)) {
        None | Some(Err(ReadError::Missing)) => String::new(),
        Some(Ok(bytes)) => {
            String::from_utf8(bytes).map_err(|_| fail(path, "is not UTF-8 text".to_owned()))?
        }
        Some(Err(error)) => return Err(fail(path, error.to_string())),
    };
    let name = path
        .map(|path| path.display().to_string())
        .unwrap_or_default();
    parse(first, &text, &name, chosen).map_err(|what| fail(path, what))
}

fn fail(path: Option<&Path>, what: String) -> Error {
    Error::File {
        path: path.unwrap_or(Path::new("keys.yaml")).to_owned(),
        what,
    }
}

fn parse(first: Vec<Own>, text: &str, name: &str, chosen: Option<&str>) -> Result<OwnKeys, String> {
    let mut own = first;
    let mut file = File::default();
    let mut profile = Vec::new();
    if !text.trim().is_empty() {
        let read = yaml::read::<File>(text);
        file = match read.value {
            Some(file) if read.mistakes.is_empty() => file,
            _ => return Err(told(&read.mistakes)),
        };
        let root = read.tree.root();
        own.extend(placed(&file.keys, root.down("keys"), text, name));
        let chosen = chosen.or(file.profile.as_deref());
        if let Some((known, map)) = chosen.and_then(|known| file.profiles.get_key_value(known)) {
            let at = root.down("profiles").down(known);
            profile = placed(map, at, text, name);
        }
    }
    if let Some(built_in) = [DEFAULT, SAFE]
        .into_iter()
        .find(|n| file.profiles.contains_key(*n))
    {
        return Err(format!(
            "profiles: `{built_in}` is built in; take another name"
        ));
    }
    let chosen = chosen.or(file.profile.as_deref()).unwrap_or(DEFAULT);
    let built_in = [DEFAULT, SAFE].contains(&chosen);
    if !built_in && !file.profiles.contains_key(chosen) {
        let names = [DEFAULT, SAFE].into_iter();
        let names: Vec<&str> = names
            .chain(file.profiles.keys().map(String::as_str))
            .collect();
        return Err(format!(
            "no profile of keys is called `{chosen}`; there are {}",
            names.join(", ")
        ));
    }
    own.extend(profile);
    Ok(OwnKeys {
        own,
        safe: chosen == SAFE,
    })
}

/// Own keys with the line on which each stands.
pub(super) fn placed(map: &Map, at: At<'_>, text: &str, name: &str) -> Vec<Own> {
    let one = |(command, keys): (&String, &Keys)| {
        let start = at.down(command).key_span().start;
        let (line, _) = yaml::place(text, start);
        Own {
            command: command.clone(),
            keys: keys.0.clone(),
            place: format!("{name}:{line}"),
        }
    };
    map.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::keys::Act;

    const NIGHT: &str = "\
keys:
  pause: H
  down: [j, Down, Ctrl-n]
profiles:
  night:
    abort: []
    pause: g p
";

    fn keymap(text: &str, chosen: Option<&str>) -> Result<Keymap, String> {
        parse(Vec::new(), text, "keys.yaml", chosen)?.keymap()
    }

    #[test]
    fn a_profile_is_laid_over_the_keys_that_always_hold() {
        let usual = keymap(NIGHT, None).unwrap();
        assert_eq!(usual.keys_of(Act::Pause), ["H"]);
        assert_eq!(usual.keys_of(Act::Down), ["j", "Down", "Ctrl-n"]);
        assert_eq!(usual.keys_of(Act::Abort), ["X"]);
        let night = keymap(NIGHT, Some("night")).unwrap();
        assert_eq!(night.keys_of(Act::Pause), ["g p"]);
        assert_eq!(night.keys_of(Act::Abort), Vec::<String>::new());
        let safe = keymap(NIGHT, Some("safe")).unwrap();
        assert_eq!(safe.keys_of(Act::Pause), ["; H"]);
        let by_file = format!("{NIGHT}profile: night\n");
        let night = keymap(&by_file, None).unwrap();
        assert_eq!(night.keys_of(Act::Pause), ["g p"]);
        let usual = keymap(&by_file, Some("default")).unwrap();
        assert_eq!(usual.keys_of(Act::Pause), ["H"]);
    }

    #[test]
    fn mistakes_are_told_with_their_line() {
        let check = |text: &str, chosen, wanted: &str| {
            let told = keymap(text, chosen).unwrap_err();
            assert!(told.contains(wanted), "{told}");
        };
        check(
            "keys:\n  pause: r\n",
            None,
            "keys.yaml:2: `r` would do both `pause` and `retry`",
        );
        check(
            "keys:\n  abort: Enter\n",
            None,
            "keys.yaml:2: `Enter` must not",
        );
        check(
            "keys:\n  pauze: H\n",
            None,
            "keys.yaml:2: no command `pauze`",
        );
        check("keys:\n  pause: {a: b}\n", None, "line 2");
        check("key: {}\n", None, "line 1");
        check(NIGHT, Some("nite"), "there are default, safe, night");
        check("profiles: {safe: {}}\n", None, "is built in");
        check("", Some("night"), "there are default, safe");
    }
}
