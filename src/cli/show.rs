//! `show`: one run, live or over, as its journal tells it.

use serde_json::{Map, Value as Json, json};

use super::args::ShowArgs;
use super::exit::{Exit, Failure};
use super::out::Out;
use super::past::{self, Past};
use super::preflight;
use crate::config::Settings;
use crate::headless;
use crate::run::{Attempt, Run, StepRun, Why};
use crate::text::escape_json;
use crate::time::{Timestamp, clock_span};

pub(super) fn show(args: &ShowArgs, settings: &Settings, out: &mut Out) -> Result<Exit, Failure> {
    let past = past::open(settings, &args.run)?;
    if args.events {
        for recorded in &past.records {
            let line = headless::line(&past.id, recorded).to_string();
            out.raw(format!("{}\n", escape_json(&line)).as_bytes())?;
        }
    } else if args.json {
        out.json(&object(&past))?;
    } else {
        text(&past, out)?;
    }
    Ok(Exit::Succeeded)
}

fn object(past: &Past) -> Json {
    let run = &past.run;
    let started = run.started();
    json!({
        "id": past.id,
        "workflow": started.map(|s| &s.workflow),
        "digest": started.map(|s| &s.digest),
        "phase": run.phase(),
        "shown": shown(past),
        "queued": run.queued(),
        "paused": run.paused().is_some(),
        "kind": started.map(|s| s.kind),
        "like": started.and_then(|s| s.like.as_ref()),
        "started_at": run.started_at().rfc3339(),
        "ended_at": run.ended_at().map(Timestamp::rfc3339),
        "params": started.map(|s| &s.params),
        "preflight": preflight::objects(run),
        "steps": run.steps().iter().enumerate().map(|(i, s)| step(run, i, s)).collect::<Vec<_>>(),
    })
}

fn step(run: &Run, index: usize, step: &StepRun) -> Json {
    let attempts: Vec<Json> = step.attempts.iter().map(attempt).collect();
    json!({
        "id": step.id,
        "state": run.state(index).word(),
        "why": why(run, index, step),
        "attempts": attempts,
        "outputs": step.outputs.iter().map(|(k, v)| (k.clone(), v.clone())).collect::<Map<_, _>>(),
    })
}

pub(super) fn attempt(attempt: &Attempt) -> Json {
    let ended = attempt.ended.as_ref();
    json!({
        "n": attempt.n,
        "started_at": attempt.started_at.rfc3339(),
        "ended_at": attempt.ended_at.map(Timestamp::rfc3339),
        "outcome": ended.map(|e| e.outcome),
        "exit_code": ended.and_then(|e| e.exit_code),
    })
}

/// As `list` says it: `unattended` if no engine drives a run that has not ended.
fn shown(past: &Past) -> String {
    past.dir.summary().map_or_else(
        |_| headless::phase_word(past.run.phase()).to_owned(),
        |s| s.shown,
    )
}

fn why(run: &Run, index: usize, step: &StepRun) -> String {
    match run.why(index) {
        Why::NotWaiting => {
            let last = step.attempts.last().and_then(|a| a.ended.as_ref());
            match last {
                Some(ended) if step.why.is_empty() && step.state.is_unresolved() => {
                    ended.message.clone()
                }
                _ => step.why.clone(),
            }
        }
        why => why.to_string(),
    }
}

fn text(past: &Past, out: &mut Out) -> Result<(), Failure> {
    let run = &past.run;
    let Some(started) = run.started() else {
        return Ok(());
    };
    out.line(format!(
        "{}  {}  {}",
        past.id,
        started.workflow,
        shown(past)
    ))?;
    let ended = match run.ended_at() {
        Some(ended) => format!(", took {}", clock_span(ended.since(run.started_at()))),
        None => String::new(),
    };
    out.line(format!(
        "started {} by {} ({}){ended}",
        run.started_at(),
        started.actor.name,
        started.actor.at
    ))?;
    out.line(format!(
        "file    {}  {}",
        started.file,
        &started.digest.get(..12).unwrap_or_default()
    ))?;
    if let Some(like) = &started.like {
        out.line(format!("like    {like}"))?;
    }
    for (name, value) in &started.params {
        out.line(format!("param   {name} = {value}"))?;
    }
    if let Some(why) = run.queued() {
        out.line(format!("queued  {why}"))?;
    }
    if let Some((actor, at)) = run.paused() {
        out.line(format!("paused  by {} at {at}", actor.name))?;
    }
    out.line("")?;
    preflight::rows(run, out)?;
    let width = run
        .steps()
        .iter()
        .map(|s| s.id.as_str().len())
        .max()
        .unwrap_or(0);
    let plan = run
        .steps()
        .iter()
        .enumerate()
        .filter(|(_, s)| s.group.is_none());
    for (i, _) in plan {
        row(run, i, width, out)?;
        // Members stand under their step, whenever they became known.
        for member in run.fanned_out(i) {
            row(run, *member, width, out)?;
        }
    }
    audit(run, out)
}

fn row(run: &Run, index: usize, width: usize, out: &mut Out) -> Result<(), Failure> {
    let step = &run.steps()[index];
    let tries = match step.attempts.len() {
        0 | 1 => String::new(),
        n => format!("  {n} attempts"),
    };
    let why = why(run, index, step);
    let why = if why.is_empty() {
        why
    } else {
        format!("  {why}")
    };
    let state = run.state(index).word();
    out.line(format!(
        "{state:<9} {:width$}{}{tries}{why}",
        step.id,
        took(step)
    ))
}

fn took(step: &StepRun) -> String {
    let spans = step
        .attempts
        .last()
        .and_then(|a| Some(a.ended_at?.since(a.started_at)));
    spans.map_or_else(String::new, |span| format!("  {}", clock_span(span)))
}

fn audit(run: &Run, out: &mut Out) -> Result<(), Failure> {
    if run.audit().is_empty() {
        return Ok(());
    }
    out.line("")?;
    for entry in run.audit() {
        let who = entry
            .actor
            .as_ref()
            .map_or("flightdeck", |a| a.name.as_str());
        out.line(format!("{}  {who}: {}", entry.at.clock(), entry.text))?;
    }
    Ok(())
}
