//! What the person types: keys while there is a screen, whole lines while there is none.
//!
//! Lines are edited by the terminal itself, so nothing of them is drawn here. They are read from an own opening of the
//! terminal that never blocks: a thread that waits for a line would take the first key from the screen that comes back.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::pin::Pin;
use std::task::Poll;

use crossterm::event::Event;
use futures_util::{Stream, StreamExt, stream};
use rustix::fs::OFlags;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use super::terminal::STOPS;

pub(super) type Keys = Pin<Box<dyn Stream<Item = io::Result<Event>>>>;
pub(super) type Lines = Pin<Box<dyn Stream<Item = io::Result<String>>>>;

/// A terminal gives no longer line.
const LINE_MAX: usize = 4096;
/// Ctrl-d, which ends a line that has not begun.
const END: &str = "\u{4}";

/// How the person types now.
pub(super) enum Typed {
    Keys(Keys),
    Lines(Lines),
}

/// What came.
pub(super) enum Heard {
    Event(Event),
    Line(String),
}

impl Typed {
    /// The next key or line; `None` once the terminal is gone.
    pub(super) async fn next(&mut self) -> Option<Heard> {
        match self {
            Self::Keys(keys) => keys.next().await?.ok().map(Heard::Event),
            Self::Lines(lines) => lines.next().await?.ok().map(Heard::Line),
        }
    }

    /// The next event, if one waits already. Polled with this task's own waker: crossterm keeps the first waker that it is
    /// given until a key comes, so a poll with another one would leave the loop asleep.
    pub(super) async fn waiting(&mut self) -> Option<Event> {
        let Self::Keys(keys) = self else { return None };
        let polled = std::future::poll_fn(|cx| Poll::Ready(keys.as_mut().poll_next(cx))).await;
        match polled {
            Poll::Ready(Some(Ok(event))) => Some(event),
            _ => None,
        }
    }
}

/// Lines from the terminal. A line that Ctrl-c or Ctrl-z has ended ends with that character.
pub(super) fn lines() -> Lines {
    match open() {
        Ok(terminal) => Box::pin(stream::unfold(terminal, |terminal| async {
            Some((line(&terminal).await?, terminal))
        })),
        Err(error) => {
            tracing::error!("no lines can be read: {error}");
            Box::pin(stream::empty())
        }
    }
}

fn open() -> io::Result<AsyncFd<File>> {
    let flags = OFlags::NOCTTY | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(flags.bits() as i32)
        .open("/dev/tty")?;
    #[expect(
        deprecated,
        reason = "unsound only for types that give another descriptor than their own, which a file does not"
    )]
    AsyncFd::with_interest(file, Interest::READABLE)
}

/// `None` if the terminal is gone.
async fn line(terminal: &AsyncFd<File>) -> Option<io::Result<String>> {
    let mut bytes = [0; LINE_MAX];
    let read = terminal
        .async_io(Interest::READABLE, |mut file| file.read(&mut bytes))
        .await;
    match read {
        // A terminal that has hung up reads as an end for ever.
        Ok(0) if rustix::termios::tcgetattr(terminal).is_err() => None,
        Ok(0) => Some(Ok(END.to_owned())),
        // Ctrl-d behind a text hands it over unfinished: nobody has pressed Enter.
        Ok(n) if n < LINE_MAX && !is_whole(bytes[n - 1]) => Some(Ok(END.to_owned())),
        Ok(n) => Some(Ok(String::from_utf8_lossy(&bytes[..n]).into_owned())),
        Err(_) => None,
    }
}

/// Whether a line that ends so was ended by the person: by Enter, Ctrl-c or Ctrl-z.
fn is_whole(last: u8) -> bool {
    last == b'\n' || STOPS.contains(&last)
}
