//! A run without a screen: the same feed as lines for people or as JSON for programs, and a short summary at the end.
//! If whoever reads the lines goes away, the run goes on.

mod fold;
mod follow;
mod line;
mod report;
mod summary;
mod words;

pub use fold::{begin, fold};
pub use follow::{End, Options, follow};
pub use line::line;
pub use report::{Report, Source, gather, html, markdown};
pub use summary::summary;
pub use words::{phase_word, words};
