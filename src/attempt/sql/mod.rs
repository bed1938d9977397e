//! `sql`: statements in one transaction, and the promotion of a standby.
//!
//! What was not committed is rolled back by the server, so a link that is cut is a definite failure until COMMIT has left.
//! After that the transaction is asked for by its number on a new connection.

mod perform;

mod params;
mod plan;
mod promote;
mod settle;
mod transaction;

pub(super) use perform::perform;
