//! One row of the screen, written from left to right. Words of our own and text from outside come in by different doors.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::text::{Clean, clean};
use crate::tui::theme::Theme;

/// A row, or a part of one.
pub(crate) struct Strip<'a> {
    buffer: &'a mut Buffer,
    x: u16,
    y: u16,
    end: u16,
}

impl<'a> Strip<'a> {
    /// The first row of `area`, clipped to the buffer.
    pub(crate) fn new(buffer: &'a mut Buffer, area: Rect) -> Self {
        let area = area.intersection(buffer.area);
        Self {
            x: area.x,
            y: area.y,
            end: if area.height == 0 {
                area.x
            } else {
                area.right()
            },
            buffer,
        }
    }

    /// Row `n` of `area`.
    pub(crate) fn nth(buffer: &'a mut Buffer, area: Rect, n: u16) -> Self {
        let row = Rect {
            y: area.y.saturating_add(n),
            height: u16::from(n < area.height),
            ..area
        };
        Self::new(buffer, row)
    }

    /// Our own words, or what is clean already. This is the only way of text to the screen (`tests/floors.rs` holds the house
    /// to it), so it does not take anybody's word for that.
    pub(crate) fn own(&mut self, text: &str, style: Style) -> &mut Self {
        if self.x < self.end {
            let room = usize::from(self.end - self.x);
            let text = clean(text);
            (self.x, _) = self.buffer.set_stringn(self.x, self.y, text, room, style);
        }
        self
    }

    /// Text from outside: names, messages, reasons.
    pub(crate) fn outside(&mut self, text: &str, style: Style) -> &mut Self {
        let clean = Clean::line(text);
        self.own(clean.as_str(), style)
    }

    /// Text from outside in at most `width` columns, with a mark where it was cut.
    pub(crate) fn cut(
        &mut self,
        text: &str,
        width: usize,
        theme: &Theme,
        style: Style,
    ) -> &mut Self {
        let fitted = fit(&Clean::line(text), width.min(self.room()), theme);
        self.own(&fitted, style)
    }

    pub(crate) fn gap(&mut self, columns: u16) -> &mut Self {
        self.x = self.x.saturating_add(columns).min(self.end);
        self
    }

    /// Goes to this column, if it lies further right.
    pub(crate) fn to(&mut self, x: u16) -> &mut Self {
        self.x = x.max(self.x).min(self.end);
        self
    }

    /// Writes at the right edge, if there is room for all of it, and keeps the rest for what follows.
    pub(crate) fn right(&mut self, text: &str, style: Style) -> &mut Self {
        let clean = Clean::line(text);
        let width = clean.as_str().width();
        if width > 0 && width < self.room() {
            let x = self.end - width as u16;
            self.buffer
                .set_stringn(x, self.y, clean.as_str(), width, style);
            self.end = x.saturating_sub(1);
        }
        self
    }

    /// Fills the rest with one glyph.
    pub(crate) fn fill(&mut self, glyph: &str, style: Style) {
        let text = glyph.repeat(self.room());
        self.own(&text, style);
    }

    /// Lays a style over the whole strip from where it is.
    pub(crate) fn paint(&mut self, from: u16, style: Style) {
        let area = Rect::new(from, self.y, self.x.saturating_sub(from), 1);
        self.buffer.set_style(area, style);
    }

    pub(crate) fn room(&self) -> usize {
        usize::from(self.end.saturating_sub(self.x))
    }

    pub(crate) fn x(&self) -> u16 {
        self.x
    }

    pub(crate) fn y(&self) -> u16 {
        self.y
    }
}

/// `text` in at most `width` columns; if it is cut, its last column says so.
pub(crate) fn fit(text: &Clean, width: usize, theme: &Theme) -> String {
    let text = text.as_str();
    if text.width() <= width {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut used = 0;
    for c in text.chars() {
        let columns = c.width().unwrap_or(0);
        if used + columns + 1 > width {
            break;
        }
        used += columns;
        out.push(c);
    }
    if width > 0 {
        out.push_str(theme.lines().ellipsis);
    }
    out
}

/// Breaks a text at spaces into rows of at most `width` columns.
pub(crate) fn wrap(text: &Clean, width: usize) -> Vec<String> {
    let width = width.max(1);
    let mut rows = vec![String::new()];
    for word in text.as_str().split(' ') {
        let row = rows.last_mut().expect("there is always a last row");
        if !row.is_empty() && row.width() + 1 + word.width() > width {
            rows.push(String::new());
        } else if !row.is_empty() {
            row.push(' ');
        }
        for c in word.chars() {
            let row = rows.last_mut().expect("there is always a last row");
            if row.width() + c.width().unwrap_or(0) > width {
                rows.push(String::new());
            }
            rows.last_mut().expect("there is always a last row").push(c);
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_wrap_and_long_words_break() {
        assert_eq!(wrap(&Clean::line("one two three"), 7), ["one two", "three"]);
        assert_eq!(wrap(&Clean::line("abcdefgh"), 3), ["abc", "def", "gh"]);
        assert_eq!(wrap(&Clean::line(""), 3), [""]);
    }
}
