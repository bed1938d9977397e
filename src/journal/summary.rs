//! What a list shows of a run. Folded from the journal; of a finished run it is kept beside the journal, and made again
//! whenever the two do not belong together.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Error, RunDir, Tail, disk, log, scan};
use crate::id::{RunId, StepId};
use crate::run::{
    Counts, Event, Expectations, Kind, Phase, Recorded, Run, Shown, SkipReason, State,
};
use crate::time::Timestamp;

/// Grows when a summary holds more than before: what was kept by an older program is then made again.
const MAKE: u32 = 1;
/// Steps of each sort that a summary names.
const NAMED: usize = 3;

/// What a list shows of a run; derived from its journal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    pub id: RunId,
    pub workflow: String,
    pub phase: Phase,
    /// As the header would say it: `running`, `paused`, `attention`, `unattended`, `failed`, ...
    pub shown: String,
    pub started_at: Timestamp,
    pub ended_at: Option<Timestamp>,
    /// Why it is queued, if it is.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
    #[serde(default)]
    pub kind: Kind,
    /// Who started it.
    #[serde(default)]
    pub by: String,
    #[serde(default)]
    pub counts: Counts,
    /// The first steps about which a person must decide, or nobody has decided.
    #[serde(default)]
    pub failed: Vec<StepId>,
    /// The first steps that a person passed over: skipped, marked or ignored.
    #[serde(default)]
    pub passed_over: Vec<StepId>,
    /// How long the whole of it should take, by what the file declares.
    #[serde(default)]
    pub expected_ms: Option<u64>,
}

/// What is kept of a finished run, and of which state of the journal it was made: an ended run can be reopened.
#[derive(Serialize, Deserialize)]
struct Kept {
    #[serde(default)]
    make: u32,
    journal: Mark,
    summary: Summary,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Mark {
    bytes: u64,
    changed: i64,
    changed_ns: i64,
}

pub(super) fn of(dir: &RunDir) -> Result<Summary, Error> {
    let journal = dir.path().join(log::NAME);
    let kept_in = dir.path().join("summary.json");
    let mark = fs::metadata(&journal).ok().map(|facts| Mark {
        bytes: facts.len(),
        changed: facts.mtime(),
        changed_ns: facts.mtime_nsec(),
    });
    if let Some(kept) = read(&kept_in)
        && kept.make == MAKE
        && Some(kept.journal) == mark
        && kept.summary.id == dir.id()
    {
        return Ok(kept.summary);
    }
    let mut fold = None;
    let mut tail = Tail::open(dir.path())?;
    tail.read_each(|recorded| match &mut fold {
        None => fold = Fold::begin(&recorded),
        Some(fold) => fold.add(&recorded),
    })?;
    // Damage is told by the call after the good records.
    tail.read_each(|_| {})?;
    let Some(mut summary) = fold.map(Fold::end) else {
        return Err(Error::NeverStarted { path: journal });
    };
    if !summary.phase.is_terminal() {
        if dir.holder().map_err(|e| Error::io(&journal, e))?.is_none() {
            "unattended".clone_into(&mut summary.shown);
        }
        return Ok(summary);
    }
    if let Some(journal) = mark {
        let kept = Kept {
            make: MAKE,
            journal,
            summary,
        };
        if let Ok(text) = serde_json::to_vec(&kept) {
            // It can always be made again.
            let _ = disk::replace_file(&kept_in, &text);
        }
        return Ok(kept.summary);
    }
    Ok(summary)
}

fn read(path: &std::path::Path) -> Option<Kept> {
    let file = disk::open_file(path, disk::For::Reading).ok()?;
    let mut text = vec![0; file.metadata().ok()?.len().min(64 << 10) as usize];
    let got = scan::read_at(&file, &mut text, 0).ok()?;
    serde_json::from_slice(&text[..got]).ok()
}

/// By the machine that makes the header, so that a list cannot say something else. A run whose workflow this program does not
/// accept any more, or whose events it finds illegal, is still listed, by what its events say themselves.
struct Fold {
    summary: Summary,
    run: Option<Run>,
}

impl Fold {
    fn begin(first: &Recorded) -> Option<Self> {
        let Event::RunStarted(start) = &first.event else {
            return None;
        };
        let workflow = start.plan().workflow;
        let mut fold = Self {
            summary: Summary {
                id: start.run.clone(),
                workflow: start.workflow.clone(),
                phase: Phase::Running,
                shown: String::new(),
                started_at: first.at,
                ended_at: None,
                why: String::new(),
                kind: start.kind,
                by: start.actor.name.clone(),
                counts: Counts::default(),
                failed: Vec::new(),
                passed_over: Vec::new(),
                expected_ms: None,
            },
            run: workflow.map(|workflow| Run::empty(Arc::new(workflow))),
        };
        fold.add(first);
        let run = fold.run.as_ref();
        let expected = run.and_then(|run| run.expected_in_all(&Expectations::default()));
        let expected = expected.map(|span| u64::try_from(span.as_millis()).unwrap_or(u64::MAX));
        fold.summary.expected_ms = expected.filter(|ms| *ms > 0);
        Some(fold)
    }

    fn add(&mut self, recorded: &Recorded) {
        if let Some(run) = &mut self.run
            && run.apply(recorded).is_err()
        {
            self.run = None;
        }
        let summary = &mut self.summary;
        match recorded.event {
            Event::PhaseChanged { phase, .. } => (summary.phase, summary.ended_at) = (phase, None),
            Event::RunEnded { phase } => {
                (summary.phase, summary.ended_at) = (phase, Some(recorded.at));
            }
            _ => {}
        }
    }

    fn end(self) -> Summary {
        let mut summary = self.summary;
        let shown = if let Some(run) = self.run {
            (summary.phase, summary.ended_at) = (run.phase(), run.ended_at());
            run.queued()
                .unwrap_or_default()
                .clone_into(&mut summary.why);
            summary.counts = run.counts();
            summary.failed = named(&run, State::is_unresolved);
            summary.passed_over = named(&run, |state| {
                let skipped = State::Skipped(SkipReason::Operator);
                [skipped, State::Marked, State::Ignored].contains(&state)
            });
            run.shown()
        } else {
            Shown::Ended(summary.phase)
        };
        summary.shown = words(shown);
        summary
    }
}

/// The first such steps, not the groups around them.
fn named(run: &Run, such: impl Fn(State) -> bool) -> Vec<StepId> {
    let leaves = run.steps().iter().filter(|step| step.members.is_none());
    let such = leaves.filter(|step| such(step.state));
    such.take(NAMED).map(|step| step.id.clone()).collect()
}

fn words(shown: Shown) -> String {
    let word = match shown {
        Shown::Running => "running",
        Shown::Pausing(n) => return format!("pausing {n}"),
        Shown::Paused => "paused",
        Shown::Preflight => "preflight",
        Shown::Attention => "attention",
        Shown::Cancelling => "cancelling",
        Shown::Queued => "queued",
        Shown::RollingBack => "rolling_back",
        Shown::Ended(phase) => phase.word(),
    };
    word.to_owned()
}
