//! Standard output, or a body, kept for outputs to be read from: the first and the last mebibyte of it.

const PART: usize = 1 << 20;

#[derive(Clone, Debug, Default)]
pub(super) struct Capture {
    head: Vec<u8>,
    tail: Vec<u8>,
    total: u64,
}

impl Capture {
    /// What is whole already, whatever its size.
    pub(super) fn of(bytes: Vec<u8>) -> Self {
        Self {
            total: bytes.len() as u64,
            head: bytes,
            tail: Vec::new(),
        }
    }

    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.total += bytes.len() as u64;
        let (first, rest) = bytes.split_at(bytes.len().min(PART - self.head.len()));
        self.head.extend_from_slice(first);
        self.tail.extend_from_slice(rest);
        // Cut seldom, so that a long output does not move a mebibyte for every read.
        if self.tail.len() > 3 * PART {
            self.cut();
        }
    }

    /// The whole of it, or `None` if its middle was not kept.
    pub(super) fn whole(&self) -> Option<Vec<u8>> {
        let kept = self.head.len() + self.tail.len();
        (kept as u64 == self.total).then(|| [self.head.as_slice(), &self.tail].concat())
    }

    /// The texts to search, in order: one, or the beginning and the end if there was too much between them.
    pub(super) fn texts(&self) -> Vec<String> {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        match self.whole() {
            Some(whole) => vec![text(&whole)],
            None => vec![text(&self.head), text(&self.tail)],
        }
    }

    pub(super) fn total(&self) -> u64 {
        self.total
    }

    fn cut(&mut self) {
        self.tail.drain(..self.tail.len() - PART);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_output_is_whole_and_a_large_one_keeps_its_ends() {
        let mut small = Capture::default();
        for _ in 0..40 {
            small.push(&vec![b'a'; 40_000]);
        }
        assert_eq!(small.whole().unwrap().len(), 1_600_000);
        let mut large = Capture::default();
        large.push(b"first");
        for _ in 0..200 {
            large.push(&vec![b'a'; 65_536]);
        }
        large.push(b"last");
        assert!(large.whole().is_none());
        let texts = large.texts();
        assert!(texts[0].starts_with("first") && texts[1].ends_with("last"));
        assert!(texts.iter().all(|t| t.len() >= PART && t.len() <= 3 * PART));
        assert_eq!(large.total(), 5 + 200 * 65_536 + 4);
    }
}
