//! A comparison of two runs as lines of three columns, for people: the screen and the command line show the same ones.

use std::time::Duration;

use super::compare::{Comparison, Pair, StepPair, StepSide};
use crate::time::{clock_span, spoken_span};

/// All lines of a comparison.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contrast {
    /// The two runs, above their columns.
    pub head: [String; 2],
    pub lines: Vec<Line>,
}

/// What both runs say of one thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    pub label: String,
    pub sides: [String; 2],
    /// By how much the second one differs, where that is a number.
    pub difference: String,
    pub differs: bool,
    /// It says more of the line above it.
    pub detail: bool,
}

impl Comparison {
    pub fn contrast(&self) -> Contrast {
        let mut lines = self.of_the_runs();
        for pair in &self.params {
            lines.push(of_values(&format!("param {}", pair.name), pair));
        }
        for step in &self.steps {
            of_step(step, &mut lines);
        }
        Contrast {
            head: self.runs.each_ref().map(|run| run.id.to_string()),
            lines,
        }
    }

    fn of_the_runs(&self) -> Vec<Line> {
        let [first, second] = &self.runs;
        let line = |label: &str, sides: [String; 2]| Line {
            label: label.to_owned(),
            differs: sides[0] != sides[1],
            sides,
            difference: String::new(),
            detail: false,
        };
        let both = self.runs.each_ref();
        let mut lines = vec![
            line("result", both.map(|run| run.phase.word().replace('_', " "))),
            line("by", both.map(|run| run.by.clone())),
            line("kind", both.map(|run| run.kind.word().to_owned())),
        ];
        let started = both.map(|run| {
            let text = run.started_at.rfc3339();
            text.get(..16).unwrap_or(&text).replace('T', " ")
        });
        // That two runs began at different times is no news.
        lines.push(Line {
            differs: false,
            ..line("started", started)
        });
        let took = both.map(|run| run.took().map(clock_span).unwrap_or_default());
        let times = first.took().zip(second.took());
        lines.push(Line {
            difference: times.map_or_else(String::new, |(a, b)| difference([a, b])),
            differs: false,
            ..line("took", took)
        });
        if first.workflow != second.workflow {
            lines.insert(0, line("workflow", both.map(|run| run.workflow.clone())));
        }
        let digests = both.map(|run| run.digest.get(..12).unwrap_or_default().to_owned());
        lines.push(line("file", digests));
        lines
    }
}

fn of_values(label: &str, pair: &Pair) -> Line {
    Line {
        label: label.to_owned(),
        sides: pair.values.clone().map(Option::unwrap_or_default),
        difference: String::new(),
        differs: pair.differs(),
        detail: false,
    }
}

fn of_step(step: &StepPair, lines: &mut Vec<Line>) {
    let differs = step.differs();
    lines.push(Line {
        label: step.id.to_string(),
        sides: step.sides.each_ref().map(|side| match side {
            Some(side) => state(side),
            None => "not in its plan".to_owned(),
        }),
        difference: step.times().map(difference).unwrap_or_default(),
        differs,
        detail: false,
    });
    let tries = step
        .sides
        .each_ref()
        .map(|side| side.as_ref().map_or_else(String::new, tries));
    let deeds = step.sides.each_ref().map(|side| {
        let deeds = side.iter().flat_map(|side| &side.deeds);
        deeds.cloned().collect::<Vec<_>>().join("; ")
    });
    let both = [("earlier", tries), ("by hand", deeds)];
    let told = both.into_iter().filter(|(_, sides)| sides[0] != sides[1]);
    lines.extend(told.map(|(label, sides)| Line {
        label: label.to_owned(),
        sides,
        difference: String::new(),
        differs,
        detail: true,
    }));
    for (kind, pairs) in [("input", &step.inputs), ("output", &step.outputs)] {
        lines.extend(pairs.iter().map(|pair| Line {
            detail: true,
            ..of_values(&format!("{kind} {}", pair.name), pair)
        }));
    }
}

fn state(side: &StepSide) -> String {
    match side.took {
        Some(took) => format!("{} {}", side.state.word(), clock_span(took)),
        None => side.state.word().to_owned(),
    }
}

/// The tries before the last one, which stands above: `failed 0:45, 0:50`.
fn tries(side: &StepSide) -> String {
    let earlier = side
        .attempts
        .split_last()
        .map_or(&[][..], |(_, earlier)| earlier);
    let mut told = String::new();
    let mut before = None;
    for (outcome, took) in earlier.iter().filter_map(|(_, end)| *end) {
        let comma = if told.is_empty() { "" } else { ", " };
        told.push_str(comma);
        if before != Some(outcome) {
            told.push_str(outcome.words());
            told.push(' ');
        }
        told.push_str(&clock_span(took));
        before = Some(outcome);
    }
    told
}

/// `+0:22`, `-250ms`; nothing where they are the same.
fn difference([first, second]: [Duration; 2]) -> String {
    let span = first.abs_diff(second);
    let sign = if second < first { '-' } else { '+' };
    match span.as_millis() {
        0 => String::new(),
        1..1000 => format!("{sign}{}", spoken_span(span)),
        _ => format!("{sign}{}", clock_span(span)),
    }
}
