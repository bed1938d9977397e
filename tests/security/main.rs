//! What an enemy would try, tried: secrets looked for in every sink, bytes that act on terminals, values that want to be
//! commands, folders of somebody else, descriptors and variables that a step must not have.

#[path = "../whole/face.rs"]
#[allow(dead_code, reason = "shared with tests/whole, which uses all of it")]
mod face;
#[path = "../whole/line.rs"]
#[allow(dead_code, reason = "shared with tests/whole, which uses all of it")]
mod line;
#[path = "../fuzz/mutate.rs"]
mod mutate;
#[path = "../whole/place.rs"]
#[allow(dead_code, reason = "shared with tests/whole, which uses all of it")]
mod place;

mod echo;
mod files;
mod hidden;
mod injection;
mod masking;
mod screen;
