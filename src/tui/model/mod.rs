//! All that the screen knows: the run, folded from its events, and what the person looks at.

mod comparing;
mod controls;
mod dialog;
mod filter;
mod front;
mod inside;
mod legal;
mod log_pane;
mod marks;
mod merge;
mod plain;
mod rows;
mod run_filter;
mod run_list;
mod runbook;
mod screen_model;

pub(crate) use comparing::Comparing;
pub(crate) use controls::{Means, told};
pub(crate) use dialog::{Aim, DEAF_MS, Dialog, Fact, Field, Purpose, Value, What};
pub(crate) use filter::Filter;
pub(crate) use front::{
    Asked, COPY, Checklist, Chosen, Confirm, Confirmed, Front, Menu, Pick, Prompt, QUIT, SAVE,
    Typing,
};
pub use log_pane::Stamps;
pub(crate) use log_pane::{LogPane, Place, Search, Shown};
pub(crate) use marks::Marks;
pub(crate) use merge::Merge;
pub(crate) use plain::Plain;
pub(crate) use run_filter::RunFilter;
pub(crate) use run_list::{RunList, status};
pub(crate) use runbook::Runbook;
pub(crate) use screen_model::{Before, Detail, Focus, Model, TextView, Tone, View};
