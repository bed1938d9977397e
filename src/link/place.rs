//! Where the socket of a run is: in the runtime folder of the person, else in the run's own folder.
//!
//! The folder is opened once and checked by what was opened; everything after that goes through the open folder
//! (`/proc/self/fd/N/NAME`). So nobody can put another folder in its place, and no path is too long for a socket.

use std::fs::{self, File, Permissions};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

use crate::journal::{RunDir, make_folder};

/// A folder that is ours alone, held open.
#[derive(Debug)]
struct Folder {
    path: PathBuf,
    open: File,
}

impl Folder {
    /// Refuses a folder of somebody else, one that others may change, and a link to one.
    fn open(path: &Path) -> io::Result<Self> {
        let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW;
        let open = File::options()
            .read(true)
            .custom_flags(flags.bits().cast_signed())
            .open(path)
            .map_err(|error| named(path, &error))?;
        let facts = open.metadata()?;
        let us = rustix::process::geteuid().as_raw();
        if facts.uid() != us || facts.mode() & 0o022 != 0 {
            let (uid, mode) = (facts.uid(), facts.mode() & 0o7777);
            return Err(io::Error::new(
                io::ErrorKind::PermissionDenied,
                format!(
                    "refused: {} is not ours alone (user id {uid}, mode {mode:04o})",
                    path.display()
                ),
            ));
        }
        Ok(Self {
            path: path.to_owned(),
            open,
        })
    }

    fn at(&self, name: &str) -> PathBuf {
        PathBuf::from(format!("/proc/self/fd/{}/{name}", self.open.as_raw_fd()))
    }
}

/// A socket that is listened at. Its name goes when this value does.
#[derive(Debug)]
pub(super) struct Place {
    folder: Folder,
    name: String,
}

impl Place {
    /// What others are told.
    pub(super) fn path(&self) -> PathBuf {
        self.folder.path.join(&self.name)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_file(self.folder.at(&self.name));
    }
}

/// Listens for those who attach to `run`, whose lock this process holds. `runtime` is `$XDG_RUNTIME_DIR`.
pub(super) fn listen(runtime: Option<&Path>, run: &RunDir) -> io::Result<(Place, UnixListener)> {
    if let Some(runtime) = runtime {
        match in_runtime_folder(runtime, run) {
            Ok(found) => return Ok(found),
            Err(error) => tracing::warn!("no socket in the runtime folder: {error}"),
        }
    }
    // Whoever holds the lock is alone here: what bears the name is left over.
    bind(Folder::open(run.path())?, "socket".to_owned())
}

fn in_runtime_folder(runtime: &Path, run: &RunDir) -> io::Result<(Place, UnixListener)> {
    Folder::open(runtime)?;
    let own = runtime.join("flightdeck");
    make_folder(&own)?;
    let folder = Folder::open(&own)?;
    folder.open.set_permissions(Permissions::from_mode(0o700))?;
    sweep(&folder);
    let name = format!("{}.{}.sock", run.id(), std::process::id());
    if UnixStream::connect(folder.at(&name)).is_ok() {
        // A process with our number in another container, which shares this folder.
        return Err(io::Error::new(io::ErrorKind::AddrInUse, name));
    }
    bind(folder, name)
}

fn bind(folder: Folder, name: String) -> io::Result<(Place, UnixListener)> {
    let path = folder.at(&name);
    if let Err(error) = fs::remove_file(&path)
        && error.kind() != io::ErrorKind::NotFound
    {
        return Err(named(&folder.path.join(&name), &error));
    }
    let listener =
        UnixListener::bind(&path).map_err(|error| named(&folder.path.join(&name), &error))?;
    fs::set_permissions(&path, Permissions::from_mode(0o600))?;
    Ok((Place { folder, name }, listener))
}

/// Removes the sockets that dead engines left behind: their process is gone, and nobody listens.
fn sweep(folder: &Folder) {
    let Ok(entries) = fs::read_dir(&folder.path) else {
        return;
    };
    for name in entries
        .flatten()
        .filter_map(|e| e.file_name().into_string().ok())
    {
        let pid = name.strip_suffix(".sock").and_then(|n| n.rsplit_once('.'));
        let Some(pid) = pid.and_then(|(_, pid)| pid.parse::<u32>().ok()) else {
            continue;
        };
        // One that has ended and is not waited for yet has no program any more.
        let gone = fs::read_link(format!("/proc/{pid}/exe")).is_err();
        if gone && UnixStream::connect(folder.at(&name)).is_err() {
            let _ = fs::remove_file(folder.at(&name));
        }
    }
}

/// Connects to the socket that a holder has named.
pub(super) fn connect(socket: &Path) -> io::Result<UnixStream> {
    let name = socket.file_name().and_then(|name| name.to_str());
    let (Some(folder), Some(name)) = (socket.parent(), name) else {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            format!("{} is no path of a socket", socket.display()),
        ));
    };
    let folder = Folder::open(folder)?;
    UnixStream::connect(folder.at(name)).map_err(|error| named(socket, &error))
}

fn named(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}
