//! One service's description. Lines are found by halving and read when asked for: of EC2's five thousand a call needs fifty.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde::de::DeserializeOwned;

use super::model::{Facts, Kind, Member, Operation, Paginator, Ref, Shape, Waiter};
use super::names::plain;

/// The data is part of the program and `catalog` has a test that reads all of it.
const SOUND: &str = "the data of a service is as it was extracted";

pub struct Service {
    facts: Facts,
    /// Sorted by their heads: a letter for the kind and a name.
    lines: Vec<&'static str>,
    shapes: Mutex<BTreeMap<&'static str, Arc<Shape>>>,
    outputs: Mutex<BTreeMap<String, &'static [&'static str]>>,
}

impl Service {
    /// Its text stays for the life of the process, as the packed form does.
    pub(super) fn unpack(packed: &[u8]) -> Self {
        let bytes = miniz_oxide::inflate::decompress_to_vec_zlib(packed).expect(SOUND);
        let text: &'static str = String::from_utf8(bytes).expect(SOUND).leak();
        let mut lines = text.lines();
        let facts = lines.next().expect(SOUND);
        Self {
            facts: serde_json::from_str(facts).expect(SOUND),
            lines: lines.collect(),
            shapes: Mutex::default(),
            outputs: Mutex::default(),
        }
    }

    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// The names of its operations, as AWS spells them.
    pub fn operations(&self) -> impl Iterator<Item = &'static str> + Clone {
        self.names('o')
    }

    pub fn waiters(&self) -> impl Iterator<Item = &'static str> + Clone {
        self.names('w')
    }

    /// In any spelling.
    pub fn operation(&self, name: &str) -> Option<Operation> {
        let (name, mut operation) = self.spelt::<Operation>('o', name)?;
        name.clone_into(&mut operation.name);
        Some(operation)
    }

    /// In any spelling.
    pub fn waiter(&self, name: &str) -> Option<Waiter> {
        let (name, mut waiter) = self.spelt::<Waiter>('w', name)?;
        name.clone_into(&mut waiter.name);
        Some(waiter)
    }

    pub fn paginator(&self, operation: &str) -> Option<Paginator> {
        self.line('p', operation).map(|(_, text)| read(text))
    }

    pub fn shape(&self, name: &str) -> Arc<Shape> {
        let (name, text) = self.line('s', name).expect(SOUND);
        let mut shapes = self.shapes.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(shapes.entry(name).or_insert_with(|| Arc::new(read(text))))
    }

    /// The shape of what goes in or comes out; without one, a structure without members.
    pub fn shape_of(&self, part: Option<&Ref>) -> Arc<Shape> {
        match part {
            Some(part) => self.shape(&part.shape),
            None => Arc::new(read(r#"{"type":"structure"}"#)),
        }
    }

    /// Of this kind a member is.
    pub fn kind(&self, member: &Member) -> Kind {
        self.shape(&member.shape).kind
    }

    /// The names of what an operation answers, and `waited`: what was seen last by who waited for its effect.
    pub fn outputs(&self, operation: &Operation) -> &'static [&'static str] {
        let mut known = self.outputs.lock().unwrap_or_else(PoisonError::into_inner);
        let shape = self.shape_of(operation.output.as_ref());
        known.entry(operation.name.clone()).or_insert_with(|| {
            let names = shape.members.keys().cloned().chain(["waited".to_owned()]);
            // Once for each operation that a file names: they are needed as long as the program.
            let names: Vec<&'static str> = names.map(|name| &*name.leak()).collect();
            names.leak()
        })
    }

    fn names(&self, kind: char) -> impl Iterator<Item = &'static str> + Clone {
        let start = self
            .lines
            .partition_point(|line| !line.starts_with(kind) && *line < kind.to_string().as_str());
        self.lines[start..]
            .iter()
            .map_while(move |line| line.strip_prefix(kind)?.split('\t').next())
    }

    fn spelt<T: DeserializeOwned>(&self, kind: char, name: &str) -> Option<(&'static str, T)> {
        let wanted = plain(name);
        let name = self.names(kind).find(|known| plain(known) == wanted)?;
        self.line(kind, name).map(|(name, text)| (name, read(text)))
    }

    fn line(&self, kind: char, name: &str) -> Option<(&'static str, &'static str)> {
        let head = format!("{kind}{name}");
        let found = self
            .lines
            .binary_search_by(|line| line.split('\t').next().unwrap_or(line).cmp(&head));
        let (head, text) = self.lines[found.ok()?].split_once('\t')?;
        Some((&head[1..], text))
    }

    #[cfg(test)]
    pub(super) fn read_all(&self) {
        for line in &self.lines {
            let (head, text) = line.split_once('\t').unwrap();
            assert_eq!(
                self.line(head.chars().next().unwrap(), &head[1..])
                    .unwrap()
                    .1,
                text
            );
            match head.as_bytes()[0] {
                b'o' => drop(read::<Operation>(text)),
                b's' => {
                    let shape = read::<Shape>(text);
                    let inner = [&shape.member, &shape.key, &shape.value]
                        .into_iter()
                        .flatten();
                    for member in shape.members.values().chain(inner) {
                        self.shape(&member.shape);
                    }
                }
                b'w' => {
                    let waiter = read::<Waiter>(text);
                    assert!(self.operation(&waiter.operation).is_some(), "{line}");
                }
                b'p' => drop(read::<Paginator>(text)),
                _ => panic!("{line}"),
            }
        }
    }
}

fn read<T: DeserializeOwned>(text: &str) -> T {
    serde_json::from_str(text).expect(SOUND)
}
