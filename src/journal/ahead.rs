//! What a merge has read ahead of each of its outputs. All share what is wanted and what memory there is for it, so that a
//! thousand outputs that speak at the same time need no more of it than a few.

use std::collections::VecDeque;

use super::reader::Line;

/// Most lines of one output that are read ahead at first; each time that they were all wanted, twice as many.
const LINES: usize = 64;
/// Bytes that are read ahead in all; beyond them, one line of each output.
const BYTES: usize = 8 << 20;

#[derive(Debug)]
pub(super) struct Ahead {
    outputs: Vec<Output>,
    /// Outputs that share: those that were under way from the start, or more that have been met since.
    sharing: usize,
    met: usize,
    /// Bytes of the lines at hand.
    held: usize,
}

#[derive(Debug, Default)]
struct Output {
    lines: VecDeque<Line>,
    /// Lines that are read the next time; 0 before the first one.
    far: usize,
}

impl Ahead {
    /// Of so many outputs, of which so many are surely under way.
    pub(super) fn new(outputs: usize, under_way: usize) -> Self {
        let mut all = Vec::new();
        all.resize_with(outputs, Output::default);
        Self {
            outputs: all,
            sharing: under_way,
            met: 0,
            held: 0,
        }
    }

    /// How many lines are to be read of this output if so many are still wanted in all, and after how many bytes to stop.
    pub(super) fn share(&mut self, nth: usize, wanted: usize) -> (usize, usize) {
        let output = &mut self.outputs[nth];
        if output.far == 0 {
            self.met += 1;
            self.sharing = self.sharing.max(self.met);
            output.far = (wanted / self.sharing).clamp(1, LINES);
        }
        let lines = output.far.min(wanted);
        output.far = output.far.saturating_mul(2);
        let bytes = (BYTES / self.sharing).min(BYTES.saturating_sub(self.held));
        (lines, bytes)
    }

    pub(super) fn put(&mut self, nth: usize, lines: Vec<Line>) {
        self.held += lines.iter().map(|line| line.bytes.len()).sum::<usize>();
        self.outputs[nth].lines = lines.into();
    }

    /// The next line of this output, if it is at hand.
    pub(super) fn next(&self, nth: usize) -> Option<&Line> {
        self.outputs[nth].lines.front()
    }

    pub(super) fn take(&mut self, nth: usize) -> Option<Line> {
        let line = self.outputs[nth].lines.pop_front()?;
        self.held -= line.bytes.len();
        Some(line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: usize = 64 << 10;

    /// As a reader would: lines of this length until the bytes are reached.
    fn read(ahead: &mut Ahead, nth: usize, wanted: usize) -> usize {
        let (lines, bytes) = ahead.share(nth, wanted);
        let lines = lines.min(bytes.div_ceil(LONG).max(1));
        let line = |number| Line {
            number,
            at: None,
            bytes: vec![b'x'; LONG],
            cut: false,
        };
        ahead.put(nth, (0..lines as u64).map(line).collect());
        lines
    }

    #[test]
    fn long_lines_of_many_outputs_take_no_more_memory_than_the_bound() {
        for under_way in [0, 300] {
            let mut ahead = Ahead::new(300, under_way);
            for nth in 0..300 {
                read(&mut ahead, nth, 4_000);
            }
            assert!(ahead.held <= BYTES + 300 * LONG, "{} bytes", ahead.held);
        }
    }

    #[test]
    fn what_is_wanted_is_shared_and_who_says_much_is_read_farther() {
        let mut ahead = Ahead::new(50, 50);
        let first: usize = (0..50).map(|nth| ahead.share(nth, 150).0).sum();
        assert_eq!(first, 150);
        assert_eq!([ahead.share(7, 140).0, ahead.share(7, 130).0], [6, 12]);
        let mut alone = Ahead::new(1, 1);
        assert_eq!(alone.share(0, 4_000), (LINES, BYTES));
    }

    #[test]
    fn what_is_taken_makes_room() {
        let mut ahead = Ahead::new(1, 1);
        let lines = read(&mut ahead, 0, 10);
        assert_eq!(ahead.held, lines * LONG);
        while ahead.take(0).is_some() {}
        assert_eq!(ahead.held, 0);
    }
}
