//! The screen: what an operator sees and types. A pure `update` and `view` around a loop that owns the terminal.

pub mod ansi;
mod app;
mod background;
mod copy_out;
pub mod counting;
pub mod hang_up;
mod home;
mod inside;
pub mod keys;
mod layout;
mod logs;
mod looks;
mod main_loop;
mod markdown;
mod memory;
mod message;
mod model;
mod mouse;
mod neighbours;
mod opening;
mod options;
mod outside;
mod pacer;
mod paint;
mod port;
pub mod rails;
mod recording;
mod replay;
mod sample;
pub mod screen;
mod search;
mod session;
mod shift;
mod source;
pub mod stage;
mod surface;
pub mod terminal;
pub mod theme;
mod typed;
mod update;
mod view;
mod world;

pub use layout::has_room;
pub use looks::{OneTheme, Themes};
pub use memory::{Memory, Remember};
pub use model::Stamps;
pub use options::{Choice, Notify, Options, Outcome, Programs, Watch};
pub use recording::Recording;
pub use replay::Replay;
pub use sample::sample;
pub use session::{home, like_form, params_form, run};
pub use source::{Like, RunEntry, Source, WorkflowEntry};

#[cfg(test)]
mod tests;
