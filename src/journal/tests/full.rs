//! A full disk: a real one of some KiB, mounted by a child of this test where nobody else sees it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::output::holes;
use super::{as_child, child, folder, history, told};
use crate::journal::{Error, Log, Reader, Writer};
use crate::time::Timestamp;

/// Runs `test` again in a child that has a disk of `size` to itself; gives its folder there, and nothing here.
fn on_a_small_disk(test: &str, size: &str) -> Option<PathBuf> {
    if let Some(disk) = as_child() {
        return Some(disk);
    }
    let dir = folder();
    let test = format!("journal::tests::full::{test}");
    let with_disk = |command: &str| {
        let child = child(&test, dir.path());
        Command::new("unshare")
            .args(["-U", "-r", "-m", "sh", "-c"])
            .arg(format!(
                "mount -t tmpfs -o size={size} none \"$CHILD\" && {command}"
            ))
            .arg(child.get_program())
            .args(child.get_args())
            .envs(
                child
                    .get_envs()
                    .filter_map(|(name, value)| Some((name, value?))),
            )
            .env("CHILD", dir.path())
            .output()
    };
    if !with_disk("true").is_ok_and(|out| out.status.success()) {
        eprintln!("SKIPPED: {test}: nobody may mount a small disk here (unshare -U -r -m)");
        return None;
    }
    let out = with_disk("exec \"$0\" \"$@\"").unwrap();
    let text = String::from_utf8_lossy(&out.stdout) + String::from_utf8_lossy(&out.stderr);
    assert!(out.status.success() && text.contains("1 passed"), "{text}");
    None
}

/// Fills the disk to the last block.
fn fill(disk: &Path) {
    use std::io::Write;
    let mut file = fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(disk.join("filler"))
        .unwrap();
    while file.write_all(&[7; 4096]).is_ok() {}
}

#[test]
fn a_full_disk_costs_no_record() {
    let test = "a_full_disk_costs_no_record";
    let Some(disk) = on_a_small_disk(test, "6m") else {
        return;
    };
    let dir = disk.join("r1");
    fs::create_dir(&dir).unwrap();
    let mut kept = history(1);
    let mut log = Log::create(&dir).unwrap();
    log.append(&kept).unwrap();
    assert!(!log.is_short(), "there is room for a reserve");
    for round in 0..50 {
        fill(&disk);
        let next = |kept: &[_]| told(kept.len() as u64 + 1, &"x".repeat(5000));
        let mut refused = 0;
        // The space ahead of the journal may take a few more before the disk is asked.
        for _ in 0..1000 {
            match log.append(&[next(&kept)]) {
                Ok(()) => kept.push(next(&kept)),
                Err(Error::Full { .. }) => refused += 1,
                Err(e) => panic!("{e}"),
            }
            if refused == 1 {
                break;
            }
        }
        assert_eq!(refused, 1, "round {round}: the disk never was full");
        assert!(log.is_short());
        // What the reserve is for.
        for _ in 0..20 {
            log.append(&[next(&kept)]).unwrap();
            kept.push(next(&kept));
        }
        assert!(log.is_short());
        let check = fs::read(dir.join("journal")).unwrap();
        assert_eq!(memchr::memchr_iter(b'\n', &check).count(), kept.len());
        fs::remove_file(disk.join("filler")).unwrap();
        assert!(!log.is_short(), "there is room again");
        if round % 7 == 6 || kept.len() > 250 {
            drop(log);
            let opened = Log::open(&dir).unwrap();
            assert_eq!((opened.records, opened.torn), (kept, None));
            // A fresh run, before this one outgrows its disk.
            drop(opened.log);
            fs::remove_dir_all(&dir).unwrap();
            fs::create_dir(&dir).unwrap();
            kept = history(1);
            log = Log::create(&dir).unwrap();
            log.append(&kept).unwrap();
        }
    }
}

#[test]
fn a_disk_too_small_for_a_reserve_still_takes_a_journal() {
    let test = "a_disk_too_small_for_a_reserve_still_takes_a_journal";
    let Some(disk) = on_a_small_disk(test, "64k") else {
        return;
    };
    let mut log = Log::create(&disk).unwrap();
    let mut n = 0;
    let full = loop {
        match log.append(&[told(n + 1, &"x".repeat(900))]) {
            Ok(()) => n += 1,
            Err(e) => break e,
        }
    };
    assert!(matches!(full, Error::Full { .. }), "{full}");
    assert!(n > 40, "{n} records of 1 KiB on 64 KiB");
    assert!(log.is_short());
    drop(log);
    assert_eq!(Log::open(&disk).unwrap().records.len() as u64, n);
}

#[test]
fn output_on_a_full_disk_is_counted_and_goes_on_when_there_is_room() {
    let test = "output_on_a_full_disk_is_counted_and_goes_on_when_there_is_room";
    let Some(disk) = on_a_small_disk(test, "512k") else {
        return;
    };
    let path = disk.join("s.1.log");
    fs::write(disk.join("filler"), vec![7; 200_000]).unwrap();
    let mut writer = Writer::create(&path, u64::MAX).unwrap();
    let mut produced = Vec::new();
    for n in 0..2000 {
        let line = format!("line {n:08} {}\n", "x".repeat(985));
        writer.write(line.as_bytes(), Timestamp(n));
        produced.extend(line.as_bytes());
        if n == 900 {
            fs::remove_file(disk.join("filler")).unwrap();
        }
    }
    let facts = writer.finish();
    let file = fs::read(&path).unwrap();
    let (told, untold) = holes(&produced, &file);
    assert!(told > 500_000 && untold > 100_000, "{told}, {untold}");
    assert_eq!(facts.dropped, told + untold);
    let reader = Reader::open(&path).unwrap();
    assert_eq!((reader.size(), reader.count()), (facts.bytes, facts.lines));
}
