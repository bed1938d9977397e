//! `container`: Docker or podman over the socket of its API, by the HTTP client that the rest uses too.

mod perform;

mod made;
mod replace;

mod engine;
mod frames;
mod inside;
mod login;
mod names;
mod order;
mod pull;
mod watch;

pub(super) use perform::{answers, perform};
