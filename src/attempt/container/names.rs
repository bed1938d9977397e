//! Names that go into the path of a question. They may come from what a step said: as a path of its own, `prune?x=` would ask
//! for something else altogether.

use super::super::call::Trouble;

/// Of a container, or its id.
pub(super) fn container(name: &str) -> Result<(), Trouble> {
    let begins = name.starts_with(|c: char| c.is_ascii_alphanumeric());
    let holds = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
    if begins && name.chars().all(holds) {
        return Ok(());
    }
    Err(Trouble::Failed(format!(
        "{name:?} is no name of a container: letters, digits, `_`, `.` and `-` are, and the first is a letter or a digit"
    )))
}

/// Of an image: host, port, path, tag and digest.
pub(super) fn image(name: &str) -> Result<(), Trouble> {
    let holds = |c: char| c.is_ascii_alphanumeric() || "_.-/:@+[]".contains(c);
    // What such a part means in a path, it means to the client already.
    let is_path = name.split('/').any(|part| ["", ".", ".."].contains(&part));
    if name.chars().all(holds) && !is_path {
        return Ok(());
    }
    Err(Trouble::Failed(format!(
        "{name:?} is no name of an image, such as `registry.example/team/app:1`"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_asks_for_nothing_else() {
        for good in ["web", "0", "flightdeck-r_1-web.2", &"0a".repeat(32)] {
            assert_eq!(container(good), Ok(()), "{good}");
        }
        let bad = [
            "",
            "prune?x=",
            "../volumes/prune?x=",
            "a/b",
            "..",
            "-a",
            "a b",
            "a%2Fb",
            "a#",
            "w\u{e4}b",
        ];
        for bad in bad {
            assert!(container(bad).is_err(), "{bad}");
        }
        let images = [
            "app",
            "sha256:00",
            "here:5000/team/app:1@sha256:00",
            "[::1]:5000/app:1",
        ];
        for good in images {
            assert_eq!(image(good), Ok(()), "{good}");
        }
        for bad in ["", "a?x=", "../app", "a/../b", "a//b", "/a", "a%2e", "a b"] {
            assert!(image(bad).is_err(), "{bad}");
        }
    }
}
