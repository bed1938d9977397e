//! What a workflow needs of the world around it: programs, logins, hosts, clusters, databases, secrets; as looks that change
//! nothing, to be made before anything runs. `doctor FILE` makes them.

mod find;
mod given;
mod look;
mod services;
mod trial;

pub use find::{Needs, needs};
