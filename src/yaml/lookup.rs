//! A way through a document: `steps`, then element 3, then `needs`.

use super::tree::{At, Tree};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key<'a> {
    Name(&'a str),
    Index(usize),
}

/// What stands at the end of `path`, or where it breaks off.
pub(super) fn find<'t>(tree: &'t Tree, path: &[Key<'_>]) -> At<'t> {
    path.iter().fold(tree.root(), |at, key| match key {
        Key::Name(name) => at.down(name),
        Key::Index(i) => at.nth(*i),
    })
}
