//! Services for real: each action of the binary against the party that it is made for, which this suite starts itself. What
//! came of it is read back by that party's own client.

#[path = "../support/mod.rs"]
mod support;

mod parties;
mod probe;
mod run;
