//! Pictures for people who would rather look than read: a workflow, or a run of it, as SVG. They need no network, script or
//! font of their own, follow the reader's light or dark, say every status in words too, and are the same bytes each time.

mod layers;
mod mood;
mod style;
mod xml;

mod gantt;
mod graph;

#[cfg(test)]
mod tests;

pub use gantt::{Bar, Gantt, Kind as BarKind, Row as GanttRow};
pub use graph::{Edge, Graph, Node};
pub use mood::Mood;
pub use style::STYLE;
pub use xml::escaped;
