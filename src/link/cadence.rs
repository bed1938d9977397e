//! When a connection is told of progress. Who gives commands is told at once; who only watches is told on a beat of his own,
//! so that fifty watchers of a fast run do not all read each record in the very moment in which the next command comes.

use std::time::{Duration, Instant};

/// Who gives commands is told so often at most.
const STEERS: Duration = Duration::from_millis(10);
/// The beat of who only watches: as often as a screen is drawn at most.
const WATCHES: Duration = Duration::from_millis(100);
/// So long after a question a connection counts as one that steers.
const ATTENTION: Duration = Duration::from_secs(1);

/// Tells at which moment the next progress is due.
#[derive(Debug)]
pub(super) struct Cadence {
    /// The beats are counted from here: each connection has beats of its own.
    begun: Instant,
    asked: Option<Instant>,
    told: Option<Instant>,
    due: Option<Instant>,
}

impl Cadence {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            begun: now,
            asked: None,
            told: None,
            due: None,
        }
    }

    /// There is progress to tell.
    pub(super) fn news(&mut self, now: Instant) {
        self.due = Some(if self.steers(now) {
            self.told.map_or(now, |told| now.max(told + STEERS))
        } else {
            let into = (now - self.begun).as_nanos() % WATCHES.as_nanos();
            now + WATCHES.saturating_sub(Duration::from_nanos(into as u64))
        });
    }

    /// The connection has asked for something: what follows from it shall not wait for a beat.
    pub(super) fn asked(&mut self, now: Instant) {
        self.asked = Some(now);
        if self.due.is_some() {
            self.news(now);
        }
    }

    pub(super) fn told(&mut self, now: Instant) {
        self.told = Some(now);
        self.due = None;
    }

    /// When to tell; `None` while there is nothing to tell.
    pub(super) fn due(&self) -> Option<Instant> {
        self.due
    }

    fn steers(&self, now: Instant) -> bool {
        self.asked.is_some_and(|asked| now - asked < ATTENTION)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_asks_is_told_at_once_and_who_watches_on_its_own_beat() {
        let begun = Instant::now();
        let at = |ms: u64| begun + Duration::from_millis(ms);
        let mut cadence = Cadence::new(begun);
        assert_eq!(cadence.due(), None);
        cadence.news(at(120));
        assert_eq!(cadence.due(), Some(at(200)));
        // A command between two beats does not wait for the next.
        cadence.asked(at(130));
        assert_eq!(cadence.due(), Some(at(130)));
        cadence.told(at(130));
        assert_eq!(cadence.due(), None);
        cadence.news(at(133));
        assert_eq!(cadence.due(), Some(at(140)));
        cadence.told(at(140));
        // Attention ends.
        cadence.news(at(1_130));
        assert_eq!(cadence.due(), Some(at(1_200)));
    }
}
