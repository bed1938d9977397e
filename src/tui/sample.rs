//! A sample of a theme as lines for a terminal: coloured text that scrolls by, no screen.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::paint;
use super::theme::Theme;
use super::view;

/// `name` is what the theme was asked for by: `auto` stands for another one.
pub fn sample(name: &str, theme: &Theme) -> String {
    let area = Rect::new(0, 0, view::SAMPLE_COLUMNS, view::SAMPLE_ROWS);
    let mut buffer = Buffer::empty(area);
    view::render_sample(name, theme, &mut buffer);
    paint::lines(&buffer)
}
