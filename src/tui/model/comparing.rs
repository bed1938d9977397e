//! Two runs side by side, as far as they are looked at.

use crate::run::{Contrast, Line};

#[derive(Clone, Debug, Default)]
pub(crate) struct Comparing {
    contrast: Contrast,
    /// Lines that are shown.
    shown: Vec<usize>,
    only_differences: bool,
    top: usize,
}

impl Comparing {
    pub(crate) fn new(contrast: Contrast) -> Self {
        let mut comparing = Self {
            contrast,
            ..Self::default()
        };
        comparing.narrow();
        comparing
    }

    /// The two runs, above their columns.
    pub(crate) fn head(&self) -> &[String; 2] {
        &self.contrast.head
    }

    /// All lines or only those that differ.
    pub(crate) fn turn(&mut self) {
        self.only_differences = !self.only_differences;
        self.narrow();
    }

    fn narrow(&mut self) {
        let lines = self.contrast.lines.iter().enumerate();
        let shown = lines.filter(|(_, line)| line.differs || !self.only_differences);
        self.shown = shown.map(|(n, _)| n).collect();
        self.top = 0;
    }

    pub(crate) fn only_differences(&self) -> bool {
        self.only_differences
    }

    /// How many lines say that something differs; what only says more of them does not count.
    pub(crate) fn differences(&self) -> usize {
        let lines = self.contrast.lines.iter();
        lines.filter(|line| line.differs && !line.detail).count()
    }

    pub(crate) fn scroll(&mut self, rows: i64) {
        let top = (self.top as i64).saturating_add(rows);
        self.top = usize::try_from(top)
            .unwrap_or(0)
            .min(self.shown.len().saturating_sub(1));
    }

    /// What is shown from here on, as far as `height` rows go; the end stays in sight.
    pub(crate) fn rows(&self, height: usize) -> impl Iterator<Item = &Line> + '_ {
        let top = self.top.min(self.shown.len().saturating_sub(height));
        let shown = self.shown.iter().skip(top).take(height);
        shown.map(|n| &self.contrast.lines[*n])
    }

    pub(crate) fn all(&self) -> &[Line] {
        &self.contrast.lines
    }
}
