//! When the next frame may be drawn: at once after a key, however recent the frame of a growing log is; else at most so
//! often, and less often on a slow line.

use std::time::{Duration, Instant};

/// What a person waits for is shown within this; and frames for keys are at least so far apart, should a key be held down.
const URGENT: Duration = Duration::from_millis(16);
/// A line that takes a frame so slowly, twice in a row, gets fewer frames.
const SLOW: Duration = Duration::from_millis(50);
const QUICK: Duration = Duration::from_millis(10);
/// So long must a slow line be quick again before it gets more frames.
const RECOVERY: Duration = Duration::from_secs(10);
const SLOWEST: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(super) struct Pacer {
    usual: Duration,
    frame: Duration,
    last: Option<Instant>,
    dirty: bool,
    urgent: bool,
    /// A key wants its frame.
    keyed: bool,
    /// The last frame that a key wanted.
    last_keyed: Option<Instant>,
    slow_in_a_row: u32,
    quick_since: Option<Instant>,
}

impl Pacer {
    pub(super) fn new(fps: u32) -> Self {
        let usual = Duration::from_secs(1) / fps.clamp(1, 60);
        Self {
            usual,
            frame: usual,
            last: None,
            dirty: true,
            urgent: true,
            keyed: false,
            last_keyed: None,
            slow_in_a_row: 0,
            quick_since: None,
        }
    }

    /// Something on the screen has changed.
    pub(super) fn touch(&mut self) {
        self.dirty = true;
    }

    /// A person waits to see what has come.
    pub(super) fn hurry(&mut self) {
        self.dirty = true;
        self.urgent = true;
    }

    /// A key was pressed.
    pub(super) fn key(&mut self) {
        self.dirty = true;
        self.keyed = true;
    }

    /// When to draw; `None` if nothing has changed. A change that comes too early is drawn later, never lost.
    pub(super) fn due(&self) -> Option<Instant> {
        let now = Instant::now();
        let after = |last: Option<Instant>, wait| last.map_or(now, |last| last + wait);
        let wait = if self.urgent { URGENT } else { self.frame };
        let usual = after(self.last, wait);
        let due = if self.keyed {
            usual.min(after(self.last_keyed, URGENT))
        } else {
            usual
        };
        self.dirty.then_some(due)
    }

    /// A frame was drawn, and the terminal took so long to take it.
    pub(super) fn drawn(&mut self, write: Duration) {
        let now = Instant::now();
        self.last = Some(now);
        if std::mem::take(&mut self.keyed) {
            self.last_keyed = Some(now);
        }
        self.dirty = false;
        self.urgent = false;
        if write > SLOW {
            self.quick_since = None;
            self.slow_in_a_row += 1;
            if self.slow_in_a_row >= 2 {
                self.frame = (self.frame * 5 / 2).min(SLOWEST);
                self.slow_in_a_row = 0;
            }
            return;
        }
        self.slow_in_a_row = 0;
        if write > QUICK {
            self.quick_since = None;
        } else if now - *self.quick_since.get_or_insert(now) >= RECOVERY {
            self.frame = (self.frame * 2 / 5).max(self.usual);
            self.quick_since = Some(now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_drawn_later_rather_than_never() {
        let mut pacer = Pacer::new(10);
        pacer.drawn(Duration::ZERO);
        assert_eq!(pacer.due(), None);
        pacer.touch();
        let due = pacer.due().expect("dirty");
        assert!(due > Instant::now());
        pacer.hurry();
        assert!(pacer.due().expect("dirty") < due);
    }

    #[test]
    fn a_key_does_not_wait_for_the_frames_of_a_log() {
        let mut pacer = Pacer::new(10);
        pacer.drawn(Duration::ZERO);
        pacer.key();
        assert!(pacer.due().expect("dirty") <= Instant::now());
        pacer.drawn(Duration::ZERO);
        pacer.key();
        assert!(
            pacer.due().expect("dirty") > Instant::now(),
            "a held key has its pace"
        );
    }

    #[test]
    fn a_slow_line_gets_fewer_frames() {
        let mut pacer = Pacer::new(10);
        for _ in 0..8 {
            pacer.drawn(Duration::from_millis(80));
        }
        assert_eq!(pacer.frame, SLOWEST);
        pacer.drawn(Duration::from_millis(1));
        assert_eq!(pacer.frame, SLOWEST);
    }
}
