//! The command line: arguments -> which door. One file for each subcommand; stdout is data, stderr is talk.

mod actor;
mod anchor;
mod args;
mod entry;
mod exit;
mod freeze;
mod include;
mod launch;
mod library;
mod like;
mod login;
mod out;
mod params;
mod past;
mod verbs;

mod attach;
mod check;
mod compare;
mod completions;
mod ctl;
mod detach;
mod doctor;
mod graph;
mod keys;
mod list;
mod logs;
mod man;
mod memory;
mod merged_logs;
mod plan;
mod plan_json;
mod preflight;
mod prune;
mod replay;
mod report;
mod resume;
mod run;
mod schema;
mod screen;
mod show;
mod theme_files;
mod themes;
mod verify;

pub use entry::run;
pub use exit::Exit;
