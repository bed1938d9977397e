//! Where everything stands in a document: one node for each value, with the bytes of it and of its key.

use std::ops::Range;

#[derive(Debug, Default)]
pub struct Tree {
    nodes: Vec<Node>,
    /// First byte after a byte order mark.
    start: usize,
}

#[derive(Debug)]
pub(super) struct Node {
    pub(super) span: Range<usize>,
    /// It fits on one line.
    pub(super) on_one_line: bool,
    pub(super) kind: Kind,
}

#[derive(Debug)]
pub(super) enum Kind {
    Scalar,
    List(Vec<usize>),
    Map(Vec<Entry>),
    /// The node that the alias stands for.
    Alias(usize),
}

#[derive(Debug)]
pub(super) struct Entry {
    pub(super) key: Box<str>,
    pub(super) key_span: Range<usize>,
    pub(super) value: usize,
}

/// One value of a document, with its key if it has one. Cheap to copy.
#[derive(Clone, Copy, Debug)]
pub struct At<'t> {
    tree: &'t Tree,
    node: usize,
    entry: Option<&'t Entry>,
}

impl Tree {
    pub(super) fn new(start: usize) -> Self {
        Self {
            nodes: Vec::new(),
            start,
        }
    }

    pub(super) fn add(&mut self, node: Node) -> usize {
        self.nodes.push(node);
        self.nodes.len() - 1
    }

    pub(super) fn node_mut(&mut self, node: usize) -> &mut Node {
        &mut self.nodes[node]
    }

    pub(super) fn kind_of(&self, node: usize) -> &Kind {
        &self.nodes[node].kind
    }

    pub(super) fn start(&self) -> usize {
        self.start
    }

    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// The whole document. Do not ask an empty tree for more than its places: they are all 0.
    pub fn root(&self) -> At<'_> {
        At {
            tree: self,
            node: 0,
            entry: None,
        }
    }
}

impl<'t> At<'t> {
    fn kind(self) -> Option<&'t Kind> {
        // An alias never stands for an alias, so this looks at two nodes at most.
        let mut node = self.tree.nodes.get(self.node)?;
        if let Kind::Alias(target) = node.kind {
            node = self.tree.nodes.get(target)?;
        }
        Some(&node.kind)
    }

    /// The value of this key, if the value here is a map that has it.
    pub fn get(self, key: &str) -> Option<Self> {
        self.entries().find(|(name, _)| *name == key).map(|e| e.1)
    }

    pub fn has(self, key: &str) -> bool {
        self.get(key).is_some()
    }

    /// The value of this key; without one, the value here: the nearest place that can be shown.
    #[must_use]
    pub fn down(self, key: &str) -> Self {
        self.get(key).unwrap_or(self)
    }

    /// The `n`-th value of a list or a map; without one, the value here.
    #[must_use]
    pub fn nth(self, n: usize) -> Self {
        let found = match self.kind() {
            Some(Kind::List(items)) => items.get(n).map(|&node| self.value(node)),
            Some(Kind::Map(entries)) => entries.get(n).map(|entry| self.entry_value(entry)),
            _ => None,
        };
        found.unwrap_or(self)
    }

    pub fn entries(self) -> impl Iterator<Item = (&'t str, Self)> {
        let entries = match self.kind() {
            Some(Kind::Map(entries)) => entries.as_slice(),
            _ => &[],
        };
        entries
            .iter()
            .map(move |entry| (&*entry.key, self.entry_value(entry)))
    }

    fn value(self, node: usize) -> Self {
        Self {
            tree: self.tree,
            node,
            entry: None,
        }
    }

    fn entry_value(self, entry: &'t Entry) -> Self {
        Self {
            tree: self.tree,
            node: entry.value,
            entry: Some(entry),
        }
    }

    /// All bytes of the value, over many lines perhaps.
    pub fn whole(self) -> Range<usize> {
        let node = self.tree.nodes.get(self.node);
        node.map_or(self.tree.start..self.tree.start, |n| n.span.clone())
    }

    /// The bytes to mark for this value: the value itself if it fits on a line, else its key, else where it starts.
    pub fn span(self) -> Range<usize> {
        let Some(node) = self.tree.nodes.get(self.node) else {
            return self.whole();
        };
        if node.on_one_line && !node.span.is_empty() {
            return node.span.clone();
        }
        match (self.entry, &node.kind) {
            (Some(entry), _) => entry.key_span.clone(),
            (None, Kind::Map(entries)) if !entries.is_empty() => entries[0].key_span.clone(),
            (None, Kind::List(items)) if !items.is_empty() => self.value(items[0]).span(),
            (None, _) => node.span.start..node.span.start + usize::from(!node.span.is_empty()),
        }
    }

    /// The bytes of its key, else as `span`.
    pub fn key_span(self) -> Range<usize> {
        self.entry
            .map_or_else(|| self.span(), |entry| entry.key_span.clone())
    }
}
