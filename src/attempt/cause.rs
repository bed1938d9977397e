//! What stands behind an error of a library: the outer ones only say that something failed.

use std::error::Error;

/// The texts of an error and of all that stands behind it, the innermost last.
pub(super) fn chain(error: &dyn Error) -> Vec<String> {
    let mut texts = vec![error.to_string()];
    let mut next = error.source();
    while let Some(inner) = next {
        texts.push(inner.to_string());
        next = inner.source();
    }
    texts
}

/// The innermost cause, which says most, without the number of the operating system.
pub(super) fn innermost(error: &dyn Error) -> String {
    let text = chain(error).pop().unwrap_or_default();
    match text.find(" (os error ") {
        Some(end) => text[..end].to_owned(),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[test]
    fn the_innermost_cause_is_told_without_its_number() {
        let refused = io::Error::from_raw_os_error(111);
        let outer = io::Error::other(Outer(refused));
        assert_eq!(innermost(&outer), "Connection refused");
        assert_eq!(chain(&outer).len(), 2);
    }

    #[derive(Debug, thiserror::Error)]
    #[error("it failed")]
    struct Outer(#[source] io::Error);
}
