//! What the loop draws on: the terminal, or a counting screen in tests.

use std::io;
use std::time::Duration;

use ratatui::Frame;
use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};

use super::terminal::Terminal;

pub(super) trait Surface {
    fn draw(&mut self, view: &mut dyn FnMut(&mut Frame)) -> io::Result<()>;
    /// Columns and rows now.
    fn fit(&mut self) -> (u16, u16);
    fn redraw(&mut self);
    fn last_write(&self) -> Duration;
    /// What went wrong beside the screen; told once.
    fn trouble(&mut self) -> Option<String> {
        None
    }
    /// With these words for a desktop, if any.
    fn bell(&mut self, words: Option<&str>) -> io::Result<()>;
    fn copy(&mut self, text: &str) -> io::Result<()>;
    fn set_mouse(&mut self, on: bool) -> io::Result<()>;
    /// Lines instead of the screen, or the screen again.
    fn plain(&mut self, on: bool) -> io::Result<()>;
    /// Where there is no screen.
    fn print(&mut self, text: &str) -> io::Result<()>;
    /// Gives the terminal back until the person wants the screen again.
    fn suspend(&mut self) -> io::Result<()>;
    /// Gives the terminal to `work`, and takes it back.
    fn lend(&mut self, work: &mut dyn FnMut() -> io::Result<()>) -> io::Result<()>;
    /// After the process was stopped and continued.
    fn reclaim(&mut self) -> io::Result<()>;
}

impl Surface for Terminal {
    fn draw(&mut self, view: &mut dyn FnMut(&mut Frame)) -> io::Result<()> {
        Self::draw(self, view)
    }

    fn fit(&mut self) -> (u16, u16) {
        Self::fit(self);
        let size = self.size();
        (size.width, size.height)
    }

    fn redraw(&mut self) {
        Self::redraw(self);
    }

    fn last_write(&self) -> Duration {
        Self::last_write(self)
    }

    fn trouble(&mut self) -> Option<String> {
        self.recording_trouble()
    }

    fn bell(&mut self, words: Option<&str>) -> io::Result<()> {
        Self::bell(self, words)
    }

    fn copy(&mut self, text: &str) -> io::Result<()> {
        Self::copy(self, text)
    }

    fn set_mouse(&mut self, on: bool) -> io::Result<()> {
        Self::set_mouse(self, on)
    }

    fn plain(&mut self, on: bool) -> io::Result<()> {
        if on {
            self.to_lines()
        } else {
            self.to_screen()
        }
    }

    fn print(&mut self, text: &str) -> io::Result<()> {
        Self::print(self, text)
    }

    fn suspend(&mut self) -> io::Result<()> {
        Self::suspend(self, wait_for_enter)?
    }

    fn lend(&mut self, work: &mut dyn FnMut() -> io::Result<()>) -> io::Result<()> {
        Self::suspend(self, work)?
    }

    fn reclaim(&mut self) -> io::Result<()> {
        Self::reclaim(self)
    }
}

/// Stopping the process would stop the run with it, so the screen only steps aside; and a Ctrl-z or Ctrl-c too many must not do
/// to the run what the screen has not done.
fn wait_for_enter() -> io::Result<()> {
    let given = tcgetattr(io::stdin())?;
    let mut deaf = given.clone();
    deaf.local_modes.remove(LocalModes::ISIG);
    tcsetattr(io::stdin(), OptionalActions::Now, &deaf)?;
    // Not by `io::stdout`, which the thread that waits for the screen holds locked.
    rustix::io::write(
        io::stdout(),
        b"flightdeck: the screen is suspended, the run goes on. Enter brings it back.\n",
    )?;
    let mut line = String::new();
    io::stdin().read_line(&mut line)?;
    tcsetattr(io::stdin(), OptionalActions::Now, &given)?;
    Ok(())
}
