//! Seeds of hostile output, and changes to inputs: bytes, numbers, pieces of other seeds, words that mean something.

use crate::place::Dice;

/// Sequences that logs have acted on terminals with.
pub(crate) const NOISE: [&[u8]; 20] = [
    b"\x1b]52;c;ZXZpbA==\x07",
    b"\x1b]8;;http://evil\x1b\\link\x1b]8;;\x1b\\",
    b"\x1b]0;title\x07",
    b"\x1bP+q544e\x1b\\",
    b"\x1bc",
    b"\x1b[6n",
    b"\x1b[c",
    b"\x1b[2J\x1b[H",
    b"\x1b[?1049l",
    b"\x1b[?2004l",
    b"\x1b[200~y\r\x1b[201~",
    b"\x9b31m\x9d0;x\x9c",
    b"\x1b[999999999;1H",
    b"\x1b[<999999999;M",
    b"\x1b[31;1m\x1b[38;2;1;2;3mred",
    b"\x1b]0;unterminated",
    b"\x1b_Gf=100;AAAA\x1b\\",
    b"\xe2\x80\xae\xe2\x81\xa6\xf3\xa0\x81\x81",
    b"a\rb\x08c\x0cd\x0be\x07f\x0eg\x0fh\x7f",
    b"\x1b#8\x1b(0\x1bM\x1bD\x1b7\x1b8",
];

/// Words that parsers stop at.
const WORDS: [&[u8]; 24] = [
    b"${{",
    b"}}",
    b"{",
    b"[",
    b"- ",
    b": ",
    b"&a",
    b"*a",
    b"!!x",
    b"<<: ",
    b"\"",
    b"'",
    b"\n  ",
    b"\t",
    b"|",
    b"#",
    b"\0",
    b"\xff\xfe",
    b"\xe2\x80\xae",
    b"4294967296",
    b"-1",
    b"1e400",
    b"\x1b[",
    b"\r",
];

/// One of the seeds, changed in one to six places.
pub(crate) fn mutated(dice: &mut Dice, seeds: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = pick(dice, seeds).clone();
    for _ in 0..=dice.below(6) {
        let at = dice.below(bytes.len() as u64 + 1) as usize;
        match dice.below(7) {
            0 if at < bytes.len() => bytes[at] ^= 1 << dice.below(8),
            1 if at < bytes.len() => bytes[at] = dice.below(256) as u8,
            2 => bytes.truncate(at),
            3 => {
                let end = (at + dice.below(40) as usize).min(bytes.len());
                bytes.drain(at..end);
            }
            4 => {
                let other = pick(dice, seeds);
                let from = dice.below(other.len() as u64 + 1) as usize;
                let end = (from + dice.below(60) as usize).min(other.len());
                bytes.splice(at..at, other[from..end].iter().copied());
            }
            5 => {
                let end = (at + dice.below(30) as usize).min(bytes.len());
                let piece = bytes[at..end].repeat(dice.below(20) as usize);
                bytes.splice(at..at, piece);
            }
            _ => {
                let word = pick(dice, &WORDS);
                bytes.splice(at..at, word.iter().copied());
            }
        }
    }
    bytes
}

fn pick<'a, T>(dice: &mut Dice, all: &'a [T]) -> &'a T {
    &all[dice.below(all.len() as u64) as usize]
}
