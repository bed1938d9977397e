//! What is sent to the far end: quoted assignments, then the constant text of `remote.sh`, all in one pair of braces, so that
//! a shell that did not get all of it runs none of it.

use std::fmt::Write as _;

use super::quote::quoted;

const REMOTE: &str = include_str!("remote.sh");
/// The remote command itself. Whatever the login shell is, it reads one constant word in single quotes. `dd` takes no byte
/// too much, so that what follows on standard input is left for the script.
pub(super) const BOOT: &str = r#"sh -c 'printf "\nflightdeck is here\n"; IFS= read -r n; s=$(dd bs=1 count="$n" 2>/dev/null); eval "$s"'"#;

/// What the far end knows before it begins.
#[derive(Clone, Debug, Default)]
pub(super) struct Script {
    given: String,
}

impl Script {
    /// `op` is one of those of `remote.sh`.
    pub(super) fn new(op: &str) -> Self {
        Self::default().with("op", op)
    }

    #[must_use]
    pub(super) fn with(mut self, name: &str, value: &str) -> Self {
        let _ = writeln!(self.given, "{name}={}", quoted(value));
        self
    }

    /// What `"$@"` is.
    #[must_use]
    pub(super) fn arguments<'a>(mut self, words: impl Iterator<Item = &'a str>) -> Self {
        self.given.push_str("set --");
        for word in words {
            self.given.push(' ');
            self.given.push_str(&quoted(word));
        }
        self.given.push('\n');
        self
    }

    /// As it is sent: its length, and itself.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let mut text = format!("{{\n{}", self.given);
        // Comments and indentation are for us.
        for line in REMOTE.lines().map(str::trim_start) {
            if !line.is_empty() && !line.starts_with('#') {
                text.push_str(line);
                text.push('\n');
            }
        }
        text.push('}');
        format!("{}\n{text}", text.len()).into_bytes()
    }
}

/// Assignments for the environment of a command.
pub(super) fn exports<'a>(env: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let mut text = String::new();
    for (name, value) in env {
        let _ = writeln!(text, "{name}={}\nexport {name}", quoted(value));
    }
    text
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write as _;
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn what_is_stopped_before_it_began_leaves_no_input_behind() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join(".cache/flightdeck/ssh/n.1");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("in"), "a secret").unwrap();
        let script = Script::new("stop").with("name", "n").with("n", "1");
        let mut far = Command::new("sh")
            .args(["-c", BOOT])
            .env("HOME", home.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = far.stdin.take().unwrap();
        stdin.write_all(&script.bytes()).unwrap();
        let said = far.wait_with_output().unwrap().stdout;
        assert_eq!(String::from_utf8_lossy(&said), "\nflightdeck is here\nv\n");
        assert!(folder.join("void").is_dir());
        assert!(!folder.join("in").exists());
    }
}
