//! A line of somebody's output -> styled text that is safe to show. Keeps colours and attributes (SGR), drops every
//! other control sequence, and never loses text: a sequence that does not end is shown, and cannot eat the next line.

use std::ops::Range;

use anstyle_parse::{DefaultCharAccumulator, Params, Parser, Perform};
use ratatui::style::{Color, Modifier, Style};
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::text::push_clean;

/// Bytes of one line that are shown; the rest is counted.
pub const LINE_MAX: usize = 8 * 1024;
/// Accents and the like on one character; more of them smear over the lines around.
const MARKS_MAX: usize = 4;
const TAB: usize = 8;
const ESCAPE: u8 = 0x1b;

/// A piece of one line in one style. Holds no control, bidirectional or invisible character.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Span {
    pub text: String,
    pub style: Style,
}

/// What carries over from one line of a log to the next: the style, as in a terminal.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct State {
    pub style: Style,
}

/// One line without its line break. Of text overwritten by carriage returns (a progress bar) the last version stays.
pub fn parse(line: &[u8], state: &mut State) -> Vec<Span> {
    let shown = &line[..line.len().min(LINE_MAX)];
    let text = String::from_utf8_lossy(shown);
    let mut writer = Writer::new(state.style);
    if text.bytes().all(|b| (0x20..0x7f).contains(&b)) {
        writer.plain(&text);
    } else {
        let mut parser = Parser::<DefaultCharAccumulator>::new();
        let bytes = text.as_bytes();
        for (i, byte) in bytes.iter().enumerate() {
            if *byte == ESCAPE && is_open_string(&bytes[i + 1..]) {
                // End what may be open, then show the escape character and go on with what follows it as text.
                parser = Parser::<DefaultCharAccumulator>::new();
                writer.character('\u{1b}');
            } else {
                parser.advance(&mut writer, *byte);
            }
        }
    }
    state.style = writer.style;
    if line.len() > shown.len() {
        writer.style = Style::new().add_modifier(Modifier::DIM);
        let more = format!(" ... {} more bytes", line.len() - shown.len());
        writer.plain(&more);
    }
    writer.spans
}

/// Columns that the spans take.
pub fn width(spans: &[Span]) -> usize {
    spans.iter().map(|span| span.text.width()).sum()
}

/// Breaks a line into rows of at most `width` columns; an empty line is one empty row.
pub fn wrap(spans: &[Span], width: usize) -> Vec<Vec<Span>> {
    let width = width.max(1);
    let mut rows = vec![Vec::new()];
    let mut used = 0;
    for (text, columns, style) in characters(spans) {
        // A wide character in a single column: nothing else can be done.
        let (text, columns) = if columns > width {
            ("?", 1)
        } else {
            (text, columns)
        };
        if used + columns > width {
            rows.push(Vec::new());
            used = 0;
        }
        used += columns;
        if let Some(row) = rows.last_mut() {
            push(row, text, style);
        }
    }
    rows
}

/// The part of a line from column `from` on, at most `width` columns: for lines that are not wrapped. Half of a wide
/// character becomes a space.
pub fn window(spans: &[Span], from: usize, width: usize) -> Vec<Span> {
    let mut part = Vec::new();
    let mut column = 0;
    for (text, columns, style) in characters(spans) {
        let (start, end) = (column, column + columns);
        column = end;
        if start >= from + width {
            break;
        }
        if start >= from && end <= from + width {
            push(&mut part, text, style);
        } else if end > from {
            push(&mut part, " ", style);
        }
    }
    part
}

/// Lays `style` over byte ranges of the line's text (as [`text`] gives it). Ranges must be in order and not overlap.
pub fn highlight(spans: Vec<Span>, ranges: &[Range<usize>], style: Style) -> Vec<Span> {
    if ranges.is_empty() {
        return spans;
    }
    let mut lit = Vec::with_capacity(spans.len() + 2 * ranges.len());
    let mut start = 0;
    for span in spans {
        let mut done = 0;
        let mut piece = |until: usize, style: Style| {
            // A range that cuts through a character is drawn back to its beginning.
            let until = span.text.floor_char_boundary(until.min(span.text.len()));
            if until > done {
                push(&mut lit, &span.text[done..until], style);
                done = until;
            }
        };
        for range in ranges {
            if range.end > start && range.start < start + span.text.len() {
                piece(range.start.saturating_sub(start), span.style);
                piece(range.end - start, span.style.patch(style));
            }
        }
        piece(span.text.len(), span.style);
        start += span.text.len();
    }
    lit
}

/// The line as one text: for search and for copying.
pub fn text(spans: &[Span]) -> String {
    spans.iter().map(|span| span.text.as_str()).collect()
}

fn characters(spans: &[Span]) -> impl Iterator<Item = (&str, usize, Style)> {
    spans.iter().flat_map(|span| {
        let graphemes = span.text.graphemes(true);
        graphemes.map(|text| (text, text.width(), span.style))
    })
}

fn push(spans: &mut Vec<Span>, text: &str, style: Style) {
    match spans.last_mut() {
        Some(last) if last.style == style => last.text.push_str(text),
        _ => spans.push(Span {
            text: text.to_owned(),
            style,
        }),
    }
}

/// Whether these bytes after an escape character begin a string (OSC, DCS, ...) that does not end on this line.
fn is_open_string(after: &[u8]) -> bool {
    let Some((b']' | b'P' | b'X' | b'^' | b'_', body)) = after.split_first() else {
        return false;
    };
    // BEL, CAN, SUB or the escape character of whatever follows ends it.
    !body
        .iter()
        .any(|b| matches!(b, 0x07 | 0x18 | 0x1a | &ESCAPE))
}

/// Takes in what the parser finds.
struct Writer {
    spans: Vec<Span>,
    style: Style,
    column: usize,
    marks: usize,
    /// A carriage return came: the next text begins the line anew.
    returned: bool,
}

impl Writer {
    fn new(style: Style) -> Self {
        Self {
            spans: Vec::new(),
            style,
            column: 0,
            marks: 0,
            returned: false,
        }
    }

    /// Text known to be printable ASCII.
    fn plain(&mut self, text: &str) {
        if !text.is_empty() {
            push(&mut self.spans, text, visible(self.style));
            self.column += text.len();
        }
    }

    fn character(&mut self, c: char) {
        if std::mem::take(&mut self.returned) {
            self.spans.clear();
            self.column = 0;
            self.marks = 0;
        }
        if matches!(c, '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}') {
            // A variation selector says how a character looks, and terminals disagree how wide it is then.
            return;
        }
        let mut clean = String::new();
        if c == '\t' {
            clean.extend(std::iter::repeat_n(' ', TAB - self.column % TAB));
        } else {
            push_clean(&mut clean, c);
        }
        if c.width() == Some(0) && clean.width() == 0 {
            if self.column == 0 {
                // Nothing to stand on.
                self.column += 1;
                push(&mut self.spans, "◌", visible(self.style));
            }
            self.marks += 1;
            if self.marks > MARKS_MAX {
                return;
            }
        } else {
            self.marks = 0;
        }
        self.column += clean.width();
        push(&mut self.spans, &clean, visible(self.style));
    }
}

impl Perform for Writer {
    fn print(&mut self, c: char) {
        self.character(c);
    }

    fn execute(&mut self, byte: u8) {
        if byte == b'\r' {
            self.returned = true;
        } else {
            self.character(char::from(byte));
        }
    }

    fn csi_dispatch(&mut self, params: &Params, marks: &[u8], ignored: bool, action: u8) {
        if action == b'm' && marks.is_empty() && !ignored {
            self.style = sgr(self.style, params);
        }
    }
}

/// Text in the colour of its background would be there and not be seen.
fn visible(mut style: Style) -> Style {
    if style.fg.is_some() && style.fg == style.bg {
        style.bg = None;
    }
    style
}

fn sgr(mut style: Style, params: &Params) -> Style {
    let mut params = params.iter();
    while let Some(param) = params.next() {
        let code = param.first().copied().unwrap_or(0);
        match code {
            0 => style = Style::default(),
            1 => style.add_modifier |= Modifier::BOLD,
            2 => style.add_modifier |= Modifier::DIM,
            3 => style.add_modifier |= Modifier::ITALIC,
            4 if param.get(1) == Some(&0) => style.add_modifier -= Modifier::UNDERLINED,
            4 | 21 => style.add_modifier |= Modifier::UNDERLINED,
            7 => style.add_modifier |= Modifier::REVERSED,
            9 => style.add_modifier |= Modifier::CROSSED_OUT,
            22 => style.add_modifier -= Modifier::BOLD | Modifier::DIM,
            23 => style.add_modifier -= Modifier::ITALIC,
            24 => style.add_modifier -= Modifier::UNDERLINED,
            27 => style.add_modifier -= Modifier::REVERSED,
            29 => style.add_modifier -= Modifier::CROSSED_OUT,
            30..=37 | 90..=97 => style.fg = Some(sixteen(code)),
            40..=47 | 100..=107 => style.bg = Some(sixteen(code - 10)),
            38 => style.fg = extended(param, &mut params).or(style.fg),
            48 => style.bg = extended(param, &mut params).or(style.bg),
            // The colour of underlines is dropped, but its numbers must not be taken for codes.
            58 => _ = extended(param, &mut params),
            39 => style.fg = None,
            49 => style.bg = None,
            // Blinking (5, 6) tires, and hidden text (8) deceives.
            _ => {}
        }
    }
    style
}

fn sixteen(code: u16) -> Color {
    const COLOURS: [Color; 16] = [
        Color::Black,
        Color::Red,
        Color::Green,
        Color::Yellow,
        Color::Blue,
        Color::Magenta,
        Color::Cyan,
        Color::Gray,
        Color::DarkGray,
        Color::LightRed,
        Color::LightGreen,
        Color::LightYellow,
        Color::LightBlue,
        Color::LightMagenta,
        Color::LightCyan,
        Color::White,
    ];
    let index = if code < 90 { code - 30 } else { code - 90 + 8 };
    COLOURS[usize::from(index)]
}

/// `38;5;n`, `38;2;r;g;b`, and the same with colons, where an empty colour space may stand before the parts.
fn extended<'a>(first: &[u16], rest: &mut impl Iterator<Item = &'a [u16]>) -> Option<Color> {
    let byte = |n: u16| u8::try_from(n).ok();
    if first.len() > 1 {
        return match first[1..] {
            [5, n] => byte(n).map(Color::Indexed),
            [2, r, g, b] | [2, _, r, g, b, ..] => Some(Color::Rgb(byte(r)?, byte(g)?, byte(b)?)),
            _ => None,
        };
    }
    let mut next = || rest.next().and_then(|param| param.first().copied());
    match next()? {
        5 => byte(next()?).map(Color::Indexed),
        2 => {
            let (r, g, b) = (next()?, next()?, next()?);
            Some(Color::Rgb(byte(r)?, byte(g)?, byte(b)?))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests;
