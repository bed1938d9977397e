//! What is on the terminal, and the one write that makes it what it should be.
//!
//! `draw` renders everything and sends what changed. A frame in which nothing changed sends nothing.

use std::io::{self, Write};
use std::time::{Duration, Instant};

use ratatui::backend::{Backend, ClearType, WindowSize};
use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::{Position, Rect, Size};
use ratatui::{Frame, Terminal, TerminalOptions, Viewport};

use super::paint::Paint;
use super::shift;

/// A screen that sends its frames to `W`, each by one `write_all`.
#[derive(Debug)]
pub struct Screen<W> {
    out: W,
    frames: FrameMaker,
    /// What the terminal shows.
    front: Buffer,
    /// Where the next frame is rendered.
    back: Buffer,
    paint: Paint,
    /// It is not known what the terminal shows.
    lost: bool,
    cursor: Option<Position>,
    last_write: Duration,
}

impl<W: Write> Screen<W> {
    /// The first frame replaces whatever is on the terminal.
    pub fn new(out: W, size: Size) -> Self {
        let area = Rect::from((Position::ORIGIN, size));
        Self {
            out,
            frames: FrameMaker::new(area),
            front: Buffer::empty(area),
            back: Buffer::empty(area),
            paint: Paint::default(),
            lost: true,
            cursor: None,
            last_write: Duration::ZERO,
        }
    }

    /// Renders the whole screen and sends what changed.
    pub fn draw(&mut self, view: impl FnOnce(&mut Frame)) -> io::Result<()> {
        if self.back.area == self.front.area {
            self.back.reset();
        } else {
            // The last view panicked, and its frame kept the buffer.
            self.resize(self.size());
        }
        let cursor = self.frames.render(&mut self.back, view);
        self.begin();
        let (old, new) = (&mut self.front.content, &self.back.content);
        rows(&mut self.paint, old, new, self.back.area.width);
        std::mem::swap(&mut self.front, &mut self.back);
        self.send(cursor)
    }

    /// The next `draw` replaces all that is on the terminal, without asking the terminal anything.
    pub fn redraw(&mut self) {
        self.front.reset();
        self.lost = true;
    }

    /// Takes a new size; the next `draw` fills it.
    pub fn resize(&mut self, size: Size) {
        let area = Rect::from((Position::ORIGIN, size));
        if area != self.front.area || area != self.back.area {
            self.frames = FrameMaker::new(area);
            self.front = Buffer::empty(area);
            self.back = Buffer::empty(area);
        }
        self.redraw();
    }

    pub fn size(&self) -> Size {
        self.front.area.as_size()
    }

    /// How long the last frame that sent anything took to be taken by the terminal.
    pub fn last_write(&self) -> Duration {
        self.last_write
    }

    /// What the terminal shows.
    pub fn shown(&self) -> &Buffer {
        &self.front
    }

    pub fn out(&self) -> &W {
        &self.out
    }

    pub fn out_mut(&mut self) -> &mut W {
        &mut self.out
    }

    fn begin(&mut self) {
        self.paint.start();
        if self.lost {
            self.paint.clear();
        }
    }

    fn send(&mut self, cursor: Option<Position>) -> io::Result<()> {
        let was = if self.lost { None } else { self.cursor };
        self.paint.cursor(was, cursor);
        let frame = self.paint.finish();
        self.cursor = cursor;
        self.lost = false;
        if frame.is_empty() {
            return Ok(());
        }
        let started = Instant::now();
        let sent = self.out.write_all(frame).and_then(|()| self.out.flush());
        self.last_write = started.elapsed();
        if sent.is_err() {
            self.redraw();
        }
        sent
    }
}

/// Brings all rows from `old` to `new`. What only moved, the terminal moves.
fn rows(paint: &mut Paint, old: &mut [Cell], new: &[Cell], width: u16) {
    let columns = usize::from(width).max(1);
    if let Some(shift) = shift::find(old, new, columns) {
        paint.shift(shift);
        shift.apply(old, columns);
    }
    let rows = old.chunks(columns).zip(new.chunks(columns));
    for ((old, new), y) in rows.zip(0..) {
        // Most rows are as they were; comparing them as a whole is several times faster.
        if old != new {
            paint.row(y, old, new);
        }
    }
}

/// Makes ratatui's `Frame` for the views. Ratatui's own two buffers stay empty: it would compare the whole screen on
/// each frame once more.
#[derive(Debug)]
struct FrameMaker(Terminal<CursorOnly>);

impl FrameMaker {
    fn new(area: Rect) -> Self {
        let options = TerminalOptions {
            viewport: Viewport::Fixed(area),
        };
        let Ok(mut terminal) = Terminal::with_options(CursorOnly::default(), options);
        for _ in 0..2 {
            *terminal.current_buffer_mut() = Buffer::empty(Rect::ZERO);
            terminal.swap_buffers();
        }
        Self(terminal)
    }

    /// Lets `view` render into `buffer`; returns where it wants the cursor.
    fn render(&mut self, buffer: &mut Buffer, view: impl FnOnce(&mut Frame)) -> Option<Position> {
        let Ok(_) = self.0.draw(|frame| {
            std::mem::swap(frame.buffer_mut(), buffer);
            view(frame);
            std::mem::swap(frame.buffer_mut(), buffer);
        });
        self.0.backend().0
    }
}

/// A backend that shows nothing and remembers where the cursor was wanted.
#[derive(Debug, Default)]
struct CursorOnly(Option<Position>);

type Never = std::convert::Infallible;

impl Backend for CursorOnly {
    type Error = Never;

    fn draw<'a, I: Iterator<Item = (u16, u16, &'a Cell)>>(&mut self, _: I) -> Result<(), Never> {
        Ok(())
    }

    fn hide_cursor(&mut self) -> Result<(), Never> {
        self.0 = None;
        Ok(())
    }

    fn show_cursor(&mut self) -> Result<(), Never> {
        Ok(())
    }

    fn get_cursor_position(&mut self) -> Result<Position, Never> {
        Ok(self.0.unwrap_or_default())
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> Result<(), Never> {
        self.0 = Some(position.into());
        Ok(())
    }

    fn clear(&mut self) -> Result<(), Never> {
        Ok(())
    }

    fn clear_region(&mut self, _: ClearType) -> Result<(), Never> {
        Ok(())
    }

    fn size(&self) -> Result<Size, Never> {
        Ok(Size::ZERO)
    }

    fn window_size(&mut self) -> Result<WindowSize, Never> {
        Ok(WindowSize {
            columns_rows: Size::ZERO,
            pixels: Size::ZERO,
        })
    }

    fn flush(&mut self) -> Result<(), Never> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
