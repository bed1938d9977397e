//! A past run once more: its events at the pace at which they came, or quicker. The clock of the screen is that of the run; no
//! engine is there, every command is refused, and of each log only that is shown which had been written by then.

use std::collections::VecDeque;
use std::future::Future;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::keys::Act;
use super::port::{Events, Port};
use crate::engine::{Handle, Pace, Receipt};
use crate::id::AttemptId;
use crate::journal::{self, Reader};
use crate::run::{Actor, Command, Recorded, Refusal, Seen};
use crate::time::Timestamp;

/// A night within the time of a coffee.
const SPEED_MAX: u32 = 4096;
/// However fast it goes, clocks on the screen move no oftener.
const TICK_LEAST: Duration = Duration::from_millis(50);

/// Why no key changes anything.
pub(crate) const WHY: &str = "this is a replay of a past run; nothing here changes it";

/// The clock of a replay, shared by all that hold it.
#[derive(Clone, Debug)]
pub struct Replay(Arc<Mutex<Tempo>>);

/// As the screen shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Replaying {
    pub speed: u32,
    pub paused: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    Pause,
    Faster,
    Slower,
    /// To the next moment at which something happens.
    Ahead,
}

impl Change {
    /// What a key means while a run is replayed.
    pub(crate) fn of(act: Act) -> Option<Self> {
        match act {
            Act::Pause => Some(Self::Pause),
            Act::Faster => Some(Self::Faster),
            Act::Slower => Some(Self::Slower),
            Act::Ahead => Some(Self::Ahead),
            _ => None,
        }
    }
}

#[derive(Debug)]
struct Tempo {
    /// At `since` it was this time in the run.
    at: Timestamp,
    since: Instant,
    shown: Replaying,
    /// When something happens, ascending.
    moments: Vec<Timestamp>,
}

impl Tempo {
    fn time(&self, now: Instant) -> Timestamp {
        if self.shown.paused {
            return self.at;
        }
        let gone = now.saturating_duration_since(self.since);
        self.at.after(gone.saturating_mul(self.shown.speed))
    }

    fn change(&mut self, change: Change, now: Instant) -> Replaying {
        (self.at, self.since) = (self.time(now), now);
        match change {
            Change::Pause => self.shown.paused = !self.shown.paused,
            Change::Faster => self.shown.speed = (self.shown.speed * 2).min(SPEED_MAX),
            Change::Slower => self.shown.speed = (self.shown.speed / 2).max(1),
            Change::Ahead => {
                let next = self.moments.partition_point(|moment| *moment <= self.at);
                self.at = self.moments.get(next).copied().unwrap_or(self.at);
            }
        }
        self.shown
    }
}

impl Replay {
    /// From this moment of the run on; `moments` are those at which something happens, ascending.
    pub fn new(at: Timestamp, speed: u32, moments: Vec<Timestamp>) -> Self {
        Self(Arc::new(Mutex::new(Tempo {
            at,
            since: Instant::now(),
            shown: Replaying {
                speed: speed.clamp(1, SPEED_MAX),
                paused: false,
            },
            moments,
        })))
    }

    /// The time in the run.
    pub(super) fn now(&self) -> Timestamp {
        self.with(|tempo| tempo.time(Instant::now()))
    }

    /// How long a span of the run takes here; `None` while it is paused.
    fn wait(&self, span: Duration) -> Option<Duration> {
        let shown = self.shown();
        (!shown.paused).then(|| span / shown.speed)
    }

    /// The same for what moves on the screen.
    pub(super) fn tick(&self, span: Duration) -> Option<Duration> {
        self.wait(span).map(|wait| wait.max(TICK_LEAST))
    }

    pub(super) fn shown(&self) -> Replaying {
        self.with(|tempo| tempo.shown)
    }

    pub(super) fn change(&self, change: Change) -> Replaying {
        self.with(|tempo| tempo.change(change, Instant::now()))
    }

    fn with<T>(&self, work: impl FnOnce(&mut Tempo) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// What the loop of the screen needs instead of an engine.
    pub(super) fn of(self, handle: Handle, records: Vec<Recorded>) -> (Stands, Played) {
        let played = Played {
            replay: self.clone(),
            coming: records.into(),
        };
        let stands = Stands {
            replay: self,
            handle,
        };
        (stands, played)
    }
}

/// Stands where an engine would.
#[derive(Clone)]
pub(super) struct Stands {
    replay: Replay,
    handle: Handle,
}

impl Port for Stands {
    type Feed = Played;

    fn send(
        &self,
        _: Command,
        _: Actor,
        _: Option<Seen>,
    ) -> impl Future<Output = Receipt> + 'static {
        std::future::ready(Err(Refusal {
            why: WHY.to_owned(),
            hint: None,
        }))
    }

    fn output(&self, attempt: &AttemptId) -> io::Result<Reader> {
        let path = self.handle.run_dir().output_path(attempt);
        Reader::open_until(&path, self.replay.now())
    }

    fn until(&self) -> Option<Timestamp> {
        Some(self.replay.now())
    }
}

/// The events that have come by now, each once.
pub(super) struct Played {
    replay: Replay,
    coming: VecDeque<Recorded>,
}

impl Events for Played {
    fn ready(&mut self) -> Result<Vec<Recorded>, journal::Error> {
        let now = self.replay.now();
        let due = self.coming.iter().take_while(|r| r.at <= now).count();
        Ok(self.coming.drain(..due).collect())
    }

    /// A change of the speed is a key, after which the loop waits anew.
    async fn wait(&mut self) {
        while let Some(next) = self.coming.front() {
            let left = next.at.since(self.replay.now());
            if left.is_zero() {
                return;
            }
            match self.replay.wait(left) {
                Some(wait) => tokio::time::sleep(wait).await,
                None => break,
            }
        }
        std::future::pending::<()>().await;
    }

    fn pace(&self) -> Pace {
        Pace::Live
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_the_run_goes_as_fast_as_it_is_told() {
        let begun = Instant::now();
        let mut tempo = Tempo {
            at: Timestamp(1_000),
            since: begun,
            shown: Replaying {
                speed: 1,
                paused: false,
            },
            moments: [9_000, 60_000].map(Timestamp).into(),
        };
        let after = |seconds| begun + Duration::from_secs(seconds);
        assert_eq!(tempo.time(after(2)), Timestamp(3_000));
        assert_eq!(tempo.change(Change::Faster, after(2)).speed, 2);
        assert_eq!(tempo.time(after(3)), Timestamp(5_000));
        tempo.change(Change::Pause, after(3));
        assert_eq!(tempo.time(after(60)), Timestamp(5_000));
        tempo.change(Change::Slower, after(60));
        tempo.change(Change::Pause, after(60));
        assert_eq!(tempo.time(after(61)), Timestamp(6_000));
        for _ in 0..40 {
            tempo.change(Change::Faster, after(61));
        }
        assert_eq!(tempo.shown.speed, SPEED_MAX);
        tempo.change(Change::Pause, after(61));
        for (ahead, at) in [(1, 9_000), (2, 60_000), (3, 60_000)] {
            tempo.change(Change::Ahead, after(61 + ahead));
            assert_eq!(tempo.time(after(90)), Timestamp(at));
        }
    }

    #[test]
    fn events_come_when_they_are_due() {
        let recorded = |seq, at| Recorded {
            seq,
            at: Timestamp(at),
            event: crate::run::Event::RunPaused,
        };
        let replay = Replay::new(Timestamp(0), 1, Vec::new());
        replay.change(Change::Pause);
        let start = replay.now().0;
        let mut played = Played {
            replay,
            coming: [
                recorded(1, 0),
                recorded(2, start),
                recorded(3, start + 60_000),
            ]
            .into(),
        };
        let ready = |played: &mut Played| {
            let ready = played.ready().expect("events");
            ready.iter().map(|r| r.seq).collect::<Vec<_>>()
        };
        assert_eq!(ready(&mut played), [1, 2]);
        assert_eq!(ready(&mut played), [0_u64; 0]);
    }
}
