//! Who is at the other end of a connection, by the word of the kernel.

use std::io;
use std::os::fd::OwnedFd;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, geteuid, pidfd_open};
use tokio::net::UnixStream;

use crate::run::Actor;

/// Who is behind a process, as the kernel knows it.
pub type Identify = fn(u32) -> io::Result<Actor>;

/// The process at the other end, held so that its number can mean no other one.
#[derive(Debug)]
pub(super) struct Peer {
    pub(super) actor: Actor,
    process: OwnedFd,
}

impl Peer {
    /// Refuses every other user, and every process that is not any more the one that connected.
    pub(super) fn of(stream: &UnixStream, identify: Identify) -> io::Result<Self> {
        let denied = |why: String| io::Error::new(io::ErrorKind::PermissionDenied, why);
        let credentials = is_ours(stream)?;
        let pid = credentials.pid().filter(|pid| *pid > 0);
        let pid = pid.ok_or_else(|| denied("a process of another container".to_owned()))?;
        let number = Pid::from_raw(pid).ok_or_else(|| denied(format!("no process {pid}")))?;
        let process = pidfd_open(number, PidfdFlags::empty())?;
        let actor = identify(pid.cast_unsigned())?;
        let peer = Self { actor, process };
        // Only now: what was read above belongs to the process that is held, if that still lives.
        if !peer.is_there() || peer.actor.uid != Some(credentials.uid()) {
            return Err(denied(format!("process {pid} is not who connected")));
        }
        Ok(peer)
    }

    /// Whether the process still lives. Another one that was left its connection has no right to its name.
    pub(super) fn is_there(&self) -> bool {
        let mut ended = [PollFd::new(&self.process, PollFlags::IN)];
        matches!(poll(&mut ended, Some(&Timespec::default())), Ok(0))
    }
}

/// The credentials of the other end, if it is a process of our own user.
pub(super) fn is_ours(stream: &UnixStream) -> io::Result<tokio::net::unix::UCred> {
    let credentials = stream.peer_cred()?;
    let us = geteuid().as_raw();
    if credentials.uid() == us {
        return Ok(credentials);
    }
    Err(io::Error::new(
        io::ErrorKind::PermissionDenied,
        format!("user id {} is not {us}", credentials.uid()),
    ))
}
