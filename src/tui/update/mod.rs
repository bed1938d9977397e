//! What a message does to the model, and what is asked for because of it. Pure: a session is a list of messages.

mod act;
mod ask;
mod caught_up;
mod confirm;
mod controls;
mod dialog;
mod edit;
mod events;
mod fields;
mod filled;
mod follow;
mod logs;
mod marks;
mod memory;
mod mouse;
mod moves;
mod outside;
mod palette;
mod plain;
mod preview;
mod prompt;
mod run_list;
mod runbook;
mod runs;
mod take_up;
mod turn;
mod views;

pub(crate) use dialog::{Pressed, first_bad, paste, press};
pub(crate) use edit::{edit, insert};
pub(crate) use filled::params;
pub(crate) use memory::remembered;
pub(crate) use run_list::{Did, run_list};
pub(crate) use turn::update;
