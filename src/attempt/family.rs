//! The processes that a step leaves behind. This process is a subreaper: whatever a step starts and abandons, by `&`, by
//! a double fork or in a session of its own, becomes our child when its parent ends. So "no children" means "nothing left".

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use rustix::process::{Pid, PidfdFlags, Signal, WaitOptions, pidfd_open, pidfd_send_signal, wait};

use super::child::Stop;
use super::clock::Stopwatch;
use crate::run::Leftover;

/// How long killed processes may take to go, before they are called survivors.
const LAST_GASP: Duration = Duration::from_secs(2);

/// What marks the processes of one attempt: `NAME=value` entries of their environment.
pub(super) type Marks = Vec<String>;

/// The descendants of this process, with those told apart that earlier attempts left behind.
#[derive(Debug, Default)]
pub(super) struct Family {
    /// Direct children that were left alive, and told. A pid here cannot be reused: only we reap it.
    known: Vec<i32>,
}

#[derive(Clone, Debug)]
struct Member {
    pid: i32,
    parent: i32,
    group: i32,
    /// Start time: with it a pid names one process for ever.
    started: u64,
}

impl Family {
    /// Reaps what has ended. Afterwards, `false` means for certain that there is nothing left of the last attempt.
    fn reap(&mut self) -> bool {
        loop {
            match wait(WaitOptions::NOHANG) {
                Ok(Some((pid, _))) => self.known.retain(|k| *k != pid.as_raw_pid()),
                Ok(None) => return !self.only_known(),
                Err(rustix::io::Errno::INTR) => {}
                Err(_) => return false,
            }
        }
    }

    /// Cheap: asks the kernel for our children only. `false` if it cannot say.
    fn only_known(&self) -> bool {
        let me = std::process::id();
        let Ok(children) = fs::read_to_string(format!("/proc/{me}/task/{me}/children")) else {
            return false;
        };
        !self.known.is_empty()
            && children
                .split_whitespace()
                .all(|pid| pid.parse().is_ok_and(|pid| self.known.contains(&pid)))
    }

    /// Once the program of an attempt has ended: what it left behind stays alive if it ended by itself; if it was stopped,
    /// the rest is ended within what is left of `grace`. Gives what is still there.
    pub(super) fn after(
        &mut self,
        marks: &Marks,
        group: i32,
        stop: Option<&Stop>,
        grace: Duration,
    ) -> Vec<Leftover> {
        match stop {
            None => self.left_alone(marks),
            Some(stop) if stop.killed => self.end(marks, group, Duration::ZERO),
            Some(stop) => self.end(marks, group, stop.since.left_of(grace)),
        }
    }

    /// What is left of an attempt that ended by itself; it stays alive.
    fn left_alone(&mut self, marks: &Marks) -> Vec<Leftover> {
        if !self.reap() {
            return Vec::new();
        }
        let left = self.members(marks);
        let me = own_pid();
        self.known
            .extend(left.iter().filter(|m| m.parent == me).map(|m| m.pid));
        left.iter().map(Member::told).collect()
    }

    /// Ends what is left of a stopped attempt: TERM to those outside its process `group`, which has had it, and KILL when
    /// `grace` is over. Gives what survives even that.
    pub(super) fn end(&mut self, marks: &Marks, group: i32, grace: Duration) -> Vec<Leftover> {
        if !self.reap() {
            return Vec::new();
        }
        if !grace.is_zero() {
            for member in self.members(marks).iter().filter(|m| m.group != group) {
                member.signal(Signal::TERM);
            }
            if self.gone_within(marks, grace) {
                return Vec::new();
            }
        }
        let watch = Stopwatch::start();
        // Again and again, because what is killed may have started something in the meantime.
        loop {
            for member in self.members(marks) {
                member.signal(Signal::KILL);
            }
            if self.gone_within(marks, Duration::from_millis(20)) {
                return Vec::new();
            }
            if watch.elapsed() > LAST_GASP {
                return self.left_alone(marks);
            }
        }
    }

    fn gone_within(&mut self, marks: &Marks, limit: Duration) -> bool {
        let watch = Stopwatch::start();
        let mut pause = Duration::from_micros(200);
        loop {
            if !self.reap() {
                return true;
            }
            if self.members(marks).is_empty() {
                // The last ones may have ended in between; they are zombies now.
                self.reap();
                return true;
            }
            let left = watch.left_of(limit);
            if left.is_zero() {
                return false;
            }
            // There is no event for "all adopted children are gone", so it is asked, ever more seldom.
            std::thread::sleep(pause.min(left));
            pause = (pause * 2).min(Duration::from_millis(20));
        }
    }

    /// Descendants that belong to the attempt with these marks, zombies not counted.
    fn members(&self, marks: &Marks) -> Vec<Member> {
        let mut by_parent: BTreeMap<i32, Vec<Member>> = BTreeMap::new();
        for member in all_processes() {
            by_parent.entry(member.parent).or_default().push(member);
        }
        let mut found = Vec::new();
        let mut open = vec![own_pid()];
        while let Some(parent) = open.pop() {
            for member in by_parent.remove(&parent).unwrap_or_default() {
                if !self.known.contains(&member.pid) {
                    open.push(member.pid);
                    found.push(member);
                }
            }
        }
        found.retain(|m| m.is_of(marks));
        found
    }
}

impl Member {
    /// A daemon of an earlier attempt may have forked anew: its environment says whose it is.
    fn is_of(&self, marks: &Marks) -> bool {
        let Ok(bytes) = fs::read(format!("/proc/{}/environ", self.pid)) else {
            return true;
        };
        marks.iter().all(|mark| {
            let name = mark.split_inclusive('=').next().unwrap_or(mark).as_bytes();
            bytes
                .split(|b| *b == 0)
                .find(|entry| entry.starts_with(name))
                .is_none_or(|entry| entry == mark.as_bytes())
        })
    }

    fn signal(&self, signal: Signal) {
        let Some(pid) = Pid::from_raw(self.pid) else {
            return;
        };
        // The handle first, then the start time: what the handle names can no longer become a stranger.
        if let Ok(handle) = pidfd_open(pid, PidfdFlags::empty())
            && process(self.pid).is_some_and(|now| now.started == self.started)
        {
            // An error means that it is gone, which is what was wanted.
            let _ = pidfd_send_signal(&handle, signal);
        }
    }

    fn told(&self) -> Leftover {
        let line = fs::read(format!("/proc/{}/cmdline", self.pid)).unwrap_or_default();
        let words: Vec<_> = line
            .split(|b| *b == 0)
            .filter(|w| !w.is_empty())
            .map(String::from_utf8_lossy)
            .collect();
        Leftover {
            pid: self.pid.unsigned_abs(),
            command: words.join(" "),
        }
    }
}

fn own_pid() -> i32 {
    rustix::process::getpid().as_raw_pid()
}

fn all_processes() -> impl Iterator<Item = Member> {
    fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter_map(process)
}

/// `None` for what has ended, zombies included.
fn process(pid: i32) -> Option<Member> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in parentheses may hold anything, so what counts comes after the last one.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let alive = !matches!(*fields.first()?, "Z" | "X" | "x");
    alive.then_some(Member {
        pid,
        parent: fields.get(1)?.parse().ok()?,
        group: fields.get(2)?.parse().ok()?,
        started: fields.get(19)?.parse().ok()?,
    })
}
