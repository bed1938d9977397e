//! The first look at a text: refuses what must not reach serde_yaml, and notes where everything stands. Linear in the size
//! of the text, whatever the text is.

mod bytes;
mod heal;
mod shape;
mod trouble;

use std::collections::BTreeMap;
use std::ops::Range;

use saphyr_parser::{Event, Parser, ScalarStyle, StrInput};

use self::bytes::Bytes;
use self::heal::Healer;
use self::shape::{Frame, Weight, reads_as_text};
use super::tree::{Entry, Kind, Node, Tree};
use super::{ALIASES_MAX, MISTAKES_MAX, Mistake, NESTING_MAX, place};

/// Values that all aliases together may stand for.
const REPEATED_MAX: u64 = 200_000;

pub(super) struct Scanned {
    pub(super) tree: Tree,
    pub(super) mistakes: Vec<Mistake>,
    /// The text for serde_yaml: without a byte order mark, and with blanks in place of what was refused. `None` if no
    /// sensible text is left.
    pub(super) healed: Option<String>,
}

pub(super) fn scan(text: &str) -> Scanned {
    let start = if text.starts_with('\u{feff}') { 3 } else { 0 };
    let mut healer = Healer::new(text);
    let mut mistakes = Vec::new();
    shape::characters(text, start, &mut mistakes, &mut healer);
    // The parser stumbles over such characters too, so it gets the text without them. Every byte is where it was.
    let readable = healer.text();
    let mut walk = Walk {
        text,
        bytes: Bytes::of(&readable, start),
        tree: Tree::new(start),
        mistakes,
        healer,
        stack: Vec::new(),
        anchors: BTreeMap::new(),
        begun: false,
    };
    let whole = walk.events(&readable[start..]);
    let healed = if walk.tree.is_empty() {
        "{}".to_owned()
    } else {
        walk.healer.text()[start..].to_owned()
    };
    Scanned {
        healed: whole.then_some(healed),
        tree: walk.tree,
        mistakes: walk.mistakes,
    }
}

struct Walk<'t> {
    text: &'t str,
    bytes: Bytes,
    tree: Tree,
    mistakes: Vec<Mistake>,
    healer: Healer,
    stack: Vec<Frame>,
    /// By the parser's number: the node, and how much an alias for it adds. Open ones are on the stack.
    anchors: BTreeMap<usize, (usize, Weight)>,
    begun: bool,
}

/// What follows from an event.
enum Next {
    GoOn,
    /// The end of what is to be read.
    Enough,
    /// Nothing can be read after this.
    Unreadable(Box<Mistake>),
}

impl Next {
    fn refuse(mistake: Mistake) -> Self {
        Self::Unreadable(Box::new(mistake))
    }
}

impl Walk<'_> {
    /// False if the text cannot be read any further.
    fn events(&mut self, text: &str) -> bool {
        let mut parser: Parser<'_, StrInput<'_>> = Parser::new_from_str(text);
        let mut last = self.bytes.start;
        while let Some(event) = parser.next_event() {
            if self.mistakes.len() > MISTAKES_MAX {
                return false;
            }
            let (event, span) = match event {
                Ok(event) => event,
                Err(error) => {
                    let at = self.bytes.at(error.marker().index()).min(self.text.len());
                    let deep = (self.stack.len(), last);
                    self.mistakes
                        .push(trouble::tell(error.info(), self.text, at, deep));
                    return false;
                }
            };
            let span = self.bytes.range(&span);
            last = span.end;
            match self.event(event, span) {
                Next::GoOn => {}
                Next::Enough => return true,
                Next::Unreadable(mistake) => {
                    self.mistakes.push(*mistake);
                    return false;
                }
            }
        }
        true
    }

    fn event(&mut self, event: Event<'_>, span: Range<usize>) -> Next {
        match event {
            Event::DocumentStart(_) if self.begun => {
                self.second_document(span);
                return Next::Enough;
            }
            Event::DocumentStart(_) => self.begun = true,
            Event::Alias(anchor) => return self.alias(anchor, span),
            Event::Scalar(value, style, anchor, tag) => {
                let span = self.after_properties(span, anchor > 0, tag.is_some());
                self.scalar(&value, style, anchor, span);
            }
            Event::SequenceStart(anchor, tag) => {
                let span = self.after_properties(span, anchor > 0, tag.is_some());
                return self.open(Kind::List(Vec::new()), anchor, span);
            }
            Event::MappingStart(anchor, tag) => {
                let span = self.after_properties(span, anchor > 0, tag.is_some());
                return self.open(Kind::Map(Vec::new()), anchor, span);
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(&span),
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
        }
        Next::GoOn
    }

    fn second_document(&mut self, span: Range<usize>) {
        let line = place(self.text, span.start).0;
        self.healer.blank(span.start..self.text.len());
        self.mistakes.push(
            Mistake::new(
                "second_document",
                span,
                format!("a second document starts at line {line}"),
            )
            .hint("one file holds one document: move the second one to a file of its own"),
        );
    }

    /// Steps over `&anchor` and `!tag`; tags are refused.
    fn after_properties(
        &mut self,
        span: Range<usize>,
        anchored: bool,
        tagged: bool,
    ) -> Range<usize> {
        let mut start = span.start;
        if anchored || tagged {
            let (after, tag) = shape::properties(self.text, span.clone());
            start = after;
            if let Some(tag) = tag {
                self.healer.blank(tag.clone());
                self.mistakes.push(
                    Mistake::new("tag", tag, "YAML tags are not supported")
                        .hint("remove the tag; quote the value if it is meant as text"),
                );
            }
        }
        start..span.end.max(start)
    }

    fn alias(&mut self, anchor: usize, span: Range<usize>) -> Next {
        if self.stack.iter().any(|frame| frame.anchor == anchor) {
            return Next::refuse(Mistake::new(
                "alias",
                span,
                "this alias refers to itself: it stands inside its own anchor",
            ));
        }
        let Some(&(target, inner)) = self.anchors.get(&anchor) else {
            return Next::refuse(Mistake::new(
                "alias",
                span,
                "this alias has no anchor before it",
            ));
        };
        let added = Weight {
            aliases: inner.aliases.saturating_add(1),
            values: inner.values,
        };
        let total = self
            .stack
            .iter()
            .fold(added, |sum, frame| sum + frame.weight);
        if total.aliases > ALIASES_MAX || total.values > REPEATED_MAX {
            let message = format!("too many aliases (limit {ALIASES_MAX})");
            return Next::refuse(
                Mistake::new("alias", span, message)
                    .hint("aliases inside anchors count each time that they are repeated"),
            );
        }
        if self.expects_key() {
            self.mistakes
                .push(trouble::key_is_not_text(span.clone(), "an alias"));
            self.push_key(None, span);
            return Next::GoOn;
        }
        let node = self.tree.add(Node {
            span: span.clone(),
            on_one_line: true,
            kind: Kind::Alias(target),
        });
        self.attach(node, span.end, added);
        Next::GoOn
    }

    fn scalar(&mut self, value: &str, style: ScalarStyle, anchor: usize, span: Range<usize>) {
        if style == ScalarStyle::DoubleQuoted {
            self.escapes(value, &span);
        }
        if self.expects_key() {
            let plain = style == ScalarStyle::Plain;
            if plain && value == "<<" {
                self.push_key(Some("<<"), span);
                return;
            }
            if plain && !reads_as_text(value) {
                let what = "a number, true, false or null";
                self.mistakes
                    .push(trouble::key_is_not_text(span.clone(), what));
                self.push_key(None, span);
                return;
            }
            self.push_key(Some(value), span);
            return;
        }
        let raw = &self.text[span.clone()];
        let end = span.start + raw.trim_end().len();
        let nothing = self.stack.is_empty()
            && style == ScalarStyle::Plain
            && matches!(value, "" | "~" | "null");
        if nothing {
            return;
        }
        let node = self.tree.add(Node {
            on_one_line: !self.text[span.start..end].contains('\n'),
            span: span.start..end,
            kind: Kind::Scalar,
        });
        if anchor > 0 {
            let weight = Weight {
                aliases: 0,
                values: 1,
            };
            self.anchors.insert(anchor, (node, weight));
        }
        self.attach(node, end, Weight::default());
    }

    /// An escape may not smuggle in what may not stand in the text itself.
    fn escapes(&mut self, value: &str, span: &Range<usize>) {
        let written = |c: char| self.text[span.clone()].contains(c);
        let smuggled = value
            .chars()
            .find_map(|c| Some((c, shape::refused(c)?)))
            .filter(|(c, _)| !written(*c));
        if let Some((c, what)) = smuggled {
            let message = format!("an escape puts {what} U+{:04X} into this text", c as u32);
            self.healer.blank_inside(span);
            self.mistakes
                .push(Mistake::new("control_character", span.clone(), message).hint("remove it"));
        }
    }

    fn open(&mut self, kind: Kind, anchor: usize, span: Range<usize>) -> Next {
        if self.stack.len() >= NESTING_MAX {
            return Next::refuse(trouble::too_deep(self.text, span.start));
        }
        if self.expects_key() {
            return Next::refuse(trouble::key_is_not_text(span, "a list or a map"));
        }
        let node = self.tree.add(Node {
            span,
            on_one_line: false,
            kind,
        });
        self.stack.push(Frame::new(node, anchor));
        Next::GoOn
    }

    fn close(&mut self, span: &Range<usize>) {
        let Some(frame) = self.stack.pop() else {
            return;
        };
        let node = self.tree.node_mut(frame.node);
        // A block ends where its last value ends, not where the next token begins.
        let flow = self.text[span.clone()].starts_with([']', '}']);
        let end = if flow { span.end } else { frame.end };
        node.span.end = end.max(node.span.start);
        node.on_one_line = !self.text[node.span.clone()].contains('\n');
        let weight = Weight {
            values: frame.weight.values + 1,
            ..frame.weight
        };
        if frame.anchor > 0 {
            self.anchors.insert(frame.anchor, (frame.node, weight));
        }
        for range in frame.refused {
            self.healer.blank_entry(self.text, range);
        }
        self.attach(frame.node, end, weight);
    }

    fn expects_key(&self) -> bool {
        self.stack
            .last()
            .is_some_and(|f| f.key.is_none() && f.is_map(&self.tree))
    }

    fn push_key(&mut self, key: Option<&str>, span: Range<usize>) {
        if let Some(frame) = self.stack.last_mut() {
            frame.key = Some((key.map(Into::into), span));
        }
    }

    /// Puts a finished value into the list or map that is open.
    fn attach(&mut self, node: usize, end: usize, weight: Weight) {
        let Some(frame) = self.stack.last_mut() else {
            return;
        };
        frame.end = end.max(frame.end);
        frame.weight = frame.weight
            + Weight {
                values: weight.values.max(1),
                ..weight
            };
        match (&mut self.tree.node_mut(frame.node).kind, frame.key.take()) {
            (Kind::List(items), _) => items.push(node),
            (Kind::Map(entries), Some((Some(key), key_span))) => {
                let refused = if &*key == "<<" {
                    Some(trouble::merge_key(key_span.clone()))
                } else {
                    let first = shape::first_of(entries, &mut frame.keys, &key);
                    first.map(|first| trouble::duplicate(&key, first, key_span.clone(), self.text))
                };
                if let Some(mistake) = refused {
                    self.mistakes.push(mistake);
                    frame.refused.push(key_span.start..end);
                } else {
                    entries.push(Entry {
                        key,
                        key_span,
                        value: node,
                    });
                }
            }
            (_, Some((None, key_span))) => frame.refused.push(key_span.start..end),
            _ => {}
        }
    }
}
