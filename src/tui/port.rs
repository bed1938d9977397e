//! What the loop needs of an engine: its handle, or a scripted one in tests.

use std::future::Future;
use std::io;

use crate::engine::{Feed, Handle, Pace, Receipt};
use crate::id::AttemptId;
use crate::journal::{self, Reader};
use crate::run::{Actor, Command, Recorded, Seen};
use crate::time::Timestamp;

pub(super) trait Port: Clone + Send + Sync + 'static {
    type Feed: Events;
    fn send(
        &self,
        command: Command,
        actor: Actor,
        seen: Option<Seen>,
    ) -> impl Future<Output = Receipt> + 'static;
    fn output(&self, attempt: &AttemptId) -> io::Result<Reader>;
    /// Of logs, what was written until then is to be seen; `None`: all of it.
    fn until(&self) -> Option<Timestamp> {
        None
    }
}

/// As `engine::Feed`.
pub(super) trait Events {
    fn ready(&mut self) -> Result<Vec<Recorded>, journal::Error>;
    fn wait(&mut self) -> impl Future<Output = ()>;
    fn pace(&self) -> Pace;
}

impl Port for Handle {
    type Feed = Feed;

    fn send(
        &self,
        command: Command,
        actor: Actor,
        seen: Option<Seen>,
    ) -> impl Future<Output = Receipt> + 'static {
        let handle = self.clone();
        async move { handle.send(command, actor, seen).await }
    }

    fn output(&self, attempt: &AttemptId) -> io::Result<Reader> {
        Self::output(self, attempt)
    }
}

impl Events for Feed {
    fn ready(&mut self) -> Result<Vec<Recorded>, journal::Error> {
        Self::ready(self)
    }

    async fn wait(&mut self) {
        Self::wait(self).await;
    }

    fn pace(&self) -> Pace {
        Self::pace(self)
    }
}

/// For screens without a run: nothing ever happens.
#[derive(Clone, Debug)]
pub(super) struct NoRun;

impl Port for NoRun {
    type Feed = Self;

    fn send(
        &self,
        _: Command,
        _: Actor,
        _: Option<Seen>,
    ) -> impl Future<Output = Receipt> + 'static {
        std::future::ready(Ok(()))
    }

    fn output(&self, _: &AttemptId) -> io::Result<Reader> {
        Err(io::ErrorKind::NotFound.into())
    }
}

impl Events for NoRun {
    fn ready(&mut self) -> Result<Vec<Recorded>, journal::Error> {
        Ok(Vec::new())
    }

    async fn wait(&mut self) {
        std::future::pending::<()>().await;
    }

    fn pace(&self) -> Pace {
        Pace::Live
    }
}
