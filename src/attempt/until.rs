//! One look, or looks until what is expected is met.

use std::time::Duration;

use super::clock::Stopwatch;
use crate::run::{Ended, Outcome};
use crate::time::spoken_span;
use crate::workflow::Until;

/// What one look gave.
pub(super) enum Look<T> {
    Met(T),
    /// Why not (yet).
    Unmet(String),
    /// It is over, whatever was wanted.
    Over(Ended),
}

/// Looks once, or as `until` says. `look` is told how long it may take at most; `limit` is that for any one look.
pub(super) async fn look_until<T>(
    until: Option<&Until>,
    limit: Duration,
    mut look: impl AsyncFnMut(Duration) -> Look<T>,
) -> Result<T, Ended> {
    let Some(until) = until else {
        return match look(limit).await {
            Look::Met(met) => Ok(met),
            Look::Unmet(why) => Err(Ended::new(Outcome::Failed, why)),
            Look::Over(end) => Err(end),
        };
    };
    let watch = Stopwatch::start();
    let (mut in_a_row, mut tries) = (0, 0_u32);
    loop {
        tries += 1;
        let left = watch.left_of(until.timeout);
        let why = match look(limit.min(left)).await {
            Look::Met(met) => {
                in_a_row += 1;
                if in_a_row >= until.consecutive.max(1) {
                    return Ok(met);
                }
                format!("met {in_a_row} of {} times in a row", until.consecutive)
            }
            Look::Unmet(why) => {
                in_a_row = 0;
                why
            }
            Look::Over(end) => return Err(end),
        };
        if watch.left_of(until.timeout) <= until.every {
            let limit = spoken_span(until.timeout);
            let times = if tries == 1 { "try" } else { "tries" };
            let why = format!("not met within {limit} ({tries} {times}); the last: {why}");
            return Err(Ended::new(Outcome::Failed, why));
        }
        tokio::time::sleep(until.every).await;
    }
}
