//! One attempt, from its specification to its end.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use super::clock::Stopwatch;
use super::family::Family;
use super::log::Log;
use super::pipe::Buffer;
use super::process::Open;
use super::program::{self, Program, filled};
use super::reactor::Reactor;
use super::secrets::{self, Known, Refused, Values};
use super::signals::Signals;
use super::start::{allowed_environment, marks, ours};
use super::texts;
use super::{call, http, ssh};
use crate::run::{Ended, Outcome, Spec};
use crate::text::Clean;
use crate::time::Timestamp;
use crate::workflow::{Call, Command, Filled, Service, Work};

/// A message is one line that fits into a dialog.
const LONGEST_MESSAGE: usize = 1000;

/// All that lives longer than one attempt.
pub(super) struct Hands {
    pub(super) signals: Signals,
    open: Open,
    now: fn() -> Timestamp,
    buffer: Buffer,
    family: Family,
    known: Known,
    reactor: Reactor,
    environment: Vec<(OsString, OsString)>,
    /// Private; holds the output file of the attempt under way.
    folder: PathBuf,
    /// Name of that file: a new one only when the last may have been made, since the kernel remembers that a name is free.
    output_name: u64,
    /// What another machine keeps until the end of the attempt is written down here.
    unsettled: Option<ssh::Unsettled>,
}

impl Hands {
    pub(super) fn new(record: &Path, open: Open, now: fn() -> Timestamp) -> io::Result<Self> {
        // Steps run elsewhere, so the path must hold from anywhere.
        let folder = std::path::absolute(record.with_extension("outputs"))?;
        DirBuilder::new().mode(0o700).create(&folder)?;
        fs::set_permissions(&folder, Permissions::from_mode(0o700))?;
        Ok(Self {
            signals: Signals::install()?,
            open,
            now,
            buffer: Buffer::default(),
            family: Family::default(),
            known: Known::default(),
            reactor: Reactor::default(),
            environment: allowed_environment(),
            folder,
            output_name: 1,
            unsettled: None,
        })
    }

    pub(super) fn perform(&mut self, spec: &Spec) -> Ended {
        let watch = Stopwatch::start();
        let mut end = match self.resolve(spec) {
            Ok(values) => self.act(spec, &values, watch),
            Err(Refused::Failed(why)) => Ended::new(Outcome::Failed, why),
            Err(Refused::Stopped) => Ended::new(Outcome::Cancelled, "cancelled before it started"),
        };
        if let Some(masker) = self.known.masker() {
            end.message = masker.text(&end.message);
            let outputs = std::mem::take(&mut end.outputs).into_iter();
            end.outputs = outputs
                .map(|(k, v)| (masker.text(&k), masker.json(v)))
                .collect();
            for left in &mut end.leftovers {
                left.command = masker.text(&left.command);
            }
        }
        end.message = short(&end.message);
        for left in &mut end.leftovers {
            left.command = short(&left.command);
        }
        end.took_ms = u64::try_from(watch.elapsed().as_millis()).unwrap_or(u64::MAX);
        end
    }

    fn resolve(&mut self, spec: &Spec) -> Result<Values, Refused> {
        if spec.secrets.is_empty() {
            return Ok(Values::default());
        }
        let mut tools = secrets::Tools {
            signals: &self.signals,
            buffer: &mut self.buffer,
            family: &mut self.family,
            reactor: &mut self.reactor,
        };
        self.known.resolve(&spec.secrets, &used(spec), &mut tools)
    }

    fn act(&mut self, spec: &Spec, values: &Values, since: Stopwatch) -> Ended {
        match &spec.work {
            Work::Run(command) | Work::Exec(command) => {
                match self.program(spec, command, values, since) {
                    Ok(program) => self.run(spec, program),
                    Err(why) => Ended::new(Outcome::Failed, why),
                }
            }
            Work::Http(request) | Work::Notify(request) => {
                let mut log = Log::new(&self.open, &spec.attempt, spec.max_log, self.now);
                let tools = http::Tools {
                    signals: &self.signals,
                    known: &self.known,
                    values,
                };
                let mut end = http::perform(spec, request, &tools, &mut self.reactor, &mut log);
                end.log = log.finish();
                end
            }
            Work::Call(asked) if asked.service == Service::Ssh => {
                self.ssh(spec, asked, values, since)
            }
            Work::Call(asked) => {
                let mut log = Log::new(&self.open, &spec.attempt, spec.max_log, self.now);
                let tools = call::Tools {
                    signals: &self.signals,
                    known: &self.known,
                    values,
                    since,
                };
                let hands = call::Hands {
                    signals: &self.signals,
                    buffer: &mut self.buffer,
                    family: &mut self.family,
                    stem: self.folder.with_extension(self.output_name.to_string()),
                };
                // What it keeps beside the run is kept under a name that no later attempt has.
                self.output_name += 1;
                let by = call::By {
                    reactor: &mut self.reactor,
                    hands,
                };
                let mut end = call::perform(spec, asked, &tools, by, &mut log);
                end.log = log.finish();
                end
            }
        }
    }

    fn ssh(
        &mut self,
        spec: &Spec,
        asked: &Call<Filled>,
        values: &Values,
        since: Stopwatch,
    ) -> Ended {
        let mut log = Log::new(&self.open, &spec.attempt, spec.max_log, self.now);
        let tools = ssh::Tools {
            signals: &self.signals,
            buffer: &mut self.buffer,
            known: &self.known,
            values,
            home: self.folder.parent().unwrap_or(&self.folder),
        };
        let (mut end, unsettled) = ssh::perform(spec, asked, tools, &mut log, since);
        self.unsettled = unsettled;
        end.log = log.finish();
        end
    }

    /// Once the end of the attempt is written down: others may forget it now.
    pub(super) fn settle(&mut self) {
        if let Some(unsettled) = self.unsettled.take() {
            unsettled.settle(&mut self.buffer);
        }
    }

    fn run(&mut self, spec: &Spec, program: Program) -> Ended {
        let output_file = program.output_file.clone();
        let mut log = Log::new(&self.open, &spec.attempt, spec.max_log, self.now);
        let mut tools = program::Tools {
            signals: &self.signals,
            buffer: &mut self.buffer,
            family: &mut self.family,
            known: &self.known,
        };
        let mut end = program::perform(spec, program, &mut tools, &mut log);
        end.log = log.finish();
        let quiet = end.outcome == Outcome::Succeeded && end.outputs.is_empty();
        if !quiet || !end.leftovers.is_empty() {
            // It may hold secrets, and what the step left behind may write it yet.
            let _ = fs::remove_file(&output_file);
            self.output_name += 1;
        }
        end
    }

    fn program(
        &self,
        spec: &Spec,
        command: &Command<Filled>,
        values: &Values,
        since: Stopwatch,
    ) -> Result<Program, String> {
        let (mut start, stdin) = filled(command, &spec.env, values)?;
        let output_file = self.folder.join(self.output_name.to_string());
        let ours = ours(spec).into_iter().map(|(k, v)| (k.into(), v.into()));
        let declared = std::mem::take(&mut start.env);
        start.env = self
            .environment
            .iter()
            .cloned()
            .chain(declared)
            .chain(ours)
            .collect();
        let file = ("FLIGHTDECK_OUTPUT".into(), output_file.clone().into());
        start.env.push(file);
        Ok(Program {
            start,
            stdin,
            output_file,
            marks: marks(spec),
            since,
        })
    }
}

impl Drop for Hands {
    fn drop(&mut self) {
        // What a daemon of a step may still write there has no reader any more.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// The names of the secrets that this attempt needs.
fn used(spec: &Spec) -> BTreeSet<&str> {
    let texts = texts::of_spec(spec).into_iter();
    texts.flat_map(Filled::secrets).collect()
}

fn short(text: &str) -> String {
    let clean = Clean::line(text);
    match clean.as_str().char_indices().nth(LONGEST_MESSAGE) {
        Some((end, _)) => format!("{}…", &clean.as_str()[..end]),
        None => clean.as_str().to_owned(),
    }
}
