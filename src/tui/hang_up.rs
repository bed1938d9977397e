//! The terminal may go away at any moment (a dropped SSH line). How to learn of it even if no signal comes, and how to
//! go on without it: crossterm spins at full speed on a terminal that has hung up, so the run gets quiet files instead.

use std::fs::OpenOptions;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::sync::OnceLock;
use std::thread;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::OFlags;
use rustix::io::Errno;
use rustix::pipe::{PipeFlags, pipe_with};

use super::terminal;

/// Kept for ever: standard input then has a writer, so that a poll of it waits instead of reporting an end.
static SILENCE: OnceLock<OwnedFd> = OnceLock::new();

/// Takes the dead terminal out of this process: nothing more comes from standard input, and output goes nowhere. For good; safe to
/// call again, and from any thread. Drop the event stream too.
pub fn hang_up() -> io::Result<()> {
    terminal::forget();
    let (read, write) = pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK)?;
    // The pipe of the first call serves for ever.
    if SILENCE.set(write).is_ok() {
        rustix::stdio::dup2_stdin(&read)?;
    }
    let nowhere = OpenOptions::new().write(true).open("/dev/null")?;
    rustix::stdio::dup2_stdout(&nowhere)?;
    rustix::stdio::dup2_stderr(&nowhere)?;
    Ok(())
}

/// Watches the terminal until dropped.
#[derive(Debug)]
pub struct Watch {
    /// Closing it ends the watcher's wait.
    _stop: OwnedFd,
}

/// Calls `on_hang_up` from an own thread when the terminal hangs up, whether or not SIGHUP comes. Needs a terminal.
pub fn watch_hang_up(on_hang_up: impl FnOnce() + Send + 'static) -> io::Result<Watch> {
    let flags = OFlags::NOCTTY | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let own = OpenOptions::new()
        .read(true)
        .custom_flags(flags.bits() as i32)
        .open("/dev/tty");
    // In a container there may be a terminal on standard input that is not the controlling one.
    let tty: OwnedFd = match own {
        Ok(file) => file.into(),
        Err(_) => rustix::io::fcntl_dupfd_cloexec(io::stdin().as_fd(), 3)?,
    };
    // One that has hung up already answers with another error, and is told of by the first look.
    if rustix::termios::tcgetattr(&tty).is_err_and(|error| error == Errno::NOTTY) {
        return Err(io::Error::other("standard input is not a terminal"));
    }
    let (stopped, stop) = pipe_with(PipeFlags::CLOEXEC)?;
    thread::Builder::new()
        .name("hang-up".into())
        .spawn(move || {
            if hangs_up(&tty, &stopped) {
                on_hang_up();
            }
        })?;
    Ok(Watch { _stop: stop })
}

/// Waits; true if the terminal hung up, false if nobody wants to know any more.
fn hangs_up(tty: &OwnedFd, stopped: &OwnedFd) -> bool {
    loop {
        // No events are asked for: errors and hang-ups are always told.
        let mut fds = [
            PollFd::new(tty, PollFlags::empty()),
            PollFd::new(stopped, PollFlags::empty()),
        ];
        match poll(&mut fds, None) {
            Err(Errno::INTR) => {}
            Err(_) => return false,
            Ok(_) if !fds[1].revents().is_empty() => return false,
            Ok(_) if !fds[0].revents().is_empty() => return true,
            Ok(_) => {}
        }
    }
}
