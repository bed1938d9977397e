//! The two ways out: data to standard output, talk to standard error. A reader that goes away (`logs | head`) ends the
//! program quietly; nothing here panics on a closed or full stream.

use std::fmt::Display;
use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, IsTerminal, StdoutLock, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use super::exit::Failure;
use crate::text::{Clean, escape_json};

/// Standard output, buffered. `finish` it: what is dropped unflushed is lost.
#[derive(Debug)]
pub(super) struct Out {
    inner: BufWriter<StdoutLock<'static>>,
}

impl Out {
    pub(super) fn stdout() -> Self {
        Self {
            inner: BufWriter::with_capacity(64 * 1024, io::stdout().lock()),
        }
    }

    /// One line, made harmless for a terminal.
    pub(super) fn line(&mut self, text: impl Display) -> Result<(), Failure> {
        let clean = Clean::line(&text.to_string());
        writeln!(self.inner, "{clean}").map_err(|e| failure(&e))
    }

    /// A value as indented JSON.
    pub(super) fn json(&mut self, value: &serde_json::Value) -> Result<(), Failure> {
        let text = format!("{value:#}");
        writeln!(self.inner, "{}", escape_json(&text)).map_err(|e| failure(&e))
    }

    /// Text or bytes exactly as they are: for output that is harmless by construction, or asked for raw.
    pub(super) fn raw(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.inner.write_all(bytes).map_err(|e| failure(&e))
    }

    pub(super) fn finish(&mut self) -> Result<(), Failure> {
        self.inner.flush().map_err(|e| failure(&e))
    }
}

impl Write for Out {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.inner.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// A file for its owner only. Never over one that is there, nor through a link: it may be somebody's.
pub(super) fn create_new(path: &Path) -> Result<File, Failure> {
    let made = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path);
    made.map_err(|e| {
        Failure::storage(format!("cannot write {}: {e}", path.display()))
            .hint("a file that is there already is left alone; choose another name")
    })
}

/// What a failed write to standard output means.
pub(super) fn failure(error: &io::Error) -> Failure {
    if error.kind() == io::ErrorKind::BrokenPipe {
        Failure::quiet()
    } else {
        Failure::storage(format!("cannot write to standard output: {error}"))
    }
}

/// Says something to the person: each line harmless, standard error, and never a failure if nobody listens.
pub(super) fn talk(text: &str) {
    let mut lines = String::new();
    for line in Clean::lines(text) {
        lines.push_str(line.as_str());
        lines.push('\n');
    }
    let _ = io::stderr().write_all(lines.as_bytes());
}

/// As `talk`, for text that carries our own colours and is clean already.
pub(super) fn talk_styled(text: &str) {
    let _ = writeln!(io::stderr(), "{}", text.trim_end());
}

/// Colour only for a terminal that has not asked for none.
pub(super) fn colour(stream: &impl IsTerminal) -> bool {
    let refused = std::env::var_os("NO_COLOR").is_some_and(|v| !v.is_empty());
    let dumb = std::env::var_os("TERM").is_none_or(|t| t == "dumb");
    stream.is_terminal() && !refused && !dumb
}

/// Text of a message that quotes what a person typed: short enough to read, whatever it was.
pub(super) fn quoted(text: &str) -> String {
    let mut short: String = text.chars().take(60).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    format!("`{short}`")
}

/// The candidate that was probably meant, if one is near.
pub(super) fn meant<'a>(
    text: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    candidates
        .into_iter()
        .map(|c| (strsim::damerau_levenshtein(text, c), c))
        .filter(|(distance, c)| *distance <= 1.max(c.chars().count() / 3))
        .min()
        .map(|(_, c)| c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_near_name_is_found_and_a_far_one_is_not() {
        assert_eq!(meant("rnu", ["list", "run", "resume"]), Some("run"));
        assert_eq!(meant("quikstart", ["quickstart"]), Some("quickstart"));
        assert_eq!(meant("xyz", ["list", "run"]), None);
    }

    #[test]
    fn a_long_quote_is_cut() {
        assert_eq!(quoted("ab"), "`ab`");
        assert!(quoted(&"a".repeat(10_000)).len() < 70);
    }
}
