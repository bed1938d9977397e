//! Flightdeck: a terminal UI in which an on-call engineer runs, watches and steers orchestration workflows.
//!
//! This page is the map. The decisions behind it, with their measurements, are the project's design documents.
//!
//! # Bird's view
//!
//! A workflow file is checked into a plan ([`workflow`]). A run of it is a pure machine ([`run`]): it is fed inputs
//! (commands of people, reports from the world) and answers with events (facts) and effects (orders). The [`engine`] goes
//! round in one direction: decide, remember in the [`journal`], tell, act. What touches the world is done by attempt
//! processes ([`attempt`]): this same binary, started on a fast path, which outlives the engine, the terminal and the
//! login. The screen ([`tui`]) and the lines ([`headless`]) fold the journal's events with the same machine, so nothing
//! that is shown can differ from what is recorded.
//!
//! ```text
//!            keys, commands                                attempt process: sh, exec, http
//!                  |                                          ^                 |
//!                  v        decide      remember      tell    | act             | result, written down first
//!   screen --> Handle --> Run::handle --> journal --> feed    effects           |
//!     ^                        ^             |                                  |
//!     |                        +-------------|----------------------------------+
//!     +--------- the same Run, by apply -----+
//! ```
//!
//! # Floors, in reading order
//!
//! A file imports from lower floors and from its own room only; `tests/floors.rs` holds the house to it.
//!
//! | floor | rooms |
//! |---|---|
//! | ground | [`text`] (sanitised text, the only text the screen takes), then [`id`], [`time`], [`secret`], [`yaml`], [`aws_model`] (what AWS says of its services) |
//! | 1 | [`workflow`]: what should happen; the language, its checks, its expressions |
//! | 2 | [`run`]: what has happened and what follows; every rule of steps, commands and runs |
//! | 3 | [`journal`]: memory on disk; [`attempt`]: hands; [`picture`]: a workflow or a run as SVG |
//! | 4 | [`engine`]: the circle of turns, the attempt processes at work, the handle, the only clock; then [`link`]: the same handle for other terminals |
//! | 5 | [`tui`]: the screen; [`headless`]: lines and JSON |
//! | 6 | [`cli`], [`config`], [`diagnostics`], `main` |
//!
//! # What never happens
//!
//! - The rooms up to floor 2 read no clock, file, variable or random number: time and everything else comes in.
//! - Nothing is shown, and nothing is started because of it, before it is durable in the journal.
//! - An attempt is never started a second time in silence: what may have happened is `unknown` until a probe or a person
//!   says more.
//! - A value never becomes shell text. A secret never enters a specification, journal, log, screen or argument list: the
//!   attempt process reads it, and masks it in everything that the step says.
//! - The engine never waits for a screen. A screen that fails, stalls or hangs up costs the run nothing.
//! - Text from outside never reaches a terminal but through [`text::Clean`] and the log parser of [`tui`].

pub mod attempt;
pub mod aws_model;
pub mod cli;
pub mod config;
pub mod diagnostics;
pub mod engine;
pub mod headless;
pub mod id;
pub mod journal;
pub mod link;
pub mod picture;
pub mod run;
pub mod secret;
pub mod text;
pub mod time;
pub mod tui;
pub mod workflow;
pub mod yaml;
