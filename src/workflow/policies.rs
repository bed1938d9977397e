//! What the author demands of whoever starts a run.

use std::time::Duration;

use jiff::tz::TimeZone;

use super::cron::Cron;
use super::template::Template;
use crate::time::{Timestamp, spoken_span};

/// The policies of a run as a whole.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Policies {
    /// Which runs of this machine must take turns with it.
    pub concurrency: Option<Concurrency>,
    /// When no live run starts.
    pub freeze: Vec<Freeze>,
    /// The step (an index) that asks for the approval of a live start, before all others.
    pub gate: Option<usize>,
}

/// Runs of the same group share its slots.
#[derive(Clone, Debug, PartialEq)]
pub struct Concurrency {
    /// A text over the params: runs for which it gives the same name are of one group.
    pub group: Template,
    /// So many of the group at once.
    pub limit: u32,
    pub on_conflict: OnConflict,
}

/// What becomes of a run whose group is full.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnConflict {
    /// It does not start.
    #[default]
    Reject,
    /// It starts by itself when a slot is free.
    Queue,
}

/// A time that comes again and again, in which no live run starts.
#[derive(Clone, Debug, PartialEq)]
pub struct Freeze {
    /// When it begins.
    pub cron: Cron,
    /// As its author wrote it.
    pub said: String,
    pub span: Duration,
    pub tz: TimeZone,
}

/// A freeze that lasts now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    pub until: Timestamp,
    /// `freeze window "0 18 * * 5" for 2d14h, until Mon 2026-11-23 08:00 Europe/Berlin (2026-11-23T07:00:00Z)`
    pub said: String,
}

impl Freeze {
    fn window(&self, now: Timestamp) -> Option<Window> {
        let at = jiff::Timestamp::from_millisecond(now.0).ok()?;
        let span = jiff::Span::try_from(self.span).ok()?;
        let began = self.cron.last(&self.tz, at, span)?;
        let until = began.checked_add(span).ok().filter(|until| *until > at)?;
        let local = self.tz.to_datetime(until);
        let said = format!(
            "freeze window \"{}\" for {}, until {} {} ({})",
            self.said,
            spoken_span(self.span),
            local.strftime("%a %Y-%m-%d %H:%M"),
            self.tz.iana_name().unwrap_or("UTC"),
            until.strftime("%Y-%m-%dT%H:%M:%SZ"),
        );
        Some(Window {
            until: Timestamp(until.as_millisecond()),
            said,
        })
    }
}

impl Policies {
    /// The freeze in which `now` lies; of several, the one that lasts longest.
    pub fn frozen(&self, now: Timestamp) -> Option<Window> {
        let windows = self.freeze.iter().filter_map(|freeze| freeze.window(now));
        windows.max_by_key(|window| window.until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(moment: &str) -> Timestamp {
        let moment: jiff::Timestamp = moment.parse().unwrap();
        Timestamp(moment.as_millisecond())
    }

    fn freeze(cron: &str, hours: u64) -> Freeze {
        let zones = jiff::tz::TimeZoneDatabase::bundled();
        Freeze {
            cron: Cron::parse(cron).unwrap(),
            said: cron.to_owned(),
            span: Duration::from_hours(hours),
            tz: zones.get("Europe/Berlin").unwrap(),
        }
    }

    #[test]
    fn a_window_lasts_from_its_beginning_to_just_before_its_end() {
        let weekend = Policies {
            freeze: vec![freeze("0 18 * * 5", 62), freeze("0 0 22 11 *", 24)],
            ..Policies::default()
        };
        // Berlin is an hour ahead in winter.
        assert_eq!(weekend.frozen(at("2026-11-20T16:59:59Z")), None);
        let window = weekend.frozen(at("2026-11-20T17:00:00Z")).unwrap();
        assert_eq!(window.until, at("2026-11-23T07:00:00Z"));
        assert_eq!(
            window.said,
            "freeze window \"0 18 * * 5\" for 2d14h, until Mon 2026-11-23 08:00 Europe/Berlin (2026-11-23T07:00:00Z)"
        );
        // Of two, the one that lasts longer.
        assert_eq!(weekend.frozen(at("2026-11-22T10:00:00Z")), Some(window));
        assert!(weekend.frozen(at("2026-11-23T06:59:59Z")).is_some());
        assert_eq!(weekend.frozen(at("2026-11-23T07:00:00Z")), None);
    }

    #[test]
    fn a_window_that_begins_again_before_it_ends_goes_on() {
        let always = Policies {
            freeze: vec![freeze("0 * * * *", 3)],
            ..Policies::default()
        };
        let window = always.frozen(at("2026-11-20T17:30:00Z")).unwrap();
        assert_eq!(window.until, at("2026-11-20T20:00:00Z"));
    }
}
