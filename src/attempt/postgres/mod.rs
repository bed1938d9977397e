//! PostgreSQL, as `probe` and `sql` see it: where it is, a session with it, what comes of its rows and its errors.

mod cells;
mod session;
mod target;
mod words;

pub(super) use cells::row;
pub(super) use session::{Canceller, Session};
pub(super) use target::Target;
pub(super) use words::{from_server, is_lost, place, told};
