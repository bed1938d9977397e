//! Creating, appending, opening again.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

use super::{folder, history, journal_of, started, told, write};
use crate::journal::{Error, Log, Opened, Tail};

#[test]
fn what_was_appended_is_read_back() {
    let dir = folder();
    let all = history(40);
    let mut log = Log::create(dir.path()).unwrap();
    log.append(&all[..1]).unwrap();
    log.append(&[]).unwrap();
    log.append(&all[1..20]).unwrap();
    let (head, durable) = (log.head(), log.durable());
    drop(log);
    let Opened {
        mut log,
        records,
        torn,
    } = Log::open(dir.path()).unwrap();
    assert_eq!((records.as_slice(), torn), (&all[..20], None));
    assert_eq!((log.head(), log.durable()), (head, durable));
    log.append(&all[20..]).unwrap();
    drop(log);
    assert_eq!(Log::open(dir.path()).unwrap().records, all);
}

/// As after `kill -9`: space ahead and reserve are still there.
#[test]
fn a_journal_that_was_never_closed_goes_on() {
    let dir = folder();
    let all = history(5);
    let mut log = Log::create(dir.path()).unwrap();
    log.append(&all[..3]).unwrap();
    std::mem::forget(log);
    assert!(fs::metadata(journal_of(dir.path())).unwrap().len() > 64 << 10);
    let mut opened = Log::open(dir.path()).unwrap();
    assert_eq!(
        (opened.records.as_slice(), &opened.torn),
        (&all[..3], &None)
    );
    opened.log.append(&all[3..]).unwrap();
    drop(opened);
    assert_eq!(Log::open(dir.path()).unwrap().records, all);
    assert!(!dir.path().join("reserve").exists());
}

#[test]
fn a_second_journal_in_a_folder_is_refused() {
    let dir = folder();
    write(dir.path(), &history(2));
    assert!(matches!(Log::create(dir.path()), Err(Error::Io { .. })));
    assert_eq!(Log::open(dir.path()).unwrap().records.len(), 2);
}

#[test]
fn nothing_there_is_a_run_that_never_started() {
    let never = |r: Result<Opened, Error>| matches!(r, Err(Error::NeverStarted { .. }));
    let dir = folder();
    assert!(never(Log::open(dir.path())));
    drop(Log::create(dir.path()).unwrap());
    assert!(never(Log::open(dir.path())));
    fs::write(journal_of(dir.path()), [0; 5000]).unwrap();
    fs::set_permissions(journal_of(dir.path()), fs::Permissions::from_mode(0o600)).unwrap();
    assert!(never(Log::open(dir.path())));
    let missing = dir.path().join("no-such-run");
    assert!(matches!(Log::open(&missing), Err(Error::Io { .. })));
}

#[test]
fn a_gap_is_refused_and_nothing_follows_it() {
    let dir = folder();
    let mut log = Log::create(dir.path()).unwrap();
    log.append(&[started("r1")]).unwrap();
    assert!(matches!(log.append(&[told(3, "")]), Err(Error::Io { .. })));
    let after = log.append(&[told(2, "")]).unwrap_err();
    assert!(
        after.to_string().contains("nothing more is recorded"),
        "{after}"
    );
    drop(log);
    assert_eq!(Log::open(dir.path()).unwrap().records.len(), 1);
}

#[test]
fn a_newer_format_is_named_even_if_its_events_are_unknown() {
    for event in ["unheard_of", "told"] {
        let dir = folder();
        let mut first = serde_json::to_value(started("r1")).unwrap();
        first["event"]["run_started"]["format"] = 99.into();
        first["event"]["run_started"][event] = "new".into();
        first["event"]["run_started"]["kind"] = "other".into();
        forge(dir.path(), &first);
        match Log::open(dir.path()) {
            Err(Error::Newer { found, known, .. }) => assert_eq!((found, known), (99, 1)),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn an_unknown_event_and_a_foreign_run_are_told() {
    let dir = folder();
    let mut first = serde_json::to_value(started("r1")).unwrap();
    first["event"]["run_started"]["kind"] = "other".into();
    forge(dir.path(), &first);
    let error = Log::open(dir.path()).unwrap_err().to_string();
    assert!(
        error.contains("record 1 is not an event known here"),
        "{error}"
    );

    let place = folder();
    let other = place.path().join("r2");
    fs::create_dir(&other).unwrap();
    write(&other, &[started("r1")]);
    let error = Log::open(&other).unwrap_err().to_string();
    assert!(
        error.contains("journal of run r1, in the folder of r2"),
        "{error}"
    );
}

/// The chain is what the format says, by other people's tools.
#[test]
fn sha256sum_checks_the_chain() {
    let dir = folder();
    write(dir.path(), &history(3));
    let text = fs::read_to_string(journal_of(dir.path())).unwrap();
    let mut chain = "0".repeat(64);
    for line in text.lines() {
        let (linked, claimed) = line[18..].rsplit_once(' ').unwrap();
        let mut sum = Command::new("sha256sum")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let text = chain.clone() + linked;
        sum.stdin
            .take()
            .unwrap()
            .write_all(text.as_bytes())
            .unwrap();
        let out = String::from_utf8(sum.wait_with_output().unwrap().stdout).unwrap();
        chain = out[..64].to_owned();
        assert_eq!(chain, claimed);
    }
    assert_eq!(Log::open(dir.path()).unwrap().log.head(), chain);
    let mut tail = Tail::open(dir.path()).unwrap();
    tail.read().unwrap();
    assert_eq!(tail.head(), chain);
}

/// Writes a journal whose only record is whole and linked, whatever it says.
fn forge(dir: &std::path::Path, event: &serde_json::Value) {
    use std::fmt::Write;

    use sha2::{Digest, Sha256};

    let linked = format!("0000000001 0000000000 {event}");
    let mut chain = String::new();
    for byte in Sha256::digest("0".repeat(64) + &linked) {
        write!(chain, "{byte:02x}").unwrap();
    }
    let checked = format!("{linked} {chain}");
    let (length, crc) = (event.to_string().len(), crc32fast::hash(checked.as_bytes()));
    let path = journal_of(dir);
    fs::write(&path, format!("{length:08} {crc:08x} {checked}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
}
