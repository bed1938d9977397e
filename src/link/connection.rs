//! A connection to the engine of a run, from the side of whoever attaches: found by the run's lock, checked, greeted.

use std::io;
use std::time::Duration;

use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::time::timeout;

use super::frame::{self, FrameError, Frames};
use super::message::{Ask, Role, Tell, VERSION};
use super::{peer, place};
use crate::engine::Progress;
use crate::journal::{Holder, RunDir};
use crate::run::Actor;

/// How long an engine may take to greet, and to answer a single command.
pub(super) const PATIENCE: Duration = Duration::from_secs(15);

/// Why a run could not be attached to, or why what was asked has no answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("no engine holds the run")]
    Unheld,
    #[error("the run is driven on another host, by {}", who(.0))]
    Elsewhere(Holder),
    #[error("{} drives the run and has no socket", who(.0))]
    NoSocket(Holder),
    #[error("{} cannot be reached: {source}", who(.holder))]
    Unreachable { holder: Holder, source: io::Error },
    #[error("the engine ended the connection: {0}")]
    Refused(String),
    #[error("the engine ended the connection before it answered: {0}")]
    Unanswered(String),
    #[error("the engine does not answer: is it stopped?")]
    Silent,
    #[error("the engine speaks version {0} of the link, this program version {VERSION}")]
    Version(u32),
    #[error("the connection to the engine broke: {0}")]
    Broken(#[from] FrameError),
    #[error("the connection to the engine was closed")]
    Closed,
    #[error("cannot attach: {0}")]
    Here(io::Error),
}

fn who(holder: &Holder) -> String {
    let Holder {
        pid, user, host, ..
    } = holder;
    format!("process {pid} of {user} on {host}")
}

/// A connection that has been greeted.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) from: Frames<OwnedReadHalf>,
    pub(super) to: OwnedWriteHalf,
    /// Who the engine says we are.
    pub(super) actor: Actor,
    pub(super) progress: Progress,
}

impl Connection {
    /// Connects to whoever holds the run's lock now.
    pub(super) async fn open(run: &RunDir, role: Role) -> Result<Self, Error> {
        let holder = run.holder().map_err(Error::Here)?.ok_or(Error::Unheld)?;
        let ours = rustix::system::uname();
        if holder.host != ours.nodename().to_string_lossy() {
            return Err(Error::Elsewhere(holder));
        }
        let Some(socket) = holder.socket.clone() else {
            return Err(Error::NoSocket(holder));
        };
        let reached = place::connect(&socket).and_then(|stream| {
            stream.set_nonblocking(true)?;
            let stream = UnixStream::from_std(stream)?;
            // Nothing is said to a process of somebody else.
            peer::is_ours(&stream)?;
            Ok(stream)
        });
        let stream = reached.map_err(|source| Error::Unreachable { holder, source })?;
        timeout(PATIENCE, Self::greet(stream, role))
            .await
            .unwrap_or(Err(Error::Silent))
    }

    async fn greet(stream: UnixStream, role: Role) -> Result<Self, Error> {
        let (from, mut to) = stream.into_split();
        let mut from = Frames::new(from);
        let hello = Ask::Hello {
            version: VERSION,
            role,
        };
        frame::write(&mut to, &hello).await?;
        match from.next().await? {
            Some(Tell::Welcome {
                version: VERSION,
                actor,
                progress,
                ..
            }) => Ok(Self {
                from,
                to,
                actor: *actor,
                progress,
            }),
            Some(Tell::Welcome { version, .. }) => Err(Error::Version(version)),
            Some(Tell::Bye { why }) => Err(Error::Refused(why)),
            Some(_) | None => Err(Error::Closed),
        }
    }
}
