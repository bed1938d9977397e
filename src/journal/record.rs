//! The record codec: one event, one line. The format, number 1:
//!
//! ```text
//! 00000214 9f1c02ab 0000000042 0000000041 {"seq":42,"at":1764000000000,"event":{...}} 5e88...64 hex digits...
//! length   crc32    number     durable    the event, JSON                             chain
//! ```
//!
//! - *length*: bytes of the JSON, decimal. Columns before the JSON are of fixed width and separated by one space; a line ends
//!   with one line feed, so `less -S journal` shows a table.
//! - *crc32* (IEEE): of everything after its own column and space, without the line feed.
//! - *number*: the event's sequence number, from 1, without gaps.
//! - *durable*: number of the last record that was already synced when this one was written; all records of one append share
//!   it. It tells a torn append from damage: a bad record followed by good ones is only torn if none of those claims that
//!   it had been durable.
//! - *chain*: SHA-256, in hex, of the chain of the record before (64 zeros for the first one) and then *number*, space,
//!   *durable*, space and JSON as they stand in the line. Nobody needs this program to check it:
//!   `printf %s "$chain_before$number $durable $json" | sha256sum`.
//!
//! After the last record the file may hold zeros (space allocated ahead): a zero byte where a record would start is the end.
//! The first record is `run_started`; its `format` is the version of this format.

use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::run::Recorded;
use crate::time::Timestamp;

/// The version that this program writes, and the newest that it reads.
pub(super) const FORMAT: u32 = 1;

/// Longest JSON of one event: far above what a workflow file of 2 MiB and its params can become.
pub(super) const JSON_MAX: usize = 64 << 20;

/// `length crc32 number durable `.
const HEAD: usize = 9 + 9 + 11 + 11;
/// ` chain` and the line feed.
const FOOT: usize = 1 + 64 + 1;
/// Where the part begins that the checksum covers.
const CHECKED: usize = 18;

/// The chain so far: hex of a SHA-256, as it stands in the file.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Chain([u8; 64]);

impl Chain {
    pub(super) const START: Self = Self([b'0'; 64]);

    pub(super) fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("hex digits are ASCII")
    }

    /// `linked` is number, space, durable, space, JSON.
    fn next(&self, linked: &[u8]) -> Self {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut hash = Sha256::new();
        hash.update(self.0);
        hash.update(linked);
        let mut hex = [0; 64];
        for (pair, byte) in hex.chunks_exact_mut(2).zip(hash.finalize()) {
            pair[0] = DIGITS[usize::from(byte >> 4)];
            pair[1] = DIGITS[usize::from(byte & 15)];
        }
        Self(hex)
    }
}

impl std::fmt::Debug for Chain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Appends the line of one event to `out`, and gives the chain after it.
pub(super) fn encode(
    recorded: &Recorded,
    durable: u64,
    before: &Chain,
    out: &mut Vec<u8>,
) -> Result<Chain, String> {
    let start = out.len();
    out.resize(start + HEAD, b' ');
    serde_json::to_writer(&mut *out, recorded).map_err(|e| e.to_string())?;
    let length = out.len() - start - HEAD;
    if length > JSON_MAX {
        return Err(format!(
            "the event has {length} bytes; the limit is {JSON_MAX}"
        ));
    }
    let columns = format!("{:010} {durable:010} ", recorded.seq);
    let line = &mut out[start..];
    if columns.len() != HEAD - CHECKED {
        return Err(format!("sequence number {} is too large", recorded.seq));
    }
    line[CHECKED..HEAD].copy_from_slice(columns.as_bytes());
    let chain = before.next(&line[CHECKED..]);
    out.push(b' ');
    out.extend_from_slice(&chain.0);
    let crc = crc32fast::hash(&out[start + CHECKED..]);
    out[start..start + CHECKED].copy_from_slice(format!("{length:08} {crc:08x} ").as_bytes());
    out.push(b'\n');
    Ok(chain)
}

/// One line as it stands in the file: its columns agree with its checksum. Not yet linked to the line before.
#[derive(Clone, Copy)]
pub(super) struct Line<'a> {
    bytes: &'a [u8],
    pub(super) seq: u64,
    pub(super) durable: u64,
}

/// What stands at the start of some bytes.
pub(super) enum Found<'a> {
    Line(Line<'a>),
    /// Nothing yet, or the zeros after the last record.
    End,
    /// More bytes are needed to tell: this many in all.
    Short(usize),
    Damaged(&'static str),
}

/// Looks at the start of `bytes`. Allocates nothing, whatever a length says.
pub(super) fn find(bytes: &[u8]) -> Found<'_> {
    if bytes.first().is_none_or(|b| *b == 0) {
        return Found::End;
    }
    if bytes.len() < HEAD {
        return Found::Short(HEAD);
    }
    let separators = [8, 17, 28, 39];
    if separators.iter().any(|at| bytes[*at] != b' ') {
        return Found::Damaged("no record begins here");
    }
    let Some(length) = decimal(&bytes[..8]).map(|n| n as usize) else {
        return Found::Damaged("the length is not a number");
    };
    if length > JSON_MAX {
        return Found::Damaged("the length is beyond the limit");
    }
    let whole = HEAD + length + FOOT;
    if bytes.len() < whole {
        return Found::Short(whole);
    }
    let bytes = &bytes[..whole];
    let crc = crc32fast::hash(&bytes[CHECKED..whole - 1]);
    if bytes[whole - 1] != b'\n' || hexadecimal(&bytes[9..17]) != Some(crc) {
        return Found::Damaged("the checksum is wrong");
    }
    match (decimal(&bytes[18..28]), decimal(&bytes[29..39])) {
        (Some(seq), Some(durable)) => Found::Line(Line {
            bytes,
            seq,
            durable,
        }),
        _ => Found::Damaged("the number is not a number"),
    }
}

impl<'a> Line<'a> {
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    fn json(&self) -> &'a [u8] {
        &self.bytes[HEAD..self.bytes.len() - FOOT]
    }

    /// The chain after this line, if it follows from the one before.
    pub(super) fn link(&self, before: &Chain) -> Option<Chain> {
        let foot = self.bytes.len() - FOOT;
        let chain = before.next(&self.bytes[CHECKED..foot]);
        (self.bytes[foot] == b' ' && self.bytes[foot + 1..foot + 65] == chain.0).then_some(chain)
    }

    pub(super) fn event(&self) -> Result<Recorded, String> {
        let recorded: Recorded = serde_json::from_slice(self.json()).map_err(|e| e.to_string())?;
        if recorded.seq == self.seq {
            Ok(recorded)
        } else {
            Err(format!("its event has number {}", recorded.seq))
        }
    }

    /// The format that a first record says it is written in, also when its event is beyond this program.
    pub(super) fn format(&self) -> Option<u32> {
        #[derive(Deserialize)]
        struct Outer {
            event: Inner,
        }
        #[derive(Deserialize)]
        struct Inner {
            run_started: Start,
        }
        #[derive(Deserialize)]
        struct Start {
            format: u32,
        }
        serde_json::from_slice::<Outer>(self.json())
            .ok()
            .map(|outer| outer.event.run_started.format)
    }
}

/// When the first record was written, from the first few bytes of a journal; checks nothing.
pub(super) fn first_moment(bytes: &[u8]) -> Option<Timestamp> {
    let json = bytes.get(HEAD..)?.strip_prefix(b"{\"seq\":1,\"at\":")?;
    let end = json.iter().position(|b| *b == b',')?;
    let digits = std::str::from_utf8(&json[..end]).ok()?;
    digits.parse().ok().map(Timestamp)
}

/// How many bytes `first_moment` needs.
pub(super) const MOMENT: usize = HEAD + 48;

fn decimal(digits: &[u8]) -> Option<u64> {
    digits.iter().try_fold(0, |n: u64, d| {
        d.is_ascii_digit().then(|| n * 10 + u64::from(d - b'0'))
    })
}

fn hexadecimal(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0, |n: u32, d| {
        let value = match d {
            b'0'..=b'9' => d - b'0',
            b'a'..=b'f' => d - b'a' + 10,
            _ => return None,
        };
        Some(n << 4 | u32::from(value))
    })
}
