//! The one way in which a value becomes part of a text that a shell reads.

/// `text` as one word of a POSIX shell, which makes the same bytes of it again. It may hold anything but NUL.
pub(super) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::process::{Command, Stdio};

    use proptest::prelude::*;
    use proptest::test_runner::{Config, TestRunner};

    use super::*;

    /// What `shell` makes of many values, read from its standard input and kept by `$( )` on the way, as the far end does.
    fn through(shell: &[&str], values: &[String]) -> Vec<u8> {
        let words: Vec<String> = values.iter().map(|v| quoted(v)).collect();
        let script = format!("set -- {}\nprintf '%s\\0' \"$@\"\n:", words.join(" "));
        let boot = "s=$(cat); eval \"$s\"";
        let mut child = Command::new(shell[0])
            .args(&shell[1..])
            .args(["-c", boot])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(script.as_bytes())
            .unwrap();
        child.wait_with_output().unwrap().stdout
    }

    #[test]
    fn every_shell_gives_back_the_same_bytes() {
        let value = "[^\u{0}]{0,40}|[ -~]{0,40}|['\"\\\\$`\n!*~#;&|<>(){}-]{0,12}";
        let values = prop::collection::vec(value, 1..400);
        let mut runner = TestRunner::new(Config {
            cases: 60,
            failure_persistence: None,
            ..Config::default()
        });
        runner
            .run(&values, |values| {
                let expected: Vec<u8> = values
                    .iter()
                    .flat_map(|v| [v.as_bytes(), b"\0"].concat())
                    .collect();
                for shell in [&["dash"][..], &["bash", "--posix"], &["bash"]] {
                    prop_assert_eq!(through(shell, &values), expected.clone(), "{:?}", shell);
                }
                Ok(())
            })
            .unwrap();
    }
}
