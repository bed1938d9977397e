//! Spans by a clock that counts suspend.

use std::time::{Duration, Instant};

/// Runs from its start on, also while the machine sleeps: `Instant` alone would stand still then.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stopwatch {
    started: Instant,
    uptime: i64,
}

impl Stopwatch {
    pub(super) fn start() -> Self {
        Self {
            started: Instant::now(),
            uptime: uptime(),
        }
    }

    pub(super) fn elapsed(&self) -> Duration {
        let awake = self.started.elapsed();
        let all = u64::try_from(uptime() - self.uptime).unwrap_or(0);
        // The kernel's uptime counts suspend, but in whole seconds: it is believed only when it says clearly more.
        if all > awake.as_secs() + 2 {
            Duration::from_secs(all)
        } else {
            awake
        }
    }

    /// What is left of `span`; zero when it is over.
    pub(super) fn left_of(&self, span: Duration) -> Duration {
        span.saturating_sub(self.elapsed())
    }
}

fn uptime() -> i64 {
    #[expect(
        clippy::useless_conversion,
        reason = "`uptime` is narrower on 32-bit machines"
    )]
    i64::from(rustix::system::sysinfo().uptime)
}
