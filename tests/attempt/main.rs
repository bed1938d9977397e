//! The attempt process, as an engine sees it: the real binary, real shells, real signals.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

mod harness;
mod http;
mod life;
mod programs;
mod server;
mod stops;
