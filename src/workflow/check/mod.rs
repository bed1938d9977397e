//! From the bytes of a file to a plan, or to the list of all that is wrong with it.
//!
//! `file` is the way through; `desk` collects what is found on it. Each part of the file has its own checks, and what
//! needs the whole file (`needs`, `references`) comes last.

mod address;
mod attention;
mod bind;
mod call;
mod comparisons;
mod compensate;
mod defaults;
mod desk;
mod drill;
mod fan_out;
mod file;
mod gate;
mod graph;
mod hooks;
mod http;
mod ids;
mod include;
mod inner;
mod known;
mod lone_work;
mod looks;
mod needs;
mod outputs;
mod params;
mod people;
mod policies;
mod preflight;
mod references;
mod render;
mod secrets;
mod splice;
mod step;
mod ungraceful;
mod variant;
mod work;

pub use bind::{ParamProblem, bind, bind_params};
pub use file::{Checked, check, check_including, check_recorded};
pub use include::Load;
pub use render::render;
#[cfg(test)]
pub(crate) use splice::flat;

#[cfg(test)]
mod tests;
