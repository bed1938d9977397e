//! What the log pane shows: which attempt, which part of it, and what is searched for. Only the lines around the visible
//! ones are in memory, however long the log is.

use std::collections::BTreeMap;
use std::ops::Range;

use ratatui::style::{Modifier, Style};
use serde::{Deserialize, Serialize};

use crate::id::AttemptId;
use crate::time::Timestamp;
use crate::tui::ansi;
use crate::tui::message::{LogOf, Origin, Said, Slice};

#[derive(Clone, Debug)]
pub(crate) struct LogPane {
    pub of: Option<LogOf>,
    /// Chosen by hand; the newest otherwise.
    pub chosen: Option<u32>,
    /// Lines in the whole log.
    pub count: u64,
    pub place: Place,
    pub wrap: bool,
    pub stamps: Stamps,
    /// Columns scrolled to the right, while lines are not wrapped.
    pub left: usize,
    pub search: Option<Search>,
    pub only_matches: bool,
    /// Loaded lines; the first one stands at position `from`.
    pub from: u64,
    pub lines: Vec<Shown>,
    /// The log has been read at least once.
    pub read: bool,
    /// What was asked for last and has not come yet.
    pub asked: Option<Slice>,
    /// What was answered last, and how many lines there were then: the same question would get the same answer.
    pub answered: Option<(Slice, u64)>,
    /// Whose growth is looked for.
    pub watched: Option<LogOf>,
}

/// The part that is visible. Positions are line numbers or, while only matches are shown, numbers of matches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Place {
    /// The end, and whatever is added.
    #[default]
    Follow,
    /// From this position on; nothing moves it but the person.
    At(u64),
}

/// Which times stand before the lines of a log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stamps {
    #[default]
    Clock,
    SinceStart,
    Off,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Search {
    pub pattern: String,
    /// Lines that match, in order.
    pub lines: Vec<u64>,
    /// The whole log has been looked at once.
    pub done: bool,
    /// Lines that have been looked at.
    pub seen: u64,
    /// What has been added since is being looked at, and up to which number of lines that was last asked for.
    pub goes_on: bool,
    pub asked: u64,
    /// Which of `lines` is the current one.
    pub current: Option<usize>,
}

/// A loaded line, ready to draw.
#[derive(Clone, Debug)]
pub(crate) struct Shown {
    pub number: u64,
    pub at: Option<Timestamp>,
    pub spans: Vec<ansi::Span>,
    /// Whose line it is, if several logs are shown as one.
    pub origin: Option<Origin>,
}

impl Shown {
    /// As it is copied: with the name of its step, if there are several.
    pub(crate) fn text(&self) -> String {
        let text = ansi::text(&self.spans);
        match &self.origin {
            Some(origin) => format!("{} {text}", origin.attempt.short_name()),
            None => text,
        }
    }
}

impl Default for LogPane {
    fn default() -> Self {
        Self {
            of: None,
            chosen: None,
            count: 0,
            place: Place::Follow,
            // An error that is cut off at the edge tells nothing.
            wrap: true,
            stamps: Stamps::Clock,
            left: 0,
            search: None,
            only_matches: false,
            from: 0,
            lines: Vec::new(),
            read: false,
            asked: None,
            answered: None,
            watched: None,
        }
    }
}

impl LogPane {
    /// The attempt whose log this is, if it is of one.
    pub(crate) fn attempt(&self) -> Option<&AttemptId> {
        match &self.of {
            Some(LogOf::Attempt(attempt)) => Some(attempt),
            Some(LogOf::Merged(_)) | None => None,
        }
    }

    /// Shows another log from its end on. What the person chose to see of logs stays.
    pub(crate) fn open(&mut self, of: Option<LogOf>) {
        *self = Self {
            of,
            chosen: self.chosen,
            wrap: self.wrap,
            stamps: self.stamps,
            watched: self.watched.take(),
            ..Self::default()
        };
    }

    /// Number of positions.
    pub(crate) fn total(&self) -> u64 {
        match &self.search {
            Some(search) if self.only_matches => search.lines.len() as u64,
            _ => self.count,
        }
    }

    /// First visible position for a pane of this height.
    pub(crate) fn top(&self, height: u64) -> u64 {
        match self.place {
            Place::Follow => self.total().saturating_sub(height),
            Place::At(position) => position.min(self.total()),
        }
    }

    /// What must be read so that `height` rows can be drawn, with as much again on both sides; `None` if it is there.
    pub(crate) fn missing(&self, height: u64) -> Option<Slice> {
        let top = self.top(height);
        let needed = top..(top + height).min(self.total());
        let loaded = self.from..self.from + self.lines.len() as u64;
        if needed.start >= loaded.start && needed.end <= loaded.end {
            return None;
        }
        let wide = needed.start.saturating_sub(height)..(needed.end + height).min(self.total());
        Some(self.slice(wide))
    }

    fn slice(&self, positions: Range<u64>) -> Slice {
        match &self.search {
            Some(search) if self.only_matches => {
                let range = positions.start as usize..positions.end as usize;
                Slice::Lines(search.lines[range].to_vec())
            }
            _ => Slice::Range(positions),
        }
    }

    /// Takes lines that were read.
    pub(crate) fn take(&mut self, slice: &Slice, count: u64, lines: Vec<Said>) {
        self.read = true;
        self.count = count;
        if self.asked.as_ref() == Some(slice) {
            self.asked = None;
        }
        self.answered = Some((slice.clone(), count));
        let Some(from) = self.position_of(slice, lines.first()) else {
            return;
        };
        self.from = from;
        // What one log has coloured does not colour the lines of another one.
        let mut states = BTreeMap::new();
        let shown = lines.into_iter().map(|Said { line, origin }| {
            let whose = origin.as_ref().map(|origin| origin.part);
            let state: &mut ansi::State = states.entry(whose).or_default();
            let mut spans = ansi::parse(&line.bytes, state);
            if line.cut {
                spans.push(ansi::Span {
                    text: " ... cut here".into(),
                    style: Style::new().add_modifier(Modifier::DIM),
                });
            }
            Shown {
                number: line.number,
                at: line.at,
                spans,
                origin,
            }
        });
        self.lines = shown.collect();
    }

    /// Where the first of these lines stands; `None` if they belong to a search that is over.
    fn position_of(&self, slice: &Slice, first: Option<&Said>) -> Option<u64> {
        let number = first.map_or(0, |said| said.line.number);
        match (slice, &self.search) {
            (Slice::Lines(_), Some(search)) if self.only_matches => {
                let found = search.lines.binary_search(&number).unwrap_or(0);
                Some(found as u64)
            }
            (Slice::Lines(_), _) => None,
            _ if self.only_matches => None,
            _ => Some(number),
        }
    }

    /// Drops what is loaded, because positions mean something else now.
    pub(crate) fn forget(&mut self) {
        self.lines.clear();
        self.from = 0;
        self.asked = None;
        self.answered = None;
    }

    /// Moves by rows; stops at both ends, and follows again at the lower one.
    pub(crate) fn scroll(&mut self, rows: i64, height: u64) {
        let last = self.total().saturating_sub(height);
        let top = self.top(height).saturating_add_signed(rows).min(last);
        self.place = if top == last && rows > 0 {
            Place::Follow
        } else {
            Place::At(top)
        };
    }

    /// Brings a line into view, a third from above.
    pub(crate) fn show_line(&mut self, number: u64, height: u64) {
        let position = match &self.search {
            Some(search) if self.only_matches => {
                search.lines.binary_search(&number).unwrap_or(0) as u64
            }
            _ => number,
        };
        let top = self.top(height);
        if position < top || position >= top + height {
            let last = self.total().saturating_sub(height);
            self.place = Place::At(position.saturating_sub(height / 3).min(last));
        } else {
            self.place = Place::At(top);
        }
    }
}

impl Stamps {
    #[must_use]
    pub(crate) fn next(self) -> Self {
        match self {
            Self::Clock => Self::SinceStart,
            Self::SinceStart => Self::Off,
            Self::Off => Self::Clock,
        }
    }
}

/// Matches kept; beyond these the person narrows the search.
const MATCHES_MAX: usize = 100_000;
/// Of a log that grows, so many lines before its end are looked at once more: the last line was not whole, and in a merge
/// what was said in the last moments may still find its place.
const AGAIN: u64 = 100;

impl Search {
    /// Takes in what was found among these lines, and forgets what was known of them and of those behind.
    pub(crate) fn take(&mut self, among: &Range<u64>, found: Vec<u64>, done: bool) {
        self.lines
            .truncate(self.lines.partition_point(|line| *line < among.start));
        let room = MATCHES_MAX.saturating_sub(self.lines.len());
        self.lines.extend(found.into_iter().take(room));
        self.current = self.current.filter(|current| *current < self.lines.len());
        self.seen = among.end;
        self.done |= done;
        self.goes_on &= !done;
    }

    /// There may be more matches than are known.
    pub(crate) fn has_more(&self) -> bool {
        !self.done || self.lines.len() >= MATCHES_MAX
    }

    /// From which line on a log of so many lines is to be looked at further, if it is.
    pub(crate) fn go_on(&mut self, count: u64) -> Option<u64> {
        let more = count > self.seen.max(self.asked);
        let wanted = self.done && !self.goes_on && more && !self.has_more();
        wanted.then(|| {
            (self.goes_on, self.asked) = (true, count);
            self.seen.saturating_sub(AGAIN)
        })
    }

    /// The match after (or before) `line`, going round at the end.
    pub(crate) fn step(&mut self, from: u64, forward: bool) -> Option<u64> {
        let count = self.lines.len();
        if count == 0 {
            return None;
        }
        let next = match self.current {
            Some(current) if forward => (current + 1) % count,
            Some(current) => (current + count - 1) % count,
            None if forward => self.lines.partition_point(|line| *line < from) % count,
            None => (self.lines.partition_point(|line| *line <= from) + count - 1) % count,
        };
        self.current = Some(next);
        Some(self.lines[next])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pane(count: u64) -> LogPane {
        LogPane {
            count,
            ..LogPane::default()
        }
    }

    #[test]
    fn appending_never_moves_a_paused_view() {
        let mut pane = pane(100);
        pane.scroll(-10, 20);
        assert_eq!(pane.top(20), 70);
        pane.count = 5_000;
        assert_eq!(pane.top(20), 70);
        pane.scroll(10_000, 20);
        assert_eq!(pane.place, Place::Follow);
    }

    #[test]
    fn only_what_is_near_the_visible_part_is_asked_for() {
        let mut pane = pane(9_000_000);
        assert_eq!(pane.missing(10), Some(Slice::Range(8_999_980..9_000_000)));
        pane.place = Place::At(0);
        assert_eq!(pane.missing(10), Some(Slice::Range(0..20)));
        assert_eq!(LogPane::default().missing(10), None);
    }

    #[test]
    fn a_search_goes_on_where_a_log_grows() {
        let mut search = Search::default();
        assert_eq!(search.go_on(10), None, "it has not begun");
        search.take(&(0..900), vec![3, 850, 899], true);
        search.current = Some(2);
        assert_eq!(search.go_on(900), None);
        assert_eq!(search.go_on(950), Some(800));
        assert_eq!(search.go_on(951), None, "one at a time");
        // The last line was not whole, and does not match any more.
        search.take(&(800..950), vec![850, 940], true);
        assert_eq!(
            (&search.lines[..], search.current),
            (&[3, 850, 940][..], Some(2))
        );
        assert_eq!(search.go_on(951), Some(850));
    }

    #[test]
    fn matches_go_round() {
        let mut search = Search {
            lines: vec![3, 7, 9],
            ..Search::default()
        };
        assert_eq!(search.step(5, true), Some(7));
        assert_eq!(search.step(5, true), Some(9));
        assert_eq!(search.step(5, true), Some(3));
        assert_eq!(search.step(5, false), Some(9));
        assert_eq!(Search::default().step(0, true), None);
    }
}
