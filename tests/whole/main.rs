//! The whole program, from outside: the real binary in a real terminal, driven by keys, killed, hung up, taken up again.
//! What it did is not asked of it but read in a ledger that the steps themselves write.

mod anchor;
mod crash;
mod disk;
mod face;
mod far;
mod frames;
mod full;
mod hands;
mod ledger;
mod lend;
mod line;
mod link;
mod looks;
mod memory;
#[path = "../fuzz/mutate.rs"]
#[allow(dead_code, reason = "shared with tests/fuzz")]
mod mutate;
mod past;
mod pilots;
mod place;
mod plain;
mod quickstart;
mod recorded;
mod remembered;
mod replayed;
mod rollback;
mod room;
mod service;
mod shipped;
mod signals;
mod stopped;
mod tasks;
mod tmux;
mod unknown;
