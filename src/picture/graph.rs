//! The whole of a workflow: a box for each step, a line for each need. Levels run down the page, or across it where that is
//! narrower.

use std::fmt::Write as _;

use unicode_width::UnicodeWidthStr as _;

use super::layers::Layers;
use super::mood::Mood;
use super::style::STYLE;
use super::xml::{cut, escaped, number};
use crate::text::clean;
use crate::workflow::{Step, Workflow};

/// What a box may say, in columns; the whole text is in its tip.
const COLUMNS_MAX: usize = 36;
const COLUMN: f64 = 7.25;
const HEIGHT: f64 = 42.0;
/// Between levels, and between boxes of one level.
const GAP: f64 = 44.0;
const BESIDE: f64 = 16.0;
const BEND: f64 = 10.0;
const MARGIN: f64 = 16.0;
const LEGEND: &str = "! danger · ? waits for a person · * fan-out · dashed: a failed one will do";

/// What is drawn. Texts are as they were written; here they become harmless.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    pub title: String,
    pub nodes: Vec<Node>,
    pub edges: Vec<Edge>,
}

#[derive(Clone, Debug, Default)]
pub struct Node {
    pub id: String,
    /// Below it.
    pub note: String,
    pub mood: Mood,
    pub danger: bool,
    pub person: bool,
    pub fan_out: bool,
}

/// `to` needs `from`; both are places in the list of nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edge {
    pub from: usize,
    pub to: usize,
    /// A failed one will do.
    pub any: bool,
}

impl Graph {
    /// The plan, with the names that its author gave.
    pub fn of(workflow: &Workflow) -> Self {
        let node = |step: &Step| Node {
            id: step.id.to_string(),
            note: step.name.clone(),
            mood: Mood::Plain,
            danger: step.danger,
            person: step.needs_person(),
            fan_out: step.fan_out.is_some(),
        };
        let edges = workflow.steps.iter().enumerate().flat_map(|(to, step)| {
            let edge = move |need: &crate::workflow::Need| Edge {
                from: need.step,
                to,
                any: need.any,
            };
            step.needs.iter().map(edge)
        });
        Self {
            title: workflow.name.clone(),
            nodes: workflow.steps.iter().map(node).collect(),
            edges: edges.collect(),
        }
    }

    /// A file of its own: with its style and the colour of the page.
    pub fn file(&self) -> String {
        self.draw(&format!(
            "<style>{STYLE}</style>\n<rect class=\"page\" width=\"100%\" height=\"100%\"/>\n"
        ))
    }

    /// Within a page that has the style.
    pub fn figure(&self) -> String {
        self.draw("")
    }

    fn draw(&self, begin: &str) -> String {
        let drawing = Drawing::new(self);
        let (width, height) = drawing.extent();
        let mut svg = String::new();
        let _ = writeln!(
            svg,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\">\n<title>{}</title>\n{begin}\
             <defs><marker id=\"tip\" viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" orient=\"auto\"><path class=\"tip\" d=\"M0 0L8 4L0 8z\"/></marker></defs>",
            escaped(&self.title)
        );
        drawing.lines(&mut svg);
        for (i, node) in self.nodes.iter().enumerate() {
            drawing.node(i, node, &mut svg);
        }
        let _ = writeln!(
            svg,
            "<text class=\"quiet small\" x=\"{MARGIN}\" y=\"{}\">{LEGEND}</text>\n</svg>",
            height - 10
        );
        svg
    }
}

impl Node {
    /// By the marks of the other forms.
    fn label(&self) -> String {
        let mut label = self.id.clone();
        for (holds, mark) in [
            (self.fan_out, " *"),
            (self.person, " ?"),
            (self.danger, " !"),
        ] {
            if holds {
                label.push_str(mark);
            }
        }
        label
    }

    /// A note that only repeats the id is none.
    fn said(&self) -> &str {
        if self.note == self.id { "" } else { &self.note }
    }

    fn columns(&self) -> usize {
        self.label().width().max(clean(self.said()).width())
    }
}

/// Where all stands. `along` is from level to level, `across` within a level.
struct Drawing {
    layers: Layers,
    across: Vec<f64>,
    /// Whether levels run down the page.
    down: bool,
    columns: usize,
    width: f64,
}

impl Drawing {
    fn new(graph: &Graph) -> Self {
        let columns = graph.nodes.iter().map(Node::columns).max().unwrap_or(0);
        let columns = columns.clamp(8, COLUMNS_MAX);
        let width = (columns as f64 * COLUMN).round() + 20.0;
        let steps = graph.nodes.len();
        let layers = Layers::new(steps, &graph.edges);
        let room = |down: bool| {
            move |spot: usize| match (spot < steps, down) {
                (true, true) => width + BESIDE,
                (true, false) => HEIGHT + BESIDE,
                (false, _) => BEND,
            }
        };
        let row = |row: &Vec<usize>| row.iter().map(|spot| room(true)(*spot)).sum::<f64>();
        let widest = layers.rows.iter().map(row).fold(0.0, f64::max);
        let down = widest <= layers.rows.len() as f64 * (width + GAP);
        Self {
            across: layers.places(room(down)),
            layers,
            down,
            columns,
            width,
        }
    }

    /// The size of a box: along and across.
    fn size(&self) -> (f64, f64) {
        if self.down {
            (HEIGHT, self.width)
        } else {
            (self.width, HEIGHT)
        }
    }

    fn along(&self, spot: usize) -> f64 {
        let (size, _) = self.size();
        MARGIN + size / 2.0 + self.layers.level[spot] as f64 * (size + GAP)
    }

    /// In pixels, with room for the legend below.
    fn extent(&self) -> (u64, u64) {
        let (size, other) = self.size();
        let count = self.layers.rows.len() as f64;
        let along = count * (size + GAP) - GAP;
        let across = self.across.iter().copied().fold(0.0, f64::max) + other / 2.0 + BESIDE / 2.0;
        let (x, y) = if self.down {
            (across, along)
        } else {
            (along, across)
        };
        let legend = LEGEND.len() as f64 * COLUMN;
        let x = x.max(legend) + 2.0 * MARGIN;
        (x.ceil() as u64, (y + 2.0 * MARGIN + 24.0).ceil() as u64)
    }

    fn point(&self, into: &mut String, along: f64, across: f64) {
        let across = across + MARGIN;
        let (x, y) = if self.down {
            (across, along)
        } else {
            (along, across)
        };
        number(into, x);
        into.push(' ');
        number(into, y);
    }

    fn lines(&self, svg: &mut String) {
        let half = self.size().0 / 2.0;
        for (&(from, to), any) in &self.layers.lines {
            let class = if *any { "edge any" } else { "edge" };
            let _ = write!(svg, "<path class=\"{class}\" d=\"M");
            let (a, b) = (self.along(from), self.along(to) - half);
            let begin = if self.is_bend(from) {
                a - half
            } else {
                a + half
            };
            self.point(svg, begin, self.across[from]);
            if self.is_bend(from) {
                svg.push('L');
                self.point(svg, a + half, self.across[from]);
            }
            let middle = f64::midpoint(a + half, b);
            svg.push('C');
            self.point(svg, middle, self.across[from]);
            svg.push(' ');
            self.point(svg, middle, self.across[to]);
            svg.push(' ');
            self.point(svg, b, self.across[to]);
            let tip = if self.is_bend(to) {
                ""
            } else {
                " marker-end=\"url(#tip)\""
            };
            let _ = writeln!(svg, "\"{tip}/>");
        }
    }

    fn is_bend(&self, spot: usize) -> bool {
        self.layers.is_bend(spot)
    }

    fn node(&self, i: usize, node: &Node, svg: &mut String) {
        let (along, across) = (self.along(i), self.across[i] + MARGIN);
        let (x, y) = if self.down {
            (across, along)
        } else {
            (along, across)
        };
        let (left, top) = (x - self.width / 2.0, y - HEIGHT / 2.0);
        let _ = writeln!(
            svg,
            "<g><title>{}</title>",
            escaped(format!("{} {}", node.label(), node.said()).trim_end())
        );
        if node.fan_out {
            boxed(svg, "box", (left + 4.0, top + 4.0), self.width, 4);
        }
        let class = if node.danger { "box danger" } else { "box" };
        let round = if node.person { 21 } else { 4 };
        boxed(svg, class, (left, top), self.width, round);
        let said = node.said();
        let lines: &[(&str, &str, f64)] = match said {
            "" => &[("mid", &node.label(), 4.0)],
            said => &[("mid", &node.label(), -3.0), ("note", said, 13.0)],
        };
        for (kind, text, lower) in lines {
            let class = match *kind {
                "note" => format!("mid small {}", node.mood.class()),
                kind => kind.to_owned(),
            };
            let _ = write!(svg, "<text class=\"{class}\" x=\"");
            number(svg, x);
            svg.push_str("\" y=\"");
            number(svg, y + lower);
            let _ = writeln!(svg, "\">{}</text>", cut(text, self.columns));
        }
        svg.push_str("</g>\n");
    }
}

fn boxed(svg: &mut String, class: &str, (left, top): (f64, f64), width: f64, round: u32) {
    let _ = write!(svg, "<rect class=\"{class}\" x=\"");
    number(svg, left);
    svg.push_str("\" y=\"");
    number(svg, top);
    let _ = writeln!(
        svg,
        "\" width=\"{width}\" height=\"{HEIGHT}\" rx=\"{round}\"/>"
    );
}
