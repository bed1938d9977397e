//! `logs RUN --all`, or of several steps: all their attempts as one, by time, with the name of the step in front.

use std::collections::{BTreeMap, BTreeSet};

use super::args::LogsArgs;
use super::exit::{Exit, Failure};
use super::logs::{LINES, LOOK, WIDTH, harmless};
use super::out::Out;
use super::past::{self, Past};
use crate::id::{AttemptId, StepId};
use crate::journal::{Cut, Merged, Reader, Tail};
use crate::time::Timestamp;

pub(super) fn print(args: &LogsArgs, past: Past, out: &mut Out) -> Result<Exit, Failure> {
    let flags = [("--attempt", args.attempt.is_some()), ("--raw", args.raw)];
    if let Some((flag, _)) = flags.iter().find(|(_, given)| *given) {
        let text = format!("{flag} is for the output of one step");
        return Err(Failure::usage(text).hint("of several steps all attempts are shown"));
    }
    let named = args.steps.iter().map(|text| past::step(&past.run, text));
    let wanted = named.collect::<Result<_, _>>()?;
    let mut journal = Tail::open(past.dir.path())?;
    let mut told = Told::new(past, wanted);
    told.look()?;
    while args.follow && !told.past.run.phase().is_terminal() {
        told.drain(true, out)?;
        out.finish()?;
        std::thread::sleep(LOOK);
        told.hear(&mut journal)?;
    }
    told.drain(false, out)?;
    out.finish()?;
    Ok(Exit::Succeeded)
}

/// What is merged, and how far it is printed.
struct Told {
    past: Past,
    /// Steps whose outputs are wanted, and with a group all in it; empty: all.
    wanted: BTreeSet<StepId>,
    merged: Merged,
    parts: BTreeMap<AttemptId, usize>,
    names: Vec<String>,
    cut: Cut,
}

impl Told {
    fn new(past: Past, wanted: BTreeSet<StepId>) -> Self {
        Self {
            past,
            wanted,
            merged: Merged::default(),
            parts: BTreeMap::new(),
            names: Vec::new(),
            cut: Cut::default(),
        }
    }

    /// Takes in attempts that are new, or have ended.
    fn look(&mut self) -> Result<(), Failure> {
        let run = &self.past.run;
        let wanted = self.wanted.iter().filter_map(|step| run.index(step));
        for (step, attempt) in run.attempts_of(&wanted.collect()) {
            let id = AttemptId::act(step.id.clone(), attempt.n);
            let live = attempt.ended_at.is_none();
            let path = self.past.dir.output_path(&id);
            let unreadable =
                |error| Failure::storage(format!("cannot read {}: {error}", path.display()));
            if let Some(part) = self.parts.get(&id) {
                if !live {
                    self.merged.ended(*part).map_err(unreadable)?;
                }
                continue;
            }
            let reader = Reader::open(&path).map_err(unreadable)?;
            self.merged.add(reader, live).map_err(unreadable)?;
            self.names.push(id.short_name());
            self.parts.insert(id, self.parts.len());
        }
        Ok(())
    }

    /// Follows the run to what its journal holds now.
    fn hear(&mut self, journal: &mut Tail) -> Result<(), Failure> {
        for recorded in journal.read()? {
            if recorded.seq > self.past.run.seq() {
                let applied = self.past.run.apply(&recorded);
                applied.map_err(|e| Failure::new(Exit::JournalUnreadable, e.to_string()))?;
            }
        }
        self.look()
    }

    /// Prints all that is new. While the run goes on, an unfinished last line is kept back.
    fn drain(&mut self, finished: bool, out: &mut Out) -> Result<(), Failure> {
        let unreadable = |error| Failure::storage(format!("cannot read an output: {error}"));
        self.merged.refresh().map_err(unreadable)?;
        let widest = self
            .names
            .iter()
            .map(String::len)
            .max()
            .unwrap_or(0)
            .min(40);
        loop {
            let lines = self.merged.read_on(&mut self.cut, LINES, WIDTH, finished);
            let lines = lines.map_err(unreadable)?;
            if lines.is_empty() {
                return Ok(());
            }
            for merged in lines {
                let at = merged.line.at.map(Timestamp::rfc3339).unwrap_or_default();
                let name = &self.names[merged.part];
                let text = harmless(&merged.line.bytes, merged.line.cut);
                out.raw(format!("{at} {name:<widest$} {text}").as_bytes())?;
            }
        }
    }
}
