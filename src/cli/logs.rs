//! `logs`: the output of a step's attempt, finished or growing. What could act on a terminal is made visible, unless
//! the exact bytes are asked for.

use std::fs::File;
use std::io::Read;
use std::time::Duration;

use super::args::LogsArgs;
use super::exit::{Exit, Failure};
use super::merged_logs;
use super::out::{Out, quoted, talk};
use super::past::{self, Past};
use crate::config::Settings;
use crate::id::{AttemptId, StepId};
use crate::journal::{Reader, RunDir, Tail};
use crate::run::{Event, Run};
use crate::text::push_clean;

/// How often a growing output is looked at.
pub(super) const LOOK: Duration = Duration::from_millis(200);
/// Lines taken at once, and bytes of a line shown.
pub(super) const LINES: usize = 1000;
pub(super) const WIDTH: usize = 64 * 1024;

pub(super) fn logs(args: &LogsArgs, settings: &Settings, out: &mut Out) -> Result<Exit, Failure> {
    let past = past::open(settings, &args.run)?;
    let [step] = args.steps.as_slice() else {
        return merged_logs::print(args, past, out);
    };
    if let Some(last) = beside(&past.run, &StepId::from(step.as_str())) {
        return of_beside(args, &past, &last, out);
    }
    let step = past::step(&past.run, step)?;
    let Some(attempt) = attempt(args, &past, &step)? else {
        if !args.follow || past.run.phase().is_terminal() {
            talk(&format!("flightdeck: {step} has not started: no output"));
            return Ok(Exit::Succeeded);
        }
        return print(args, &past, &AttemptId::act(step, 1), out);
    };
    print(args, &past, &attempt, out)
}

/// The output of a preflight check or a hook: of its newest attempt, unless one is named.
fn of_beside(
    args: &LogsArgs,
    past: &Past,
    last: &AttemptId,
    out: &mut Out,
) -> Result<Exit, Failure> {
    let (id, last, role) = (&last.step, last.n, last.role);
    let wanted = match &args.attempt {
        Some(text) => text.parse::<u32>().unwrap_or(0),
        None => last,
    };
    if wanted == 0 || wanted > last {
        return Err(Failure::usage(format!(
            "{id} has no such attempt: it has {last}"
        )));
    }
    let (step, n) = (id.clone(), wanted);
    print(args, past, &AttemptId { step, n, role }, out)
}

/// The newest attempt of the preflight check or hook of this name; its number is 0 if there is none yet.
fn beside(run: &Run, id: &StepId) -> Option<AttemptId> {
    if let Some(i) = run.check_index(id) {
        let count = run.checks()[i].attempts.len();
        return Some(AttemptId::preflight(id.clone(), count as u32));
    }
    let hook = run.hooks().iter().find(|hook| hook.id() == *id)?;
    Some(AttemptId::hook(id.clone(), hook.attempts.len() as u32))
}

/// Which attempt is meant; `None` if there is none yet.
fn attempt(args: &LogsArgs, past: &Past, step: &StepId) -> Result<Option<AttemptId>, Failure> {
    let state = past.run.step(step);
    let (tries, looks) = state.map_or((0, 0), |s| (s.attempts.len() as u32, s.verifies));
    if let Some(members) = state.and_then(|s| s.members.as_ref()) {
        let names: Vec<&str> = members
            .iter()
            .filter_map(|m| past.run.steps().get(*m))
            .map(|s| s.id.as_str())
            .take(20)
            .collect();
        return Err(Failure::usage(format!(
            "{step} has several members, each with its own output"
        ))
        .hint(format!("name one: {}", names.join(", "))));
    }
    let Some(text) = &args.attempt else {
        return Ok((tries > 0).then(|| AttemptId::act(step.clone(), tries)));
    };
    let (number, limit, verify) = match text.strip_prefix('v') {
        Some(number) => (number, looks, true),
        None => (text.as_str(), tries, false),
    };
    match number.parse::<u32>() {
        Ok(n) if verify && n >= 1 && n <= limit => Ok(Some(AttemptId::verify(step.clone(), n))),
        Ok(n) if !verify && n >= 1 && n <= limit => Ok(Some(AttemptId::act(step.clone(), n))),
        Ok(_) => Err(Failure::usage(format!(
            "{step} has no attempt {text}: it has {tries}, and {looks} looks at its effect"
        ))),
        Err(_) => Err(Failure::usage(format!(
            "--attempt {} is not a number, nor `v` and a number",
            quoted(text)
        ))),
    }
}

fn print(
    args: &LogsArgs,
    past: &Past,
    attempt: &AttemptId,
    out: &mut Out,
) -> Result<Exit, Failure> {
    let path = past.dir.output_path(attempt);
    let unreadable = |error| Failure::storage(format!("cannot read {}: {error}", path.display()));
    let mut source = if args.raw {
        Source::Raw(None)
    } else {
        Source::Lines(Reader::open(&path).map_err(unreadable)?, 0)
    };
    let mut watch = Watch::new(args.follow, &past.dir, &past.run, attempt)?;
    loop {
        // Whether it is over is asked before the last look: what came in between is still printed.
        let over = watch.over()?;
        source
            .drain(&path, over, out)
            .map_err(|e| e.into_failure(&unreadable))?;
        out.finish()?;
        if over {
            return Ok(Exit::Succeeded);
        }
        std::thread::sleep(LOOK);
    }
}

/// Looks whether an attempt may still say something.
struct Watch<'a> {
    tail: Option<Tail>,
    attempt: &'a AttemptId,
    over: bool,
}

impl<'a> Watch<'a> {
    fn new(follow: bool, dir: &RunDir, run: &Run, attempt: &'a AttemptId) -> Result<Self, Failure> {
        let over = !follow || run.phase().is_terminal();
        let tail = if over {
            None
        } else {
            Some(Tail::open(dir.path())?)
        };
        Ok(Self {
            tail,
            attempt,
            over,
        })
    }

    fn over(&mut self) -> Result<bool, Failure> {
        if let Some(tail) = &mut self.tail {
            for recorded in tail.read()? {
                match &recorded.event {
                    Event::AttemptEnded { attempt, .. } => self.over |= attempt == self.attempt,
                    Event::RunEnded { .. } => self.over = true,
                    _ => {}
                }
            }
        }
        Ok(self.over)
    }
}

/// Where the output comes from, and how far it has been printed.
enum Source {
    Raw(Option<File>),
    Lines(Reader, u64),
}

enum DrainError {
    Read(std::io::Error),
    Print(Failure),
}

impl DrainError {
    fn into_failure(self, unreadable: &impl Fn(std::io::Error) -> Failure) -> Failure {
        match self {
            Self::Read(error) => unreadable(error),
            Self::Print(failure) => failure,
        }
    }
}

impl From<std::io::Error> for DrainError {
    fn from(error: std::io::Error) -> Self {
        Self::Read(error)
    }
}

impl From<Failure> for DrainError {
    fn from(failure: Failure) -> Self {
        Self::Print(failure)
    }
}

impl Source {
    /// Prints all that is new. An unfinished last line is kept back until the output is over.
    fn drain(
        &mut self,
        path: &std::path::Path,
        over: bool,
        out: &mut Out,
    ) -> Result<(), DrainError> {
        match self {
            Self::Raw(file) => {
                if file.is_none() {
                    *file = open(path)?;
                }
                if let Some(file) = file {
                    copy(file, out)?;
                }
            }
            Self::Lines(reader, next) => {
                reader.refresh()?;
                let end = if over {
                    reader.count()
                } else {
                    reader.finished()
                };
                while *next < end {
                    let wanted = LINES.min(usize::try_from(end - *next).unwrap_or(LINES));
                    let lines = reader.lines(*next, wanted, WIDTH)?;
                    if lines.is_empty() {
                        break;
                    }
                    *next += lines.len() as u64;
                    for line in lines {
                        out.raw(harmless(&line.bytes, line.cut).as_bytes())?;
                    }
                }
            }
        }
        Ok(())
    }
}

/// A missing file is an output that has not begun.
fn open(path: &std::path::Path) -> std::io::Result<Option<File>> {
    match File::open(path) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn copy(file: &mut File, out: &mut Out) -> Result<(), DrainError> {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let n = file.read(&mut buffer)?;
        if n == 0 {
            return Ok(());
        }
        out.raw(&buffer[..n])?;
    }
}

/// One line with colours taken out and everything else that could act on a terminal made visible.
pub(super) fn harmless(bytes: &[u8], cut: bool) -> String {
    let text = String::from_utf8_lossy(bytes);
    let text = text.strip_suffix('\r').unwrap_or(&text);
    let mut clean = String::with_capacity(text.len() + 1);
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if let Some(after) = after_colour(rest) {
            rest = after;
            continue;
        }
        match c {
            // A tab is harmless, and `cut` and `column` want it.
            '\t' => clean.push('\t'),
            _ => push_clean(&mut clean, c),
        }
        rest = &rest[c.len_utf8()..];
    }
    if cut {
        clean.push_str(" …");
    }
    clean.push('\n');
    clean
}

/// What follows a colour sequence (`ESC [ digits m`) at the start of `text`.
fn after_colour(text: &str) -> Option<&str> {
    let inner = text.strip_prefix("\u{1b}[")?;
    let end = inner.find(|c: char| !c.is_ascii_digit() && c != ';' && c != ':')?;
    inner[end..].strip_prefix('m')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_go_and_all_else_that_acts_becomes_visible() {
        assert_eq!(harmless(b"\x1b[1;31mred\x1b[0m\tx\r", false), "red\tx\n");
        assert_eq!(harmless(b"\x1b]0;title\x07", false), "␛]0;title␇\n");
        assert_eq!(harmless(b"\x1b[2Jgone", true), "␛[2Jgone …\n");
        assert_eq!(harmless(b"\xff\xfe", false), "\u{fffd}\u{fffd}\n");
    }
}
