//! The list of runs, on the home screen and inside a run's: what passes the filter, what is selected, and what the past says of
//! how long a run takes.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Comparing, RunFilter};
use crate::id::RunId;
use crate::run::{Kind, Phase, percentile};
use crate::time::Timestamp;
use crate::tui::source::RunEntry;
use crate::tui::theme::Status;

/// Newest runs that say how long one should take, as with the times of steps.
const PAST_RUNS: usize = 10;
/// Runs of a trend.
const TREND: usize = 24;
/// How often the list is read anew while it shows a run that lives.
const REFRESH: Duration = Duration::from_secs(10);

#[derive(Clone, Debug, Default)]
pub(crate) struct RunList {
    /// Newest first; `None` until they have been read.
    entries: Option<Vec<RunEntry>>,
    /// Entries that pass the filter.
    shown: Vec<usize>,
    at: usize,
    filter: RunFilter,
    /// At most two, the first one marked first.
    marked: Vec<RunId>,
    /// Two runs lie side by side over the list.
    pub comparing: Option<Comparing>,
    /// Total times of runs that went through, oldest first.
    totals: BTreeMap<(String, Kind), Vec<(RunId, Duration)>>,
    read_at: Timestamp,
}

impl RunList {
    /// Takes the runs that were read; the selection stays with its run.
    pub(crate) fn take(&mut self, entries: Vec<RunEntry>, now: Timestamp) {
        let selected = self.selected().map(|entry| entry.summary.id.clone());
        self.totals.clear();
        for entry in entries.iter().rev() {
            let run = &entry.summary;
            let went_through =
                matches!(run.phase, Phase::Succeeded | Phase::CompletedWithExceptions);
            if let Some(end) = run.ended_at.filter(|_| went_through) {
                let of = (run.workflow.clone(), run.kind);
                let total = (run.id.clone(), end.since(run.started_at));
                self.totals.entry(of).or_default().push(total);
            }
        }
        self.entries = Some(entries);
        self.read_at = now;
        self.narrow();
        let found = selected.and_then(|id| self.rows().position(|row| row.summary.id == id));
        self.at = found.unwrap_or(self.at).min(self.last());
    }

    /// Narrows the list to what was typed; what means nothing leaves it as it is.
    pub(crate) fn set_filter(&mut self, text: &str) -> Result<(), String> {
        let filter = RunFilter::parse(text)?;
        if filter.text() != self.filter.text() {
            self.at = 0;
        }
        self.filter = filter;
        self.narrow();
        Ok(())
    }

    fn narrow(&mut self) {
        let all = self.entries.iter().flatten().enumerate();
        let holding = all.filter(|(_, entry)| self.filter.holds(entry));
        self.shown = holding.map(|(n, _)| n).collect();
        self.at = self.at.min(self.last());
    }

    /// As it was typed.
    pub(crate) fn filter(&self) -> &str {
        self.filter.text()
    }

    pub(crate) fn is_filtered(&self) -> bool {
        !self.filter.is_empty()
    }

    /// `None` until they have been read.
    pub(crate) fn total(&self) -> Option<usize> {
        self.entries.as_ref().map(Vec::len)
    }

    pub(crate) fn len(&self) -> usize {
        self.shown.len()
    }

    pub(crate) fn last(&self) -> usize {
        self.shown.len().saturating_sub(1)
    }

    /// Those that are shown, newest first.
    pub(crate) fn rows(&self) -> impl Iterator<Item = &RunEntry> + '_ {
        let all = self.entries.as_deref().unwrap_or_default();
        self.shown.iter().filter_map(|n| all.get(*n))
    }

    pub(crate) fn at(&self) -> usize {
        self.at
    }

    pub(crate) fn go_to(&mut self, row: usize) {
        self.at = row.min(self.last());
    }

    /// Moves the selection, or what lies over the list.
    pub(crate) fn move_by(&mut self, rows: i64) {
        if let Some(comparing) = &mut self.comparing {
            return comparing.scroll(rows);
        }
        let to = (self.at as i64).saturating_add(rows);
        self.go_to(usize::try_from(to).unwrap_or(0));
    }

    /// Marks the selected run or takes that back; of more than two the last ones stay. False if there is none.
    pub(crate) fn mark(&mut self) -> bool {
        let Some(id) = self.selected().map(|entry| entry.summary.id.clone()) else {
            return false;
        };
        match self.marked.iter().position(|marked| *marked == id) {
            Some(at) => _ = self.marked.remove(at),
            None => self.marked.push(id),
        }
        let over = self.marked.len().saturating_sub(2);
        self.marked.drain(..over);
        true
    }

    pub(crate) fn is_marked(&self, entry: &RunEntry) -> bool {
        self.marked.contains(&entry.summary.id)
    }

    pub(crate) fn marked(&self) -> usize {
        self.marked.len()
    }

    /// False if nothing was marked.
    pub(crate) fn drop_marks(&mut self) -> bool {
        !std::mem::take(&mut self.marked).is_empty()
    }

    /// The two marked runs, or the only marked one and the selected one: the older one first.
    pub(crate) fn pair(&self) -> Option<[RunId; 2]> {
        let selected = self.selected().map(|entry| &entry.summary.id);
        let pair = match (self.marked.as_slice(), selected) {
            ([first, second], _) => [first, second],
            ([first], Some(second)) if first != second => [first, second],
            _ => return None,
        };
        // The list is newest first.
        let place = |id: &RunId| {
            let mut all = self.entries.iter().flatten();
            std::cmp::Reverse(all.position(|entry| entry.summary.id == *id))
        };
        let [first, second] = pair.map(RunId::clone);
        Some(if place(&first) <= place(&second) {
            [first, second]
        } else {
            [second, first]
        })
    }

    pub(crate) fn selected(&self) -> Option<&RunEntry> {
        self.rows().nth(self.at)
    }

    /// All that are shown are runs of one workflow.
    pub(crate) fn is_of_one_workflow(&self) -> bool {
        let mut names = self.rows().map(|entry| &entry.summary.workflow);
        let first = names.next();
        names.all(|name| Some(name) == first)
    }

    /// How long this run should take: the median of the other runs of its workflow that went through, else what its file declares.
    pub(crate) fn expected(&self, entry: &RunEntry) -> Option<Duration> {
        let run = &entry.summary;
        let all = self.totals_of(entry).iter().rev();
        let others = all.filter(|(id, _)| *id != run.id).take(PAST_RUNS);
        let mut times: Vec<Duration> = others.map(|(_, total)| *total).collect();
        times.sort_unstable();
        percentile(&times, 50).or(run.expected_ms.map(Duration::from_millis))
    }

    /// Total times of the last runs of the selected run's workflow that went through, oldest first.
    pub(crate) fn trend(&self) -> Vec<Duration> {
        let all = self.selected().map_or(&[][..], |run| self.totals_of(run));
        let from = all.len().saturating_sub(TREND);
        all[from..].iter().map(|(_, total)| *total).collect()
    }

    fn totals_of(&self, entry: &RunEntry) -> &[(RunId, Duration)] {
        let of = (entry.summary.workflow.clone(), entry.summary.kind);
        self.totals.get(&of).map_or(&[], Vec::as_slice)
    }

    /// When the list is to be read anew: only where a run that lives can have moved on.
    pub(crate) fn stale_at(&self) -> Option<Timestamp> {
        let lives = self.entries.iter().flatten().any(|entry| entry.live);
        lives.then(|| self.read_at.after(REFRESH))
    }

    /// True if it is to be read anew; then it is not asked for again before it has come or as much time has passed.
    pub(crate) fn is_stale(&mut self, now: Timestamp) -> bool {
        let stale = self.stale_at().is_some_and(|at| at <= now);
        if stale {
            self.read_at = now;
        }
        stale
    }
}

/// What an operator is told about a run.
pub(crate) fn status(entry: &RunEntry) -> Status {
    match entry.summary.shown.as_str() {
        "succeeded" => Status::Ok,
        "completed_with_exceptions" => Status::OkException,
        "failed" | "rollback_failed" => Status::Fail,
        "cancelled" => Status::Cancel,
        "rolled_back" => Status::Skip,
        "attention" => Status::Ask,
        "paused" => Status::Hold,
        "queued" => Status::Wait,
        _ if entry.live => Status::Run,
        _ => Status::Unknown,
    }
}
