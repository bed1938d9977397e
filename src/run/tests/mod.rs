//! Tests of the machine: random histories (`random`), the table of commands (`table`), and scenarios written as text.

mod build;
mod compares;
mod large;
mod plans;
mod precedents;
mod questions;
mod random;
mod reloads;
mod scenario;
mod scenarios;
mod table;
mod take_back;
mod values;
