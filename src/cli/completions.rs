//! `completions`: the completion script of a shell.

use clap::CommandFactory;

use super::args::Cli;
use super::exit::{Exit, Failure};
use super::out::Out;

pub(super) fn completions(shell: clap_complete::Shell, out: &mut Out) -> Result<Exit, Failure> {
    // Into memory first: clap_complete panics when a write fails.
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "flightdeck", &mut script);
    out.raw(&script)?;
    Ok(Exit::Succeeded)
}
