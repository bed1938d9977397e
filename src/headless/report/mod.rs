//! A run as evidence: what an incident report and an auditor ask for, gathered from the journal by the same fold as everywhere.
//! The same journal always gives the same report.

mod shape;

mod course;
mod gather;
mod timeline;

mod document;
mod html;
mod markdown;

#[cfg(test)]
mod tests;

pub use gather::{Source, gather};
pub use html::html;
pub use markdown::markdown;
pub use shape::Report;
