//! What the loop needs of a screen: the run's, or the home screen's.

use ratatui::buffer::Buffer;
use ratatui::layout::Position;

use super::message::{Message, Request};
use super::theme::Theme;
use crate::time::Timestamp;

pub(super) trait App {
    fn update(&mut self, message: Message) -> Vec<Request>;
    /// Draws everything; gives the place of the cursor, if there is one.
    fn view(&self, theme: &Theme, buffer: &mut Buffer) -> Option<Position>;
    /// When the screen changes by itself.
    fn wake_at(&self) -> Option<Timestamp>;
    /// The person is done with it.
    fn is_done(&self) -> bool;
    /// It is told in lines instead of drawn.
    fn is_plain(&self) -> bool {
        false
    }
    /// The lines that have not been printed yet.
    fn take_lines(&mut self) -> String {
        String::new()
    }
}

impl App for super::model::Model {
    fn update(&mut self, message: Message) -> Vec<Request> {
        super::update::update(self, message)
    }

    fn view(&self, theme: &Theme, buffer: &mut Buffer) -> Option<Position> {
        super::view::render(self, theme, buffer)
    }

    fn wake_at(&self) -> Option<Timestamp> {
        self.wake_at()
    }

    fn is_done(&self) -> bool {
        self.outcome.is_some()
    }

    fn is_plain(&self) -> bool {
        self.plain.on
    }

    fn take_lines(&mut self) -> String {
        self.plain.take()
    }
}
