//! Out of the screen and back: a pager, an editor or a shell has the terminal for a while, and the run goes on.
//!
//! The program gets a process group of its own in the foreground, as a shell would give it. So a Ctrl-c in it is not one for
//! the engine, and a Ctrl-z in it does not stop the run: it only ends the program.

use std::io;
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{SigSet, SigmaskHow, Signal as Blocked};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use rustix::termios::{OptionalActions, tcgetattr, tcsetattr, tcsetpgrp};

use super::options::Programs;

/// How long a program that was stopped may take to end.
const GRACE: Duration = Duration::from_millis(500);

/// What is to have the terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Lend {
    /// With a copy of a log, which is removed afterwards.
    Pager(PathBuf),
    Editor(PathBuf),
    Shell {
        env: Vec<(String, String)>,
        /// Told before it starts.
        say: String,
    },
}

/// Runs the program until it ends. The terminal must be as the person's shell knows it.
pub(super) fn run(lend: &Lend, programs: &Programs) -> io::Result<()> {
    let (argv, file, env) = match lend {
        Lend::Pager(file) => (&programs.pager, Some(file), &[][..]),
        Lend::Editor(file) => (&programs.editor, Some(file), &[][..]),
        Lend::Shell { env, .. } => (&programs.shell, None, &env[..]),
    };
    let (name, args) = argv.split_first().ok_or(io::ErrorKind::NotFound)?;
    let mut command = Command::new(name);
    command.args(args).args(file).process_group(0);
    command.envs(env.iter().map(|(name, value)| (name, value)));
    // Ours may be a file.
    command.stderr(Stdio::from(io::stdout().as_fd().try_clone_to_owned()?));
    if let Lend::Shell { say, .. } = lend {
        // Not by `io::stdout`, which the thread that waits for the screen holds locked.
        rustix::io::write(io::stdout(), format!("{say}\n").as_bytes())?;
    }
    let ended = in_front(&mut command);
    let removed = file.map_or(Ok(()), std::fs::remove_file);
    ended.map_err(|error| io::Error::new(error.kind(), format!("{name}: {error}")))?;
    removed
}

fn in_front(command: &mut Command) -> io::Result<()> {
    let stdin = io::stdin();
    let (given, own) = (tcgetattr(&stdin)?, rustix::process::getpgrp());
    // Whoever is not in front may not take the terminal back, unless it does not hear that.
    let before = SigSet::from(Blocked::SIGTTOU).thread_swap_mask(SigmaskHow::SIG_BLOCK)?;
    let ended = command.spawn().and_then(|mut child| {
        let group = Pid::from_child(&child);
        tcsetpgrp(&stdin, group)?;
        // It may have asked for the terminal too early, and been stopped for that.
        _ = kill_process_group(group, Signal::CONT);
        wait(&mut child, group)
    });
    let back = tcsetpgrp(&stdin, own);
    // A program that was killed leaves the terminal as it had it.
    let again = tcsetattr(&stdin, OptionalActions::Now, &given);
    before.thread_set_mask()?;
    ended?;
    back?;
    Ok(again?)
}

/// Waits for its end. One that is stopped cannot be continued from this screen, so it is ended.
fn wait(child: &mut Child, group: Pid) -> io::Result<()> {
    let options = WaitIdOptions::EXITED | WaitIdOptions::STOPPED | WaitIdOptions::NOWAIT;
    let status = loop {
        match waitid(WaitId::Pid(group), options) {
            Err(rustix::io::Errno::INTR) => {}
            status => break status?,
        }
    };
    if status.is_some_and(|status| status.stopped()) {
        _ = kill_process_group(group, Signal::HUP);
        _ = kill_process_group(group, Signal::CONT);
        let limit = Instant::now() + GRACE;
        while child.try_wait()?.is_none() && Instant::now() < limit {
            std::thread::sleep(Duration::from_millis(10));
        }
        _ = kill_process_group(group, Signal::KILL);
    }
    child.wait().map(|_| ())
}
