//! What a mouse can say to the screen: where, and a click or a turn of the wheel. Everything else of it is left alone.

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mouse {
    pub does: Does,
    pub column: u16,
    pub row: u16,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Does {
    Click,
    WheelUp,
    WheelDown,
}

impl Mouse {
    /// What crossterm read; `None` for moves, drags, releases and other buttons.
    pub(crate) fn from_event(event: MouseEvent) -> Option<Self> {
        let does = match event.kind {
            MouseEventKind::Down(MouseButton::Left) => Does::Click,
            MouseEventKind::ScrollUp => Does::WheelUp,
            MouseEventKind::ScrollDown => Does::WheelDown,
            _ => return None,
        };
        Some(Self {
            does,
            column: event.column,
            row: event.row,
        })
    }
}
