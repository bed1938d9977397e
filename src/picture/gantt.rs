//! A run against time: a row for each step, in the order in which they began. What it did is a thick bar, what it waited for a
//! thin one; what went on for longer than expected, or badly, differs in its pattern too.

use std::fmt::Write as _;
use std::time::Duration;

use super::mood::Mood;
use super::xml::{cut, escaped, number};
use crate::time::{Timestamp, clock_span};

/// A figure is at most so many rows high: it fits on a printed page, and its axis is never far away.
const ROWS: usize = 36;
const ROW: f64 = 22.0;
const HEAD: f64 = 30.0;
/// Where the bars begin and end, and what stands right of them.
const LEFT: f64 = 226.0;
const RIGHT: f64 = 810.0;
const WIDTH: u32 = 1080;
const LABEL_COLUMNS: usize = 29;
const STATE_COLUMNS: usize = 19;
/// No bar is thinner: even a short failure must be seen.
const LEAST: f64 = 2.0;
/// Between lines of the axis, in seconds.
const TICKS: [u64; 19] = [
    1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 28_800, 86_400, 172_800,
    604_800,
];
const TICKS_MAX: u64 = 8;

/// What is drawn. Texts are as they were recorded; here they become harmless. Times are milliseconds from the start.
#[derive(Clone, Debug, Default)]
pub struct Gantt {
    pub title: String,
    pub started: Timestamp,
    pub span: u64,
    pub rows: Vec<Row>,
    pub paused: Vec<(u64, u64)>,
    /// The time objective.
    pub objective: Option<u64>,
}

#[derive(Clone, Debug, Default)]
pub struct Row {
    pub id: String,
    pub danger: bool,
    pub mood: Mood,
    /// Its state in a word.
    pub state: String,
    pub took: Option<u64>,
    pub expected: Option<u64>,
    pub bars: Vec<Bar>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bar {
    pub from: u64,
    pub to: u64,
    pub kind: Kind,
    /// The whole story of it.
    pub tip: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An attempt: with its number.
    Worked(u32),
    /// One that did not succeed.
    Failed(u32),
    /// It has not ended.
    Working(u32),
    /// For a person's answer.
    Asked,
    /// It ended badly, and waits for a person's decision.
    Stuck,
    /// For a clock, a slot, or the run to go on.
    Waited,
    /// From the first of its members to the last.
    Members,
}

impl Gantt {
    /// What the bars mean, then one drawing after the other, for a page that has the style.
    pub fn figures(&self) -> Vec<String> {
        let parts = self.rows.chunks(ROWS).map(|rows| self.figure(rows));
        std::iter::once(legend()).chain(parts).collect()
    }

    fn figure(&self, rows: &[Row]) -> String {
        let height = HEAD + rows.len() as f64 * ROW + 6.0;
        let mut svg = String::new();
        let _ = writeln!(
            svg,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"gantt\" role=\"img\" viewBox=\"0 0 {WIDTH} {height}\">\n<title>{}</title>",
            escaped(&self.title)
        );
        self.ground(height, &mut svg);
        for (i, row) in rows.iter().enumerate() {
            self.row(HEAD + i as f64 * ROW, row, &mut svg);
        }
        svg.push_str("</svg>\n");
        svg
    }

    /// The axis, when the run was paused, and its objective.
    fn ground(&self, height: f64, svg: &mut String) {
        for (from, to) in &self.paused {
            let (x, width) = self.extent(*from, *to);
            rect(svg, "paused", (x, HEAD - 4.0), (width, height - HEAD));
        }
        let seconds = self.span / 1000;
        let tick = TICKS.iter().find(|tick| seconds / **tick <= TICKS_MAX);
        let tick = tick.copied().unwrap_or(seconds.div_ceil(TICKS_MAX));
        for at in (0..=seconds).step_by(usize::try_from(tick.max(1)).unwrap_or(usize::MAX)) {
            let x = self.x(at * 1000);
            upright(svg, "grid", x, (HEAD - 6.0, height));
            text(
                svg,
                "mid quiet small",
                (x, HEAD - 12.0),
                &clock_span(Duration::from_secs(at)),
            );
        }
        if let Some(objective) = self.objective.filter(|o| *o <= self.span) {
            let x = self.x(objective);
            upright(svg, "rto", x, (HEAD - 6.0, height));
            text(svg, "small bad", (x + 3.0, HEAD - 1.0), "RTO");
        }
        let began = format!("from {} UTC", self.started.clock());
        text(svg, "quiet small", (0.0, HEAD - 12.0), &began);
        text(
            svg,
            "quiet small end",
            (f64::from(WIDTH), HEAD - 12.0),
            "took / expected",
        );
    }

    fn row(&self, top: f64, row: &Row, svg: &mut String) {
        let base = top + 14.0;
        let danger = if row.danger { " !" } else { "" };
        let _ = writeln!(svg, "<g><title>{}</title>", escaped(&row.id));
        text(
            svg,
            "",
            (0.0, base),
            &cut(&format!("{}{danger}", row.id), LABEL_COLUMNS),
        );
        svg.push_str("</g>\n");
        for bar in &row.bars {
            self.bar(top, bar, row.expected, svg);
        }
        let state = format!("{} {}", row.mood.mark(), row.state);
        text(
            svg,
            row.mood.class(),
            (RIGHT + 14.0, base),
            &cut(&state, STATE_COLUMNS + 2),
        );
        let span = |ms: Option<u64>| {
            ms.map_or_else(
                || "-".to_owned(),
                |ms| clock_span(Duration::from_millis(ms)),
            )
        };
        let times = format!("{} / {}", span(row.took), span(row.expected));
        text(svg, "end", (f64::from(WIDTH), base), &times);
    }

    fn bar(&self, top: f64, bar: &Bar, expected: Option<u64>, svg: &mut String) {
        let (x, width) = self.extent(bar.from, bar.to);
        let _ = writeln!(svg, "<g><title>{}</title>", escaped(&bar.tip));
        let thick = |svg: &mut String, class: &str| rect(svg, class, (x, top + 4.0), (width, 13.0));
        match bar.kind {
            Kind::Worked(n) | Kind::Failed(n) | Kind::Working(n) => {
                let (class, mood) = match bar.kind {
                    Kind::Failed(_) => ("failed", Some(Mood::Bad)),
                    Kind::Working(_) => ("working", Some(Mood::Busy)),
                    _ => ("worked", None),
                };
                thick(svg, class);
                self.over(top, bar, expected, svg);
                if n > 1 && width > 16.0 {
                    text(svg, "small try", (x + 4.0, top + 14.5), &n.to_string());
                }
                if let Some(mood) = mood {
                    // Behind a bar that has no room for it.
                    let inside = if width > 16.0 {
                        width / 2.0
                    } else {
                        width + 6.0
                    };
                    let class = format!("mid onbar {}", mood.class());
                    text(svg, &class, (x + inside, top + 15.0), mood.mark());
                }
            }
            Kind::Asked => {
                thick(svg, "asked");
                if width > 14.0 {
                    text(svg, "asks mid", (x + width / 2.0, top + 15.0), "?");
                }
            }
            Kind::Stuck => rect(svg, "stuck", (x, top + 8.0), (width, 5.0)),
            Kind::Waited => across(svg, "waited", top + 10.5, (x, x + width)),
            Kind::Members => rect(svg, "members", (x, top + 9.0), (width, 3.0)),
        }
        svg.push_str("</g>\n");
    }

    /// What of an attempt lies behind the time that was expected, or how much of that it left unused.
    fn over(&self, top: f64, bar: &Bar, expected: Option<u64>, svg: &mut String) {
        let Some(expected) = expected else { return };
        let due = bar.from.saturating_add(expected);
        if due < bar.to {
            let (x, width) = self.extent(due, bar.to);
            rect(svg, "over", (x, top + 4.0), (width, 13.0));
        } else if matches!(bar.kind, Kind::Worked(_)) {
            let from = self.x(bar.to) + LEAST;
            across(svg, "unused", top + 10.5, (from, self.x(due).max(from)));
        }
    }

    fn x(&self, ms: u64) -> f64 {
        LEFT + (RIGHT - LEFT) * (ms.min(self.span) as f64 / self.span.max(1) as f64)
    }

    /// Where a bar begins, and its width.
    fn extent(&self, from: u64, to: u64) -> (f64, f64) {
        let (from, to) = (self.x(from), self.x(to));
        (from, (to - from).max(LEAST))
    }
}

const PATTERNS: &str = "<defs>\
<pattern id=\"hatch\" width=\"5\" height=\"5\" patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\"><rect class=\"hatch\" width=\"2.4\" height=\"5\"/></pattern>\
<pattern id=\"cross\" width=\"5\" height=\"5\" patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\"><path class=\"cross\" d=\"M0 0H5M0 0V5\"/></pattern>\
</defs>\n";

fn legend() -> String {
    const SAMPLES: [(&str, f64, &str); 8] = [
        ("worked", 0.0, "worked"),
        ("over", 86.0, "longer than expected"),
        ("unused", 268.0, "expected, not needed"),
        ("failed", 450.0, "✗ failed"),
        ("stuck", 550.0, "waits for a decision"),
        ("asked", 732.0, "? asks a person"),
        ("waited", 878.0, "waits"),
        ("paused", 956.0, "paused"),
    ];
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"gantt\" viewBox=\"0 0 {WIDTH} 20\">\n{PATTERNS}"
    );
    for (class, x, words) in SAMPLES {
        match class {
            "waited" | "unused" => across(&mut svg, class, 10.5, (x, x + 24.0)),
            "stuck" => rect(&mut svg, class, (x, 8.0), (24.0, 5.0)),
            _ => {
                if class == "over" {
                    rect(&mut svg, "worked", (x, 4.0), (24.0, 13.0));
                }
                rect(&mut svg, class, (x, 4.0), (24.0, 13.0));
            }
        }
        text(&mut svg, "quiet small", (x + 30.0, 14.5), words);
    }
    svg.push_str("</svg>\n");
    svg
}

fn rect(svg: &mut String, class: &str, (x, y): (f64, f64), (width, height): (f64, f64)) {
    let values = [("x", x), ("y", y), ("width", width), ("height", height)];
    shape(svg, "rect", class, values);
}

fn upright(svg: &mut String, class: &str, x: f64, (from, to): (f64, f64)) {
    let values = [("x1", x), ("x2", x), ("y1", from), ("y2", to)];
    shape(svg, "line", class, values);
}

fn across(svg: &mut String, class: &str, y: f64, (from, to): (f64, f64)) {
    let values = [("x1", from), ("x2", to), ("y1", y), ("y2", y)];
    shape(svg, "line", class, values);
}

fn shape(svg: &mut String, kind: &str, class: &str, values: [(&str, f64); 4]) {
    let _ = write!(svg, "<{kind} class=\"{class}\"");
    for (name, value) in values {
        let _ = write!(svg, " {name}=\"");
        number(svg, value);
        svg.push('"');
    }
    svg.push_str("/>\n");
}

/// `words` must be escaped already.
fn text(svg: &mut String, class: &str, (x, y): (f64, f64), words: &str) {
    let _ = write!(svg, "<text class=\"{class}\" x=\"");
    number(svg, x);
    svg.push_str("\" y=\"");
    number(svg, y);
    let _ = writeln!(svg, "\">{words}</text>");
}
