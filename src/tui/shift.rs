//! Rows that only moved: a log that grew, a list that scrolled. The terminal moves them itself for some twenty bytes,
//! where painting them again costs thousands.

use ratatui::buffer::Cell;

/// Rows `top..=bottom` move by `lines`; what they leave behind is blank.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shift {
    pub(super) top: usize,
    pub(super) bottom: usize,
    pub(super) lines: usize,
    pub(super) up: bool,
}

/// Below this number of rows that move, painting is as good.
const ROWS_MIN: usize = 2;
/// Old rows that are looked for: the first may have lost its selection or its clock on the way.
const ANCHORS: usize = 3;

/// The move that turns most of `old` into `new`, if rows have moved at all. Both are rows of `width` cells.
pub(super) fn find(old: &[Cell], new: &[Cell], width: usize) -> Option<Shift> {
    let rows = Rows { old, new, width };
    let (first, last) = rows.longest_change()?;
    rows.moved_up(first, last)
        .or_else(|| rows.moved_down(first, last))
}

impl Shift {
    /// Does to `cells` what the terminal does.
    pub(super) fn apply(self, cells: &mut [Cell], width: usize) {
        let region = &mut cells[self.top * width..(self.bottom + 1) * width];
        let moved = self.lines * width;
        if self.up {
            region.rotate_left(moved);
            let kept = region.len() - moved;
            region[kept..].fill(Cell::EMPTY);
        } else {
            region.rotate_right(moved);
            region[..moved].fill(Cell::EMPTY);
        }
    }
}

struct Rows<'a> {
    old: &'a [Cell],
    new: &'a [Cell],
    width: usize,
}

impl<'a> Rows<'a> {
    fn before(&self, y: usize) -> &'a [Cell] {
        &self.old[y * self.width..(y + 1) * self.width]
    }

    fn after(&self, y: usize) -> &'a [Cell] {
        &self.new[y * self.width..(y + 1) * self.width]
    }

    /// First and last row of the longest run of rows that are not as they were.
    fn longest_change(&self) -> Option<(usize, usize)> {
        let mut best: Option<(usize, usize)> = None;
        let mut start = 0;
        for y in 0..self.old.len() / self.width {
            if self.before(y) == self.after(y) {
                start = y + 1;
            } else if best.is_none_or(|(first, last)| y - start > last - first) {
                best = Some((start, y));
            }
        }
        best.filter(|(first, last)| last - first >= ROWS_MIN)
    }

    /// A log that grew: what stood near the end stands higher now, and rows above it moved as far.
    fn moved_up(&self, first: usize, last: usize) -> Option<Shift> {
        (first + 1..=last).rev().take(ANCHORS).find_map(|y| {
            let anchor = self.anchor(y)?;
            let at = (first..y).rfind(|y| self.after(*y) == anchor)?;
            let lines = y - at;
            let moved = (first..=at).rev();
            let moved = moved.take_while(|y| self.after(*y) == self.before(y + lines));
            let count = moved.count();
            (count >= ROWS_MIN).then_some(Shift {
                top: at + 1 - count,
                bottom: last,
                lines,
                up: true,
            })
        })
    }

    fn moved_down(&self, first: usize, last: usize) -> Option<Shift> {
        (first..last).take(ANCHORS).find_map(|y| {
            let anchor = self.anchor(y)?;
            let at = (y + 1..=last).find(|y| self.after(*y) == anchor)?;
            let lines = at - y;
            let moved = (at..=last).take_while(|y| self.after(*y) == self.before(y - lines));
            let count = moved.count();
            (count >= ROWS_MIN).then_some(Shift {
                top: first,
                bottom: at + count - 1,
                lines,
                up: false,
            })
        })
    }

    /// An old row to look for; a blank one would be found anywhere.
    fn anchor(&self, y: usize) -> Option<&'a [Cell]> {
        let row = self.before(y);
        row.iter().any(|cell| cell.symbol() != " ").then_some(row)
    }
}

#[cfg(test)]
mod tests {
    use ratatui::buffer::Buffer;

    use super::*;

    /// `old` and `new` with one character a row.
    #[track_caller]
    fn check(old: &str, new: &str, expected: Option<(usize, usize, usize, bool)>) {
        let rows = |text: &str| Buffer::with_lines(text.chars().map(String::from)).content;
        let (mut old, new) = (rows(old), rows(new));
        let found = find(&old, &new, 1);
        let told = found.map(|s| (s.top, s.bottom, s.lines, s.up));
        assert_eq!(told, expected);
        if let Some(shift) = found {
            let before = old.iter().zip(&new).filter(|(a, b)| a != b).count();
            shift.apply(&mut old, 1);
            let after = old.iter().zip(&new).filter(|(a, b)| a != b).count();
            assert!(after < before);
        }
    }

    #[test]
    fn moved_rows_are_found_between_others() {
        check("hABCDf", "hBCDEf", Some((1, 4, 1, true)));
        check("hABCDf", "hCDEFf", Some((1, 4, 2, true)));
        check("hBCDEf", "hABCDf", Some((1, 4, 1, false)));
        // The header's clock changes at the same time.
        check("1ABCDf", "2BCDEf", Some((1, 4, 1, true)));
    }

    #[test]
    fn a_selection_that_goes_along_does_not_hide_the_move() {
        // `Y` selected at the bottom becomes `y`, and `Z` is selected below it; then the same upwards.
        check("hABCYf", "hBCyZf", Some((1, 4, 1, true)));
        check("hYABCf", "hZyABf", Some((1, 4, 1, false)));
    }

    #[test]
    fn what_did_not_move_is_not_moved() {
        check("ABCDEF", "ABCDEF", None);
        check("ABCDEF", "AXYZEF", None);
        check("ABCDEF", "abcdef", None);
        check("A     ", "     B", None);
        check("", "", None);
    }
}
