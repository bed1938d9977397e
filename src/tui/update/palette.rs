//! The palette and the help: both list the table, both narrow while one types, and Enter runs what is chosen.

use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};
use tui_input::Input;

use super::act;
use super::edit::edit;
use crate::tui::keys::{Act, Action, Key, TABLE, action};
use crate::tui::looks::Wanted;
use crate::tui::message::Request;
use crate::tui::model::{Front, Model, Pick};

const PAGE: usize = 10;

pub(super) fn open(model: &mut Model, help: bool) {
    let pick = Pick {
        input: Input::default(),
        acts: TABLE.iter().map(|row| row.act).collect(),
        at: 0,
    };
    model.front = if help {
        Front::Help(pick)
    } else {
        Front::Palette(pick)
    };
}

pub(super) fn key(
    model: &mut Model,
    mut pick: Pick,
    key: Key,
    help: bool,
    out: &mut Vec<Request>,
) -> Front {
    let last = pick.acts.len().saturating_sub(1);
    match key {
        Key::Esc | Key::Ctrl('c') => return Front::None,
        Key::Enter => {
            if let Some((_, argument)) = with_argument(pick.input.value()) {
                out.push(Request::Theme(match argument {
                    "reload" => Wanted::Again,
                    name => Wanted::Named(name.to_owned()),
                }));
                return Front::None;
            }
            if let Some(chosen) = pick.acts.get(pick.at) {
                act::act(model, *chosen, out);
            }
            return std::mem::take(&mut model.front);
        }
        Key::Down | Key::Tab => pick.at = (pick.at + 1).min(last),
        Key::Up | Key::BackTab => pick.at = pick.at.saturating_sub(1),
        Key::PageDown | Key::Ctrl('d') => pick.at = (pick.at + PAGE).min(last),
        Key::PageUp => pick.at = pick.at.saturating_sub(PAGE),
        _ => {
            if edit(&mut pick.input, key) {
                pick.acts = matching(pick.input.value());
                pick.at = 0;
            }
        }
    }
    if help {
        Front::Help(pick)
    } else {
        Front::Palette(pick)
    }
}

/// A command with a word behind it, where that means something: `theme gruvbox-dark`, `theme reload`.
fn with_argument(typed: &str) -> Option<(Act, &str)> {
    let typed = typed.trim().trim_start_matches(':');
    let (command, argument) = typed.split_once(' ')?;
    let named = action(Act::Theme).command == command;
    named.then_some((Act::Theme, argument.trim()))
}

/// Actions whose name, key or help fits what is typed: an exact name first, then the best names, then the helps.
fn matching(typed: &str) -> Vec<Act> {
    if let Some((act, _)) = with_argument(typed) {
        return vec![act];
    }
    let typed = typed.trim().trim_start_matches(':');
    let pattern = Pattern::parse(typed, CaseMatching::Ignore, Normalization::Smart);
    let mut matcher = Matcher::new(Config::DEFAULT);
    let mut score = |row: &Action| {
        let mut buffer = Vec::new();
        let mut of = |text: &str| pattern.score(Utf32Str::new(text, &mut buffer), &mut matcher);
        let by_key = (row.keys.contains(&typed)).then_some(u32::MAX - 1);
        let exact = (row.command == typed).then_some(u32::MAX);
        // A name says more than the words of its help.
        let name = of(row.command).map(|score| score * 2);
        let help = row.help.contains(&typed.to_lowercase()).then_some(0);
        exact.or(by_key).or(name).or(help)
    };
    let scored = TABLE.iter().filter_map(|row| Some((score(row)?, row.act)));
    let mut scored: Vec<(u32, Act)> = scored.collect();
    scored.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
    scored.into_iter().map(|(_, act)| act).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_theme_may_be_named() {
        assert_eq!(matching(":theme gruvbox-dark"), [Act::Theme]);
        let of = |typed| with_argument(typed).map(|(_, argument)| argument);
        assert_eq!(of("theme  dark "), Some("dark"));
        assert_eq!((of("theme "), of("skip all")), (None, None));
    }

    #[test]
    fn an_exact_name_comes_first() {
        assert_eq!(matching("skip").first(), Some(&Act::Skip));
        assert_eq!(matching(":abort").first(), Some(&Act::Abort));
        assert_eq!(matching("rtry").first(), Some(&Act::Retry));
        assert_eq!(matching("").len(), TABLE.len());
        assert_eq!(matching("zzzzzz"), vec![]);
    }
}
