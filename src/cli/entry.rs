//! From the arguments of the process to one subcommand, and from what it answers to an exit code.

use std::ffi::OsString;
use std::io::IsTerminal;
use std::os::unix::ffi::OsStrExt;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory, Parser};
use rustix::process::{DumpableBehavior, set_dumpable_behavior};

use super::args::{Cli, Command};
use super::exit::{Exit, Failure};
use super::out::{self, Out, meant, quoted, talk};
use super::{
    attach, check, compare, completions, ctl, doctor, graph, keys, library, list, logs, man, needs,
    plan, preflight, prune, replay, report, resume, schema, screen, show, themes, verify,
};
use crate::config::{Flags, Settings};
use crate::diagnostics;

/// Runs the program with these arguments (the first is its name) and returns its exit code.
pub fn run(args: impl Iterator<Item = OsString>) -> i32 {
    // No core dump and no debugger: secrets stand in our environment, which attempt processes inherit.
    let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    let mut out = Out::stdout();
    let answer = parse(args, &mut out).and_then(|cli| match cli {
        Some(cli) => dispatch(cli, &mut out),
        None => Ok(Exit::Succeeded),
    });
    let answer = answer.and_then(|exit| out.finish().map(|()| exit));
    match answer {
        Ok(exit) => exit.code(),
        Err(failure) => {
            // What was printed before the failure is still data.
            let _ = out.finish();
            tell(&failure);
            failure.exit.code()
        }
    }
}

/// Says on standard error why something did not go.
pub(super) fn tell(failure: &Failure) {
    if failure.message.is_empty() {
        return;
    }
    talk(&format!("flightdeck: {}", failure.message));
    if let Some(hint) = &failure.hint {
        talk(&format!("  hint: {hint}"));
    }
}

/// `None` if help or the version was asked for, and has been printed.
fn parse(args: impl Iterator<Item = OsString>, out: &mut Out) -> Result<Option<Cli>, Failure> {
    let args: Vec<OsString> = args.collect();
    for (n, arg) in args.iter().enumerate().skip(1) {
        if arg.to_str().is_none() {
            let shown = arg.as_bytes().escape_ascii().to_string();
            let short: String = shown.chars().take(200).collect();
            return Err(Failure::usage(format!(
                "argument {n} is not valid UTF-8: {short}"
            )));
        }
    }
    match Cli::try_parse_from(&args) {
        Ok(cli) => Ok(Some(cli)),
        Err(error) => explain(&error, out),
    }
}

fn explain(error: &clap::Error, out: &mut Out) -> Result<Option<Cli>, Failure> {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            let text = error.render();
            if out::colour(&std::io::stdout()) {
                out.raw(text.ansi().to_string().as_bytes())?;
            } else {
                out.raw(text.to_string().as_bytes())?;
            }
            Ok(None)
        }
        ErrorKind::InvalidSubcommand => Err(unknown_command(error)),
        kind => {
            let text = error.render().to_string();
            let text = text.strip_prefix("error: ").unwrap_or(&text).trim_end();
            let failure = Failure::usage(text);
            Err(if kind == ErrorKind::MissingRequiredArgument {
                failure.hint("for example: flightdeck run quickstart")
            } else {
                failure
            })
        }
    }
}

fn unknown_command(error: &clap::Error) -> Failure {
    let word = match error.get(ContextKind::InvalidSubcommand) {
        Some(ContextValue::String(word)) => word.clone(),
        _ => String::new(),
    };
    let command = Cli::command();
    let names: Vec<&str> = command
        .get_subcommands()
        .filter(|c| !c.is_hide_set())
        .map(clap::Command::get_name)
        .collect();
    let failure = Failure::usage(format!("no command {}", quoted(&word)));
    if let Some(name) = meant(&word, names.iter().copied()) {
        failure.hint(format!("did you mean `{name}`?"))
    } else if library::looks_like_workflow(&word) {
        failure.hint(format!("to run a workflow: flightdeck run {word}"))
    } else {
        failure.hint(format!("commands: {}", names.join(", ")))
    }
}

fn dispatch(cli: Cli, out: &mut Out) -> Result<Exit, Failure> {
    let flags = Flags {
        state_dir: cli.global.state_dir,
        config: cli.global.config,
        theme: cli.global.theme,
        ascii: cli.global.ascii,
        plain: cli.global.plain,
        fps: cli.global.fps,
        keys: cli.global.keys,
        verbose: cli.global.verbose,
    };
    let settings = || {
        Settings::load(&flags, &|name| std::env::var_os(name))
            .map_err(|error| Failure::usage(error.to_string()))
    };
    // Dropped at the end of this function, so that what is still waiting is written.
    let _log = match &cli.command {
        None | Some(Command::Run(_) | Command::Resume(_) | Command::Attach(_)) => {
            let settings = settings()?;
            diagnostics::start(&settings.state_dir, settings.verbose)
        }
        Some(_) => None,
    };
    let Some(command) = cli.command else {
        return home(&settings()?, out);
    };
    match command {
        Command::Run(args) => super::run::run(&args, &settings()?, out),
        Command::Resume(args) => resume::resume(&args, &settings()?, out),
        Command::List(args) => list::list(&args, &settings()?, out),
        Command::Show(args) => show::show(&args, &settings()?, out),
        Command::Logs(args) => logs::logs(&args, &settings()?, out),
        Command::Check(args) => check::check(&args, &settings()?, out),
        Command::Plan(args) => plan::plan(&args, &settings()?, out),
        Command::Graph(args) => graph::graph(&args, &settings()?, out),
        Command::Compare(args) => compare::compare(&args, &settings()?, out),
        Command::Report(args) => report::report(&args, &settings()?, out),
        Command::Prune(args) => prune::prune(&args, &settings()?, out),
        Command::Verify(args) => verify::verify(&args, &settings()?, out),
        Command::Schema => schema::schema(out),
        Command::Themes(args) => themes::themes(&args, &settings()?, out),
        Command::Keys => keys::keys(&settings()?, out),
        Command::Doctor(args) => match &args.file {
            Some(file) => needs::needs(file, &args, &settings()?, out),
            None => doctor::doctor(&settings()?, out),
        },
        Command::Completions { shell } => completions::completions(shell, out),
        Command::Man { command } => man::man(command.as_deref(), out),
        Command::Attach(args) => attach::attach(&args, &settings()?, out),
        Command::Replay(args) => replay::replay(&args, &settings()?, out),
        Command::Ctl(args) => ctl::ctl(&args, &settings()?, out),
        Command::Preflight(args) => preflight::preflight(&args, &settings()?, out),
    }
}

fn home(settings: &Settings, out: &mut Out) -> Result<Exit, Failure> {
    if settings.plain {
        return Err(
            Failure::usage("there is no list of workflows and runs in plain lines")
                .hint("flightdeck run FILE --plain, list, show, logs; all: flightdeck --help"),
        );
    }
    if !std::io::stdin().is_terminal() || !std::io::stdout().is_terminal() {
        return Err(Failure::usage("the screen needs a terminal").hint(
            "without one: flightdeck run FILE --headless, list, show, logs; all: flightdeck --help",
        ));
    }
    screen::home(settings, out)
}
