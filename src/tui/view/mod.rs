//! What the model looks like. Pure: the model, a theme and a buffer, nothing else.

mod audit;
mod axis;
mod card;
mod channel;
mod compare;
mod controls;
mod detail;
mod dialog;
mod gantt;
mod graph;
mod hints;
mod log;
mod outline;
mod pick;
pub(crate) mod plain;
mod preflight;
mod runbook;
mod runs;
mod sample;
mod screen;
mod spark;
mod status;
mod strip;
mod words;

pub(crate) use compare::render as render_comparison;
pub(crate) use dialog::{framed, render as render_dialog};
pub(crate) use gantt::first_bar;
pub(crate) use hints::input;
pub(crate) use runs::{about as about_run, render as render_runs, title as runs_title};
pub(crate) use sample::{COLUMNS as SAMPLE_COLUMNS, ROWS as SAMPLE_ROWS, render as render_sample};
pub(crate) use screen::{render, run_at};
pub(crate) use status::tab_at;
pub(crate) use strip::Strip;
pub(crate) use words::phase_words;
