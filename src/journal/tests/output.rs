//! Output files against a model that keeps everything in memory.

use std::fs;
use std::path::PathBuf;

use memchr::memmem;
use proptest::prelude::*;

use super::folder;
use crate::journal::{Direction, Line, Pattern, Reader, Writer};
use crate::time::Timestamp;

/// How many bytes of `produced` the holes told of in `file` have swallowed, and how many are missing at its end untold.
/// Everything else must stand in the file as it was produced.
pub(super) fn holes(produced: &[u8], file: &[u8]) -> (u64, u64) {
    fit(produced, file).expect("the file is what was produced, but for its holes")
}

fn fit(produced: &[u8], file: &[u8]) -> Option<(u64, u64)> {
    const MARK: &[u8] = b"[flightdeck: ";
    let Some(mark) = memmem::find(file, MARK) else {
        let rest = produced.strip_prefix(file)?;
        return Some((0, rest.len() as u64));
    };
    let text = std::str::from_utf8(&file[mark + MARK.len()..]).ok()?;
    let lost: usize = text.split_once(' ')?.0.parse().ok()?;
    let behind = &text.as_bytes()[text.find('\n')? + 1..];
    let before = &file[..mark];
    // If the output stopped within a line, the line break before the mark is ours.
    [Some(before), before.strip_suffix(b"\n")]
        .into_iter()
        .flatten()
        .find_map(|kept| {
            let (told, untold) = fit(produced.strip_prefix(kept)?.get(lost..)?, behind)?;
            Some((told + lost as u64, untold))
        })
}

fn lines_of(bytes: &[u8]) -> Vec<&[u8]> {
    let mut lines: Vec<_> = bytes.split(|b| *b == b'\n').collect();
    if lines.last().is_some_and(|last| last.is_empty()) {
        lines.pop();
    }
    lines
}

fn expected(bytes: &[u8], number: u64, max: usize) -> (u64, Vec<u8>, bool) {
    let line = lines_of(bytes)[number as usize];
    (
        number,
        line[..line.len().min(max)].to_vec(),
        line.len() > max,
    )
}

fn plain(line: Line) -> (u64, Vec<u8>, bool) {
    (line.number, line.bytes, line.cut)
}

/// A piece of output: lines, parts of lines, and now and then much of it.
fn piece() -> impl Strategy<Value = Vec<u8>> {
    let text = proptest::collection::vec(prop_oneof![4 => b'a'..=b'c', 1 => Just(b'\n')], 0..200);
    let long = (1_usize..300_000, any::<bool>()).prop_map(|(n, ends)| {
        let mut bytes = b"long ".repeat(n / 5 + 1);
        bytes.extend(ends.then_some(b'\n'));
        bytes
    });
    let many = (1_usize..30_000).prop_map(|n| b"abc\n".repeat(n));
    prop_oneof![8 => text, 1 => long, 1 => many]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn any_line_of_any_output_is_found_while_it_grows(
        pieces in proptest::collection::vec((piece(), 0_i64..200, 0_usize..3000), 1..30),
        max in 0_usize..400,
        indexed in any::<bool>(),
    ) {
        let dir = folder();
        let path = dir.path().join("a.1.log");
        let mut reader = Reader::open(&path).unwrap();
        let mut writer = Writer::create(&path, u64::MAX).unwrap();
        if !indexed {
            fs::remove_file(dir.path().join("a.1.idx")).unwrap();
        }
        let (mut all, mut now) = (Vec::new(), 0);
        for (bytes, later, pick) in pieces {
            now += later;
            writer.write(&bytes, Timestamp(now));
            all.extend(&bytes);
            prop_assert_eq!(reader.refresh().unwrap(), !bytes.is_empty());
            let count = lines_of(&all).len() as u64;
            prop_assert_eq!(reader.count(), count);
            let from = if count == 0 { 0 } else { pick as u64 % count };
            let got: Vec<_> = reader.lines(from, 5, max).unwrap().into_iter().map(plain).collect();
            let wanted: Vec<_> = (from..count.min(from + 5)).map(|n| expected(&all, n, max)).collect();
            prop_assert_eq!(got, wanted);
        }
        prop_assert!(reader.lines(reader.count(), 9, 9).unwrap().is_empty());
        let facts = writer.finish();
        prop_assert_eq!((facts.bytes, facts.lines, facts.dropped), (all.len() as u64, reader.count(), 0));
        // Someone who comes later sees the same.
        let late = Reader::open(&path).unwrap();
        prop_assert_eq!(late.count(), reader.count());
    }

    #[test]
    fn a_search_finds_each_line_once_in_both_directions(
        pieces in proptest::collection::vec(piece(), 1..12),
        needle in prop_oneof![Just("ab"), Just("long"), Just("g l"), Just("^a"), Just("c$"), Just("b*"), Just("a\\sb")],
        limit in 1_u64..200_000,
        from in 0_u64..500,
    ) {
        let dir = folder();
        let path = dir.path().join("a.1.log");
        let mut writer = Writer::create(&path, u64::MAX).unwrap();
        for (n, bytes) in pieces.iter().enumerate() {
            writer.write(bytes, Timestamp(n as i64 * 70));
        }
        let all = pieces.concat();
        let reader = Reader::open(&path).unwrap();
        let model = regex::bytes::Regex::new(needle).unwrap();
        let literal = !needle.contains(['^', '$', '*', '\\']);
        let pattern = if literal { Pattern::bytes(needle.as_bytes()) } else { Pattern::regex(needle).unwrap() };
        let matching: Vec<u64> = (0_u64..).zip(lines_of(&all)).filter(|(_, l)| model.is_match(l)).map(|(n, _)| n).collect();
        for direction in [Direction::Down, Direction::Up] {
            let mut found = Vec::new();
            let mut next = Some(from);
            while let Some(line) = next {
                let hits = reader.search(&pattern, line, direction, limit).unwrap();
                found.extend(hits.lines);
                next = hits.next;
            }
            let wanted: Vec<u64> = match direction {
                Direction::Down => matching.iter().copied().filter(|n| *n >= from).collect(),
                Direction::Up => matching.iter().rev().copied().filter(|n| *n <= from).collect(),
            };
            prop_assert_eq!(found, wanted);
        }
    }

    #[test]
    fn beyond_the_cap_head_and_tail_are_kept(
        pieces in proptest::collection::vec(piece(), 1..30),
        cap in 0_u64..200_000,
    ) {
        let dir = folder();
        let path = dir.path().join("a.1.log");
        let mut writer = Writer::create(&path, cap).unwrap();
        for bytes in &pieces {
            writer.write(bytes, Timestamp(1));
        }
        let facts = writer.finish();
        let (all, file) = (pieces.concat(), fs::read(&path).unwrap());
        prop_assert_eq!(holes(&all, &file), (facts.dropped, 0));
        prop_assert!(file.len() as u64 <= cap + (64 << 10) + 200);
        prop_assert!(file.len() >= all.len().min(cap as usize + (64 << 10)));
        let reader = Reader::open(&path).unwrap();
        prop_assert_eq!((facts.bytes, facts.lines), (file.len() as u64, reader.count()));
    }
}

/// A log file of its own, written in 256 KiB pieces a millisecond apart.
fn written(bytes: impl Iterator<Item = Vec<u8>>) -> (tempfile::TempDir, PathBuf) {
    let dir = folder();
    let path = dir.path().join("a.1.log");
    let mut writer = Writer::create(&path, u64::MAX).unwrap();
    for (n, piece) in bytes.enumerate() {
        writer.write(&piece, Timestamp(n as i64));
    }
    writer.finish();
    (dir, path)
}

fn peak_memory() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|l| l.starts_with("VmHWM:")).unwrap();
    line.split_whitespace()
        .nth(1)
        .unwrap()
        .parse::<u64>()
        .unwrap()
        << 10
}

#[test]
fn a_line_of_100_mb_is_never_loaded() {
    let long = std::iter::repeat_with(|| vec![b'x'; 256 << 10]).take(400);
    let before = std::iter::once(b"first\n".to_vec());
    let after = std::iter::once(b"needle\nlast\n".to_vec());
    let (_dir, path) = written(before.chain(long).chain(after));
    // Not with what `cargo test` does in the same process at the same time.
    let alone = std::env::var_os("NEXTEST").is_some();
    let had = peak_memory();
    let mut reader = Reader::open(&path).unwrap();
    assert_eq!(reader.count(), 3);
    let lines = reader.lines(0, 3, 100).unwrap();
    assert_eq!((lines[1].bytes.len(), lines[1].cut), (100, true));
    assert_eq!(
        (lines[2].bytes.as_slice(), lines[2].cut),
        (&b"last"[..], false)
    );
    let hits = reader
        .search(&Pattern::bytes(b"xneedle"), 0, Direction::Down, u64::MAX)
        .unwrap();
    assert_eq!((hits.lines, hits.next), (vec![1], None));
    if alone {
        assert!(peak_memory() - had < 8 << 20);
    }
}

#[test]
fn lines_know_when_they_came() {
    let dir = folder();
    let path = dir.path().join("a.1.log");
    let mut writer = Writer::create(&path, u64::MAX).unwrap();
    for n in 0..3000 {
        writer.write(format!("half {n} ").as_bytes(), Timestamp(n * 10));
        writer.write(b"line\n", Timestamp(n * 10 + 1));
    }
    writer.finish();
    let mut reader = Reader::open(&path).unwrap();
    for from in [0, 1, 1500, 2700] {
        for line in reader.lines(from, 300, 50).unwrap() {
            assert_eq!(line.at, Some(Timestamp(line.number.cast_signed() * 10)));
        }
    }
}

#[test]
fn small_output_is_seen_at_once_with_its_time() {
    let dir = folder();
    let path = dir.path().join("a.1.log");
    let mut reader = Reader::open(&path).unwrap();
    assert_eq!((reader.count(), reader.refresh().unwrap()), (0, false));
    let mut writer = Writer::create(&path, 100).unwrap();
    writer.write(b"Password:", Timestamp(5));
    assert!(reader.refresh().unwrap());
    let lines = reader.lines(0, 10, 100).unwrap();
    assert_eq!((lines.len(), lines[0].at), (1, Some(Timestamp(5))));
    assert_eq!(lines[0].bytes, b"Password:");
    assert!(
        Writer::create(&path, 100).is_err(),
        "an attempt's output is never overwritten"
    );
}

#[test]
fn a_torn_or_foolish_index_does_no_harm() {
    for index in [&b"short"[..], &[0xff; 24 * 3], &[0; 24 * 5]] {
        let (dir, path) = written((0..2000).map(|n| format!("line {n}\n").into_bytes()));
        fs::write(dir.path().join("a.1.idx"), index).unwrap();
        let mut reader = Reader::open(&path).unwrap();
        assert_eq!(reader.count(), 2000);
        assert_eq!(reader.lines(1999, 1, 50).unwrap()[0].bytes, b"line 1999");
    }
}

/// `FLIGHTDECK_TEST_LARGE=1 cargo test --release -- --ignored large_log` (2 GB on disk).
#[test]
#[ignore = "writes 2 GB; set FLIGHTDECK_TEST_LARGE"]
fn a_large_log_answers_at_once() {
    if std::env::var_os("FLIGHTDECK_TEST_LARGE").is_none() {
        return;
    }
    let piece =
        |n: u64| (0..2500).flat_map(move |i| format!("{:>199}\n", n * 2500 + i).into_bytes());
    let start = std::time::Instant::now();
    let (_dir, path) = written((0..4000).map(|n| piece(n).collect()));
    eprintln!("written in {:?}", start.elapsed());
    let start = std::time::Instant::now();
    let mut reader = Reader::open(&path).unwrap();
    assert_eq!(reader.count(), 10_000_000);
    let line = &reader.lines(9_000_000, 50, 300).unwrap()[0];
    assert_eq!(line.bytes, format!("{:>199}", 9_000_000).into_bytes());
    let took = start.elapsed();
    assert!(took.as_millis() < 100, "{took:?}");
    let start = std::time::Instant::now();
    let hits = reader.search(&Pattern::bytes(b" 9999999"), 0, Direction::Down, u64::MAX);
    assert_eq!(hits.unwrap().lines, [9_999_999]);
    eprintln!("open and line {took:?}, whole search {:?}", start.elapsed());
}

#[test]
fn an_output_can_be_seen_as_it_was_at_a_moment() {
    let dir = folder();
    let path = dir.path().join("a.log");
    let mut writer = Writer::create(&path, u64::MAX).unwrap();
    for n in 0..5 {
        writer.write(format!("line {n}\n").as_bytes(), Timestamp(n * 1_000));
    }
    writer.finish();
    let mut reader = Reader::open_until(&path, Timestamp(1_500)).unwrap();
    assert_eq!(reader.count(), 2);
    for (at, grown, count) in [(1_900, false, 2), (3_000, true, 4), (60_000, true, 5)] {
        reader.until(Timestamp(at));
        assert_eq!((reader.refresh().unwrap(), reader.count()), (grown, count));
    }
    let last = reader.lines(4, 9, 99).unwrap();
    assert_eq!(last[0].bytes, b"line 4");
}
