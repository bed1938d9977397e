//! The time axis of the Gantt: how much time a column is, and in which column a moment stands.

use std::time::Duration;

use crate::time::Timestamp;

/// What one column may stand for, in milliseconds. Few and far apart, so that a run that takes longer than expected does not
/// draw the whole axis anew each second.
const COLUMN: [i64; 22] = [
    100,
    200,
    500,
    1_000,
    2_000,
    5_000,
    10_000,
    20_000,
    30_000,
    60_000,
    120_000,
    300_000,
    600_000,
    1_200_000,
    1_800_000,
    3_600_000,
    7_200_000,
    14_400_000,
    28_800_000,
    86_400_000,
    172_800_000,
    604_800_000,
];

/// Columns between two marks at least: the width of `100:00:00` and a space.
const MARKS_APART: i64 = 10;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Axis {
    start: Timestamp,
    /// Milliseconds.
    column: i64,
    /// The first column shown.
    from: i64,
    width: i64,
}

impl Axis {
    /// From `start` to `end` in `width` columns; each `zoom` shows a part of it, more finely: the part where `shown` stands.
    pub(super) fn new(
        (start, end): (Timestamp, Timestamp),
        width: u16,
        zoom: usize,
        shown: Timestamp,
    ) -> Self {
        let width = i64::from(width.max(2));
        let total = end.0.saturating_sub(start.0).max(0);
        let fits = |column: &i64| total / *column < width - 1;
        let whole = COLUMN.iter().position(fits).unwrap_or(COLUMN.len() - 1);
        let column = COLUMN[whole.saturating_sub(zoom)];
        let last = total / column;
        let at = shown.0.saturating_sub(start.0).max(0) / column;
        // By half pages, so that the axis rests while the selection moves within one.
        let page = (width / 2).max(1);
        let from = if last < width { 0 } else { at / page * page };
        Self {
            start,
            column,
            from,
            width,
        }
    }

    /// The column of a moment; before 0 and from `width` on it is not visible.
    pub(super) fn at(&self, moment: Timestamp) -> i64 {
        moment
            .0
            .saturating_sub(self.start.0)
            .div_euclid(self.column)
            - self.from
    }

    pub(super) fn width(&self) -> i64 {
        self.width
    }

    /// Where times stand on the axis, and which.
    pub(super) fn marks(&self) -> impl Iterator<Item = (i64, Duration)> {
        let apart = COLUMN
            .iter()
            .find(|time| **time % self.column == 0 && **time / self.column >= MARKS_APART);
        let apart = apart.map_or(MARKS_APART, |time| time / self.column);
        let (from, column) = (self.from, self.column);
        let first = (from + apart - 1) / apart * apart;
        (first..from + self.width)
            .step_by(usize::try_from(apart).unwrap_or(1))
            .map(move |at| {
                let time = Duration::from_millis((at * column).unsigned_abs());
                (at - from, time)
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axis(seconds: i64, width: u16, zoom: usize, shown: i64) -> Axis {
        let at = |seconds: i64| Timestamp(seconds * 1000);
        Axis::new((at(0), at(seconds)), width, zoom, at(shown))
    }

    #[test]
    fn the_whole_run_fits_and_a_part_is_finer() {
        for seconds in [0, 1, 59, 400, 90_000] {
            let axis = axis(seconds, 40, 0, 0);
            let end = axis.at(Timestamp(seconds * 1000));
            assert!((0..40).contains(&end), "{seconds} s end in column {end}");
        }
        let fine = axis(400, 40, 1, 390);
        assert_eq!((fine.column, fine.from), (10_000, 20));
        assert!((0..40).contains(&fine.at(Timestamp(390_000))));
    }

    #[test]
    fn marks_stand_apart_at_round_times() {
        let marks: Vec<_> = axis(400, 40, 0, 0).marks().collect();
        let seconds: Vec<_> = marks
            .iter()
            .map(|(at, time)| (*at, time.as_secs()))
            .collect();
        assert_eq!(seconds, [(0, 0), (15, 300), (30, 600)]);
    }
}
