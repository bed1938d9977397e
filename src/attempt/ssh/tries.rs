//! How often, and how far apart, a lost link is sought.

use std::time::Duration;

use super::super::clock::Stopwatch;

const FIRST: Duration = Duration::from_millis(200);
const LONGEST: Duration = Duration::from_secs(5);

#[derive(Debug, Default)]
pub(super) struct Tries {
    /// Since when there is no link, and how often it was sought.
    lost: Option<(Stopwatch, u32)>,
    /// When it is sought next.
    due: Option<(Stopwatch, Duration)>,
}

impl Tries {
    /// A try has failed; the number of the next one, or `None` if it took longer than `within` by now.
    pub(super) fn failed(&mut self, within: Duration) -> Option<u32> {
        let (since, n) = self.lost.unwrap_or((Stopwatch::start(), 0));
        let left = since.left_of(within);
        if left.is_zero() {
            return None;
        }
        let pause = FIRST.saturating_mul(2_u32.saturating_pow(n)).min(LONGEST);
        self.lost = Some((since, n + 1));
        self.due = Some((Stopwatch::start(), pause.min(left)));
        Some(n + 1)
    }

    /// There is a link again; whether it had been lost.
    pub(super) fn met(&mut self) -> bool {
        self.due = None;
        self.lost.take().is_some()
    }

    pub(super) fn is_due(&self) -> bool {
        self.left().is_zero()
    }

    /// Until the next try.
    pub(super) fn left(&self) -> Duration {
        self.due
            .as_ref()
            .map_or(Duration::ZERO, |(since, pause)| since.left_of(*pause))
    }
}
