//! Outputs merged by time, against a model that sorts everything in memory.

use std::path::{Path, PathBuf};

use proptest::prelude::*;

use super::folder;
use crate::journal::{Cut, Merged, Reader, Writer};
use crate::time::Timestamp;

/// One write: so much later than the one before, into which output, and what.
type Write = (i64, usize, String);

fn writes() -> impl Strategy<Value = Vec<Write>> {
    let text = prop_oneof![6 => "[a-c]{0,6}\n", 2 => "[a-c]{1,4}", 2 => "([a-c]{0,3}\n){2,9}"];
    // Often in the same moment; and long silences.
    let later = prop_oneof![4 => Just(0_i64), 4 => 1_i64..5, 1 => 1_000_i64..5_000_000];
    proptest::collection::vec((later, 0_usize..7, text), 1..200)
}

fn path(folder: &Path, nth: usize) -> PathBuf {
    folder.join(format!("s{nth}.1.log"))
}

/// Writes everything, and gives all lines in the order in which they are to be seen: (moment, output, number, text).
fn write(folder: &Path, writes: &[Write]) -> Vec<(i64, usize, u64, String)> {
    let mut now = 1_700_000_000_000;
    let mut writers: Vec<Option<Writer>> = (0..7).map(|_| None).collect();
    let mut lines: Vec<Vec<(i64, String)>> = vec![Vec::new(); 7];
    let mut open = [false; 7];
    for (later, nth, text) in writes {
        now += later;
        let writer = writers[*nth]
            .get_or_insert_with(|| Writer::create(&path(folder, *nth), u64::MAX).unwrap());
        writer.write(text.as_bytes(), Timestamp(now));
        for piece in text.split_inclusive('\n') {
            let body = piece.trim_end_matches('\n');
            if open[*nth] {
                lines[*nth].last_mut().unwrap().1.push_str(body);
            } else {
                lines[*nth].push((now, body.to_owned()));
            }
            open[*nth] = !piece.ends_with('\n');
        }
    }
    writers
        .into_iter()
        .flatten()
        .for_each(|mut w| _ = w.finish());
    let lines = lines.into_iter().enumerate();
    let mut all: Vec<_> = lines
        .flat_map(|(nth, lines)| {
            let numbered = (0_u64..).zip(lines);
            numbered.map(move |(number, (at, text))| (at, nth, number, text))
        })
        .collect();
    all.sort();
    all
}

fn open(folder: &Path, live: bool) -> Merged {
    let outputs = (0..7).map(|nth| (Reader::open(&path(folder, nth)).unwrap(), live));
    Merged::new(outputs).unwrap()
}

fn plain(lines: Vec<crate::journal::MergedLine>) -> Vec<(i64, usize, u64, String)> {
    let plain = |line: crate::journal::MergedLine| {
        let text = String::from_utf8(line.line.bytes).unwrap();
        (line.line.at.unwrap().0, line.part, line.line.number, text)
    };
    lines.into_iter().map(plain).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn any_part_of_the_merge_is_that_part_of_all_lines_in_order(
        writes in writes(),
        live in any::<bool>(),
        picks in proptest::collection::vec((0_usize..1_000, 0_usize..60), 1..12),
    ) {
        let dir = folder();
        let all = write(dir.path(), &writes);
        let mut merged = open(dir.path(), live);
        prop_assert_eq!(merged.count(), all.len() as u64);
        prop_assert_eq!(&plain(merged.lines(0, usize::MAX, 1_000).unwrap()), &all);
        for (from, count) in picks {
            let from = from % (all.len() + 1);
            let lines = merged.lines(from as u64, count, 1_000).unwrap();
            let end = (from + count).min(all.len());
            let numbers: Vec<u64> = lines.iter().map(|line| line.number).collect();
            prop_assert_eq!(numbers, (from as u64..end as u64).collect::<Vec<_>>());
            prop_assert_eq!(&plain(lines)[..], &all[from..end]);
        }
    }

    #[test]
    fn lines_are_picked_by_their_numbers(
        writes in writes(),
        picks in proptest::collection::btree_set(0_usize..400, 0..40),
    ) {
        let dir = folder();
        let all = write(dir.path(), &writes);
        let picks: Vec<usize> = picks.into_iter().filter(|pick| *pick < all.len() + 2).collect();
        let numbers: Vec<u64> = picks.iter().map(|pick| *pick as u64).collect();
        let picked = open(dir.path(), false).pick(&numbers, 1_000).unwrap();
        let there = picks.iter().filter_map(|pick| all.get(*pick).cloned());
        prop_assert_eq!(plain(picked), there.collect::<Vec<_>>());
    }

    #[test]
    fn a_place_misses_nothing_and_tells_nothing_twice_while_outputs_grow(writes in writes()) {
        let dir = folder();
        let mut merged = open(dir.path(), true);
        let mut writers: Vec<Option<Writer>> = (0..7).map(|_| None).collect();
        let (mut cut, mut seen, mut now) = (merged.start(), Vec::new(), 0);
        for (later, nth, text) in &writes {
            now += later;
            let writer = writers[*nth]
                .get_or_insert_with(|| Writer::create(&path(dir.path(), *nth), u64::MAX).unwrap());
            writer.write(text.as_bytes(), Timestamp(now));
            merged.refresh().unwrap();
            seen.extend(merged.read_on(&mut cut, 50, 1_000, true).unwrap());
        }
        writers.into_iter().flatten().for_each(|mut w| _ = w.finish());
        merged.refresh().unwrap();
        seen.extend(merged.read_on(&mut cut, usize::MAX, 1_000, false).unwrap());
        prop_assert_eq!(cut.position(), merged.count());
        let mut of: Vec<Vec<u64>> = vec![Vec::new(); 7];
        for line in &seen {
            of[line.part].push(line.line.number);
        }
        for numbers in &of {
            prop_assert_eq!(numbers, &(0..numbers.len() as u64).collect::<Vec<_>>());
        }
        prop_assert_eq!(seen.len() as u64, merged.count());
    }
}

/// More outputs than may be open at once, each of which says a line in each round.
#[test]
fn hundreds_of_outputs_need_few_open_files() {
    let dir = folder();
    let many = 300;
    for nth in 0..many {
        let mut writer = Writer::create(&path(dir.path(), nth), u64::MAX).unwrap();
        for round in 0..20 {
            let at = Timestamp(1_000 * round + nth as i64);
            writer.write(format!("{round} {nth}\n").as_bytes(), at);
        }
        writer.finish();
    }
    let open_files = || std::fs::read_dir("/proc/self/fd").unwrap().count();
    let before = open_files();
    let outputs = (0..many).map(|nth| (Reader::open(&path(dir.path(), nth)).unwrap(), false));
    let mut merged = Merged::new(outputs).unwrap();
    for from in [0_u64, 2_950, 17, 5_990, 3_000] {
        let lines = merged.lines(from, 40, 100).unwrap();
        let told: Vec<String> = lines
            .into_iter()
            .map(|line| String::from_utf8(line.line.bytes).unwrap())
            .collect();
        let expected: Vec<String> = (from..(from + 40).min(6_000))
            .map(|n| format!("{} {}", n / 300, n % 300))
            .collect();
        assert_eq!(told, expected, "from {from}");
    }
    // Other tests open files too.
    let open = open_files().saturating_sub(before);
    assert!(open < 2 * many, "{open} files are open");
}

#[test]
fn lines_too_long_to_be_read_ahead_keep_their_order() {
    let dir = folder();
    let (many, rounds) = (50, 6);
    for nth in 0..many {
        let mut writer = Writer::create(&path(dir.path(), nth), u64::MAX).unwrap();
        for round in 0..rounds {
            let text = format!("{round} {nth} {}\n", "x".repeat(70_000));
            writer.write(text.as_bytes(), Timestamp(1_000 * round + nth as i64));
        }
        writer.finish();
    }
    let outputs = (0..many).map(|nth| (Reader::open(&path(dir.path(), nth)).unwrap(), false));
    let mut merged = Merged::new(outputs).unwrap();
    for from in [0, 120] {
        let lines = merged.lines(from, 100, 64 << 10).unwrap();
        let told: Vec<(u64, usize)> = lines.iter().map(|l| (l.line.number, l.part)).collect();
        let expected = (from..from + 100).map(|n| (n / 50, (n % 50) as usize));
        assert_eq!(told, expected.collect::<Vec<_>>(), "from {from}");
        assert!(lines.iter().all(|line| line.line.bytes.len() == 64 << 10));
    }
}

#[test]
fn without_an_index_an_output_comes_first_and_nothing_is_lost() {
    let dir = folder();
    for (nth, text) in [(0, "a\nb\n"), (1, "c\n")] {
        let mut writer = Writer::create(&path(dir.path(), nth), u64::MAX).unwrap();
        writer.write(text.as_bytes(), Timestamp(5));
        writer.finish();
    }
    std::fs::remove_file(dir.path().join("s1.1.idx")).unwrap();
    let mut merged = open(dir.path(), false);
    let texts = |lines: Vec<crate::journal::MergedLine>| -> Vec<Vec<u8>> {
        lines.into_iter().map(|line| line.line.bytes).collect()
    };
    assert_eq!(texts(merged.lines(0, 9, 9).unwrap()), [b"c", b"a", b"b"]);
    assert_eq!(texts(merged.lines(1, 1, 9).unwrap()), [b"a"]);
    assert_eq!(texts(merged.lines(2, 9, 9).unwrap()), [b"b"]);
}

#[test]
fn a_clock_that_is_set_back_does_not_undo_the_order() {
    let dir = folder();
    let mut writer = Writer::create(&path(dir.path(), 0), u64::MAX).unwrap();
    for at in [10, 500, 200, 300, 900] {
        writer.write(format!("{at}\n").as_bytes(), Timestamp(at));
    }
    writer.finish();
    let mut reader = Reader::open(&path(dir.path(), 0)).unwrap();
    let lines = reader.lines(0, 9, 9).unwrap();
    let times: Vec<i64> = lines.iter().map(|line| line.at.unwrap().0).collect();
    assert_eq!(times, [10, 500, 500, 500, 900]);
}

#[test]
fn nothing_is_nothing() {
    let mut merged = Merged::default();
    assert_eq!((merged.count(), merged.start()), (0, Cut::default()));
    assert_eq!(merged.lines(0, 5, 5).unwrap(), []);
    let dir = folder();
    assert_eq!(open(dir.path(), true).lines(3, 5, 5).unwrap(), []);
}
