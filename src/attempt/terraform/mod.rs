//! `terraform`: plans that people can review, and the apply of exactly those. Its program is started as a step's own is, but
//! told to stop as terraform wants it: an interrupt, and time to write its state.

mod perform;

mod command;
mod judge;

mod changes;
mod diagnostic;
mod hcl;
mod progress;
mod stream;

pub(super) use perform::perform;
