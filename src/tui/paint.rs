//! Changed cells -> the fewest bytes that show them: cursor moves, colours and text into one frame.

use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Position;
use ratatui::style::{Color, Modifier};
use unicode_width::UnicodeWidthStr;

use super::shift::Shift;

const SYNC_BEGIN: &[u8] = b"\x1b[?2026h";
const SYNC_END: &[u8] = b"\x1b[?2026l";

/// Blank cells to the end of a row are erased at once from this number on; `CSI K` takes three bytes.
const ERASE_MIN: usize = 4;
/// Unchanged cells between two changed ones are written again up to this number; a move takes up to eight bytes.
const REWRITE_MAX: u16 = 3;

/// One frame in the making. Between frames the terminal's pen is always plain.
#[derive(Debug, Default)]
pub(super) struct Paint {
    bytes: Vec<u8>,
    pen: Pen,
    /// Where the terminal's cursor is, as far as it is known.
    at: Option<Position>,
    /// Cursor moves so far: a frame of one piece cannot tear.
    moves: usize,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Pen {
    fg: Color,
    bg: Color,
    modifier: Modifier,
}

impl Pen {
    fn of(cell: &Cell) -> Self {
        Self {
            fg: cell.fg,
            bg: cell.bg,
            modifier: cell.modifier,
        }
    }
}

impl Paint {
    /// A frame that replaces all that is on the terminal.
    pub(super) fn clear(&mut self) {
        self.bytes.extend_from_slice(b"\x1b[m\x1b[2J");
        self.moves = 2;
    }

    /// Lets the terminal move rows.
    pub(super) fn shift(&mut self, shift: Shift) {
        let (top, bottom) = (shift.top as u16, shift.bottom as u16);
        // Deleting or inserting lines within margins is what every terminal since the VT102 knows.
        self.csi(&[top + 1, bottom + 1], b'r');
        self.csi(&[top + 1], b'H');
        self.csi(&[shift.lines as u16], if shift.up { b'M' } else { b'L' });
        self.bytes.extend_from_slice(b"\x1b[r");
        self.at = Some(Position::ORIGIN);
        self.moves += 2;
    }

    /// Writes what differs between two versions of screen row `y`; both are as long as the terminal is wide.
    pub(super) fn row(&mut self, y: u16, old: &[Cell], new: &[Cell]) {
        let blank_from = blank_tail(new);
        // Columns that must be written although they look the same: a wide character touched them.
        let mut stale = 0_usize;
        // Columns that the wide character before them hides, whatever the buffer has there.
        let mut covered = 0_usize;
        for (i, (old_cell, cell)) in old.iter().zip(new).enumerate() {
            let (old_width, width) = (columns(old_cell), columns(cell));
            let at = Position::new(i as u16, y);
            let changed = stale > 0 || old_cell != cell;
            if changed && covered == 0 {
                if i >= blank_from && new.len() - i >= ERASE_MIN {
                    self.erase_to_end(at);
                    return;
                }
                self.go(at, &new[..i]);
                self.put(cell, width);
            }
            stale = old_width.max(width).max(stale).saturating_sub(1);
            covered = covered.checked_sub(1).unwrap_or(width - 1);
        }
    }

    /// Where the cursor is to stand and be seen; `None` hides it. `was` is how it stood before this frame.
    pub(super) fn cursor(&mut self, was: Option<Position>, now: Option<Position>) {
        match now {
            Some(position) => {
                if was != now || !self.bytes.is_empty() {
                    self.move_to(position);
                }
                if was.is_none() {
                    self.bytes.extend_from_slice(b"\x1b[?25h");
                }
            }
            None if was.is_some() => self.bytes.extend_from_slice(b"\x1b[?25l"),
            None => {}
        }
    }

    /// The finished frame, ready to be sent at once; empty if nothing changed.
    pub(super) fn finish(&mut self) -> &[u8] {
        if self.bytes.is_empty() {
            return &[];
        }
        self.pen_to(Pen::default());
        if self.moves > 1 {
            self.bytes.splice(0..0, SYNC_BEGIN.iter().copied());
            self.bytes.extend_from_slice(SYNC_END);
        }
        &self.bytes
    }

    /// Starts the next frame, keeping the memory.
    pub(super) fn start(&mut self) {
        self.bytes.clear();
        self.at = None;
        self.moves = 0;
    }

    /// Brings the cursor to `to`. `left` are the cells of the same row before it: a short gap is written again.
    fn go(&mut self, to: Position, left: &[Cell]) {
        if self.at == Some(to) {
            return;
        }
        if let Some(at) = self.at
            && at.y == to.y
            && at.x < to.x
            && to.x - at.x <= REWRITE_MAX
        {
            let gap = &left[usize::from(at.x)..];
            let cheap = |c: &Cell| c.symbol().len() == 1 && Pen::of(c) == self.pen;
            if gap.iter().all(cheap) {
                for cell in gap {
                    self.bytes.extend_from_slice(cell.symbol().as_bytes());
                }
                self.at = Some(to);
                return;
            }
        }
        self.move_to(to);
    }

    fn move_to(&mut self, to: Position) {
        match self.at {
            Some(at) if at == to => return,
            Some(at) if to.x == 0 && to.y == at.y + 1 => self.bytes.extend_from_slice(b"\r\n"),
            Some(at) if to.y == at.y && to.x > at.x => self.csi(&[to.x - at.x], b'C'),
            _ if to.x == 0 => self.csi(&[to.y + 1], b'H'),
            _ => self.csi(&[to.y + 1, to.x + 1], b'H'),
        }
        self.moves += 1;
        self.at = Some(to);
    }

    fn put(&mut self, cell: &Cell, width: usize) {
        self.pen_to(Pen::of(cell));
        let symbol = cell.symbol();
        let symbol = if symbol.is_empty() { " " } else { symbol };
        self.bytes.extend_from_slice(symbol.as_bytes());
        // Terminals disagree about the width of anything but plain characters; after one, the place is told anew.
        let plain = width == 1 && symbol.chars().nth(1).is_none();
        self.at = self.at.filter(|_| plain).map(|mut at| {
            at.x += 1;
            at
        });
    }

    fn erase_to_end(&mut self, at: Position) {
        self.move_to(at);
        self.pen_to(Pen::default());
        self.bytes.extend_from_slice(b"\x1b[K");
    }

    fn pen_to(&mut self, to: Pen) {
        let from = self.pen;
        if from == to {
            return;
        }
        self.pen = to;
        if to == Pen::default() {
            self.bytes.extend_from_slice(b"\x1b[m");
            return;
        }
        self.bytes.extend_from_slice(b"\x1b[");
        let body = self.bytes.len();
        let mut from = from;
        if !to.modifier.contains(from.modifier) {
            self.bytes.extend_from_slice(b"0;");
            from = Pen::default();
        }
        for (bit, code) in ATTRIBUTES {
            if to.modifier.contains(bit) && !from.modifier.contains(bit) {
                self.number(code);
                self.bytes.push(b';');
            }
        }
        if to.fg != from.fg {
            self.colour(to.fg, 30);
        }
        if to.bg != from.bg {
            self.colour(to.bg, 40);
        }
        // The last separator turns into the final byte.
        debug_assert!(self.bytes.len() > body, "pens that differ have a code");
        self.bytes.pop();
        self.bytes.push(b'm');
    }

    fn colour(&mut self, colour: Color, base: u16) {
        let codes: &[u16] = match colour {
            Color::Reset => &[base + 9],
            Color::Indexed(i) => &[base + 8, 5, u16::from(i)],
            Color::Rgb(r, g, b) => &[base + 8, 2, u16::from(r), u16::from(g), u16::from(b)],
            named => &[base + named_code(named)],
        };
        for code in codes {
            self.number(*code);
            self.bytes.push(b';');
        }
    }

    fn csi(&mut self, numbers: &[u16], end: u8) {
        self.bytes.extend_from_slice(b"\x1b[");
        // One is what a sequence means without a number.
        if numbers != [1] {
            for (i, number) in numbers.iter().enumerate() {
                if i > 0 {
                    self.bytes.push(b';');
                }
                self.number(*number);
            }
        }
        self.bytes.push(end);
    }

    fn number(&mut self, n: u16) {
        let mut power = 10_u16.pow(n.checked_ilog10().unwrap_or(0));
        while power > 0 {
            self.bytes.push(b'0' + (n / power % 10) as u8);
            power /= 10;
        }
    }
}

/// A buffer as lines that follow each other, for a terminal without a screen. Each begins and ends with a plain pen.
pub(super) fn lines(buffer: &Buffer) -> String {
    let mut paint = Paint::default();
    for row in buffer.content.chunks(usize::from(buffer.area.width).max(1)) {
        let mut covered = 0;
        for cell in &row[..blank_tail(row)] {
            if covered == 0 {
                paint.put(cell, columns(cell));
                covered = columns(cell);
            }
            covered -= 1;
        }
        paint.pen_to(Pen::default());
        paint.bytes.push(b'\n');
    }
    String::from_utf8_lossy(&paint.bytes).into_owned()
}

/// Underline colours are left out: a terminal that does not know them takes `58;5;4` for "blink, underlined".
const ATTRIBUTES: [(Modifier, u16); 9] = [
    (Modifier::BOLD, 1),
    (Modifier::DIM, 2),
    (Modifier::ITALIC, 3),
    (Modifier::UNDERLINED, 4),
    (Modifier::SLOW_BLINK, 5),
    (Modifier::RAPID_BLINK, 6),
    (Modifier::REVERSED, 7),
    (Modifier::HIDDEN, 8),
    (Modifier::CROSSED_OUT, 9),
];

/// Offset from 30 or 40.
fn named_code(colour: Color) -> u16 {
    match colour {
        Color::Black => 0,
        Color::Red => 1,
        Color::Green => 2,
        Color::Yellow => 3,
        Color::Blue => 4,
        Color::Magenta => 5,
        Color::Cyan => 6,
        Color::Gray => 7,
        Color::DarkGray => 60,
        Color::LightRed => 61,
        Color::LightGreen => 62,
        Color::LightYellow => 63,
        Color::LightBlue => 64,
        Color::LightMagenta => 65,
        Color::LightCyan => 66,
        Color::White => 67,
        Color::Reset | Color::Indexed(_) | Color::Rgb(..) => 9,
    }
}

/// Columns that a cell's symbol takes on the terminal.
fn columns(cell: &Cell) -> usize {
    let symbol = cell.symbol();
    if symbol.len() == 1 {
        1
    } else {
        symbol.width().max(1)
    }
}

/// Index of the first cell after which the row is blank and plain.
fn blank_tail(cells: &[Cell]) -> usize {
    let blank = |cell: &&Cell| cell.symbol() == " " && Pen::of(cell) == Pen::default();
    cells.len() - cells.iter().rev().take_while(blank).count()
}
