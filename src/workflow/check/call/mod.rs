//! Service calls: what all of them have is in `ask`; what each may be asked is told in a file of its own.

mod ask;
mod aws;
mod container;
mod database;
mod kubernetes;
mod probe;
mod sql;
mod ssh;
mod terraform;

use ask::{Asked, one_verb};
pub(super) use ask::{SERVICES, call, expectation};
pub(super) use ssh::one_machine;
