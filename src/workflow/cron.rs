//! Five fields of cron: minute, hour, day of month, month, day of week. Only what a freeze window needs: the last moment, up
//! to now, at which it was due.
//!
//! Written here because the crates for it (croner 4, cronexpr 1.7) bring a second jiff and its time zones with them.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

const MONTHS: [&str; 12] = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
];
const DAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/// Bit n = it is due at n.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Set(u64);

/// When something is due, in the clock of a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cron {
    minutes: Set,
    hours: Set,
    days: Set,
    months: Set,
    weekdays: Set,
    /// If both days are restricted, either will do; else both must hold.
    either_day: bool,
}

impl Cron {
    /// What is wrong with it, as the rest of a sentence.
    pub fn parse(text: &str) -> Result<Self, String> {
        let fields: Vec<&str> = text.split_whitespace().collect();
        let [minutes, hours, days, months, weekdays] = fields[..] else {
            return Err(format!(
                "has {} fields, not five: minute, hour, day of month, month, day of week",
                fields.len()
            ));
        };
        let weekday = field(weekdays, "day of week", (0, 7), &DAYS, 0)?;
        Ok(Self {
            minutes: field(minutes, "minute", (0, 59), &[], 0)?,
            hours: field(hours, "hour", (0, 23), &[], 0)?,
            days: field(days, "day of month", (1, 31), &[], 0)?,
            months: field(months, "month", (1, 12), &MONTHS, 1)?,
            // Both 0 and 7 are Sunday.
            weekdays: Set(weekday.0 & 0x7f | weekday.0 >> 7),
            either_day: !days.starts_with('*') && !weekdays.starts_with('*'),
        })
    }

    /// When it was last due, at most `back` before `now`; both included.
    pub fn last(&self, tz: &TimeZone, now: Timestamp, back: Span) -> Option<Timestamp> {
        let earliest = now.checked_sub(back).ok()?;
        let first = tz.to_datetime(earliest).date();
        let mut date = tz.to_datetime(now).date();
        while date >= first {
            let due = self.falls_on(date).then(|| self.latest_of(date, tz, now));
            if let Some(found) = due.flatten() {
                return (found >= earliest).then_some(found);
            }
            date = date.yesterday().ok()?;
        }
        None
    }

    fn latest_of(&self, date: Date, tz: &TimeZone, now: Timestamp) -> Option<Timestamp> {
        let minutes = |hour| self.minutes.down().map(move |minute| (hour, minute));
        let times = self.hours.down().flat_map(minutes);
        let moments = times.filter_map(|(hour, minute)| {
            let local = DateTime::from_parts(date, jiff::civil::time(hour, minute, 0, 0));
            // A time that a change of the clocks leaves out is due that much later; of two alike, the first.
            tz.to_ambiguous_timestamp(local).compatible().ok()
        });
        moments.filter(|at| *at <= now).max()
    }

    fn falls_on(&self, date: Date) -> bool {
        let day = self.days.has(date.day());
        let weekday = self.weekdays.has(date.weekday().to_sunday_zero_offset());
        let days = if self.either_day {
            day || weekday
        } else {
            day && weekday
        };
        days && self.months.has(date.month())
    }
}

impl Set {
    fn has(self, n: i8) -> bool {
        self.0 & 1 << n != 0
    }

    /// The highest first.
    fn down(self) -> impl Iterator<Item = i8> + Clone {
        (0..60).rev().filter(move |n| self.has(*n))
    }
}

/// `*`, `5`, `1-5`, `*/15`, `mon-fri`, and lists of these.
fn field(
    text: &str,
    what: &str,
    (least, most): (u8, u8),
    names: &[&str],
    first: u8,
) -> Result<Set, String> {
    let number = |word: &str| {
        let word = word.to_ascii_lowercase();
        let name = names.iter().position(|name| *name == word);
        let found = name.map(|n| n as u8 + first).or_else(|| word.parse().ok());
        let within = found.filter(|n| (least..=most).contains(n));
        within.ok_or_else(|| format!("has `{word}` as {what}: it must be {least} to {most}"))
    };
    let mut set = 0;
    for part in text.split(',') {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, Some(step)),
            None => (part, None),
        };
        let (from, to) = match range.split_once('-') {
            _ if range == "*" => (least, most),
            Some((from, to)) => (number(from)?, number(to)?),
            // `5/10` means from 5 on.
            None if step.is_some() => (number(range)?, most),
            None => (number(range)?, number(range)?),
        };
        let by = step.map_or(Ok(1), str::parse::<u8>).unwrap_or(0);
        if by == 0 {
            return Err(format!("has a step in `{part}` that is no number from 1"));
        }
        if from > to {
            return Err(format!("has `{part}` as {what}: it ends before it begins"));
        }
        for n in (from..=to).step_by(by.into()) {
            set |= 1 << n;
        }
    }
    Ok(Set(set))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The last moment that `cron` was due up to `now`, in Berlin, as local time.
    fn last(cron: &str, now: &str) -> String {
        let tz = jiff::tz::TimeZoneDatabase::bundled()
            .get("Europe/Berlin")
            .unwrap();
        let now = tz.to_timestamp(now.parse().unwrap()).unwrap();
        let found = Cron::parse(cron)
            .unwrap()
            .last(&tz, now, Span::new().hours(24 * 400));
        found.map_or_else(|| "never".to_owned(), |at| tz.to_datetime(at).to_string())
    }

    #[test]
    fn it_was_last_due_when_its_fields_say() {
        let cases = [
            ("0 18 * * 5", "2026-11-25T12:00", "2026-11-20T18:00:00"),
            ("0 18 * * fri", "2026-11-20T18:00", "2026-11-20T18:00:00"),
            ("0 18 * * 5", "2026-11-20T17:59", "2026-11-13T18:00:00"),
            (
                "*/15 9-17 * * mon-fri",
                "2026-11-25T12:50",
                "2026-11-25T12:45:00",
            ),
            (
                "*/15 9-17 * * 1-5",
                "2026-11-23T08:00",
                "2026-11-20T17:45:00",
            ),
            ("0 0 1 jan *", "2026-11-25T12:00", "2026-01-01T00:00:00"),
            ("30 6 24-26 12 *", "2026-11-25T12:00", "2025-12-26T06:30:00"),
            // Sunday is 0 and 7.
            ("0 0 * * 7", "2026-11-25T12:00", "2026-11-22T00:00:00"),
            ("0 0 * * 0", "2026-11-25T12:00", "2026-11-22T00:00:00"),
            // Both days restricted: either will do.
            ("0 0 20 * 2", "2026-11-25T12:00", "2026-11-24T00:00:00"),
            ("0 0 20 * 2", "2026-11-23T12:00", "2026-11-20T00:00:00"),
            // 02:30 is left out when the clocks go forward, and comes twice when they go back.
            ("30 2 * * *", "2026-03-29T12:00", "2026-03-29T03:30:00"),
            ("30 2 * * *", "2026-10-25T12:00", "2026-10-25T02:30:00"),
            ("0 0 30 2 *", "2026-11-25T12:00", "never"),
        ];
        for (cron, now, expected) in cases {
            assert_eq!(last(cron, now), expected, "{cron} at {now}");
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        let cases = [
            ("0 18 * *", "has 4 fields"),
            ("60 * * * *", "has `60` as minute: it must be 0 to 59"),
            ("* * 0 * *", "has `0` as day of month: it must be 1 to 31"),
            ("* * * * freitag", "has `freitag` as day of week"),
            ("*/0 * * * *", "has a step"),
            ("* 9-5 * * *", "it ends before it begins"),
            ("* -1 * * *", "has `` as hour"),
            ("@daily", "has 1 fields"),
        ];
        for (cron, expected) in cases {
            let why = Cron::parse(cron).unwrap_err();
            assert!(why.contains(expected), "{cron}: {why}");
        }
    }
}
