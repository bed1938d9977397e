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

/// How much the line takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    #[default]
    Fast,
    Slow,
    Crawl,
}

impl Level {
    /// The least time between two frames that nobody waits for.
    fn frame(self) -> Duration {
        Duration::from_millis(match self {
            Self::Fast => 0,
            Self::Slow => 250,
            Self::Crawl => 1_000,
        })
    }

    fn down(self) -> Self {
        match self {
            Self::Fast => Self::Slow,
            Self::Slow | Self::Crawl => Self::Crawl,
        }
    }

    fn up(self) -> Self {
        match self {
            Self::Fast | Self::Slow => Self::Fast,
            Self::Crawl => Self::Slow,
        }
    }
}

/// What is known of the line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tempo {
    pub level: Level,
    /// How long the terminal took to take the last frame.
    pub write: Duration,
}

#[derive(Debug)]
pub(super) struct Pacer {
    usual: Duration,
    tempo: Tempo,
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
            tempo: Tempo::default(),
            last: None,
            dirty: true,
            urgent: true,
            keyed: false,
            last_keyed: None,
            slow_in_a_row: 0,
            quick_since: None,
        }
    }

    /// How the line does, for the person to see.
    pub(super) fn tempo(&self) -> Tempo {
        self.tempo
    }

    fn frame(&self) -> Duration {
        self.tempo.level.frame().max(self.usual)
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
        let wait = if self.urgent { URGENT } else { self.frame() };
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
        self.tempo.write = write;
        if write > SLOW {
            self.quick_since = None;
            self.slow_in_a_row += 1;
            if self.slow_in_a_row >= 2 {
                self.tempo.level = self.tempo.level.down();
                self.slow_in_a_row = 0;
            }
            return;
        }
        self.slow_in_a_row = 0;
        if write > QUICK {
            self.quick_since = None;
        } else if now - *self.quick_since.get_or_insert(now) >= RECOVERY {
            self.tempo.level = self.tempo.level.up();
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
        let mut draw = |ms| {
            pacer.drawn(Duration::from_millis(ms));
            (pacer.tempo().level, pacer.frame().as_millis())
        };
        assert_eq!(draw(80), (Level::Fast, 100));
        assert_eq!(draw(80), (Level::Slow, 250));
        draw(80);
        assert_eq!(draw(80), (Level::Crawl, 1_000));
        draw(80);
        assert_eq!(draw(80), (Level::Crawl, 1_000));
        // It must be quick for a while, not once.
        assert_eq!(draw(1), (Level::Crawl, 1_000));
    }
}
