//! The engine's hands: effects -> attempt processes and timers; what comes back becomes input.
//!
//! Starting a process with a libc costs as much as a small step, so an attempt process that has ended its attempt is
//! handed the next one. All of them report on one pipe: one read takes what many have said.

use std::collections::{BTreeMap, VecDeque};
use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};

use rustix::fs::{OFlags, fcntl_setfl};
use rustix::pipe::{PipeFlags, fcntl_setpipe_size, pipe_with};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open, pidfd_send_signal};
use tokio::net::unix::pipe::Receiver;

use super::adopt::{self, Adopted};
use super::attempt_process::{ARGUMENT, next_number, record_path};
use crate::attempt::{Report, Standing, has_begun, settle};
use crate::id::AttemptId;
use crate::journal::RunDir;
use crate::run::{Effect, Ended, Input, Outcome, Spec};
use crate::time::Timestamp;

/// Room for the reports of many attempts while the journal is being synced.
const REPORT_PIPE_BYTES: usize = 1 << 20;
const REPORTS_AT_ONCE: usize = 1 << 16;
/// Files that may still be opened when no attempt process is hired any more: record files must always be readable.
const FILES_LEFT: usize = 8;

#[derive(Debug)]
struct Worker {
    child: Child,
    record: PathBuf,
    /// Never blocks: an attempt process that somebody has stopped must not stop the engine too.
    specifications: ChildStdin,
    /// Of its specification, what the pipe did not take yet.
    unsent: Vec<u8>,
}

impl Worker {
    fn hand(&mut self, line: Vec<u8>) -> io::Result<()> {
        self.unsent = line;
        self.send()
    }

    /// Sends what the pipe takes. An error means that the attempt process is gone.
    fn send(&mut self) -> io::Result<()> {
        while !self.unsent.is_empty() {
            match self.specifications.write(&self.unsent) {
                Ok(sent) => drop(self.unsent.drain(..sent)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

pub(super) struct Hands {
    dir: RunDir,
    /// Where steps start: the folder in which the run was started, whoever takes it up.
    cwd: String,
    /// Number of our first attempt process; record files of earlier engines have the lower ones.
    first: u32,
    next: u32,
    idle: Vec<Worker>,
    busy: BTreeMap<AttemptId, Worker>,
    /// Stops that wait for their attempt to begin, and whether they kill.
    stops: BTreeMap<AttemptId, bool>,
    /// Starts for which the machine had no process or file left. They come first when an attempt process is free.
    waiting: VecDeque<Spec>,
    /// It was said that the machine has no more.
    short: bool,
    report_end: OwnedFd,
    reports: Receiver,
    /// The beginning of a report whose end has not been read yet.
    partial: Vec<u8>,
    /// Where attempt processes put what should never be said: panics.
    stderr: File,
}

impl Hands {
    /// Must be called inside the engine's runtime.
    pub(super) fn new(dir: RunDir, cwd: String) -> io::Result<Self> {
        let (read, report_end) = pipe_with(PipeFlags::CLOEXEC)?;
        // Only a bigger buffer: a user over his quota goes on with the ordinary one.
        let _ = fcntl_setpipe_size(&report_end, REPORT_PIPE_BYTES);
        let stderr = OpenOptions::new()
            .create(true)
            .append(true)
            .mode(0o600)
            .custom_flags(OFlags::NOFOLLOW.bits().cast_signed())
            .open(dir.attempts_dir().join("stderr"))?;
        stderr.set_permissions(Permissions::from_mode(0o600))?;
        let next = next_number(&dir)?;
        let reports = Receiver::from_owned_fd(read)?;
        Ok(Self {
            dir,
            cwd,
            first: next,
            next,
            idle: Vec::new(),
            busy: BTreeMap::new(),
            stops: BTreeMap::new(),
            waiting: VecDeque::new(),
            short: false,
            report_end,
            reports,
            partial: Vec::new(),
            stderr,
        })
    }

    /// Record files of the attempt processes of earlier engines: they alone may know of an adopted attempt.
    pub(super) fn earlier_records(&self) -> impl Iterator<Item = PathBuf> {
        (1..self.first).map(|number| record_path(&self.dir, number))
    }

    /// Carries out the effects of a turn. Gives inputs for attempts that could not even be handed over.
    pub(super) fn perform(
        &mut self,
        effects: Vec<Effect>,
        wake: &mut Option<Timestamp>,
        adopted: &Adopted,
    ) -> Vec<Input> {
        let mut inputs = Vec::new();
        for effect in effects {
            match effect {
                Effect::Start(spec) => self.waiting.push_back(*spec),
                Effect::Stop { attempt, kill } => {
                    let waits = self.waiting.iter().position(|spec| spec.attempt == attempt);
                    if let Some(spec) = waits.and_then(|at| self.waiting.remove(at)) {
                        inputs.push(not_started(
                            spec,
                            "stopped before there was room to start it",
                        ));
                        continue;
                    }
                    self.stops.insert(attempt, kill);
                    self.signal_stops(adopted);
                }
                Effect::WakeAt(at) => *wake = Some(at),
            }
        }
        self.start_waiting(&mut inputs);
        inputs
    }

    /// Starts what waits, in order. What the machine has no room for goes on waiting while anything runs whose end makes room.
    fn start_waiting(&mut self, inputs: &mut Vec<Input>) {
        while let Some(spec) = self.waiting.pop_front() {
            let Err(error) = self.start(&spec) else {
                continue;
            };
            if no_room(&error) && !self.busy.is_empty() {
                self.waiting.push_front(spec);
                if !std::mem::replace(&mut self.short, true) {
                    let (now, more) = (self.busy.len(), self.waiting.len());
                    let what = format!(
                        "the machine gives room for {now} attempts at once ({error}): {more} wait for one of them to end"
                    );
                    inputs.push(Input::Told { what });
                }
                return;
            }
            let message = format!("the attempt process could not be started: {error}");
            tracing::error!(attempt = %spec.attempt.file_stem(), "{message}");
            inputs.push(not_started(spec, &message));
        }
    }

    fn start(&mut self, spec: &Spec) -> io::Result<()> {
        let mut line = serde_json::to_vec(spec)?;
        line.push(b'\n');
        // An idle attempt process may have been killed meanwhile: then the pipe is broken, and the next one is asked.
        while let Some(mut worker) = self.idle.pop() {
            if worker.hand(line.clone()).is_ok() {
                self.busy.insert(spec.attempt.clone(), worker);
                return Ok(());
            }
            // It ends at the end of its input, if it has not ended yet.
            drop(worker.specifications);
            let _ = worker.child.wait();
        }
        let mut worker = self.hire()?;
        worker.hand(line)?;
        self.busy.insert(spec.attempt.clone(), worker);
        Ok(())
    }

    /// Starts an attempt process. By /proc/self/exe it is this very version, even if the file was replaced meanwhile.
    fn hire(&mut self) -> io::Result<Worker> {
        let left: io::Result<Vec<OwnedFd>> = (0..FILES_LEFT)
            .map(|_| self.report_end.try_clone())
            .collect();
        drop(left?);
        let mut command = Command::new("/proc/self/exe");
        command
            .arg0("flightdeck")
            .arg(ARGUMENT)
            .arg(self.dir.path())
            .arg(self.next.to_string());
        if !self.cwd.is_empty() {
            command.current_dir(&self.cwd);
        }
        command
            .stdin(Stdio::piped())
            .stdout(self.report_end.try_clone()?)
            .stderr(self.stderr.try_clone()?);
        let mut child = command.spawn()?;
        let record = record_path(&self.dir, self.next);
        self.next += 1;
        let specifications = child
            .stdin
            .take()
            .ok_or_else(|| io::Error::other("no pipe to the attempt process"))?;
        fcntl_setfl(&specifications, OFlags::NONBLOCK)?;
        Ok(Worker {
            child,
            record,
            specifications,
            unsent: Vec::new(),
        })
    }

    /// Some stops or specifications are still to be sent.
    pub(super) fn has_unsent(&self) -> bool {
        !self.stops.is_empty() || self.busy.values().any(|worker| !worker.unsent.is_empty())
    }

    /// Sends what is left of long specifications. An attempt process that is gone is told of by `reap`.
    pub(super) fn send_rest(&mut self) {
        for worker in self.busy.values_mut() {
            if worker.send().is_err() {
                worker.unsent.clear();
            }
        }
    }

    /// Sends the stops whose attempt has begun. An attempt process drops the signals that come before: they could be
    /// meant for the attempt that it has just ended. An attempt that is not found has ended: its report is on the way.
    pub(super) fn signal_stops(&mut self, adopted: &Adopted) {
        let mut stops = std::mem::take(&mut self.stops);
        stops.retain(|attempt, kill| {
            if adopted.holds(attempt) {
                let pid = adopted.pid(attempt);
                pid.inspect(|pid| self.signal_earlier(*pid, attempt, *kill))
                    .is_none()
            } else if let Some(worker) = self.busy.get(attempt) {
                let begun = has_begun(&worker.record, attempt).unwrap_or(true);
                if begun {
                    let pid = Pid::from_child(&worker.child);
                    warn_of(attempt, kill_process(pid, order(*kill)));
                }
                !begun
            } else {
                false
            }
        });
        self.stops = stops;
    }

    /// Signals an attempt process of an earlier engine. Nobody waits for it, so its number may have become a stranger's: first
    /// a handle, then a look whether it still lives, and only then the signal, to what the handle names.
    fn signal_earlier(&self, pid: u32, attempt: &AttemptId, kill: bool) {
        let number = i32::try_from(pid).ok().and_then(Pid::from_raw);
        let Some(Ok(handle)) = number.map(|n| pidfd_open(n, PidfdFlags::empty())) else {
            return;
        };
        let lives = settle(self.earlier_records(), std::slice::from_ref(attempt))
            .is_ok_and(|stands| stands.iter().any(|(_, s)| *s == Standing::Alive { pid }));
        if lives {
            warn_of(attempt, pidfd_send_signal(&handle, order(kill)));
        }
    }

    /// Waits until there is something to read. Dropping it loses nothing.
    pub(super) async fn reported(&self) {
        // An error shows again in `reports`, where it is dealt with.
        let _ = self.reports.readable().await;
    }

    /// Whatever the attempt processes have reported, without waiting.
    pub(super) fn reports(&mut self) -> io::Result<Vec<Input>> {
        loop {
            self.partial.reserve(REPORTS_AT_ONCE);
            match self.reports.try_read_buf(&mut self.partial) {
                Ok(0) => break,
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        let whole = self
            .partial
            .iter()
            .rposition(|b| *b == b'\n')
            .map_or(0, |at| at + 1);
        let lines: Vec<u8> = self.partial.drain(..whole).collect();
        let mut inputs = Vec::new();
        for line in lines.split(|b| *b == b'\n').filter(|line| !line.is_empty()) {
            match serde_json::from_slice::<Report>(line) {
                Ok(Report::Ended { attempt, ended }) => inputs.push(self.ended(attempt, *ended)),
                Ok(Report::Look { attempt }) => {
                    if let Some(worker) = self.busy.get(&attempt) {
                        let ended = look(&worker.record, &attempt)?;
                        inputs.push(self.ended(attempt, ended));
                    }
                }
                Err(error) => tracing::error!(%error, "a report that is none"),
            }
        }
        Ok(inputs)
    }

    fn ended(&mut self, attempt: AttemptId, ended: Ended) -> Input {
        self.idle.extend(self.busy.remove(&attempt));
        Input::AttemptEnded { attempt, ended }
    }

    /// After SIGCHLD: attempt processes that have ended, and what became of the attempts they were at.
    pub(super) fn reap(&mut self) -> io::Result<Vec<Input>> {
        // A report may still be in the pipe, and it is better than a look at the record.
        let mut inputs = self.reports()?;
        self.idle.retain_mut(|worker| !has_ended(&mut worker.child));
        for (attempt, worker) in self
            .busy
            .extract_if(.., |_, worker| has_ended(&mut worker.child))
        {
            let ended = look(&worker.record, &attempt)?;
            inputs.push(Input::AttemptEnded { attempt, ended });
        }
        Ok(inputs)
    }
}

fn not_started(spec: Spec, why: &str) -> Input {
    Input::AttemptEnded {
        attempt: spec.attempt,
        ended: Ended::new(Outcome::NotStarted, why),
    }
}

/// The machine, the user or this process has no process, file or memory left for one more: not for now.
fn no_room(error: &io::Error) -> bool {
    use rustix::io::Errno;
    matches!(
        Errno::from_io_error(error),
        Some(Errno::AGAIN | Errno::MFILE | Errno::NFILE | Errno::NOMEM)
    )
}

/// TERM asks an attempt process to stop what it does by the rules, USR1 to kill it.
fn order(kill: bool) -> Signal {
    if kill { Signal::USR1 } else { Signal::TERM }
}

fn warn_of(attempt: &AttemptId, signalled: rustix::io::Result<()>) {
    if let Err(error) = signalled {
        tracing::warn!(attempt = %attempt.file_stem(), %error, "the attempt process could not be signalled");
    }
}

/// Reads how an attempt ended in the record file of the attempt process that was handed it.
fn look(record: &Path, attempt: &AttemptId) -> io::Result<Ended> {
    let standing = settle([record.to_owned()], std::slice::from_ref(attempt))?.pop();
    Ok(match standing {
        Some((_, Standing::Ended(ended))) => *ended,
        // Undecided: the file is another's, which was a moment faster with the same number.
        Some((_, Standing::NeverBegan | Standing::Undecided)) => Ended::new(
            Outcome::NotStarted,
            "its attempt process ended before it began",
        ),
        _ => adopt::lost(
            "its attempt process is gone without a word (killed?); what it started may still run",
        ),
    })
}

fn has_ended(child: &mut Child) -> bool {
    !matches!(child.try_wait(), Ok(None))
}
