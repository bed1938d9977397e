//! What each command asks for before it is accepted, and what it does then. One file per verb, and `ended` for the report.

mod aim;
mod table;

mod abort;
pub(super) mod answer;
mod breakpoint;
mod cancel;
mod controls;
mod ended;
pub(super) mod ignore;
pub(super) mod mark;
mod note;
mod pause;
mod postpone;
pub(super) mod preflight;
mod reload;
pub(super) mod retry;
mod retry_from;
mod rollback;
pub(super) mod skip;
mod step;
pub(super) mod take_back;
pub(super) mod tick;
mod ungraceful;

pub(super) use aim::aim;
pub(super) use controls::needs_controls;
pub(super) use table::{act, check};
