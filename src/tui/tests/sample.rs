//! The sample by which a theme is chosen.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::play::{text_of, themed};
use crate::tui::sample;
use crate::tui::theme::{BUILT_IN, Depth, Role, Status, load};
use crate::tui::view::{SAMPLE_COLUMNS, SAMPLE_ROWS, render_sample};

fn buffer(name: &str, theme: &crate::tui::theme::Theme) -> Buffer {
    let mut buffer = Buffer::empty(Rect::new(0, 0, SAMPLE_COLUMNS, SAMPLE_ROWS));
    render_sample(name, theme, &mut buffer);
    buffer
}

#[test]
fn a_sample_has_a_little_of_everything() {
    insta::assert_snapshot!("sample", text_of(&buffer("mono", &themed(false))));
    insta::assert_snapshot!("sample_ascii", text_of(&buffer("dark", &themed(true))));
}

/// Whatever a theme may change is to be seen, in each theme.
#[test]
fn a_sample_shows_all_statuses_and_roles() {
    for (name, _) in BUILT_IN {
        let theme = load(name, &|_| None).expect("a built-in theme");
        let buffer = buffer(name, &theme);
        let text = text_of(&buffer);
        for status in Status::ALL {
            let look = theme.status(status);
            assert!(text.contains(&format!("{} {}", look.glyph, look.word)));
        }
        for role in Role::ALL {
            let style = theme.style(role);
            let shown = buffer.content.iter().any(|cell| {
                let (fg, bg) = (style.fg.unwrap_or_default(), style.bg.unwrap_or_default());
                let attr = cell.modifier == style.add_modifier;
                // A selection is laid over what is there.
                attr && cell.fg == fg && cell.bg == bg || role == Role::Selection
            });
            assert!(shown, "{name}: {} is not in the sample", role.name());
        }
    }
}

/// It scrolls by in a terminal that goes on with something else.
#[test]
fn a_sample_leaves_the_pen_plain_and_moves_no_cursor() {
    let theme = load("dark", &|_| None).expect("a built-in theme");
    let text = sample("dark", &theme.fitted(Depth::Ansi256, false));
    assert_eq!(text.lines().count(), usize::from(SAMPLE_ROWS));
    for line in text.lines() {
        let sequences = line.split('\u{1b}').skip(1);
        let mut last = "[m";
        for sequence in sequences {
            let end = sequence
                .find(|c: char| c.is_ascii_alphabetic())
                .expect("an end");
            assert_eq!(&sequence[end..=end], "m", "{line:?}");
            last = &sequence[..=end];
        }
        assert_eq!(last, "[m", "{line:?}");
    }
    assert!(!sample("x", &themed(true)).contains('─'));
}
