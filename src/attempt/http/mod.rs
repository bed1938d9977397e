//! `http` and `notify`: one request, or one repeated until it meets its expectation.
//!
//! What matters most is what is said when things go wrong: a request that never left is a definite failure, one that left
//! and was not answered in full may have taken effect.

mod fetch;
mod perform;
mod post;

mod answer;
mod guard;
mod request;
mod send;

pub(super) use fetch::{Fetch, fetch};
pub(super) use guard::Guard;
pub(super) use perform::{Tools, perform};
pub use post::post;
pub(super) use request::Request;
pub(super) use send::{Sender, Trouble as Lost};
