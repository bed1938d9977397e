//! The link: commands, receipts and heartbeats over a Unix socket, so that another terminal of the same person can watch and
//! steer a run.
//!
//! The socket carries no events: whoever attaches reads the journal and the outputs itself, and is told only how far the
//! journal is durable, the latest word wins. So a watcher that is slow, stopped or hostile costs the engine nothing. Who
//! commands is found by the server from the kernel's credentials, never taken from the message.
//!
//! Reading order: `frame` and `message` are what goes over the wire, `place` where the socket is, `peer` who is at its other
//! end, [`serve`] the side of the engine, [`attach`] and [`command`] the side of the other terminals.

mod frame;
mod message;
mod peer;
mod place;

mod cadence;
mod client;
mod connection;
mod server;
mod session;

#[cfg(test)]
mod tests;

pub use client::{attach, command};
pub use connection::Error;
pub use frame::{FrameError, MAX, split};
pub use message::{Ask, Role, Tell, VERSION};
pub use peer::Identify;
pub use server::{Server, serve};
