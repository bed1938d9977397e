//! The output of a container that has no terminal: frames of an eight-byte head (stream, three zeroes, length) and a body.

/// Bodies come in pieces; a line is told when it is whole, or as far as it is there when it is this long.
const LINE_MAX: usize = 64 << 10;

/// Standard output and standard error apart, cut into lines.
#[derive(Debug, Default)]
pub(super) struct Frames {
    head: Vec<u8>,
    /// What is missing of the body of this frame.
    left: usize,
    is_error: bool,
    lines: [Vec<u8>; 2],
    /// Written by a terminal: there are no frames.
    raw: bool,
}

impl Frames {
    /// `raw`: what a terminal wrote, without frames.
    pub(super) fn new(raw: bool) -> Self {
        Self {
            raw,
            ..Self::default()
        }
    }

    /// Hands out each line with its line break, and whether it came from standard error. What has no line break goes on.
    pub(super) fn push(&mut self, mut bytes: &[u8], line: &mut dyn FnMut(bool, &[u8])) {
        while !bytes.is_empty() {
            if self.raw {
                return self.body(bytes, line);
            }
            if self.left == 0 {
                let take = (8 - self.head.len()).min(bytes.len());
                self.head.extend_from_slice(&bytes[..take]);
                bytes = &bytes[take..];
                let Ok([stream, _, _, _, a, b, c, d]) = <[u8; 8]>::try_from(self.head.as_slice())
                else {
                    return;
                };
                self.head.clear();
                self.is_error = stream == 2;
                self.left = u32::from_be_bytes([a, b, c, d]) as usize;
                continue;
            }
            let (body, rest) = bytes.split_at(self.left.min(bytes.len()));
            self.left -= body.len();
            bytes = rest;
            self.body(body, line);
        }
    }

    /// What was said last without a line break gets one.
    pub(super) fn finish(&mut self, line: &mut dyn FnMut(bool, &[u8])) {
        for is_error in [false, true] {
            let open = &mut self.lines[usize::from(is_error)];
            if !open.is_empty() {
                open.push(b'\n');
            }
            self.tell(is_error, line);
        }
    }

    fn body(&mut self, body: &[u8], line: &mut dyn FnMut(bool, &[u8])) {
        let is_error = self.is_error;
        for piece in body.split_inclusive(|b| *b == b'\n') {
            let open = &mut self.lines[usize::from(is_error)];
            open.extend_from_slice(piece);
            if piece.ends_with(b"\n") || open.len() >= LINE_MAX {
                self.tell(is_error, line);
            }
        }
    }

    fn tell(&mut self, is_error: bool, line: &mut dyn FnMut(bool, &[u8])) {
        let mut whole = std::mem::take(&mut self.lines[usize::from(is_error)]);
        // As a terminal ends its lines.
        if whole.ends_with(b"\r\n") {
            whole.truncate(whole.len() - 2);
            whole.push(b'\n');
        }
        if !whole.is_empty() {
            line(is_error, &whole);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(stream: u8, body: &str) -> Vec<u8> {
        let length = u32::try_from(body.len()).unwrap().to_be_bytes();
        [&[stream, 0, 0, 0], &length[..], body.as_bytes()].concat()
    }

    /// So that what hears it can mask what the cut goes through.
    #[test]
    fn a_line_that_is_too_long_is_cut_and_goes_on() {
        let long = "x".repeat(LINE_MAX);
        let mut got = Vec::new();
        let mut line = |_: bool, text: &[u8]| got.push(text.to_vec());
        let mut frames = Frames::default();
        frames.push(&frame(1, &long), &mut line);
        frames.push(&frame(1, "end\r\n"), &mut line);
        frames.finish(&mut line);
        assert_eq!(got, [long.as_bytes(), b"end\n"]);
    }

    #[test]
    fn frames_come_whole_however_they_were_cut() {
        let all = [
            frame(1, "out"),
            frame(2, "err\n"),
            frame(1, " put\nmore"),
            frame(2, ""),
        ]
        .concat();
        for size in 1..all.len() {
            let mut frames = Frames::default();
            let mut got = Vec::new();
            let mut line = |is_error: bool, text: &[u8]| got.push((is_error, text.to_owned()));
            for piece in all.chunks(size) {
                frames.push(piece, &mut line);
            }
            frames.finish(&mut line);
            let want = [(true, "err\n"), (false, "out put\n"), (false, "more\n")];
            assert_eq!(
                got,
                want.map(|(e, t)| (e, t.as_bytes().to_owned())),
                "pieces of {size}"
            );
        }
    }
}
