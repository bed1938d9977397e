//! Steps that the person has marked, to act on all of them at once, and places to come back to. By their ids: a reload
//! moves steps to other places.

use std::collections::BTreeSet;

use super::Model;
use crate::id::StepId;

#[derive(Clone, Debug, Default)]
pub(crate) struct Marks {
    steps: BTreeSet<StepId>,
    /// Where a range begins that is not finished.
    from: Option<StepId>,
    places: BTreeSet<StepId>,
    /// Answers that are still to come of those who were sent together, and what has come.
    awaited: usize,
    taken_up: usize,
    refused: Vec<String>,
}

impl Marks {
    pub(crate) fn is_empty(&self) -> bool {
        self.steps.is_empty() && self.from.is_none()
    }

    pub(crate) fn has_range(&self) -> bool {
        self.from.is_some()
    }

    pub(crate) fn is_bookmarked(&self, step: &StepId) -> bool {
        self.places.contains(step)
    }

    pub(crate) fn has_bookmarks(&self) -> bool {
        !self.places.is_empty()
    }

    /// True if there is a bookmark now.
    pub(crate) fn turn_bookmark(&mut self, step: &StepId) -> bool {
        !self.places.remove(step) && self.places.insert(step.clone())
    }

    pub(crate) fn bookmark(&mut self, steps: impl IntoIterator<Item = StepId>) {
        self.places.extend(steps);
    }

    pub(crate) fn bookmarks(&self) -> impl Iterator<Item = &StepId> {
        self.places.iter()
    }

    pub(crate) fn turn(&mut self, step: &StepId) {
        if !self.steps.remove(step) {
            self.steps.insert(step.clone());
        }
    }

    pub(crate) fn begin_range(&mut self, step: StepId) {
        self.from = Some(step);
    }

    /// Takes the open range back, or all marks; false if there is nothing to take back.
    pub(crate) fn drop_last(&mut self) -> bool {
        let any = !self.is_empty();
        if self.from.take().is_none() {
            self.steps.clear();
        }
        any
    }

    /// So many commands were sent: nothing is marked any more, and one word is said when all are answered.
    pub(crate) fn sent(&mut self, commands: usize) {
        *self = Self {
            places: std::mem::take(&mut self.places),
            awaited: commands,
            ..Self::default()
        };
    }

    pub(crate) fn awaits(&self) -> bool {
        self.awaited > 0
    }

    /// One of them was answered; with the last one, what to say of all, and whether some were refused.
    pub(crate) fn answered(&mut self, refused: Option<String>) -> Option<(String, bool)> {
        match refused {
            Some(why) => self.refused.push(why),
            None => self.taken_up += 1,
        }
        self.awaited -= 1;
        let all = self.taken_up + self.refused.len();
        let told = match self.refused.first() {
            None => format!("all {all} taken up"),
            Some(why) => format!("{} of {all} taken up; refused: {why}", self.taken_up),
        };
        (self.awaited == 0).then_some((told, !self.refused.is_empty()))
    }
}

impl Model {
    /// Rows from where an open range begins to the selection.
    fn range(&self) -> Option<(usize, usize)> {
        let from = self.run.index(self.marks.from.as_ref()?)?;
        let from = self.rows.row_of(from, self.cursor)?;
        Some((from.min(self.cursor), from.max(self.cursor)))
    }

    /// Makes marks of the open range.
    pub(crate) fn end_range(&mut self) {
        if let Some((first, last)) = self.range() {
            let rows = (first..=last).filter_map(|row| self.rows.step(row));
            let ids = rows.map(|step| self.run.steps()[step].id.clone());
            self.marks.steps.extend(ids);
        }
        self.marks.from = None;
    }

    /// Whether the step on this row is marked, or lies in the open range.
    pub(crate) fn is_marked(&self, row: usize, step: usize) -> bool {
        !self.marks.is_empty() && self.is_marked_in(self.range(), row, step)
    }

    fn is_marked_in(&self, range: Option<(usize, usize)>, row: usize, step: usize) -> bool {
        let in_range = |(first, last): (usize, usize)| (first..=last).contains(&row);
        range.is_some_and(in_range) || self.marks.steps.contains(&self.run.steps()[step].id)
    }

    /// The marked steps in the order of the list; what is hidden by a fold or a filter comes last.
    pub(crate) fn marked(&self) -> Vec<usize> {
        if self.marks.is_empty() {
            return Vec::new();
        }
        let range = self.range();
        let rows = (0..self.rows.len()).filter_map(|row| Some((row, self.rows.step(row)?)));
        let shown = rows.filter(|(row, step)| self.is_marked_in(range, *row, *step));
        let mut marked: Vec<usize> = shown.map(|(_, step)| step).collect();
        let seen: BTreeSet<usize> = marked.iter().copied().collect();
        let hidden = self.marks.steps.iter().filter_map(|id| self.run.index(id));
        marked.extend(hidden.filter(|step| !seen.contains(step)));
        marked
    }
}
