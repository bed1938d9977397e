//! `run` and `exec`: a program started, heard and judged by its end.

use std::ffi::OsString;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;

use super::capture::Capture;
use super::child::{self, Gone, Manner, Output, Stop, Terms};
use super::clock::Stopwatch;
use super::family::{Family, Marks};
use super::log::{Log, Stream};
use super::outputs::{FILE_MAX, Sources, collect};
use super::pipe::{Buffer, From};
use super::secrets::Known;
use super::signals::Signals;
use super::start::{Start, plain};
use crate::run::{Ended, Leftover, Outcome, Spec};
use crate::time::spoken_span;
use crate::workflow::OutputFrom;

/// What it takes to perform a program.
pub(super) struct Tools<'a> {
    pub(super) signals: &'a Signals,
    pub(super) buffer: &'a mut Buffer,
    pub(super) family: &'a mut Family,
    pub(super) known: &'a Known,
}

/// The program of one attempt, with everything filled in.
pub(super) struct Program {
    pub(super) start: Start,
    pub(super) stdin: Option<String>,
    /// Where the step may write its outputs.
    pub(super) output_file: PathBuf,
    pub(super) marks: Marks,
    /// When the attempt began.
    pub(super) since: Stopwatch,
}

/// Runs it to its end.
pub(super) fn perform(
    spec: &Spec,
    program: Program,
    tools: &mut Tools<'_>,
    log: &mut Log<'_>,
) -> Ended {
    let reads_text = |from: &OutputFrom| !matches!(from, OutputFrom::File);
    let apart = spec.outputs.iter().any(|o| reads_text(&o.from));
    let terms = Terms {
        stdin: program.stdin.map(String::into_bytes),
        output: if apart { Output::Apart } else { Output::Joined },
        manner: Manner::Term,
        timeout: spec.timeout(),
        since: program.since,
        grace: spec.grace(),
    };
    let masker = tools.known.masker();
    let (mut out, mut err) = (Stream::new(masker), Stream::new(masker));
    if apart {
        log.mask_joint(masker);
    }
    let mut capture = Capture::default();
    let mut heard = |from: From, bytes: &[u8]| {
        if from == From::Out {
            if apart {
                capture.push(bytes);
            }
            log.write(&mut out, bytes);
        } else {
            log.write(&mut err, bytes);
        }
    };
    let mut left: Vec<Leftover> = Vec::new();
    let family = &mut *tools.family;
    let mut after = |group: i32, stop: Option<&Stop>| {
        left = family.after(&program.marks, group, stop, terms.grace);
    };
    let gone = program.start.command().and_then(|command| {
        child::run(
            command,
            &terms,
            tools.signals,
            tools.buffer,
            &mut heard,
            &mut after,
        )
    });
    log.end(out);
    log.end(err);
    match gone {
        Err(error) => Ended::new(Outcome::Failed, program.start.failure(&error)),
        Ok(gone) => {
            let mut end = judge(spec, &gone);
            if end.outcome == Outcome::Succeeded {
                publish(&mut end, spec, &capture, &program.output_file);
            }
            if gone.pipe_held {
                end.message = joined(&end.message, &held_words(&left));
            }
            end.leftovers = left;
            end
        }
    }
}

/// `exit 3`, `killed by SIGSEGV (core dumped)`.
pub(super) fn exit_words(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit {code}"),
        (None, Some(signal)) => {
            let core = if status.core_dumped() {
                " (core dumped)"
            } else {
                ""
            };
            format!("killed by {}{core}", signal_name(signal))
        }
        (None, None) => "ended in an unknown way".into(),
    }
}

fn judge(spec: &Spec, gone: &Gone) -> Ended {
    let (outcome, message) = match gone.stop {
        None if gone.status.success() => (Outcome::Succeeded, String::new()),
        None => (Outcome::Failed, exit_words(gone.status)),
        Some(stop) => stop_words(spec, stop),
    };
    Ended {
        exit_code: gone.status.code(),
        signal: gone.status.signal(),
        ..Ended::new(outcome, message)
    }
}

pub(super) fn stop_words(spec: &Spec, stop: Stop) -> (Outcome, String) {
    let ignored = format!("killed: ignored TERM for {}", spoken_span(spec.grace()));
    if stop.timed_out {
        let limit = spec.timeout().map(spoken_span).unwrap_or_default();
        let message = format!("timed out after {limit}");
        let harshly = stop.killed && !stop.kill_asked;
        let message = if harshly {
            joined(&message, &ignored)
        } else {
            message
        };
        return (Outcome::TimedOut, message);
    }
    let message = match (stop.killed, stop.kill_asked) {
        (false, _) => "cancelled".into(),
        (true, true) => "killed".into(),
        (true, false) => ignored,
    };
    (Outcome::Cancelled, message)
}

fn publish(end: &mut Ended, spec: &Spec, capture: &Capture, file: &Path) {
    let sources = Sources {
        text: capture,
        text_name: "the output",
        file: &match read_outputs(file) {
            Ok(bytes) => bytes,
            Err(why) => {
                (end.outcome, end.message) = (Outcome::Failed, why);
                return;
            }
        },
    };
    match collect(&spec.outputs, &sources) {
        Ok(outputs) => end.outputs = outputs,
        Err(why) => (end.outcome, end.message) = (Outcome::Failed, why),
    }
}

/// Nothing if the step did not write it. The step could put anything there, so no link is followed and no pipe waited for.
fn read_outputs(path: &Path) -> Result<Vec<u8>, String> {
    use rustix::fs::{Mode, OFlags, open};
    use std::io::Read as _;
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let file: std::fs::File = match open(path, flags, Mode::empty()) {
        Ok(fd) => fd.into(),
        Err(rustix::io::Errno::NOENT) => return Ok(Vec::new()),
        Err(e) => {
            return Err(format!(
                "cannot read $FLIGHTDECK_OUTPUT: {}",
                plain(&e.into())
            ));
        }
    };
    let mut bytes = Vec::new();
    // One byte more tells that there are too many.
    let read = file.take(FILE_MAX as u64 + 1).read_to_end(&mut bytes);
    read.map_err(|e| format!("cannot read $FLIGHTDECK_OUTPUT: {}", plain(&e)))?;
    Ok(bytes)
}

fn held_words(left: &[Leftover]) -> String {
    match left {
        [one] => format!(
            "its output pipe was still held by process {} ({})",
            one.pid, one.command
        ),
        _ => "its output pipe was still held by a process that it left behind".into(),
    }
}

fn joined(first: &str, second: &str) -> String {
    if first.is_empty() {
        second.to_owned()
    } else {
        format!("{first}; {second}")
    }
}

fn signal_name(signal: i32) -> String {
    const NAMES: [&str; 31] = [
        "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2",
        "PIPE", "ALRM", "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG",
        "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO", "PWR", "SYS",
    ];
    usize::try_from(signal - 1)
        .ok()
        .and_then(|n| NAMES.get(n))
        .map_or_else(|| format!("signal {signal}"), |name| format!("SIG{name}"))
}

/// The texts of a command, filled. `Err` says which secret is missing.
pub(super) fn filled(
    command: &crate::workflow::Command<crate::workflow::Filled>,
    env: &[(String, crate::workflow::Filled)],
    values: &super::secrets::Values,
) -> Result<(Start, Option<String>), String> {
    if let Some(name) = command.argv.iter().find_map(|text| text.secrets().next()) {
        return Err(format!(
            "secret `{name}` may not be an argument, which every user of this machine can read: pass it by `env` or `stdin`"
        ));
    }
    let texts = command.argv.iter().map(|text| values.fill(text));
    let argv = texts
        .map(|t| t.map(OsString::from))
        .collect::<Result<_, _>>()?;
    let cwd = command
        .cwd
        .as_ref()
        .map(|text| values.fill(text))
        .transpose()?;
    let stdin = command
        .stdin
        .as_ref()
        .map(|text| values.fill(text))
        .transpose()?;
    let env = env
        .iter()
        .map(|(key, text)| Ok((key.into(), values.fill(text)?.into())))
        .collect::<Result<_, String>>()?;
    let start = Start {
        argv,
        env,
        cwd: cwd.map(PathBuf::from),
    };
    Ok((start, stdin))
}
