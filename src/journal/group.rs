//! Runs that take turns: a group has slots, and a line of those that wait for one. Each slot and each place in the line is
//! a file with a lock of the operating system, so it is free again however its holder ends; the texts only say who that is.
//!
//! Who asks does so behind the group's door, another lock that is held for some microseconds: what is counted there is true
//! until it is acted upon, also where two workflows disagree about how many slots there are.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::disk;
use super::lock::{read, write};
use crate::id::RunId;
use crate::time::Timestamp;

/// A run that changes hands gives its slot back for a moment. For so long nobody else gets it.
const KEPT: Duration = Duration::from_secs(10);
const SLOT: &str = "slot-";
const LINE: &str = "line-";

/// A run that has a slot, or waits for one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tenant {
    pub run: RunId,
    pub pid: u32,
    pub user: String,
    pub host: String,
    /// Since when; of those that wait, the first is served first.
    pub since: Timestamp,
    /// Its engine has let go, and another one is about to take it up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept_until: Option<Timestamp>,
}

impl std::fmt::Display for Tenant {
    /// `run R since 12:00:03 (ana on db1, process 4711)`
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let since = self.since.clock();
        write!(f, "run {} since {since} (", self.run)?;
        write!(f, "{} on {}, process {})", self.user, self.host, self.pid)
    }
}

/// The runs that must take turns under one name.
#[derive(Debug)]
pub struct Group {
    folder: PathBuf,
}

/// The answer to who asks for a slot.
#[derive(Debug)]
pub enum Answer {
    Slot(Slot),
    /// These have the slots; these are before the asker in the line.
    Full(Vec<Tenant>, Vec<Tenant>),
}

/// A slot: held as long as this value, or the process, lives.
#[derive(Debug)]
pub struct Slot {
    file: File,
    tenant: Tenant,
}

/// A place in the line of those that wait.
#[derive(Debug)]
pub struct Ticket {
    _file: File,
    path: PathBuf,
    name: String,
}

impl Group {
    pub(super) fn open(state: &Path, name: &str) -> io::Result<Self> {
        let all = state.join("groups");
        disk::make_folder(&all)?;
        let folder = all.join(disk::name_on_disk(name));
        disk::make_folder(&folder)?;
        Ok(Self { folder })
    }

    /// A slot, if there is one for `tenant` and nobody has waited longer. `ticket` is its own place in the line.
    pub fn ask(
        &self,
        tenant: &Tenant,
        limit: usize,
        ticket: Option<&Ticket>,
        now: Timestamp,
    ) -> io::Result<Answer> {
        let _door = self.door()?;
        let (taken, own) = self.taken(&tenant.run, now)?;
        let waiting = self.waiting(ticket)?;
        // Who comes back to what is its own has waited already.
        let free = taken.len() + waiting.len() < limit || own.is_some() && taken.len() < limit;
        if !free {
            return Ok(Answer::Full(taken, waiting));
        }
        self.take(tenant, own, now).map(Answer::Slot)
    }

    /// A place in the line, behind those that are there already.
    pub fn queue(&self, tenant: &Tenant) -> io::Result<Ticket> {
        let _door = self.door()?;
        let name = format!("{LINE}{:020}-{}", tenant.since.0.max(0), tenant.run);
        let path = self.folder.join(&name);
        let file = disk::open_or_create_file(&path)?;
        file.try_lock().map_err(io::Error::from)?;
        write(&file, tenant)?;
        Ok(Ticket {
            _file: file,
            path,
            name,
        })
    }

    /// Shut behind whoever has it, until it is dropped.
    fn door(&self) -> io::Result<File> {
        let door = disk::open_or_create_file(&self.folder.join("door"))?;
        door.lock()?;
        Ok(door)
    }

    /// Who has a slot, and the one that is kept for `run`. Behind the door only.
    fn taken(&self, run: &RunId, now: Timestamp) -> io::Result<(Vec<Tenant>, Option<PathBuf>)> {
        let mut kept_for_it = None;
        let mut taken = Vec::new();
        for (_, path) in self.files(SLOT)? {
            let (tenant, locked) = look(&path)?;
            let kept = tenant.as_ref().and_then(|t| t.kept_until);
            // A clock that was set back must not keep it for longer.
            let kept = kept.is_some_and(|until| now < until && until.since(now) <= KEPT);
            let own = tenant.as_ref().is_some_and(|t| t.run == *run);
            if locked || kept && !own {
                taken.push(tenant.unwrap_or_else(unnamed));
            } else if kept {
                kept_for_it = Some(path);
            }
        }
        Ok((taken, kept_for_it))
    }

    /// Who waits, and came before whoever has `ticket`. Sweeps what those left that wait no more. Behind the door only.
    fn waiting(&self, ticket: Option<&Ticket>) -> io::Result<Vec<Tenant>> {
        let mut waiting = Vec::new();
        for (name, path) in self.files(LINE)? {
            if ticket.is_some_and(|own| name >= own.name) {
                break;
            }
            match look(&path) {
                Ok((tenant, true)) => waiting.push(tenant.unwrap_or_else(unnamed)),
                Ok((_, false)) => _ = fs::remove_file(&path),
                // It has gone meanwhile, with who waited.
                Err(e) if e.kind() == io::ErrorKind::NotFound => {}
                Err(e) => return Err(e),
            }
        }
        Ok(waiting)
    }

    /// The slot that was kept, or the first one that nobody holds. Behind the door only.
    fn take(&self, tenant: &Tenant, own: Option<PathBuf>, now: Timestamp) -> io::Result<Slot> {
        let tenant = Tenant {
            since: now,
            kept_until: None,
            ..tenant.clone()
        };
        let all = (0..).map(|n: u32| self.folder.join(format!("{SLOT}{n:04}")));
        for path in own.into_iter().chain(all) {
            let file = disk::open_or_create_file(&path)?;
            match file.try_lock() {
                Ok(()) => {
                    let held: Option<Tenant> = read(&file);
                    let others =
                        held.is_some_and(|t| t.kept_until > Some(now) && t.run != tenant.run);
                    if !others {
                        write(&file, &tenant)?;
                        return Ok(Slot { file, tenant });
                    }
                }
                Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(e)) => return Err(e),
            }
        }
        Err(io::Error::other("no slot has a number"))
    }

    /// By name.
    fn files(&self, kind: &str) -> io::Result<Vec<(String, PathBuf)>> {
        let mut files = Vec::new();
        let all = fs::read_dir(&self.folder).map_err(|e| disk::explain(&self.folder, &e))?;
        for entry in all {
            let entry = entry?;
            if let Some(name) = entry.file_name().to_str().filter(|n| n.starts_with(kind)) {
                files.push((name.to_owned(), entry.path()));
            }
        }
        files.sort();
        Ok(files)
    }
}

impl Slot {
    /// Gives it back, but for some seconds to nobody but another engine of the same run.
    pub fn keep(self, now: Timestamp) -> io::Result<()> {
        let kept = Tenant {
            kept_until: Some(now.after(KEPT)),
            ..self.tenant.clone()
        };
        write(&self.file, &kept)
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        // Before the lock goes with the file, so that the name is still ours. What stays is swept by whoever asks next.
        let _ = fs::remove_file(&self.path);
    }
}

/// Who stands in the file, and whether it is held.
fn look(path: &Path) -> io::Result<(Option<Tenant>, bool)> {
    let file = disk::open_file(path, disk::For::Reading)?;
    match file.try_lock_shared() {
        Ok(()) => Ok((read(&file), false)),
        Err(TryLockError::WouldBlock) => Ok((read(&file), true)),
        Err(TryLockError::Error(e)) => Err(e),
    }
}

/// Whose text is not whole: it holds the lock all the same.
fn unnamed() -> Tenant {
    Tenant {
        run: RunId::parse("unknown").expect("a fixed good id"),
        pid: 0,
        user: "someone".to_owned(),
        host: "an unknown host".to_owned(),
        since: Timestamp::default(),
        kept_until: None,
    }
}
