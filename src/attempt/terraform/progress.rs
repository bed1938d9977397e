//! How far terraform has come: what it said, and our own clock between its lines.

use std::fmt::Write as _;
use std::time::Duration;

use crate::time::spoken_span;

/// What is being done, and the time since.
#[derive(Debug)]
struct Open<C> {
    address: String,
    action: String,
    since: C,
}

/// The counts of one command. `C` is the clock that its resources were begun by.
#[derive(Debug)]
pub(super) struct Progress<C> {
    total: usize,
    done: usize,
    refreshed: usize,
    open: Vec<Open<C>>,
    /// Begun and not come to a good end.
    broken: Vec<String>,
}

impl<C> Default for Progress<C> {
    fn default() -> Self {
        Self {
            total: 0,
            done: 0,
            refreshed: 0,
            open: Vec::new(),
            broken: Vec::new(),
        }
    }
}

impl<C> Progress<C> {
    pub(super) fn planned(&mut self, action: &str) {
        self.total += match action {
            "noop" | "read" | "move" => 0,
            // One is deleted and one is made.
            "replace" => 2,
            _ => 1,
        };
    }

    pub(super) fn refreshed(&mut self) {
        self.refreshed += 1;
    }

    pub(super) fn began(&mut self, address: &str, action: &str, since: C) {
        if action != "read" {
            let (address, action) = (address.to_owned(), action.to_owned());
            self.open.push(Open {
                address,
                action,
                since,
            });
        }
    }

    pub(super) fn ended(&mut self, address: &str, well: bool) {
        let Some(at) = self.open.iter().position(|open| open.address == address) else {
            return;
        };
        self.open.remove(at);
        if well {
            self.done += 1;
        } else {
            self.broken.push(address.to_owned());
        }
    }

    /// It has begun to change something.
    pub(super) fn has_changed(&self) -> bool {
        self.done > 0 || !self.open.is_empty() || !self.broken.is_empty()
    }

    /// `2 of 5 done`
    pub(super) fn count(&self) -> String {
        format!("{} of {} done", self.done, self.total.max(self.done))
    }

    /// What was begun and did not come to a good end.
    pub(super) fn unfinished(&self) -> Vec<&str> {
        let open = self.open.iter().map(|open| open.address.as_str());
        self.broken.iter().map(String::as_str).chain(open).collect()
    }

    /// `2 of 5 done, creating aws_db_instance.main 2m10s, 1 more under way`; `phase` and `since` are those of the command.
    pub(super) fn words(
        &self,
        phase: &str,
        since: Duration,
        age: impl Fn(&C) -> Duration,
    ) -> String {
        let Some(first) = self.open.first() else {
            let mut words = phase.to_owned();
            if since >= Duration::from_secs(1) {
                let _ = write!(words, ", {}", coarse(since));
            }
            if self.refreshed > 0 && self.done == 0 {
                let _ = write!(words, ", {} looked at", self.refreshed);
            }
            if self.done > 0 {
                let _ = write!(words, ", {}", self.count());
            }
            return words;
        };
        let mut words = format!(
            "{}, {} {} {}",
            self.count(),
            doing(&first.action),
            first.address,
            coarse(age(&first.since))
        );
        if self.open.len() > 1 {
            let _ = write!(words, ", {} more under way", self.open.len() - 1);
        }
        words
    }
}

fn doing(action: &str) -> &str {
    match action {
        "create" => "creating",
        "update" => "changing",
        "delete" => "destroying",
        other => other,
    }
}

/// Every second is worth a line at first, later every fifth: each change of the status is a line of the log.
fn coarse(span: Duration) -> String {
    let s = span.as_secs();
    let s = if s < 10 { s } else { s - s % 5 };
    match s {
        0 => "0s".to_owned(),
        s => spoken_span(Duration::from_secs(s)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(progress: &Progress<u64>, now: u64) -> String {
        let span = |since: &u64| Duration::from_secs(now - since);
        progress.words("applying", Duration::from_secs(now), span)
    }

    #[test]
    fn the_oldest_under_way_is_named_by_our_own_clock() {
        let mut progress = Progress::default();
        for action in ["create", "replace", "noop", "read", "update"] {
            progress.planned(action);
        }
        assert_eq!(words(&progress, 0), "applying");
        progress.began("a.x", "create", 0);
        progress.began("a.y", "delete", 1);
        assert_eq!(
            words(&progress, 7),
            "0 of 4 done, creating a.x 7s, 1 more under way"
        );
        progress.ended("a.x", true);
        assert_eq!(words(&progress, 134), "1 of 4 done, destroying a.y 2m10s");
        progress.ended("a.y", false);
        assert_eq!(words(&progress, 63), "applying, 1m, 1 of 4 done");
        assert_eq!(progress.unfinished(), ["a.y"]);
    }
}
