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
    let mut before = None;
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
        let rest = watch.left_of(until.timeout);
        if rest <= until.every {
            // A look that had only what was left says no more than that it was too little.
            let cut = rest.is_zero() && left < limit;
            let why = before.filter(|_| cut).unwrap_or(why);
            let limit = spoken_span(until.timeout);
            let times = if tries == 1 { "try" } else { "tries" };
            let why = format!("not met within {limit} ({tries} {times}); the last: {why}");
            return Err(Ended::new(Outcome::Failed, why));
        }
        before = Some(why);
        tokio::time::sleep(until.every).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_last_look_that_had_no_time_does_not_hide_what_the_one_before_saw() {
        let until = Until {
            every: Duration::from_millis(30),
            timeout: Duration::from_millis(50),
            consecutive: 1,
        };
        let mut looks = 0;
        let look = async |limit: Duration| {
            looks += 1;
            if looks == 1 {
                return Look::Unmet("1 of 3 replicas".to_owned());
            }
            tokio::time::sleep(limit).await;
            Look::<()>::Unmet(format!("no answer within {limit:?}"))
        };
        let end = look_until(Some(&until), Duration::from_secs(5), look).await;
        let why = end.expect_err("it never is").message;
        assert_eq!(
            why,
            "not met within 50ms (2 tries); the last: 1 of 3 replicas"
        );
    }
}
