//! Many logs take a while to be opened: a worker does it, and the screen goes on.

use std::io;

use tokio::sync::mpsc::{Receiver, Sender, channel};

use super::logs::Logs;
use super::message::{LogOf, Slice};

/// A log that a worker has opened, or why not.
pub(super) type Opened = (LogOf, io::Result<Logs>);

/// A log that is being opened.
#[derive(Debug)]
pub(super) struct Going {
    of: LogOf,
    /// What was asked of it last meanwhile.
    pub(super) asked: Option<Slice>,
}

#[derive(Debug)]
pub(super) struct Opening {
    going: Option<Going>,
    done: Sender<Opened>,
    pub(super) opened: Receiver<Opened>,
}

impl Opening {
    pub(super) fn new() -> Self {
        let (done, opened) = channel(1);
        Self {
            going: None,
            done,
            opened,
        }
    }

    /// Opens it, unless that is being done.
    pub(super) fn begin(
        &mut self,
        of: &LogOf,
        open: impl FnOnce() -> io::Result<Logs> + Send + 'static,
    ) {
        if self.going.as_ref().is_some_and(|going| going.of == *of) {
            return;
        }
        self.going = Some(Going {
            of: of.clone(),
            asked: None,
        });
        let (done, of) = (self.done.clone(), of.clone());
        // Nobody waits for it any more when the screen is closed.
        tokio::task::spawn_blocking(move || _ = done.blocking_send((of, open())));
    }

    /// To be answered when it is open; an older question need not be.
    pub(super) fn ask(&mut self, slice: Slice) {
        if let Some(going) = &mut self.going {
            going.asked = Some(slice);
        }
    }

    /// It is open now; `None` if another log has been asked for since.
    pub(super) fn end(&mut self, of: &LogOf) -> Option<Going> {
        self.going.take_if(|going| going.of == *of)
    }
}
