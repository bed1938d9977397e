//! Hands: the attempt process, which performs one attempt at a time and outlives the engine.
//!
//! It is this same binary, started on a fast path before anything else (`main.rs`). The engine that started it hands it one
//! specification a line on its standard input; at the end of that input it finishes what it does, and ends.
//!
//! Reading order: what an engine sees of it (`record`, `process`), one attempt (`perform`, `program`, `http`,
//! `call` and a room for each service), and the tools they share.

mod process;
mod record;

mod aws;
mod call;
mod container;
mod http;
mod kubernetes;
mod perform;
mod probe;
mod program;
mod sql;
mod ssh;
mod terraform;

mod postgres;
mod tls;

mod child;
mod clock;
mod family;
mod inherited;
mod log;
mod pipe;
mod reactor;
mod signals;
mod start;
mod stop;
mod tail;
mod until;
mod vault;
mod watched;

mod capture;
mod cause;
mod mask;
mod needles;
mod outputs;
mod part;
mod secrets;
mod texts;

pub use http::post;
pub use process::{Open, Setup, Sink, serve};
pub use record::{Record, Report, Standing, has_begun, settle};
