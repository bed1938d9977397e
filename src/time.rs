//! Moments and spans. Time comes in as an argument: only `engine::clock` asks the machine for it.

use std::fmt::{self, Write as _};
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A moment: milliseconds since the Unix epoch, UTC. Order between events comes from sequence numbers, never from this.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// The span from `earlier` to here; zero if the clock went back.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    #[must_use]
    pub fn after(self, span: Duration) -> Self {
        Self(
            self.0
                .saturating_add(i64::try_from(span.as_millis()).unwrap_or(i64::MAX)),
        )
    }

    /// `2026-11-24T10:02:03.004Z`.
    pub fn rfc3339(self) -> String {
        jiff::Timestamp::from_millisecond(self.0)
            .map_or_else(|_| format!("@{}ms", self.0), |t| format!("{t:.3}"))
    }

    /// `10:02:03` in UTC.
    pub fn clock(self) -> String {
        let seconds = self.0.div_euclid(1000).rem_euclid(86_400);
        format!(
            "{:02}:{:02}:{:02}",
            seconds / 3600,
            seconds / 60 % 60,
            seconds % 60
        )
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.rfc3339())
    }
}

/// A span as the screen shows it: `0:04`, `12:40`, `1:02:03`.
pub fn clock_span(span: Duration) -> String {
    let s = span.as_secs();
    if s < 3600 {
        format!("{}:{:02}", s / 60, s % 60)
    } else {
        format!("{}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60)
    }
}

/// A span as a person says it: `250ms`, `4s`, `1m30s`, `2h`.
pub fn spoken_span(span: Duration) -> String {
    let ms = span.as_millis();
    if ms < 1000 {
        return format!("{ms}ms");
    }
    let s = span.as_secs();
    let parts = [
        (s / 86_400, "d"),
        (s / 3600 % 24, "h"),
        (s / 60 % 60, "m"),
        (s % 60, "s"),
    ];
    parts
        .iter()
        .filter(|(n, _)| *n > 0)
        .fold(String::new(), |mut text, (n, unit)| {
            let _ = write!(text, "{n}{unit}");
            text
        })
}

/// How long ago something was, rounded to what matters: `12d`, `3h`, `5m`, `40s`.
pub fn age(span: Duration) -> String {
    let s = span.as_secs();
    let unit = [86_400, 3_600, 60, 1];
    let unit = unit.into_iter().find(|unit| s >= *unit).unwrap_or(1);
    // Never in parts of a second.
    match s / unit * unit {
        0 => "0s".to_owned(),
        s => spoken_span(Duration::from_secs(s)),
    }
}

/// Serialises a `Duration` as whole milliseconds; use with `#[serde(with = "crate::time::millis")]`.
pub mod millis {
    use super::Duration;
    use serde::{Deserialize, Deserializer, Serializer};

    #[expect(clippy::missing_errors_doc, reason = "serde's own contract")]
    pub fn serialize<S: Serializer>(span: &Duration, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_u64(u64::try_from(span.as_millis()).unwrap_or(u64::MAX))
    }

    #[expect(clippy::missing_errors_doc, reason = "serde's own contract")]
    pub fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Duration, D::Error> {
        u64::deserialize(d).map(Duration::from_millis)
    }
}
