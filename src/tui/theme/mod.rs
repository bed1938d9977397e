//! Colours, attributes and glyphs by what they mean. Views name a role or a status, never a colour.
//!
//! `load_for` gives a terminal its theme: by name, `fitted` to the colours and characters that it has. No status depends on colour alone: each has a
//! glyph, a word and an attribute.

mod colour;
mod document;
mod lines;
mod load;
mod mistake;
mod role;
mod status;
mod surroundings;

pub use colour::Depth;
pub use lines::Lines;
pub use load::{BUILT_IN, load, load_for, names_behind};
pub use mistake::Mistake;
pub use role::{Role, Theme};
pub use status::{Look, Status};
pub use surroundings::{Choice, Surroundings};

#[cfg(test)]
mod tests;
