//! A run's screen over a counting terminal, without threads and time: what benches measure, by the ways that the loop goes.

use std::sync::Arc;

use ratatui::Frame;

use super::app::App;
use super::counting::{Count, Counting};
use super::message::{Message, Request};
use super::model::Model;
use super::options::Options;
use super::screen::Screen;
use super::theme::Theme;
use crate::journal::Line;
use crate::run::{Actor, Recorded};
use crate::time::Timestamp;
use crate::workflow::Workflow;

/// A screen that is told what happens, and drawn when asked.
#[derive(Debug)]
pub struct Stage {
    model: Model,
    theme: Theme,
    screen: Screen<Counting>,
    /// Lines of output that the run has written so far, of whichever step the log shows.
    lines: Vec<Line>,
}

impl Stage {
    pub fn new(workflow: Arc<Workflow>, options: &Options, (width, height): (u16, u16)) -> Self {
        let mut stage = Self {
            model: Model::new(workflow, Actor::default(), options),
            theme: options.theme.clone(),
            screen: Counting::screen(width, height),
            lines: Vec::new(),
        };
        stage.tell(Message::Resize { width, height });
        stage
    }

    pub fn events(&mut self, events: Vec<Recorded>) {
        self.tell(Message::Events(events));
    }

    pub fn tick(&mut self, now: Timestamp) {
        self.tell(Message::Tick(now));
    }

    /// The log that is shown grows by these lines.
    pub fn log(&mut self, texts: &[String], at: Timestamp) {
        for text in texts {
            self.lines.push(Line {
                number: self.lines.len() as u64,
                at: Some(at),
                bytes: text.clone().into_bytes(),
                cut: false,
            });
        }
        if let Some(of) = self.model.log.of.clone() {
            let count = self.lines.len() as u64;
            self.tell(Message::LogGrew { of, count });
        }
    }

    /// Repaints everything at the next `draw`.
    pub fn redraw(&mut self) {
        self.screen.redraw();
    }

    /// Draws, and says what it cost the line.
    pub fn draw(&mut self) -> Count {
        let (model, theme) = (&self.model, &self.theme);
        let drawn = self.screen.draw(|frame: &mut Frame| {
            if let Some(cursor) = model.view(theme, frame.buffer_mut()) {
                frame.set_cursor_position(cursor);
            }
        });
        drawn.expect("a counting writer takes everything");
        self.screen.out_mut().take()
    }

    fn tell(&mut self, message: Message) {
        let mut waiting = vec![message];
        while let Some(message) = waiting.pop() {
            for request in self.model.update(message) {
                if let Request::ReadLog { of, slice } = request {
                    let (count, lines) = self.slice(&slice);
                    waiting.push(Message::Log {
                        of,
                        count,
                        slice,
                        lines: lines.into_iter().map(Into::into).collect(),
                    });
                }
            }
        }
    }

    fn slice(&self, slice: &super::message::Slice) -> (u64, Vec<Line>) {
        use super::message::Slice;
        let count = self.lines.len() as u64;
        let wanted = |n: u64| match slice {
            Slice::Range(range) => range.contains(&n),
            Slice::End(last) => n + last >= count,
            Slice::Lines(numbers) => numbers.contains(&n),
        };
        let lines = self.lines.iter().filter(|line| wanted(line.number));
        (count, lines.cloned().collect())
    }
}
