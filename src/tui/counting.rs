//! A terminal for tests and budgets: counts what frames cost in bytes and writes, and keeps the bytes to look at.

use std::io::{self, Write};

use ratatui::layout::Size;

use super::screen::Screen;

/// Bytes and writes since the last `take`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    pub bytes: usize,
    pub writes: usize,
}

/// Stands where the terminal's file would be.
#[derive(Debug, Default)]
pub struct Counting {
    count: Count,
    bytes: Vec<u8>,
}

impl Counting {
    /// A screen of this size over a counting writer.
    pub fn screen(width: u16, height: u16) -> Screen<Self> {
        Screen::new(Self::default(), Size::new(width, height))
    }

    /// What was counted since the last call.
    pub fn take(&mut self) -> Count {
        self.bytes.clear();
        std::mem::take(&mut self.count)
    }

    /// The bytes since the last `take`.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl Write for Counting {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.count.writes += 1;
        self.count.bytes += bytes.len();
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
