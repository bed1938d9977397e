//! `list`: the runs of this user, newest first.

use serde_json::{Value as Json, json};

use super::args::ListArgs;
use super::exit::{Exit, Failure};
use super::out::{Out, talk};
use super::past;
use crate::config::Settings;
use crate::journal::Summary;
use crate::time::clock_span;

pub(super) fn list(args: &ListArgs, settings: &Settings, out: &mut Out) -> Result<Exit, Failure> {
    let shelf = past::shelf(settings)?;
    let dirs = shelf
        .list()
        .map_err(|error| Failure::storage(format!("cannot read the runs: {error}")))?;
    let mut found = Vec::new();
    for dir in dirs {
        match dir.summary() {
            Ok(summary) if wanted(&summary, args) => found.push(summary),
            Ok(_) => {}
            // One damaged run must not hide the others.
            Err(error) => talk(&format!("flightdeck: run {}: {error}", dir.id())),
        }
    }
    if args.json {
        out.json(&found.iter().map(line).collect())?;
    } else {
        table(&found, out)?;
    }
    Ok(Exit::Succeeded)
}

fn wanted(summary: &Summary, args: &ListArgs) -> bool {
    let same = |a: &str, b: &str| a.eq_ignore_ascii_case(b);
    let workflow = args
        .workflow
        .as_ref()
        .is_none_or(|w| *w == summary.workflow);
    let state = args
        .state
        .as_ref()
        .is_none_or(|s| same(s, &summary.shown) || same(s, &phase(summary)));
    workflow && state
}

fn phase(summary: &Summary) -> String {
    match json!(summary.phase) {
        Json::String(word) => word,
        _ => String::new(),
    }
}

fn line(summary: &Summary) -> Json {
    json!({
        "id": summary.id,
        "workflow": summary.workflow,
        "phase": summary.phase,
        "shown": summary.shown,
        "why": summary.why,
        "started_at": summary.started_at.rfc3339(),
        "ended_at": summary.ended_at.map(crate::time::Timestamp::rfc3339),
    })
}

fn table(found: &[Summary], out: &mut Out) -> Result<(), Failure> {
    if found.is_empty() {
        talk("no runs; `flightdeck run quickstart` makes one");
        return Ok(());
    }
    let width = |f: fn(&Summary) -> &str| found.iter().map(|s| f(s).chars().count()).max();
    let id = width(|s| s.id.as_str()).unwrap_or(0);
    let workflow = width(|s| &s.workflow).unwrap_or(0).min(40);
    let shown = width(|s| &s.shown).unwrap_or(0);
    for s in found {
        let started = s.started_at.rfc3339();
        let started = started
            .split('.')
            .next()
            .unwrap_or_default()
            .replace('T', " ");
        let took = match s.ended_at {
            Some(ended) => clock_span(ended.since(s.started_at)),
            None => "-".to_owned(),
        };
        let row = format!(
            "{:id$}  {:workflow$}  {:shown$}  {started}Z  {took:>8}  {}",
            s.id, s.workflow, s.shown, s.why
        );
        out.line(row.trim_end())?;
    }
    Ok(())
}
