//! Bytes to text, and a byte to the line and column that a person would name.

use super::{BYTES_MAX, Mistake};

/// The line and column of a byte, both from 1; columns count characters, as editors do.
pub fn place(text: &str, byte: usize) -> (usize, usize) {
    let byte = text.floor_char_boundary(byte);
    let before = &text.as_bytes()[..byte];
    let line_start = memchr::memrchr(b'\n', before).map_or(0, |at| at + 1);
    let line = memchr::memchr_iter(b'\n', before).count() + 1;
    let shown = text[line_start..byte].trim_start_matches('\u{feff}');
    (line, shown.chars().count() + 1)
}

/// The bytes of a file as text, if they are UTF-8 and not too many.
pub fn decode(bytes: &[u8]) -> Result<&str, Box<Mistake>> {
    if bytes.len() > BYTES_MAX {
        let message = format!(
            "the file has {}, the limit is {}",
            mebibytes(bytes.len()),
            mebibytes(BYTES_MAX)
        );
        let mistake = Mistake::new("too_large", 0..0, message);
        return Err(Box::new(
            mistake.hint("move scripts and data into files of their own"),
        ));
    }
    let looks_like = match bytes {
        [0xff, 0xfe, ..] => Some("UTF-16 LE"),
        [0xfe, 0xff, ..] => Some("UTF-16 BE"),
        [a, 0, b, 0, ..] if *a != 0 && *b != 0 => Some("UTF-16 LE"),
        [0, a, 0, b, ..] if *a != 0 && *b != 0 => Some("UTF-16 BE"),
        _ => None,
    };
    if let Some(kind) = looks_like {
        let message = format!("the file is not UTF-8 (looks like {kind})");
        let mistake = Mistake::new("not_utf8", 0..0, message);
        return Err(Box::new(mistake.hint("save it as UTF-8 in your editor")));
    }
    std::str::from_utf8(bytes).map_err(|error| {
        let at = error.valid_up_to();
        let byte = bytes[at];
        let known = std::str::from_utf8(&bytes[..at]).unwrap_or_default();
        let (line, column) = place(known, at);
        let message = format!("invalid UTF-8 byte 0x{byte:02x}");
        let mistake = Mistake::new("not_utf8", at..at + 1, message);
        Box::new(Mistake {
            line,
            column,
            ..mistake.hint("save it as UTF-8 in your editor")
        })
    })
}

fn mebibytes(bytes: usize) -> String {
    let tenths = bytes * 10 / (1024 * 1024);
    match (tenths / 10, tenths % 10) {
        (whole, 0) => format!("{whole} MiB"),
        (whole, rest) => format!("{whole}.{rest} MiB"),
    }
}
