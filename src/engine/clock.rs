//! The only `now` in the program.
//!
//! Durations must survive a stepped wall clock and count a suspended machine, so a moment is the wall clock once, plus
//! what CLOCK_BOOTTIME has counted since. Within one process time never goes back; order comes from sequence numbers anyway.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

use crate::time::Timestamp;

/// Now, as every room is told it.
pub fn now() -> Timestamp {
    static ANCHOR: OnceLock<(i64, Duration)> = OnceLock::new();
    let (wall, booted) = ANCHOR.get_or_init(|| (wall_ms(), since_boot()));
    Timestamp(*wall + AHEAD_MS.load(Ordering::Relaxed)).after(since_boot().saturating_sub(*booted))
}

/// Added since a run was taken up whose last record is later than the wall clock.
static AHEAD_MS: AtomicI64 = AtomicI64::new(0);

/// The times of a run never go back, from one engine to the next as within one: a retry that is due in 5 s would else wait
/// for the hour by which the clock was set back meanwhile. [`Wall`] then tells of it.
pub(super) fn not_before(last: Timestamp) {
    let behind = last.0 - now().0;
    if behind > 0 {
        AHEAD_MS.fetch_add(behind, Ordering::Relaxed);
    }
}

/// Watches the wall clock, which people and machines set while a run goes on: `now()` does not follow it.
#[derive(Debug, Default)]
pub(super) struct Wall {
    /// How far it is away from `now()`, as far as it was told.
    told_ms: i64,
}

/// Less than this is a clock being kept right, not set.
const MOVED_MS: i64 = 2_000;

impl Wall {
    /// In words, if it was set since the last look.
    pub(super) fn moved(&mut self) -> Option<String> {
        self.look(wall_ms() - now().0)
    }

    fn look(&mut self, away_ms: i64) -> Option<String> {
        let moved = away_ms - self.told_ms;
        if moved.abs() < MOVED_MS {
            return None;
        }
        self.told_ms = away_ms;
        let seconds = moved / 1000;
        Some(format!(
            "the clock of this machine moved by {seconds:+} s; the times of this run go on as before"
        ))
    }
}

fn wall_ms() -> i64 {
    let t = clock_gettime(ClockId::Realtime);
    t.tv_sec * 1000 + t.tv_nsec / 1_000_000
}

fn since_boot() -> Duration {
    let t = clock_gettime(ClockId::Boottime);
    Duration::new(
        t.tv_sec.unsigned_abs(),
        u32::try_from(t.tv_nsec).unwrap_or(0),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_was_set_is_told_once_each_time() {
        let mut wall = Wall::default();
        assert_eq!(wall.look(1_900), None);
        let back = wall.look(-3_600_000).expect("an hour back");
        assert!(back.contains("moved by -3600 s"), "{back}");
        assert_eq!(wall.look(-3_600_500), None);
        let again = wall.look(0).expect("and right again");
        assert!(again.contains("moved by +3600 s"), "{again}");
        assert_eq!(wall.moved(), None, "nobody sets it here");
    }
}
