//! Texts into files: a log for a pager or as evidence. Never over a file that is there, and for nobody else to read.

use std::collections::BTreeMap;
use std::fs::{OpenOptions, Permissions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::ansi;
use super::logs::Logs;
use super::message::Said;
use crate::time::Timestamp;

/// Lines of a log that are copied, from its end; all of a longer one is in the run's folder.
const LINES_MAX: u64 = 1_000_000;
/// Lines read at a time.
const LINES: usize = 4_000;
/// Names that are tried.
const TRIES: u32 = 100;

/// A new file with this text.
pub(super) fn write_new(path: &Path, text: &str) -> io::Result<()> {
    create(path)?.write_all(text.as_bytes())
}

/// A new file with the log, a line each, with its time and without what acts on a terminal. Gives the number of lines.
pub(super) fn write_log(mut log: Logs, path: &Path) -> io::Result<u64> {
    let mut out = BufWriter::new(create(path)?);
    let mut at = log.count().saturating_sub(LINES_MAX);
    if at > 0 {
        writeln!(out, "({at} earlier lines are in the run's folder only)")?;
    }
    let mut states = BTreeMap::new();
    let mut written = 0;
    loop {
        let lines = log.lines(at, LINES, ansi::LINE_MAX)?;
        if lines.is_empty() {
            break;
        }
        at += lines.len() as u64;
        written += lines.len() as u64;
        for Said { line, origin } in lines {
            let time = line.at.map(Timestamp::rfc3339).unwrap_or_default();
            let more = if line.cut { " ... cut here" } else { "" };
            let whose = origin.map(|origin| origin.attempt);
            let name = whose
                .as_ref()
                .map_or(String::new(), |a| format!("{} ", a.file_stem()));
            let state: &mut ansi::State = states.entry(whose).or_default();
            let text = ansi::text(&ansi::parse(&line.bytes, state));
            writeln!(out, "{time} {name}{text}{more}")?;
        }
    }
    out.flush()?;
    Ok(written)
}

/// The same in a file of its own in `folder`, which nobody should write to.
pub(super) fn copy_log(log: Logs, stem: &str, folder: &Path) -> io::Result<PathBuf> {
    let own = std::process::id();
    let name = |n: u32| folder.join(format!("flightdeck-{own}-{n}-{stem}.log"));
    let free = (0..TRIES).map(name).find(|path| !path.exists());
    let path = free.ok_or(io::ErrorKind::AlreadyExists)?;
    write_log(log, &path)?;
    std::fs::set_permissions(&path, Permissions::from_mode(0o400))?;
    Ok(path)
}

fn create(path: &Path) -> io::Result<std::fs::File> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::{Reader, Writer};

    fn log(folder: &Path) -> Logs {
        let path = folder.join("a.1.log");
        if !path.exists() {
            let mut writer = Writer::create(&path, 1 << 20).expect("a log");
            writer.write(b"\x1b[31mred\x1b[0m\x07 alert\nlast\n", Timestamp(0));
            writer.finish();
        }
        Logs::One(Reader::open(&path).expect("readable"))
    }

    #[test]
    fn a_copy_is_private_harmless_and_never_over_a_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("out.log");
        assert_eq!(write_log(log(folder.path()), &path).expect("written"), 2);
        let text = std::fs::read_to_string(&path).expect("text");
        assert_eq!(
            text,
            "1970-01-01T00:00:00.000Z red␇ alert\n1970-01-01T00:00:00.000Z last\n"
        );
        let mode = std::fs::metadata(&path)
            .expect("there")
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
        let again = write_log(log(folder.path()), &path).expect_err("it is there");
        assert_eq!(again.kind(), io::ErrorKind::AlreadyExists);
    }

    #[test]
    fn each_copy_has_a_name_of_its_own() {
        let folder = tempfile::tempdir().expect("a folder");
        let copy = || copy_log(log(folder.path()), "a.1", folder.path()).expect("copied");
        let (one, two) = (copy(), copy());
        assert_ne!(one, two);
        let mode = std::fs::metadata(&one).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o400, "an editor says that it is a copy");
    }
}
