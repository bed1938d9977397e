//! From theme files to a theme. A file may extend another one; a user's file stands in front of a built-in one of the
//! same name. Every mistake is told with its file and line, and the caller keeps the theme it had.

use std::collections::BTreeMap;

use ratatui::style::{Modifier, Style};
use unicode_width::UnicodeWidthStr;

use super::colour::{self, Depth};
use super::document::{ColourText, Document, StatusText, StyleText};
use super::mistake::{Mistake, closest, place, unknown};
use super::role::{Role, Theme};
use super::status::{Look, Status};
use super::surroundings::Surroundings;
use crate::text::Clean;

/// The themes inside the binary: name and text, in the order in which the screen offers them.
pub const BUILT_IN: [(&str, &str); 12] = [
    ("auto", include_str!("../../../themes/auto.yaml")),
    ("dark", include_str!("../../../themes/dark.yaml")),
    ("light", include_str!("../../../themes/light.yaml")),
    ("ansi16", include_str!("../../../themes/ansi16.yaml")),
    ("mono", include_str!("../../../themes/mono.yaml")),
    (
        "high-contrast",
        include_str!("../../../themes/high-contrast.yaml"),
    ),
    ("cb-safe", include_str!("../../../themes/cb-safe.yaml")),
    ("cb-tritan", include_str!("../../../themes/cb-tritan.yaml")),
    (
        "catppuccin-mocha",
        include_str!("../../../themes/catppuccin-mocha.yaml"),
    ),
    (
        "catppuccin-latte",
        include_str!("../../../themes/catppuccin-latte.yaml"),
    ),
    (
        "gruvbox-dark",
        include_str!("../../../themes/gruvbox-dark.yaml"),
    ),
    (
        "solarized-light",
        include_str!("../../../themes/solarized-light.yaml"),
    ),
];

/// A longer chain of `extends` is a loop.
const CHAIN_MAX: usize = 8;

/// Gives the text of the user's own theme file of a name, if there is one; or why it cannot be read.
type Files<'a> = &'a dyn Fn(&str) -> Option<Result<String, String>>;

/// The theme of this name, in full colour. `user` gives the user's own files.
pub fn load(name: &str, user: Files<'_>) -> Result<Theme, Vec<Mistake>> {
    let chain = chain(name, user)?;
    let mut palette = BTreeMap::new();
    let mut mistakes = Vec::new();
    for sheet in &chain {
        for (key, value) in &sheet.document.palette {
            match colour::parse(&value.0) {
                Some(colour) => _ = palette.insert(key.clone(), colour),
                None => mistakes.push(sheet.bad_colour("palette", key, value)),
            }
        }
    }
    // Colour names are looked up in the finished palette, so that a theme may be nothing but a new palette.
    let palette = Palette(palette);
    let mut theme = plain(name);
    for sheet in &chain {
        sheet.apply(&palette, &mut theme, &mut mistakes);
    }
    if mistakes.is_empty() {
        Ok(theme)
    } else {
        Err(mistakes)
    }
}

/// The theme that this terminal gets for a wanted name (`auto` chooses), as it can show it.
pub fn load_for(
    around: &Surroundings,
    wanted: &str,
    user: Files<'_>,
) -> Result<Theme, Vec<Mistake>> {
    let theme = load(around.theme(wanted), user)?;
    Ok(theme.fitted(around.depth(), around.ascii()))
}

/// Names of the themes that a theme is made of, also where it has mistakes: whose files may change it.
pub fn names_behind(around: &Surroundings, wanted: &str, user: Files<'_>) -> Vec<String> {
    let mut sheets = Vec::new();
    let mut names = Vec::new();
    let mut next = Some(around.theme(wanted).to_owned());
    while let Some(name) = next.take() {
        names.push(name.clone());
        if let Ok(sheet) = sheet(&sheets, &name, user) {
            next = sheet.below();
            sheets.push(sheet);
        }
        if names.len() > CHAIN_MAX {
            break;
        }
    }
    names
}

struct Palette(BTreeMap<String, ratatui::style::Color>);

impl Palette {
    fn colour(&self, text: &ColourText) -> Option<ratatui::style::Color> {
        let own = self.0.get(&text.0).copied();
        own.or_else(|| colour::parse(&text.0))
    }
}

/// One file of the chain.
struct Sheet {
    theme: String,
    text: String,
    document: Document,
    built_in: bool,
}

/// The files that make up a theme, the most general one first.
fn chain(name: &str, user: Files<'_>) -> Result<Vec<Sheet>, Vec<Mistake>> {
    let mut chain: Vec<Sheet> = Vec::new();
    let mut wanted = Some(name.to_owned());
    while let Some(name) = wanted.take() {
        let sheet = sheet(&chain, &name, user)?;
        wanted = sheet.below();
        chain.push(sheet);
        if chain.len() > CHAIN_MAX {
            return Err(vec![chain[0].at("extends", None, "extends itself".into())]);
        }
    }
    chain.reverse();
    Ok(chain)
}

/// The file of this name, above which the others stand.
fn sheet(above: &[Sheet], name: &str, user: Files<'_>) -> Result<Sheet, Vec<Mistake>> {
    // A user's `dark` that extends `dark` means the built-in one.
    let seen = above.iter().any(|sheet| sheet.theme == name);
    match (!seen).then(|| user(name)).flatten() {
        Some(Ok(text)) => return read(name, text, false),
        Some(Err(why)) => return Err(vec![of_file(name, &why)]),
        None => {}
    }
    let built_in = BUILT_IN.iter().find(|(built_in, _)| *built_in == name);
    match built_in {
        Some((_, text)) => read(name, (*text).to_owned(), true),
        None => Err(vec![unknown_theme(above, name)]),
    }
}

fn unknown_theme(chain: &[Sheet], name: &str) -> Mistake {
    let names = BUILT_IN.iter().map(|(name, _)| *name);
    let message = unknown("theme", name, names);
    match chain.last() {
        Some(sheet) => sheet.at("extends", None, message),
        None => of_file(name, &message),
    }
}

/// A mistake that is about the whole file.
fn of_file(name: &str, message: &str) -> Mistake {
    Mistake {
        theme: Clean::line(name).to_string(),
        line: 0,
        column: 0,
        message: Clean::line(message).to_string(),
    }
}

fn read(name: &str, text: String, built_in: bool) -> Result<Sheet, Vec<Mistake>> {
    let document = crate::yaml::parse(&text).map_err(|mistakes| {
        let told = |m: crate::yaml::Mistake| Mistake {
            theme: name.to_owned(),
            line: m.line,
            column: m.column,
            message: Clean::line(&m.message).to_string(),
        };
        mistakes.into_iter().map(told).collect::<Vec<_>>()
    })?;
    Ok(Sheet {
        theme: name.to_owned(),
        text,
        document,
        built_in,
    })
}

/// No colours, no attributes, the usual glyphs and words.
fn plain(name: &str) -> Theme {
    let look = |status: Status, ascii: bool| {
        let (glyph, ascii_glyph, word) = status.marks();
        Look {
            glyph: if ascii { ascii_glyph } else { glyph }.to_owned(),
            word: word.to_owned(),
            style: Style::default(),
        }
    };
    Theme {
        name: name.to_owned(),
        ascii: false,
        depth: Depth::TrueColor,
        styles: [Style::default(); Role::ALL.len()],
        looks: Status::ALL.map(|status| look(status, false)),
        ascii_looks: Status::ALL.map(|status| look(status, true)),
    }
}

impl Sheet {
    /// The theme below it. A user's file that names none stands on the attributes of `mono`: no status may depend on colour.
    fn below(&self) -> Option<String> {
        let usual = (!self.built_in).then(|| "mono".to_owned());
        self.document.extends.clone().or(usual)
    }

    fn apply(&self, palette: &Palette, theme: &mut Theme, mistakes: &mut Vec<Mistake>) {
        for (key, text) in &self.document.roles {
            if let Some(role) = Role::ALL.into_iter().find(|role| role.name() == key) {
                let style = &mut theme.styles[role as usize];
                mistakes.extend(self.restyle(palette, style, ("roles", key), text));
            } else {
                let names = Role::ALL.into_iter().map(Role::name);
                mistakes.push(self.at("roles", Some(key), unknown("role", key, names)));
            }
        }
        for (key, text) in &self.document.status {
            let found = Status::ALL.into_iter().find(|status| status.name() == key);
            if let Some(status) = found {
                self.relook(palette, theme, (status, key), text, mistakes);
            } else {
                let names = Status::ALL.into_iter().map(Status::name);
                mistakes.push(self.at("status", Some(key), unknown("status", key, names)));
            }
        }
    }

    /// Lays what the file says over the inherited style.
    fn restyle(
        &self,
        palette: &Palette,
        style: &mut Style,
        (section, key): (&str, &str),
        text: &StyleText,
    ) -> Vec<Mistake> {
        let mut mistakes = Vec::new();
        for (slot, value) in [(&mut style.fg, &text.fg), (&mut style.bg, &text.bg)] {
            let Some(value) = value else { continue };
            match palette.colour(value) {
                Some(colour) => *slot = Some(colour),
                None => mistakes.push(self.bad_colour(section, key, value)),
            }
        }
        if let Some(names) = &text.attr {
            style.add_modifier = Modifier::empty();
            for name in names {
                let found = ATTRIBUTES.iter().find(|(known, _)| known == name);
                if let Some((_, modifier)) = found {
                    style.add_modifier |= *modifier;
                } else {
                    let known = ATTRIBUTES.iter().map(|(known, _)| *known);
                    mistakes.push(self.at(section, Some(key), unknown("attr", name, known)));
                }
            }
        }
        mistakes
    }

    fn relook(
        &self,
        palette: &Palette,
        theme: &mut Theme,
        (status, key): (Status, &str),
        text: &StatusText,
        mistakes: &mut Vec<Mistake>,
    ) {
        let style = StyleText {
            fg: text.fg.clone(),
            bg: text.bg.clone(),
            attr: text.attr.clone(),
        };
        let pair = [
            &mut theme.looks[status as usize],
            &mut theme.ascii_looks[status as usize],
        ];
        for (look, glyph) in pair.into_iter().zip([&text.glyph, &text.ascii]) {
            mistakes.extend(self.restyle(palette, &mut look.style, ("status", key), &style));
            if let Some(glyph) = glyph {
                if glyph.width() == 1 && Clean::line(glyph).as_str() == glyph {
                    look.glyph.clone_from(glyph);
                } else {
                    let message = format!("the glyph of {key} must be one column wide");
                    mistakes.push(self.at("status", Some(key), message));
                }
            }
            if let Some(word) = &text.word {
                if (1..=8).contains(&word.width()) && Clean::line(word).as_str() == word {
                    look.word.clone_from(word);
                } else {
                    let message = format!("the word of {key} must be 1 to 8 columns wide");
                    mistakes.push(self.at("status", Some(key), message));
                }
            }
        }
        // The style is read once for each glyph set; say its mistakes once.
        mistakes.dedup();
    }

    fn bad_colour(&self, section: &str, key: &str, value: &ColourText) -> Mistake {
        let text = Clean::line(&value.0);
        let names = self.document.palette.keys().map(String::as_str);
        let names = names.chain(colour::ANSI.iter().map(|(name, ..)| *name));
        let hint = closest(&value.0, names).map_or_else(
            || "write default, a name, 0-255 or \"#rrggbb\"".to_owned(),
            |name| format!("did you mean {name:?}?"),
        );
        let message = format!("{key}: {:?} is not a colour, {hint}", text.as_str());
        self.at(section, Some(key), message)
    }

    fn at(&self, section: &str, key: Option<&str>, message: String) -> Mistake {
        let (line, column) = place(&self.text, section, key);
        Mistake {
            theme: self.theme.clone(),
            line,
            column,
            message,
        }
    }
}

const ATTRIBUTES: [(&str, Modifier); 6] = [
    ("bold", Modifier::BOLD),
    ("dim", Modifier::DIM),
    ("italic", Modifier::ITALIC),
    ("underlined", Modifier::UNDERLINED),
    ("reverse", Modifier::REVERSED),
    ("crossed_out", Modifier::CROSSED_OUT),
];
