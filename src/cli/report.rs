//! `report`: a run as evidence, for people (Markdown, or HTML with pictures) and for programs (JSON).

use std::io::Write;
use std::path::Path;

use super::args::{ReportArgs, ReportFormat};
use super::exit::{Exit, Failure};
use super::out::{Out, create_new, talk};
use super::past::{self, Past};
use crate::config::Settings;
use crate::headless;
use crate::id::{AttemptId, RunId};
use crate::journal::Reader;

/// Lines of a failed attempt's log, and bytes of each, that go into a report.
const LAST_LINES: usize = 10;
const LINE_MAX: usize = 400;

pub(super) fn report(
    args: &ReportArgs,
    settings: &Settings,
    out: &mut Out,
) -> Result<Exit, Failure> {
    let (past, damage) = past::open_readable(settings, &args.run)?;
    let damage = damage.map(|error| error.to_string());
    if let Some(what) = &damage {
        talk(&format!(
            "flightdeck: {what}; the report ends before the damage"
        ));
    }
    let damaged = damage.is_some();
    let report = gathered(&past, damage)?;
    let text = match args.format {
        ReportFormat::Md => headless::markdown(&report),
        ReportFormat::Html => headless::html(&report),
        ReportFormat::Json => {
            let json = serde_json::to_string_pretty(&report);
            json.map_err(|e| Failure::storage(format!("cannot write the report as JSON: {e}")))?
                + "\n"
        }
    };
    match &args.output {
        Some(path) => write_new(path, &text)?,
        None => out.raw(text.as_bytes())?,
    }
    Ok(if damaged {
        Exit::JournalUnreadable
    } else {
        Exit::Succeeded
    })
}

/// The Markdown of a run that may still go on, for the screen.
pub(super) fn text(run: &RunId, settings: &Settings) -> Result<String, Failure> {
    let (past, damage) = past::open_readable(settings, run.as_str())?;
    let report = gathered(&past, damage.map(|error| error.to_string()))?;
    Ok(headless::markdown(&report))
}

fn gathered(past: &Past, damage: Option<String>) -> Result<headless::Report, Failure> {
    let mut lines = |attempt: &AttemptId| last_lines(past, attempt);
    let source = headless::Source {
        records: &past.records,
        head: past.head.clone(),
        damage,
        last_lines: &mut lines,
    };
    headless::gather(source)
        .map_err(|what| Failure::new(Exit::JournalUnreadable, format!("run {}: {what}", past.id)))
}

/// The end of an attempt's log, as far as it can be read: a report is written all the same without it.
fn last_lines(past: &Past, attempt: &AttemptId) -> Vec<String> {
    let Ok(mut log) = Reader::open(&past.dir.output_path(attempt)) else {
        return Vec::new();
    };
    let from = log.count().saturating_sub(LAST_LINES as u64);
    let lines = log.lines(from, LAST_LINES, LINE_MAX).unwrap_or_default();
    let text = |line: &crate::journal::Line| {
        let more = if line.cut { "…" } else { "" };
        format!("{}{more}", String::from_utf8_lossy(&line.bytes))
    };
    lines.iter().map(text).collect()
}

fn write_new(path: &Path, text: &str) -> Result<(), Failure> {
    let written = create_new(path)?.write_all(text.as_bytes());
    written.map_err(|e| Failure::storage(format!("cannot write {}: {e}", path.display())))
}
