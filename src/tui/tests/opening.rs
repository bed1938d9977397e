//! A merge of many logs: a worker opens it, whoever asks for it.

use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::thread::{self, ThreadId};

use futures_util::StreamExt;
use tempfile::TempDir;

use super::play::actor;
use crate::engine::Receipt;
use crate::id::AttemptId;
use crate::journal::{Reader, Writer};
use crate::run::{Actor, Command, Seen};
use crate::time::Timestamp;
use crate::tui::message::{LogOf, Message, Part, Request, Slice};
use crate::tui::port::{NoRun, Port};
use crate::tui::world::World;

/// Logs of which it is known who opened them.
#[derive(Clone)]
struct Logs {
    folder: PathBuf,
    by: Arc<Mutex<Vec<ThreadId>>>,
}

impl Port for Logs {
    type Feed = NoRun;

    fn send(
        &self,
        _: Command,
        _: Actor,
        _: Option<Seen>,
    ) -> impl Future<Output = Receipt> + 'static {
        std::future::ready(Ok(()))
    }

    fn output(&self, attempt: &AttemptId) -> io::Result<Reader> {
        self.by.lock().unwrap().push(thread::current().id());
        Reader::open(&self.folder.join(attempt.file_stem() + ".log"))
    }
}

const MERGED: LogOf = LogOf::Merged(1);

/// Three steps that each say a line, in turn; the first `known` are merged.
fn three(known: usize) -> (TempDir, Logs, World<Logs>) {
    let dir = tempfile::tempdir().unwrap();
    for (second, part) in (1..).zip(parts(3)) {
        let path = dir.path().join(part.attempt.file_stem() + ".log");
        let mut writer = Writer::create(&path, u64::MAX).unwrap();
        writer.write(b"an error\n", Timestamp(1_000 * second));
        writer.finish();
    }
    let logs = Logs {
        folder: dir.path().to_owned(),
        by: Arc::default(),
    };
    let mut world = World::new(logs.clone(), actor(), None);
    merge(&mut world, known);
    (dir, logs, world)
}

fn parts(known: usize) -> Vec<Part> {
    let part = |step: &&str| Part {
        attempt: AttemptId::act((*step).into(), 1),
        live: false,
    };
    ["a", "b", "c"][..known].iter().map(part).collect()
}

fn merge(world: &mut World<Logs>, known: usize) {
    let number = 1;
    let parts = parts(known);
    assert!(world.perform(Request::Merge { number, parts }).is_none());
}

fn read(world: &mut World<Logs>, slice: Slice) -> Option<Message> {
    world.perform(Request::ReadLog { of: MERGED, slice })
}

#[tokio::test]
async fn the_screen_goes_on_while_many_logs_are_opened() {
    let (_dir, logs, mut world) = three(3);
    assert!(read(&mut world, Slice::End(1)).is_none());
    assert!(read(&mut world, Slice::Lines(vec![0, 2])).is_none());
    let opened = world.opening.opened.recv().await.unwrap();
    let told = world.opened(opened);
    let Some(Message::Log { count, lines, .. }) = told else {
        panic!("the last question is answered: {told:?}");
    };
    let numbers: Vec<u64> = lines.iter().map(|said| said.line.number).collect();
    assert_eq!((count, numbers), (3, vec![0, 2]));
    // From now on it is open.
    assert!(read(&mut world, Slice::End(1)).is_some());
    let by = logs.by.lock().unwrap();
    assert_eq!(by.len(), 3);
    assert!(!by.contains(&thread::current().id()));
}

#[tokio::test]
async fn what_begins_while_a_merge_is_opened_is_in_it() {
    let (_dir, _, mut world) = three(2);
    assert!(read(&mut world, Slice::End(9)).is_none());
    merge(&mut world, 3);
    let opened = world.opening.opened.recv().await.unwrap();
    let told = world.opened(opened);
    assert!(
        matches!(told, Some(Message::Log { count: 3, .. })),
        "{told:?}"
    );
}

#[tokio::test]
async fn a_search_and_the_last_error_open_their_logs_beside_the_screen() {
    let (_dir, logs, mut world) = three(3);
    assert!(world.perform(Request::FindError(MERGED)).is_none());
    let told = world.answers.next().await;
    assert!(
        matches!(told, Some(Message::ErrorAt { line: Some(2), .. })),
        "{told:?}"
    );
    let search = Request::Search {
        of: MERGED,
        pattern: "error".into(),
        from: 1,
    };
    assert!(world.perform(search).is_none());
    let told = world.found.recv().await;
    let Some(Message::Found { lines, .. }) = told else {
        panic!("it finds: {told:?}");
    };
    assert_eq!(lines, [1, 2]);
    let by = logs.by.lock().unwrap();
    assert_eq!(by.len(), 6);
    assert!(!by.contains(&thread::current().id()));
}
