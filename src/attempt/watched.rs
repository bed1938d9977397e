//! A process that is watched by its handle from its start to its end.

use std::io;
use std::os::fd::OwnedFd;
use std::process::{Child, Command, Stdio};

use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process_group, pidfd_open};

/// It leads a group of its own, if its command says so.
pub(super) struct Watched {
    pub(super) child: Child,
    /// Readable when it has ended.
    pub(super) handle: OwnedFd,
    pub(super) group: Pid,
}

impl Watched {
    pub(super) fn start(mut command: Command) -> io::Result<Self> {
        let mut child = command.spawn()?;
        // Our copies of its pipes' ends live in `command`: with them open, its output would never end.
        drop(command);
        let group = Pid::from_child(&child);
        match pidfd_open(group, PidfdFlags::empty()) {
            Ok(handle) => Ok(Self {
                child,
                handle,
                group,
            }),
            // What cannot be watched must not run.
            Err(error) => {
                let _ = kill_process_group(group, Signal::KILL);
                child.wait()?;
                Err(error.into())
            }
        }
    }

    /// To it and all of its group. An error would mean that they are gone already.
    pub(super) fn signal(&self, signal: Signal) {
        let _ = kill_process_group(self.group, signal);
    }
}

/// A pipe for its standard input; our end never blocks.
pub(super) fn input(command: &mut Command) -> io::Result<OwnedFd> {
    let (end, ours) = pipe_with(PipeFlags::CLOEXEC)?;
    rustix::io::ioctl_fionbio(&ours, true)?;
    command.stdin(Stdio::from(end));
    Ok(ours)
}
