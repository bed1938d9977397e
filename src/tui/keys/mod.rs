//! Keys: the one table of actions, how a key is written, and which keys do what.

mod key;
mod map;
mod table;

pub use key::{Key, parse_chord, write_chord};
pub use map::{KeyProblem, Keymap, Meaning, Own, Wrong, markdown};
pub use table::{Act, Action, Asks, Group, Level, TABLE, action};
