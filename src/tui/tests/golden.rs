//! How every screen looks: 40x10, 80x24 and 200x50, in Unicode and in ASCII, in colour and without. A file for each screen and
//! size in `golden/`: the text in both character sets, then where which style stands, in colours and in attributes alone.

use std::fmt::Write as _;

use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};

use super::play::{options, text_of};
use super::screens::SCREENS;
use crate::tui::theme::{self, Depth, Theme};

const SIZES: [(u16, u16); 3] = [(40, 10), (80, 24), (200, 50)];

#[test]
fn every_screen_at_every_size() {
    for (name, reach) in SCREENS {
        let mut play = reach();
        golden(name, &mut |width, height, theme| {
            play.resize(width, height);
            let mut buffer = Buffer::empty(ratatui::layout::Rect::new(0, 0, width, height));
            crate::tui::view::render(&play.model, theme, &mut buffer);
            buffer
        });
    }
}

/// Compares one screen with what is kept of it.
pub(crate) fn golden(name: &str, draw: &mut dyn FnMut(u16, u16, &Theme) -> Buffer) {
    let colours = theme::load("dark", &|_| None).expect("a built-in theme");
    let [dark, dark_ascii] =
        [false, true].map(|ascii| colours.clone().fitted(Depth::Ansi256, ascii));
    let [mono, mono_ascii] = [false, true].map(|ascii| options().theme.fitted(Depth::None, ascii));
    for (width, height) in SIZES {
        let [dark, dark_ascii, mono, mono_ascii] =
            [&dark, &dark_ascii, &mono, &mono_ascii].map(|theme| draw(width, height, theme));
        let (unicode, ascii) = (text_of(&dark), text_of(&dark_ascii));
        // Nothing is said by colour alone: the text is the same without.
        assert_eq!(unicode, text_of(&mono), "{name} without colours");
        assert_eq!(
            ascii,
            text_of(&mono_ascii),
            "{name} without colours, in ASCII"
        );
        assert!(ascii.is_ascii(), "{name} in ASCII:\n{ascii}");
        assert!(
            mono.content.iter().all(is_plain),
            "{name} has colours without any"
        );
        let (coloured, plain) = (styles_of(&dark), styles_of(&mono));
        let all = format!(
            "# Unicode\n{unicode}\n\n# ASCII\n{ascii}\n\n# In colours\n{coloured}\n\n# Without\n{plain}"
        );
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path("golden");
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        settings.bind(|| insta::assert_snapshot!(format!("{name}_{width}x{height}"), all));
    }
}

fn is_plain(cell: &Cell) -> bool {
    cell.fg == Color::Reset && cell.bg == Color::Reset
}

/// One letter a cell, by its style; then what the letters mean. A dot is the terminal's own.
fn styles_of(buffer: &Buffer) -> String {
    let mut known: Vec<(Color, Color, Modifier)> = Vec::new();
    let mut letter = |cell: &Cell| {
        // Of a blank nothing shows but its background and what is done to it.
        let blank = cell.symbol() == " " && cell.modifier.is_empty();
        let fg = if blank { Color::Reset } else { cell.fg };
        let look = (fg, cell.bg, cell.modifier);
        if look == (Color::Reset, Color::Reset, Modifier::empty()) {
            return '.';
        }
        let at = known.iter().position(|k| *k == look).unwrap_or_else(|| {
            known.push(look);
            known.len() - 1
        });
        char::from(LETTERS[at % LETTERS.len()])
    };
    let rows = buffer.content.chunks(usize::from(buffer.area.width).max(1));
    let rows: Vec<String> = rows
        .map(|row| row.iter().map(&mut letter).collect::<String>())
        .map(|row| row.trim_end_matches('.').to_owned())
        .collect();
    let mut text = rows.join("\n");
    for (look, letter) in known.into_iter().zip(LETTERS) {
        let _ = write!(text, "\n{} {}", char::from(*letter), told(look));
    }
    text
}

const LETTERS: &[u8] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

fn told((fg, bg, modifier): (Color, Color, Modifier)) -> String {
    let mut words = Vec::new();
    if fg != Color::Reset {
        words.push(fg.to_string());
    }
    if bg != Color::Reset {
        words.push(format!("on {bg}"));
    }
    if !modifier.is_empty() {
        words.push(format!("{modifier:?}").to_lowercase());
    }
    words.join(" ")
}
