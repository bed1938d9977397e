//! Tests of the screen: key sequences and what they ask for (`keys`), pictures (`pictures`, and `golden` for all of them), any size (`sizes`), bytes
//! (`bytes`), past runs (`past_runs`), and the loop with a scripted engine (`looping`).

mod bytes;
mod controls;
mod golden;
mod hands;
mod inside;
mod keys;
mod looping;
mod memory;
mod merged;
mod mouse;
mod opening;
mod past_runs;
mod pictures;
mod plain;
mod plan;
mod play;
mod recovery;
mod sample;
mod screens;
mod sizes;
mod take_up;

pub(crate) use golden::golden;
pub(crate) use past_runs::past_runs;
pub(crate) use plan::failover;
pub(crate) use play::{options, text_of, themed};
