//! `ssh`: a command on another machine, by the system's own `ssh`.
//!
//! The far end writes down how the command ended, and keeps what it said, until that is heard here (`remote.sh`). So a link is
//! only a way to look: when it is cut, another one goes on where it ended, and a command is never started twice. Nothing is
//! sent before the far end has said that it listens: what fails before that has definitely not begun.
//!
//! Reading order: the far end (`remote.sh`, `script`, `quote`, `frames`), one connection (`far`, `link`, `words`), then what
//! an attempt does with them (`perform`, `room`, `tries`, `copy`, `errand`, `verdict`, `settle`).

mod copy;
mod errand;
mod far;
mod frames;
mod link;
mod perform;
mod quote;
mod room;
mod script;
mod settle;
mod tries;
mod verdict;
mod words;

pub(super) use perform::{Tools, perform};
pub(super) use settle::Unsettled;
