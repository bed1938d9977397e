//! The door: an attempt process takes the fast path before anything else starts; all else is the command line's.

use std::process::ExitCode;

use flightdeck::{cli, engine};

fn main() -> ExitCode {
    let code = match engine::attempt_process(std::env::args_os().skip(1)) {
        Some(code) => code,
        None => cli::run(std::env::args_os()),
    };
    ExitCode::from(u8::try_from(code).unwrap_or(1))
}
