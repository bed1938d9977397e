//! From the records of a run to its report, in one pass.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value as Json;

use super::course::Course;
use super::shape::{
    Approval, AttemptReport, ChangedInputs, Checklist, Exception, Failure, Item, Journal, LeftOver,
    LeftProcess, Note, Objectives, Pin, Report, StepReport, VoteReport,
};
use super::timeline::{Timeline, person};
use crate::headless::fold::begin;
use crate::id::{AttemptId, Role, StepId};
use crate::picture::Mood;
use crate::run::{
    Actor, Ask, Attempt, Command, Ended, Event, Outcome, Recorded, Run, SkipReason, State, StepRun,
    Tick,
};
use crate::time::Timestamp;
use crate::workflow::parse_span;

/// What a report is made from.
pub struct Source<'a> {
    pub records: &'a [Recorded],
    /// SHA-256 of the chain up to the last of `records`.
    pub head: String,
    pub damage: Option<String>,
    /// The end of an attempt's log, for those that failed.
    pub last_lines: &'a mut dyn FnMut(&AttemptId) -> Vec<String>,
}

/// Folds the records and keeps what a report tells. An error says why they are not those of a run.
pub fn gather(source: Source<'_>) -> Result<Report, String> {
    let first = source.records.first().ok_or("it never started")?;
    let mut run = begin(first)?;
    let mut found = Found::default();
    let mut timeline = Timeline::default();
    let mut course = Course::default();
    for recorded in source.records {
        timeline.before(&run, recorded);
        found.before(&run, recorded);
        run.apply(recorded).map_err(|error| error.to_string())?;
        timeline.after(&run, recorded);
        course.after(&run, recorded);
        found.after(recorded, source.last_lines);
    }
    let started = run.started().ok_or("it never started")?;
    let last = source.records.last().unwrap_or(first).at;
    Ok(Report {
        run: started.run.to_string(),
        workflow: started.workflow.clone(),
        kind: Some(started.kind),
        file: started.file.clone(),
        digest: started.digest.clone(),
        version: started.by.clone(),
        params: started.params.clone(),
        phase: run.phase(),
        started_at: run.started_at().rfc3339(),
        started_by: person(&started.actor),
        ended_at: run.ended_at().map(Timestamp::rfc3339),
        took_ms: ms(run.ended_at().unwrap_or(last).since(run.started_at())),
        journal: Journal {
            records: source.records.len() as u64,
            head: source.head,
            damage: source.damage,
        },
        objectives: objectives(&run, last),
        steps: run.steps().iter().map(|s| step(&run, s)).collect(),
        exceptions: found.exceptions,
        failures: found.failures,
        changed_inputs: found.changed,
        approvals: found.approvals.into_values().collect(),
        checklists: found.checklists.into_values().collect(),
        left_over: left_over(&run),
        notes: found.notes,
        pins: found.pins,
        timeline: timeline.finish(&run),
        pictures: course.finish(&run, run.ended_at().unwrap_or(last)),
    })
}

/// What passes by while the run is folded and is not kept by the run itself.
#[derive(Default)]
struct Found {
    exceptions: Vec<Exception>,
    failures: Vec<Failure>,
    changed: Vec<ChangedInputs>,
    approvals: BTreeMap<StepId, Approval>,
    checklists: BTreeMap<StepId, Checklist>,
    notes: Vec<Note>,
    pins: Vec<Pin>,
    /// Who gave the last order, and why: it is theirs what the events after it say.
    order: Option<(Actor, Command)>,
}

impl Found {
    /// What was asked stands in the run only until it is answered.
    fn before(&mut self, run: &Run, recorded: &Recorded) {
        let (Event::Voted { step, .. } | Event::ItemTicked { step, .. }) = &recorded.event else {
            return;
        };
        match run.step(step).and_then(|s| s.ask.as_ref()) {
            Some(Ask::Approval {
                message, needed, ..
            }) => {
                let approval = self.approvals.entry(step.clone()).or_default();
                approval.step = step.to_string();
                approval.message.clone_from(message);
                approval.needed = *needed;
            }
            Some(Ask::Checklist { items }) => {
                let list = || checklist(step, items);
                self.checklists.entry(step.clone()).or_insert_with(list);
            }
            _ => {}
        }
    }

    fn after(
        &mut self,
        recorded: &Recorded,
        last_lines: &mut dyn FnMut(&AttemptId) -> Vec<String>,
    ) {
        let at = recorded.at.rfc3339();
        match &recorded.event {
            Event::CommandAccepted { actor, command } => self.ordered(at, actor, command),
            Event::AttemptEnded { attempt, ended } => {
                self.order = None;
                if attempt.role == Role::Act {
                    self.ended(at, attempt, ended, last_lines);
                }
            }
            Event::StepMarked { step, .. } => self.excepted(at, step, "marked"),
            Event::StepIgnored { step } => self.excepted(at, step, "ignored"),
            Event::StepSkipped {
                step,
                reason: SkipReason::Operator,
                ..
            } => self.excepted(at, step, "skipped"),
            Event::Voted {
                step,
                actor,
                approve,
                form,
                note,
            } => {
                if let Some(approval) = self.approvals.get_mut(step) {
                    approval.votes.push(VoteReport {
                        at,
                        by: person(actor),
                        approve: *approve,
                        note: note.clone(),
                        form: form.clone(),
                        revoked: false,
                    });
                }
            }
            Event::ItemTicked {
                step,
                item,
                done,
                actor,
                note,
                value,
            } => {
                let items = self.checklists.get_mut(step).map(|list| &mut list.items);
                if let Some(ticked) = items.and_then(|items| items.get_mut(*item)) {
                    ticked.by = done.then(|| person(actor));
                    ticked.at = done.then_some(at);
                    ticked.note.clone_from(note);
                    ticked.value.clone_from(value);
                }
            }
            Event::VoteRevoked { step, actor } => {
                let votes = self.approvals.get_mut(step).map(|a| &mut a.votes);
                let name = person(actor).name;
                for vote in votes.into_iter().flatten() {
                    vote.revoked |= vote.by.name == name;
                }
            }
            _ => {}
        }
    }

    fn ordered(&mut self, at: String, actor: &Actor, command: &Command) {
        self.order = Some((actor.clone(), command.clone()));
        let by = person(actor);
        match command {
            Command::Retry {
                step,
                changes: Some(changes),
                reason,
            } => self.changed.push(ChangedInputs {
                at,
                step: step.to_string(),
                by,
                reason: reason.clone(),
                inputs: changes.inputs.clone(),
                rest_of_run: changes.rest_of_run,
            }),
            Command::Note { step, text } => self.notes.push(Note {
                at,
                by,
                step: step.as_ref().map(ToString::to_string),
                text: text.clone(),
            }),
            Command::Pin {
                attempt,
                line,
                text,
            } => self.pins.push(Pin {
                at,
                by,
                step: attempt.step.to_string(),
                attempt: attempt.n,
                line: line + 1,
                text: text.clone(),
            }),
            _ => {}
        }
    }

    fn ended(
        &mut self,
        at: String,
        attempt: &AttemptId,
        ended: &Ended,
        last_lines: &mut dyn FnMut(&AttemptId) -> Vec<String>,
    ) {
        let failed = matches!(
            ended.outcome,
            Outcome::Failed | Outcome::TimedOut | Outcome::Unknown
        );
        if failed {
            self.failures.push(Failure {
                step: attempt.step.to_string(),
                attempt: attempt.n,
                at,
                outcome: ended.outcome,
                message: ended.message.clone(),
                last_lines: last_lines(attempt),
            });
        }
    }

    fn excepted(&mut self, at: String, step: &StepId, what: &'static str) {
        let (by, reason) = match &self.order {
            Some((actor, command)) => (Some(person(actor)), command.reason().to_owned()),
            None => (None, String::new()),
        };
        self.exceptions.push(Exception {
            at,
            step: step.to_string(),
            what,
            by,
            reason,
        });
    }
}

fn objectives(run: &Run, last: Timestamp) -> Objectives {
    let wanted = &run.workflow().objectives;
    let recovery = run.recovery_time(last);
    let rpo_actual = run
        .steps()
        .iter()
        .rev()
        .find_map(|s| span(s.outputs.get("rpo_actual")?));
    Objectives {
        rto_ms: wanted.rto.map(ms),
        rto_actual_ms: ms(recovery.spent),
        rto_reached: recovery.reached,
        rto_met: recovery.met(),
        clock_end: wanted.clock_end.as_ref().map(ToString::to_string),
        rpo_ms: wanted.rpo.map(ms),
        rpo_actual_ms: rpo_actual.map(ms),
        rpo_met: wanted.rpo.zip(rpo_actual).map(|(rpo, got)| got <= rpo),
    }
}

/// A span as a step may tell it: `42s`, or a number of seconds.
fn span(value: &Json) -> Option<Duration> {
    match value {
        Json::String(text) => match text.trim().parse::<f64>() {
            Ok(seconds) => Duration::try_from_secs_f64(seconds).ok(),
            Err(_) => parse_span(text).ok(),
        },
        other => Duration::try_from_secs_f64(other.as_f64()?).ok(),
    }
}

fn step(run: &Run, step: &StepRun) -> StepReport {
    let def = &run.workflow().steps[step.def];
    StepReport {
        id: step.id.to_string(),
        state: step.state.word().to_owned(),
        mood: Mood::of(step.state),
        why: why(step),
        danger: def.danger,
        expected_ms: def.expected.map(ms),
        took_ms: took(step),
        attempts: step.attempts.iter().map(attempt).collect(),
    }
}

/// From the start of the first attempt to the end of the last one.
pub(super) fn took(step: &StepRun) -> Option<u64> {
    let first = step.attempts.first().map(|a| a.started_at);
    let last = step.attempts.last().and_then(|a| a.ended_at);
    first.zip(last).map(|(from, to)| ms(to.since(from)))
}

fn attempt(attempt: &Attempt) -> AttemptReport {
    let ended = attempt.ended.as_ref();
    AttemptReport {
        n: attempt.n,
        started_at: attempt.started_at.rfc3339(),
        ended_at: attempt.ended_at.map(Timestamp::rfc3339),
        took_ms: attempt
            .ended_at
            .map(|end| ms(end.since(attempt.started_at))),
        outcome: ended.map(|e| e.outcome),
        exit_code: ended.and_then(|e| e.exit_code),
        message: ended.map_or_else(String::new, |e| e.message.clone()),
    }
}

/// Its own words, else those of its last attempt where it ended badly.
fn why(step: &StepRun) -> String {
    let last = step.attempts.last().and_then(|a| a.ended.as_ref());
    match last {
        Some(ended) if step.why.is_empty() && step.state.is_unresolved() => ended.message.clone(),
        _ => step.why.clone(),
    }
}

fn checklist(step: &StepId, items: &[Tick]) -> Checklist {
    let item = |tick: &Tick| Item {
        text: tick.text.clone(),
        required: tick.required,
        by: tick.done.as_ref().map(|(actor, _)| person(actor)),
        at: tick.done.as_ref().map(|(_, at)| at.rfc3339()),
        note: tick.note.clone(),
        value: tick.value.clone(),
    };
    Checklist {
        step: step.to_string(),
        items: items.iter().map(item).collect(),
    }
}

fn left_over(run: &Run) -> LeftOver {
    let mut left = LeftOver {
        not_undone: run
            .left_as_they_are()
            .iter()
            .map(ToString::to_string)
            .collect(),
        ..LeftOver::default()
    };
    for step in run.steps().iter().filter(|s| s.members.is_none()) {
        let told = (step.id.to_string(), why(step));
        match step.state {
            State::Unknown => left.unknown.push(told),
            state if state.is_unresolved() => left.unresolved.push(told),
            _ => {}
        }
        for attempt in &step.attempts {
            let processes = attempt.ended.iter().flat_map(|e| &e.leftovers);
            left.processes.extend(processes.map(|process| LeftProcess {
                step: step.id.to_string(),
                attempt: attempt.n,
                process: process.clone(),
            }));
        }
    }
    left
}

pub(super) fn ms(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}
