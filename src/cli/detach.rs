//! `run --detach`: the same program again, without a screen and in a session of its own, so that it outlives the login.

use std::ffi::OsString;
use std::io::Read;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::args::RunArgs;
use super::exit::{Exit, Failure};
use super::out::Out;
use super::past;
use crate::config::Settings;
use crate::id::RunId;
use crate::journal::{Shelf, Tail};
use crate::run::Kind;

/// This very version, even if the file was replaced meanwhile, or is gone.
const PROGRAM: &str = "/proc/self/exe";
/// Starting writes two small files; a disk that takes longer than this will be reported as such.
const PATIENCE: Duration = Duration::from_secs(10);

/// Starts the run in the background and prints its id once its first record is on disk.
pub(super) fn detach(
    (args, like): (&RunArgs, Option<&RunId>),
    settings: &Settings,
    id: &RunId,
    out: &mut Out,
) -> Result<Exit, Failure> {
    let shelf = past::shelf(settings)?;
    if shelf.find(id.as_str()).is_ok_and(|dir| dir.id() == *id) {
        return Err(Failure::new(
            Exit::Refused,
            format!("there is a run {id} already"),
        ));
    }
    let fail = |error| Failure::storage(format!("cannot start a process for the run: {error}"));
    let mut child = Command::new(PROGRAM)
        .arg0("flightdeck")
        .args(arguments((args, like), settings, id))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(fail)?;
    let began = Instant::now();
    loop {
        if started(&shelf, id) {
            out.line(id)?;
            return Ok(Exit::Succeeded);
        }
        if let Some(status) = child.try_wait().map_err(fail)? {
            // It may be over already: a run of no steps.
            if started(&shelf, id) {
                continue;
            }
            return Err(complaint(&mut child, status.code()));
        }
        if began.elapsed() > PATIENCE {
            return Err(Failure::storage(format!(
                "the run {id} has not started within {}s",
                PATIENCE.as_secs()
            ))
            .hint(format!("look again: flightdeck show {id}")));
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Takes up `run` in the background: its process goes on until the run ends or somebody takes it over.
pub(super) fn go_on(id: &RunId, settings: &Settings) -> Result<(), Failure> {
    let fail = |error| {
        Failure::storage(format!("cannot start a process for the run: {error}"))
            .hint(format!("take it up yourself: flightdeck resume {id}"))
    };
    let mut command = Command::new(PROGRAM);
    command
        .arg0("flightdeck")
        .args([
            "resume",
            "--headless",
            "--hold",
            "--own-session",
            "--state-dir",
        ])
        .arg(&settings.state_dir)
        .arg(id.as_str());
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command.spawn().map(drop).map_err(fail)
}

fn started(shelf: &Shelf, id: &RunId) -> bool {
    let records = shelf.find(id.as_str()).ok().filter(|dir| dir.id() == *id);
    records
        .and_then(|dir| Tail::open(dir.path()).ok()?.read().ok())
        .is_some_and(|records| !records.is_empty())
}

/// What the process that could not start the run said on its standard error.
fn complaint(child: &mut Child, code: Option<i32>) -> Failure {
    let mut said = String::new();
    if let Some(stderr) = &mut child.stderr {
        let _ = stderr.take(64 * 1024).read_to_string(&mut said);
    }
    let said = said.trim();
    let exit = match code {
        Some(2) => Exit::BadUsage,
        Some(7) => Exit::Refused,
        Some(8) => Exit::JournalUnreadable,
        _ => Exit::Storage,
    };
    let message = said.strip_prefix("flightdeck: ").unwrap_or(said);
    Failure::new(exit, format!("the run did not start: {message}"))
}

/// The same request, for a process without a screen.
/// `like` is the run that `--like` found: `last` may be another one by then.
fn arguments(
    (args, like): (&RunArgs, Option<&RunId>),
    settings: &Settings,
    id: &RunId,
) -> Vec<OsString> {
    let mut all: Vec<OsString> = vec!["run".into(), "--headless".into(), "--own-session".into()];
    let mut option = |name: &str, value: OsString| all.extend([name.into(), value]);
    option("--state-dir", settings.state_dir.clone().into());
    option("--id", id.as_str().into());
    if let Some(kind) = args.kind {
        option("--kind", Kind::from(kind).word().into());
    }
    if let Some(run) = like {
        option("--like", run.as_str().into());
    }
    if let Some(reason) = &args.override_freeze {
        option("--override-freeze", reason.into());
    }
    for step in &args.breakpoints {
        option("--break", step.into());
    }
    for param in &args.params.param {
        option("-p", param.into());
    }
    if let Some(file) = &args.params.params {
        option("--params", file.into());
    }
    if let Some(n) = args.max_parallel {
        option("--max-parallel", n.to_string().into());
    }
    let flags = [
        (args.paused, "--paused"),
        (args.hold, "--hold"),
        (args.ungraceful, "--ungraceful"),
    ];
    for (on, flag) in flags {
        if on {
            all.push(flag.into());
        }
    }
    if let Some(file) = &args.file {
        all.extend(["--".into(), file.into()]);
    }
    all
}
