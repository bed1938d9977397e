//! Following a journal while it is written.

use std::fs::OpenOptions;
use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};

use super::{folder, history, journal_of, write};
use crate::journal::disk::For;
use crate::journal::log::open_scan;
use crate::journal::{Log, Tail};

#[test]
fn it_gives_each_record_once_when_it_is_whole() {
    let all = history(9);
    let source = folder();
    write(source.path(), &all);
    let bytes = std::fs::read(journal_of(source.path())).unwrap();
    let dir = folder();
    drop(Log::create(dir.path()).unwrap());
    let mut tail = Tail::open(dir.path()).unwrap();
    let mut file = OpenOptions::new()
        .append(true)
        .open(journal_of(dir.path()))
        .unwrap();
    let mut seen = Vec::new();
    for byte in bytes {
        let new = tail.read().unwrap();
        assert!(new.len() <= 1);
        seen.extend(new);
        assert_eq!(seen, all[..seen.len()]);
        file.write_all(&[byte]).unwrap();
    }
    assert_eq!(seen.len(), 8);
    seen.extend(tail.read().unwrap());
    assert_eq!(seen, all);
}

/// A writer that ends gives its reserve back, perhaps just after a reader has asked how long the file is.
#[test]
fn a_file_that_shrinks_under_its_reader_is_at_its_end() {
    let dir = folder();
    write(dir.path(), &history(9));
    let mut scan = open_scan(dir.path(), For::Reading).unwrap();
    scan.read(|_| {}).unwrap();
    // Byte by byte it would take for ever.
    let had = 1 << 50;
    assert!(!scan.remains_up_to(had).unwrap().knows_better);
}

/// A reader beside a writer sees pages come one by one; it must never call that damage.
#[test]
fn a_live_journal_is_never_damaged_to_its_followers() {
    let all = history(4000);
    let dir = folder();
    let mut log = Log::create(dir.path()).unwrap();
    log.append(&all[..1]).unwrap();
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                let mut tail = Tail::open(dir.path()).unwrap();
                let mut seen = Vec::new();
                while !over.load(Ordering::Acquire) {
                    seen.extend(tail.read().unwrap());
                }
                seen.extend(tail.read().unwrap());
                assert_eq!(seen.len(), all.len());
                assert_eq!(seen, all);
            });
        }
        for some in all[1..].chunks(40) {
            log.append(some).unwrap();
        }
        drop(log);
        over.store(true, Ordering::Release);
    });
}
