//! Cuts, flipped bits, lost blocks, and what a person with an editor does. Nothing of it may go unseen, or panic.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use proptest::prelude::*;

use super::{cases, fast_folder, folder, history, journal_of, told, write};
use crate::journal::{Error, Log, Opened, Tail};
use crate::run::Recorded;

/// Opens a journal with these bytes in a folder that is used again and again.
fn open(dir: &Path, bytes: &[u8]) -> Result<Opened, Error> {
    let opened = open_only(dir, bytes);
    let followed = Tail::open(dir).and_then(|mut tail| {
        let mut all = tail.read()?;
        all.extend(tail.read()?);
        Ok(all)
    });
    match (&opened, followed) {
        (Ok(opened), Ok(records)) => assert_eq!(opened.records, records),
        // Not there yet, to someone who follows.
        (Err(Error::NeverStarted { .. } | Error::Corrupt { offset: 0, .. }), Ok(records)) => {
            assert!(records.is_empty());
        }
        (Err(a), Err(b)) => assert_eq!(a.to_string(), b.to_string()),
        (opened, followed) => panic!("{opened:?}, but {followed:?}"),
    }
    opened
}

fn open_only(dir: &Path, bytes: &[u8]) -> Result<Opened, Error> {
    for entry in fs::read_dir(dir).unwrap() {
        fs::remove_file(entry.unwrap().path()).unwrap();
    }
    fs::write(journal_of(dir), bytes).unwrap();
    fs::set_permissions(journal_of(dir), fs::Permissions::from_mode(0o600)).unwrap();
    Log::open(dir)
}

fn bytes_of(records: &[Recorded]) -> Vec<u8> {
    let dir = folder();
    write(dir.path(), records);
    fs::read(journal_of(dir.path())).unwrap()
}

/// Offset of each record, and the end.
fn offsets(bytes: &[u8]) -> Vec<usize> {
    let breaks = memchr::memchr_iter(b'\n', bytes).map(|at| at + 1);
    std::iter::once(0).chain(breaks).collect()
}

/// `FLIGHTDECK_CASES=800` is the journal of a 200-step run.
#[test]
fn cut_at_every_byte_it_keeps_every_whole_record() {
    let all = history(cases(60));
    let whole = bytes_of(&all);
    let offsets = offsets(&whole);
    let dir = fast_folder();
    for cut in 0..=whole.len() {
        let good = offsets.iter().filter(|at| **at <= cut).count() - 1;
        for zeros in [0, 700].into_iter().take(1 + usize::from(cut % 5 == 0)) {
            let mut bytes = whole[..cut].to_vec();
            bytes.resize(cut + zeros, 0);
            match open(dir.path(), &bytes) {
                Ok(mut opened) => {
                    assert_eq!(opened.records, all[..good], "cut at {cut}");
                    let rest = cut - offsets[good];
                    assert_eq!(opened.torn.as_ref().map_or(0, |t| t.bytes), rest as u64);
                    if let Some(torn) = &opened.torn {
                        assert_eq!(torn.offset, offsets[good] as u64);
                        assert_eq!(fs::read(&torn.kept_in).unwrap(), whole[offsets[good]..cut]);
                    }
                    if cut % 97 == 0 && zeros == 0 {
                        opened.log.append(&[told(good as u64 + 1, "on")]).unwrap();
                        drop(opened);
                        assert_eq!(Log::open(dir.path()).unwrap().records.len(), good + 1);
                    }
                }
                Err(Error::NeverStarted { .. }) => assert_eq!(good, 0, "cut at {cut}"),
                Err(e) => panic!("cut at {cut}: {e}"),
            }
        }
    }
}

#[test]
fn every_flipped_bit_is_seen() {
    let all = history(50);
    let whole = bytes_of(&all);
    let offsets = offsets(&whole);
    let half = whole.len() / 2;
    let flip = |range: std::ops::Range<usize>| {
        let dir = fast_folder();
        for at in range {
            let hit = offsets.iter().filter(|o| **o <= at).count() - 1;
            for bit in 0..8 {
                let mut bytes = whole.clone();
                bytes[at] ^= 1 << bit;
                match open_only(dir.path(), &bytes) {
                    Err(Error::Corrupt {
                        offset, last_good, ..
                    }) => {
                        assert_eq!((offset, last_good), (offsets[hit] as u64, hit as u64));
                    }
                    Ok(opened) => {
                        assert_eq!(hit, all.len() - 1, "bit {bit} of byte {at} passed");
                        assert!(opened.torn.is_some(), "bit {bit} of byte {at} passed");
                        assert_eq!(opened.records, all[..hit]);
                    }
                    Err(e) => panic!("bit {bit} of byte {at}: {e}"),
                }
            }
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(|| flip(0..half));
        flip(half..whole.len());
    });
}

#[test]
fn a_zeroed_block_in_the_middle_is_damage() {
    let whole = bytes_of(&history(50));
    let offsets = offsets(&whole);
    let dir = folder();
    for start in (0..whole.len() - 1500).step_by(512) {
        let mut bytes = whole.clone();
        bytes[start..start + 512].fill(0);
        let hit = offsets.iter().filter(|o| **o <= start).count() - 1;
        match open(dir.path(), &bytes) {
            Err(Error::Corrupt { last_good, .. }) => assert_eq!(last_good, hit as u64),
            other => panic!("block at {start}: {other:?}"),
        }
    }
}

/// After a power cut any of the blocks of the last append may be missing: never more is lost than what had not been
/// confirmed, whatever of it survived.
#[test]
fn lost_blocks_of_the_last_append_are_a_torn_end() {
    let all = history(40);
    let dir = folder();
    write(dir.path(), &all[..20]);
    let confirmed = fs::metadata(journal_of(dir.path())).unwrap().len() as usize;
    let mut opened = Log::open(dir.path()).unwrap();
    opened.log.append(&all[20..]).unwrap();
    drop(opened);
    let whole = fs::read(journal_of(dir.path())).unwrap();
    let blocks: Vec<usize> = (confirmed / 512..=whole.len() / 512).collect();
    let place = fast_folder();
    let mut lots = 0;
    for mask in 1..(1_u32 << blocks.len().min(9)) {
        let mut bytes = whole.clone();
        for (nth, block) in blocks.iter().enumerate() {
            let from = (block * 512).max(confirmed);
            let to = ((block + 1) * 512).min(whole.len());
            if mask & (1 << nth) != 0 && from < to {
                bytes[from..to].fill(0);
            }
        }
        let opened = open(place.path(), &bytes).unwrap();
        assert!(opened.records.len() >= 20);
        assert_eq!(opened.records, all[..opened.records.len()]);
        lots += 1;
    }
    assert!(lots > 100, "{lots} cases");
}

#[test]
fn records_dropped_swapped_doubled_or_edited_are_found() {
    let whole = bytes_of(&history(12));
    let lines: Vec<&[u8]> = whole.split_inclusive(|b| *b == b'\n').collect();
    let dir = folder();
    let check = |what: &str, lines: &[&[u8]]| {
        let error = open(dir.path(), &lines.concat()).unwrap_err().to_string();
        assert!(error.contains(what), "{error}");
    };
    let without = |n: usize| [&lines[..n], &lines[n + 1..]].concat();
    check("record 5 is missing, 6 stands here", &without(4));
    check("record 1 is missing, 2 stands here", &without(0));
    let mut swapped = lines.clone();
    swapped.swap(6, 7);
    check("record 7 is missing, 8 stands here", &swapped);
    let doubled = [&lines[..3], &lines[2..]].concat();
    check("record 3 stands where 4 should be", &doubled);
    // With the checksum made right again, the chain still tells.
    let edit = |n: usize, with_chain: bool| {
        let line = String::from_utf8(lines[n].to_vec()).unwrap();
        let mut checked = line[18..line.len() - 1].replace("told", "tolb");
        if with_chain {
            checked.replace_range(checked.len() - 64.., &"ab".repeat(32));
        }
        let crc = crc32fast::hash(checked.as_bytes());
        format!("{} {crc:08x} {checked}\n", &line[..8]).into_bytes()
    };
    for with_chain in [false, true] {
        for n in [5, lines.len() - 1] {
            let edited = edit(n, with_chain);
            let mut lines = lines.clone();
            lines[n] = &edited;
            check(&format!("the chain is broken at {}", n + 1), &lines);
        }
    }
}

/// Somebody with an editor changes what was recorded, and perhaps makes the checksum right again: another outcome, another
/// time, a record left out, moved or doubled. `FLIGHTDECK_CASES` says how many edits (500).
#[test]
fn every_edit_by_hand_is_found() {
    let cases = cases(500);
    let all = history(50);
    let whole = bytes_of(&all);
    let lines: Vec<Vec<u8>> = whole
        .split_inclusive(|b| *b == b'\n')
        .map(<[u8]>::to_vec)
        .collect();
    let dir = fast_folder();
    let mut state = 0x5eed_0005_u64;
    let mut below = |n: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % n as u64) as usize
    };
    for case in 0..cases {
        let mut edited = lines.clone();
        let n = below(lines.len() - 1);
        match case % 5 {
            0 => drop(edited.remove(n)),
            1 => edited.swap(n, n + 1),
            2 => edited.insert(n, lines[below(lines.len())].clone()),
            sealed => {
                let json = 40..edited[n].len() - 66;
                let at = json.start + below(json.len());
                let new = b"0123456789abcdefghijklmnopqrstuvwxyz"[below(36)];
                if edited[n][at] == new {
                    continue;
                }
                edited[n][at] = new;
                if sealed == 4 {
                    let end = edited[n].len() - 1;
                    let crc = crc32fast::hash(&edited[n][18..end]);
                    edited[n][9..17].copy_from_slice(format!("{crc:08x}").as_bytes());
                }
            }
        }
        match open_only(dir.path(), &edited.concat()) {
            Err(Error::Corrupt { last_good, .. }) => {
                assert!(last_good <= n as u64 + 1, "case {case}");
            }
            other => panic!("case {case}, record {}: {other:?}", n + 1),
        }
    }
}

/// Peak memory is not measured here: a length is only believed if the file has so many bytes, so a false one ends at once.
#[test]
fn an_absurd_length_is_torn_or_damage_and_costs_nothing() {
    let mut whole = bytes_of(&history(3));
    let offsets = offsets(&whole);
    let dir = folder();
    for length in [
        b"99999999",
        b"21474836",
        b"00000000",
        b"-0000001",
        b"        ",
    ] {
        whole[offsets[2]..offsets[2] + 8].copy_from_slice(length);
        let opened = open(dir.path(), &whole).unwrap();
        assert_eq!(opened.records.len(), 2);
        assert!(opened.torn.is_some());
        let mut first = whole.clone();
        first[..8].copy_from_slice(length);
        assert!(matches!(
            open(dir.path(), &first),
            Err(Error::Corrupt { .. })
        ));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn garbage_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..3000), behind in 0_u64..4) {
        let mut all = bytes_of(&history(behind.max(1)));
        if behind == 0 {
            all.clear();
        }
        all.extend(&bytes);
        let dir = folder();
        let _ = open(dir.path(), &all);
    }
}
