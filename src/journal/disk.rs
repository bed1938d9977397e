//! Opening files and folders so that nobody else can read, redirect or change them: files 0600, folders 0700 whatever the
//! umask is, no symbolic links, the owner is us. Every refusal names the path, what is wrong and what to do.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use rustix::fs::OFlags;
use sha2::{Digest, Sha256};

/// Who wants to do what with an existing file.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum For {
    Reading,
    Writing,
}

/// A new file, 0600, for reading and writing; one that is there already is an error.
pub(super) fn create_file(path: &Path) -> io::Result<File> {
    let file = plain(OpenOptions::new().read(true).write(true).create_new(true))
        .open(path)
        .map_err(|e| explain(path, &e))?;
    file.set_permissions(Permissions::from_mode(0o600))?;
    Ok(file)
}

/// The file, made empty if it was not there yet.
pub(super) fn open_or_create_file(path: &Path) -> io::Result<File> {
    match create_file(path) {
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => open_file(path, For::Writing),
        other => other,
    }
}

/// An existing file of ours that nobody else may change.
pub(super) fn open_file(path: &Path, purpose: For) -> io::Result<File> {
    let file = plain(OpenOptions::new().read(true).write(purpose == For::Writing))
        .open(path)
        .map_err(|e| explain(path, &e))?;
    let facts = file.metadata()?;
    if !facts.is_file() {
        return Err(refusal(path, "is not a regular file"));
    }
    check_ours(path, &facts)?;
    Ok(file)
}

/// A new folder, 0700; one that is there already is an error.
pub(super) fn create_folder(path: &Path) -> io::Result<()> {
    new_folder(path)?;
    path.parent().map_or(Ok(()), sync_folder)
}

/// The same, for a caller that makes the name durable itself.
pub(super) fn new_folder(path: &Path) -> io::Result<()> {
    let made = DirBuilder::new().mode(0o700).create(path);
    made.map_err(|e| explain(path, &e))?;
    fs::set_permissions(path, Permissions::from_mode(0o700))
}

/// Makes a folder if it is not there, with its parents; refuses one that is not ours or that others may change.
pub fn make_folder(path: &Path) -> io::Result<()> {
    check_parent(path)?;
    match create_folder(path) {
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => check_folder(path),
        Err(e) if e.kind() == io::ErrorKind::NotFound => match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() && !parent.exists() => {
                make_folder(parent)?;
                make_folder(path)
            }
            _ => Err(e),
        },
        made => made,
    }
}

pub(super) fn check_folder(path: &Path) -> io::Result<()> {
    let facts = fs::symlink_metadata(path).map_err(|e| explain(path, &e))?;
    if facts.is_symlink() {
        return Err(refusal(path, "is a symbolic link; name the folder itself"));
    }
    if !facts.is_dir() {
        return Err(refusal(path, "is not a folder"));
    }
    check_ours(path, &facts)
}

/// Where anybody may rename anything, a folder of ours may be another's the next moment.
fn check_parent(path: &Path) -> io::Result<()> {
    const STICKY: u32 = 0o1000;
    let Some(facts) = path.parent().and_then(|parent| fs::metadata(parent).ok()) else {
        return Ok(());
    };
    if facts.mode() & 0o002 != 0 && facts.mode() & STICKY == 0 {
        let why = "stands in a folder in which every user may rename it (mode o+w without +t); choose another with --state-dir";
        return Err(refusal(path, why));
    }
    Ok(())
}

/// Makes the names in a folder durable, as a sync of its files does not.
pub(super) fn sync_folder(path: &Path) -> io::Result<()> {
    let path = if path.as_os_str().is_empty() {
        Path::new(".")
    } else {
        path
    };
    File::open(path)
        .and_then(|folder| folder.sync_all())
        .map_err(|e| explain(path, &e))
}

/// Any text as the name of a file or folder: the start of it is for people, the rest makes it unique.
pub fn name_on_disk(text: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    let start: String = text.chars().take(32).map(plain).collect();
    let digest = Sha256::digest(text.as_bytes());
    let unique = digest
        .iter()
        .take(8)
        .fold(0_u64, |all, byte| all << 8 | u64::from(*byte));
    format!("{start}-{unique:016x}")
}

/// Writes a small file whole or not at all. For derived data: not synced.
pub fn replace_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let beside = path.with_extension(format!("new-{}", std::process::id()));
    let written = create_file(&beside)
        .and_then(|file| std::os::unix::fs::FileExt::write_all_at(&file, bytes, 0))
        .and_then(|()| fs::rename(&beside, path));
    if written.is_err() {
        // A leftover of a process with our id would stop this for ever.
        let _ = fs::remove_file(&beside);
    }
    written
}

/// `true` for what the disk being full, or the quota, looks like.
pub(super) fn is_full(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
    )
}

/// Bytes that we may still write on the disk of `file`; `None` if the file system does not say.
pub(super) fn free(file: &File) -> Option<u64> {
    let facts = rustix::fs::fstatvfs(file).ok()?;
    Some(facts.f_bavail.saturating_mul(facts.f_frsize))
}

/// Bytes of the whole disk of `file`.
pub(super) fn size(file: &File) -> Option<u64> {
    let facts = rustix::fs::fstatvfs(file).ok()?;
    Some(facts.f_blocks.saturating_mul(facts.f_frsize))
}

/// Never through a link; and never waiting for the other end of what turns out to be a pipe. `O_CLOEXEC` is std's own habit.
fn plain(options: &mut OpenOptions) -> &mut OpenOptions {
    options
        .mode(0o600)
        .custom_flags((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed())
}

fn check_ours(path: &Path, facts: &fs::Metadata) -> io::Result<()> {
    let us = rustix::process::geteuid().as_raw();
    if facts.uid() != us {
        let whose = facts.uid();
        return Err(refusal(
            path,
            &format!("belongs to user id {whose}, and this program runs as {us}"),
        ));
    }
    if facts.mode() & 0o022 != 0 {
        let mode = facts.mode() & 0o7777;
        return Err(refusal(
            path,
            &format!(
                "can be changed by others (mode {mode:04o}); run `chmod go-w` on it, after a look at what is in it"
            ),
        ));
    }
    Ok(())
}

fn refusal(path: &Path, why: &str) -> io::Error {
    let text = format!("refused: {} {why}", path.display());
    io::Error::new(io::ErrorKind::PermissionDenied, text)
}

/// The error of the system, with the path, and with a hint where the cause is known. Keeps the kind.
pub(super) fn explain(path: &Path, error: &io::Error) -> io::Error {
    let shown = path.display();
    let hint = match rustix::io::Errno::from_io_error(error) {
        Some(rustix::io::Errno::LOOP) => return refusal(path, "is a symbolic link"),
        Some(rustix::io::Errno::ACCESS | rustix::io::Errno::PERM) => {
            "; check who owns it and its folders, or choose another folder with --state-dir"
        }
        Some(rustix::io::Errno::ROFS) => "; choose another folder with --state-dir",
        Some(rustix::io::Errno::NOSPC | rustix::io::Errno::DQUOT) => {
            "; make room, or choose another folder with --state-dir"
        }
        _ => "",
    };
    io::Error::new(error.kind(), format!("{shown}: {error}{hint}"))
}
