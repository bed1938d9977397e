//! terraform, or tofu, in one folder: how it is called, and what was heard of one call.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Map, Value as Json};

use super::super::call::{Context, Hands};
use super::super::child::{self, Gone, Manner, Output, Terms};
use super::super::clock::Stopwatch;
use super::super::family::Marks;
use super::super::pipe::From;
use super::super::program::stop_words;
use super::super::secrets::variables;
use super::super::start::{self, Start};
use super::diagnostic::Diagnostic;
use super::progress::Progress;
use super::stream::{self, Counts, Lines, Said};
use crate::run::{Ended, Leftover, Outcome};

/// What is read whole; a plan of more than this is told from its counts alone.
const TEXT_MAX: usize = 64 << 20;

pub(super) struct Tool<'a, 'c, 'l> {
    pub(super) cx: &'a Context<'c, 'l>,
    hands: Hands<'a>,
    /// `terraform` or `tofu`.
    pub(super) name: &'static str,
    pub(super) dir: String,
    environment: Vec<(OsString, OsString)>,
    marks: Marks,
    /// When the attempt began.
    since: Stopwatch,
    /// What it may take to come to an orderly halt.
    patience: Duration,
    pub(super) left: Vec<Leftover>,
}

/// One call.
pub(super) struct Call<'s> {
    pub(super) args: Vec<OsString>,
    pub(super) stdin: Option<Vec<u8>>,
    /// What it is called in the status line; nothing is logged of a call without one, and its text is kept instead.
    pub(super) phase: Option<&'s str>,
}

/// What was heard of a call.
pub(super) struct Heard {
    pub(super) gone: Gone,
    pub(super) complaints: Vec<Diagnostic>,
    pub(super) progress: Progress<Stopwatch>,
    pub(super) counts: Option<Counts>,
    pub(super) outputs: Option<Map<String, Json>>,
    /// Lines that were not JSON.
    pub(super) plain: Vec<String>,
    /// Its standard output, if it was to be kept.
    pub(super) text: Vec<u8>,
}

impl<'a, 'c, 'l> Tool<'a, 'c, 'l> {
    pub(super) fn new(
        cx: &'a Context<'c, 'l>,
        hands: Hands<'a>,
        name: &'static str,
        dir: String,
        patience: Duration,
    ) -> Self {
        let ours = start::ours(cx.spec).into_iter();
        let fixed = [
            ("TF_IN_AUTOMATION", "1"),
            ("TF_INPUT", "0"),
            ("TERM", "dumb"),
        ];
        let environment = inherited(cx)
            .chain(cx.declared().map(|(k, v)| (k.into(), v.into())))
            .chain(fixed.map(|(k, v)| (k.into(), v.into())))
            .chain(ours.map(|(k, v)| (k.into(), v.into())))
            .collect();
        Self {
            cx,
            hands,
            name,
            dir,
            environment,
            marks: start::marks(cx.spec),
            since: Stopwatch::start(),
            patience,
            left: Vec::new(),
        }
    }

    pub(super) fn set(&mut self, name: &str, value: &str) {
        self.environment.push((name.into(), value.into()));
    }

    /// Calls it. `Err` if it could not be started.
    pub(super) fn call(&mut self, call: Call<'_>) -> Result<Heard, Box<Ended>> {
        let start = Start {
            argv: std::iter::once(self.name.into()).chain(call.args).collect(),
            env: self.environment.clone(),
            cwd: Some(PathBuf::from(&self.dir)),
        };
        let terms = Terms {
            stdin: call.stdin,
            // Its lock and its state must survive us; what only reads may go with us.
            output: match call.phase {
                Some(_) => Output::Outliving,
                None => Output::Apart,
            },
            manner: Manner::Interrupt(self.patience),
            timeout: self.cx.spec.timeout(),
            since: self.since,
            grace: self.cx.spec.grace(),
        };
        let mut ear = Ear::new(self.cx, call.phase);
        let (family, marks) = (&mut *self.hands.family, &self.marks);
        let mut left = Vec::new();
        let ran = start.command().and_then(|command| {
            child::run(
                command,
                &terms,
                self.hands.signals,
                self.hands.buffer,
                &mut |from, bytes| ear.hear(from, bytes),
                &mut |group, stop| left = family.after(marks, group, stop, terms.grace),
            )
        });
        match ran {
            Ok(gone) => {
                self.left = left;
                Ok(ear.finish(gone))
            }
            Err(error) => Err(Box::new(Ended::new(Outcome::Failed, start.failure(&error)))),
        }
    }

    /// Calls it for something that changes nothing. `Err` if it failed or was stopped.
    pub(super) fn ask(&mut self, call: Call<'_>, good: &[i32]) -> Result<Heard, Box<Ended>> {
        let what = call.args.first().map(|a| a.to_string_lossy().into_owned());
        let heard = self.call(call)?;
        if let Some(stop) = heard.gone.stop {
            let (outcome, message) = stop_words(self.cx.spec, stop);
            return Err(self.ended(outcome, message, &heard).into());
        }
        if heard.gone.status.code().is_some_and(|c| good.contains(&c)) {
            return Ok(heard);
        }
        let why = heard.why(self);
        let what = what.unwrap_or_default();
        let message = format!("{} {what} failed: {why}", self.name);
        Err(self.ended(Outcome::Failed, message, &heard).into())
    }

    pub(super) fn ended(&mut self, outcome: Outcome, message: String, heard: &Heard) -> Ended {
        use std::os::unix::process::ExitStatusExt as _;
        Ended {
            exit_code: heard.gone.status.code(),
            signal: heard.gone.status.signal(),
            leftovers: std::mem::take(&mut self.left),
            ..Ended::new(outcome, message)
        }
    }
}

impl<'s> Call<'s> {
    pub(super) fn new<A: Into<OsString>>(
        phase: Option<&'s str>,
        args: impl IntoIterator<Item = A>,
    ) -> Self {
        Self {
            args: args.into_iter().map(Into::into).collect(),
            stdin: None,
            phase,
        }
    }
}

impl Heard {
    /// There was more text than is kept.
    pub(super) fn is_cut(&self) -> bool {
        self.text.len() >= TEXT_MAX
    }

    /// Why it failed, as well as can be told.
    pub(super) fn why(&self, tool: &Tool<'_, '_, '_>) -> String {
        super::diagnostic::message(&self.complaints, tool.name, &tool.dir)
            .or_else(|| plain_error(&self.plain))
            .unwrap_or_else(|| super::super::program::exit_words(self.gone.status))
    }
}

/// What follows `Error:` in lines for people, to the end of its paragraph.
fn plain_error(lines: &[String]) -> Option<String> {
    let bare = |line: &String| line.trim_matches(['│', '╷', '╵', ' ']).to_owned();
    let mut lines = lines.iter().map(bare);
    let first = lines.find_map(|line| Some(line.strip_prefix("Error: ")?.to_owned()))?;
    let rest = lines.skip_while(String::is_empty);
    let rest: Vec<String> = rest.take_while(|line| !line.is_empty()).collect();
    Some(if rest.is_empty() {
        first
    } else {
        format!("{first}: {}", rest.join(" "))
    })
}

/// Clouds are told of by a hundred variables, so all of ours are handed on, but for the sources of secrets, which go only
/// where they are named, and for arguments that would turn the call into another.
fn inherited(cx: &Context<'_, '_>) -> impl Iterator<Item = (OsString, OsString)> {
    let secret = |name: &str| variables(&cx.spec.secrets).any(|variable| variable == name);
    let all: Vec<_> = std::env::vars_os()
        .filter(|(name, _)| {
            let name = name.to_string_lossy();
            !name.starts_with("TF_CLI_ARGS") && !secret(&name)
        })
        .collect();
    all.into_iter()
}

/// Listens to one call.
struct Ear<'e, 'c, 'l> {
    cx: &'e Context<'c, 'l>,
    phase: Option<&'e str>,
    since: Stopwatch,
    lines: Lines,
    complaints: Vec<Diagnostic>,
    progress: Progress<Stopwatch>,
    counts: Option<Counts>,
    outputs: Option<Map<String, Json>>,
    plain: Vec<String>,
    text: Vec<u8>,
}

impl<'e, 'c, 'l> Ear<'e, 'c, 'l> {
    fn new(cx: &'e Context<'c, 'l>, phase: Option<&'e str>) -> Self {
        Self {
            cx,
            phase,
            since: Stopwatch::start(),
            lines: Lines::default(),
            complaints: Vec::new(),
            progress: Progress::default(),
            counts: None,
            outputs: None,
            plain: Vec::new(),
            text: Vec::new(),
        }
    }

    fn hear(&mut self, from: From, bytes: &[u8]) {
        if self.phase.is_none() && from == From::Out {
            let room = TEXT_MAX.saturating_sub(self.text.len());
            self.text.extend_from_slice(&bytes[..bytes.len().min(room)]);
            return;
        }
        let mut lines = std::mem::take(&mut self.lines);
        lines.push(bytes, &mut |line| self.line(line));
        self.lines = lines;
        if let Some(phase) = self.phase {
            let age = |since: &Stopwatch| since.elapsed();
            let words = self.progress.words(phase, self.since.elapsed(), age);
            self.cx.status(&words);
        }
    }

    fn line(&mut self, line: &str) {
        let (said, shown) = stream::read(line);
        for line in &shown {
            self.cx.say(line);
        }
        match said {
            Said::Planned { action } => self.progress.planned(&action),
            Said::Refreshed => self.progress.refreshed(),
            Said::Began { address, action } => {
                self.progress.began(&address, &action, Stopwatch::start());
            }
            Said::Ended { address, well } => self.progress.ended(&address, well),
            Said::Summary(counts) => self.counts = Some(counts),
            Said::Outputs(outputs) => self.outputs = Some(outputs),
            Said::Complaint(complaint) => self.complaints.push(complaint),
            Said::Other => self.plain.extend(shown),
        }
        // Only the last of them can say why it failed.
        if self.plain.len() > 400 {
            self.plain.drain(..200);
        }
    }

    fn finish(mut self, gone: Gone) -> Heard {
        let mut lines = std::mem::take(&mut self.lines);
        lines.finish(&mut |line| self.line(line));
        Heard {
            gone,
            complaints: self.complaints,
            progress: self.progress,
            counts: self.counts,
            outputs: self.outputs,
            plain: self.plain,
            text: self.text,
        }
    }
}
