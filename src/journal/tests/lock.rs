//! Who gets the lock of a run, and who is told to hold it.

use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::{as_child, child, folder};
use crate::id::RunId;
use crate::journal::{Holder, LockError, RunDir, Shelf};
use crate::time::Timestamp;

fn me(since: i64) -> Holder {
    Holder {
        pid: std::process::id(),
        user: "ana".to_owned(),
        host: "ops1".to_owned(),
        since: Timestamp(since),
        detached: false,
        socket: None,
    }
}

fn run(state: &std::path::Path) -> RunDir {
    let id = RunId::parse("r1").unwrap();
    Shelf::open(state).unwrap().create(&id).unwrap()
}

#[test]
fn it_says_who_holds_it_until_it_is_given_back() {
    let state = folder();
    let dir = run(state.path());
    assert_eq!(dir.holder().unwrap(), None);
    let lock = dir.lock(&me(1)).unwrap();
    assert_eq!(dir.holder().unwrap(), Some(me(1)));
    let refused = dir.lock(&me(2)).unwrap_err();
    assert!(matches!(&refused, LockError::Held(Some(holder)) if *holder == me(1)));
    let pid = std::process::id();
    assert_eq!(
        refused.to_string(),
        format!("the run is held by ana on ops1, process {pid}")
    );
    drop(lock);
    assert_eq!(dir.holder().unwrap(), None);
    dir.lock(&me(3)).unwrap();
}

#[test]
fn of_many_only_one_gets_it_and_nobody_who_looks_is_in_the_way() {
    let state = folder();
    let dir = run(state.path());
    let (held, over) = (AtomicUsize::new(0), AtomicBool::new(false));
    let barrier = Barrier::new(8);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    dir.holder().unwrap();
                }
            });
        }
        let takers: Vec<_> = (0..8)
            .map(|n| {
                let (dir, held, barrier) = (&dir, &held, &barrier);
                scope.spawn(move || {
                    for _ in 0..30 {
                        barrier.wait();
                        let lock = dir.lock(&me(n));
                        if lock.is_ok() {
                            assert_eq!(held.fetch_add(1, Ordering::SeqCst), 0, "two hold it");
                        }
                        barrier.wait();
                        // All have tried by now, and whoever got it still has it.
                        assert_eq!(held.load(Ordering::SeqCst), 1, "nobody got it");
                        barrier.wait();
                        if lock.is_ok() {
                            held.store(0, Ordering::SeqCst);
                        }
                        drop(lock);
                    }
                })
            })
            .collect();
        for taker in takers {
            taker.join().unwrap();
        }
        over.store(true, Ordering::Relaxed);
    });
}

#[test]
fn the_lock_of_the_dead_is_free() {
    if let Some(path) = as_child() {
        let _lock = RunDir::at(path).lock(&me(7)).unwrap();
        std::process::abort();
    }
    let test = "journal::tests::lock::the_lock_of_the_dead_is_free";
    let state = folder();
    let dir = run(state.path());
    for _ in 0..5 {
        let out = child(test, dir.path()).output().unwrap();
        assert!(!out.status.success());
        let left = std::fs::read_to_string(dir.path().join("lock")).unwrap();
        assert!(left.contains("\"since\":7"), "{left}");
        assert_eq!(dir.holder().unwrap(), None);
        drop(dir.lock(&me(8)).unwrap());
    }
}

#[test]
fn a_run_is_removed_whole_under_its_lock() {
    let state = folder();
    let dir = run(state.path());
    let lock = dir.lock(&me(1)).unwrap();
    dir.remove(lock).unwrap();
    assert!(
        Shelf::open(state.path())
            .unwrap()
            .list()
            .unwrap()
            .is_empty()
    );
    assert!(matches!(dir.lock(&me(1)), Err(LockError::Io(_))));
    assert_eq!(
        std::fs::read_dir(state.path().join("runs"))
            .unwrap()
            .count(),
        0
    );
}
