//! `man`: the manual page, of the program or of one command, from the same types as the help.

use clap::CommandFactory;

use super::args::Cli;
use super::exit::{Exit, Failure};
use super::out::{Out, failure, meant, quoted};

pub(super) fn man(command: Option<&str>, out: &mut Out) -> Result<Exit, Failure> {
    let mut program = Cli::command();
    program.build();
    let page = match command {
        None => program,
        Some(name) => subcommand(&program, name)?,
    };
    let mut text = Vec::new();
    clap_mangen::Man::new(page)
        .render(&mut text)
        .map_err(|e| failure(&e))?;
    out.raw(&text)?;
    Ok(Exit::Succeeded)
}

fn subcommand(program: &clap::Command, name: &str) -> Result<clap::Command, Failure> {
    let visible = || program.get_subcommands().filter(|c| !c.is_hide_set());
    if let Some(command) = visible().find(|c| c.get_name() == name) {
        return Ok(command.clone().display_name(format!("flightdeck-{name}")));
    }
    let failure = Failure::usage(format!("no command {}", quoted(name)));
    Err(match meant(name, visible().map(clap::Command::get_name)) {
        Some(near) => failure.hint(format!("did you mean `{near}`?")),
        None => failure.hint("see `flightdeck --help`"),
    })
}
