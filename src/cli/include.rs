//! Files that a workflow includes: read from its own folder or below, whatever a symbolic link says.

use std::fs::File;
use std::path::Path;

use rustix::fs::{CWD, Mode, OFlags, ResolveFlags, open, openat2};
use rustix::io::Errno;

use super::library::{LIMIT, Place, Source, part, shipped};
use crate::config::{ReadError, read_open};
use crate::workflow::{self, Checked};

impl Source {
    /// Checks it and all that it includes.
    pub(super) fn check(&self) -> Checked {
        match &self.place {
            Place::Shipped => workflow::check_including(&self.bytes, &self.file, &mut built_in),
            Place::File(path) => {
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                let folder = path.parent().unwrap_or(Path::new(""));
                let mut load = |wanted: &str| match part(wanted) {
                    Some(part) if !folder.join(wanted).exists() => Ok(part.into()),
                    _ => read(folder, wanted),
                };
                workflow::check_including(&self.bytes, &name, &mut load)
            }
        }
    }
}

/// What is built in includes what is built in.
fn built_in(name: &str) -> Result<Vec<u8>, String> {
    if let Some(part) = part(name) {
        return Ok(part.into());
    }
    let name = name.trim_end_matches(".yaml");
    let source = shipped(name).ok_or_else(|| format!("there is no shipped workflow `{name}`"))?;
    Ok(source.bytes)
}

/// Reads the file at `path` below `folder`. The kernel sees to it that nothing on the way leads out, so that no link that
/// somebody swaps in meanwhile can.
fn read(folder: &Path, path: &str) -> Result<Vec<u8>, String> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOCTTY;
    let beneath = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
    let opened = if folder.as_os_str().is_empty() {
        open(
            ".",
            OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC,
            Mode::empty(),
        )
    } else {
        rustix::fs::openat(
            CWD,
            folder,
            OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC,
            Mode::empty(),
        )
    };
    // Opening a pipe that nobody writes to would wait for ever.
    let file = opened.and_then(|folder| {
        openat2(
            folder,
            path,
            flags | OFlags::NONBLOCK,
            Mode::empty(),
            beneath,
        )
    });
    let file = file.map_err(|error| match error {
        Errno::NOENT => format!("no such file: {path}"),
        Errno::XDEV | Errno::LOOP => {
            format!("{path} leads outside the folder of the workflow by a symbolic link")
        }
        other => format!("cannot read {path}: {}", std::io::Error::from(other)),
    })?;
    read_open(File::from(file), LIMIT).map_err(|error| match error {
        ReadError::TooLarge(_) => {
            format!("{path} is larger than 2 MiB, the limit of a workflow file")
        }
        ReadError::Io(error) => format!("cannot read {path}: {error}"),
        other => format!("{path} {other}"),
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::read;

    #[test]
    fn only_files_below_the_folder_are_read() {
        let outer = tempfile::tempdir().expect("a folder can be made");
        let folder = outer.path().join("flows");
        std::fs::create_dir_all(folder.join("lib")).expect("a folder can be made");
        std::fs::write(outer.path().join("secret"), "s").expect("a file can be written");
        std::fs::write(folder.join("lib/a.yaml"), "a").expect("a file can be written");
        symlink("lib/a.yaml", folder.join("near.yaml")).expect("a link can be made");
        symlink("../secret", folder.join("out.yaml")).expect("a link can be made");
        symlink(outer.path(), folder.join("away")).expect("a link can be made");
        for good in ["lib/a.yaml", "near.yaml"] {
            assert_eq!(read(&folder, good).as_deref(), Ok(&b"a"[..]), "{good}");
        }
        for (bad, why) in [
            ("out.yaml", "leads outside the folder of the workflow"),
            ("away/secret", "leads outside the folder of the workflow"),
            ("../secret", "leads outside the folder of the workflow"),
            ("lib", "is a folder, not a regular file"),
            ("none.yaml", "no such file: none.yaml"),
        ] {
            let told = read(&folder, bad).expect_err(bad);
            assert!(told.contains(why), "{bad}: {told}");
        }
    }
}
