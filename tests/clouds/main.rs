//! Services for real: each action of the binary against the party that it is made for, which this suite starts itself. What
//! came of it is read back by that party's own client.

#[path = "../support/mod.rs"]
mod support;

#[path = "../whole/face.rs"]
#[allow(dead_code, reason = "the tests of the whole need more of it")]
mod face;
#[path = "../whole/line.rs"]
#[allow(dead_code, reason = "the tests of the whole need more of it")]
mod line;
#[path = "../whole/place.rs"]
#[allow(dead_code, reason = "the tests of the whole need more of it")]
mod place;

mod aws;
mod container;
mod container_kills;
mod doctor;
mod kubernetes;
mod kubernetes_stops;
mod parties;
mod probe;
mod ride;
mod run;
mod sql;
mod ssh;
mod ssh_cuts;
mod ssh_ends;
mod ssh_stops;
mod terraform;
mod vault;
