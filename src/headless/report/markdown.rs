//! The report as Markdown that can be pasted into an incident as it is. Nothing that was recorded can forge a heading, a row
//! or a link: every text is made harmless, and stands escaped in a cell, a list item or an indented block.

use std::fmt::{Display, Write as _};
use std::time::Duration;

use super::shape::{Entry, Failure, Person, Report, StepReport};
use crate::headless::words::phase_word;
use crate::run::{Kind, Outcome};
use crate::text::Clean;
use crate::time::clock_span;

/// The whole report.
pub fn markdown(report: &Report) -> String {
    let mut page = Page::default();
    head(report, &mut page);
    left_over(report, &mut page);
    exceptions(report, &mut page);
    failures(report, &mut page);
    answers(report, &mut page);
    timeline(&report.timeline, &mut page);
    steps(&report.steps, &mut page);
    remarks(report, &mut page);
    page.0
}

#[derive(Default)]
struct Page(String);

impl Page {
    fn line(&mut self, text: impl Display) {
        let _ = writeln!(self.0, "{text}");
    }

    fn title(&mut self, title: &str) {
        let _ = write!(self.0, "\n## {title}\n\n");
    }

    /// Cells must be escaped already.
    fn row(&mut self, cells: &[&str]) {
        let _ = writeln!(self.0, "| {} |", cells.join(" | "));
    }

    fn table(&mut self, columns: &[&str]) {
        self.row(columns);
        self.row(&vec!["---"; columns.len()]);
    }
}

/// Harmless, and without meaning to Markdown.
fn plain(text: &str) -> String {
    let clean = Clean::line(text);
    let mut out = String::with_capacity(clean.as_str().len());
    for c in clean.as_str().chars() {
        if matches!(
            c,
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '#' | '~' | '&' | '!' | '$'
        ) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

fn by(person: Option<&Person>) -> String {
    match person {
        Some(person) if person.at.is_empty() => plain(&person.name),
        Some(person) => plain(&format!("{} ({})", person.name, person.at)),
        None => String::new(),
    }
}

fn span(ms: u64) -> String {
    clock_span(Duration::from_millis(ms))
}

fn or_dash(ms: Option<u64>) -> String {
    ms.map_or_else(|| "-".to_owned(), span)
}

fn head(report: &Report, page: &mut Page) {
    page.line(format_args!(
        "# {}: {}\n",
        plain(&report.workflow),
        phase_word(report.phase)
    ));
    page.table(&["run", &format!("`{}`", report.run)]);
    let kind = match report.kind {
        Some(Kind::Live) | None => "live",
        Some(Kind::Drill) => "**drill**: an exercise",
        Some(Kind::Dry) => "**dry**: nothing was touched",
    };
    page.row(&["kind", kind]);
    page.row(&[
        "started",
        &format!("{} by {}", report.started_at, by(Some(&report.started_by))),
    ]);
    let ended = match &report.ended_at {
        Some(at) => format!("{at}, took {}", span(report.took_ms)),
        None => format!("**not yet**, {} so far", span(report.took_ms)),
    };
    page.row(&["ended", &ended]);
    objectives(report, page);
    for (name, value) in &report.params {
        let value = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        page.row(&[&format!("param {}", plain(name)), &plain(&value)]);
    }
    page.row(&[
        "workflow",
        &format!("{}, sha256 `{}`", plain(&report.file), report.digest),
    ]);
    let journal = &report.journal;
    let damage = match &journal.damage {
        Some(damage) => format!("; **damaged behind that: {}**", plain(damage)),
        None => String::new(),
    };
    page.row(&[
        "journal",
        &format!(
            "{} records, head of the chain `{}`{damage}",
            journal.records, journal.head
        ),
    ]);
    page.row(&["flightdeck", &plain(&report.version)]);
}

fn objectives(report: &Report, page: &mut Page) {
    let found = &report.objectives;
    let met = |met: Option<bool>| match met {
        Some(true) => ", met",
        Some(false) => ", **missed**",
        None => ", open",
    };
    if let Some(rto) = found.rto_ms {
        let until = found.clock_end.as_ref();
        let until = until.map_or_else(String::new, |step| format!(" until `{step}` succeeded"));
        let so_far = match (found.rto_reached, &report.ended_at) {
            (true, _) => "",
            (false, None) => " so far",
            (false, Some(_)) => ", never reached,",
        };
        let actual = span(found.rto_actual_ms);
        let text = format!(
            "{actual}{so_far} of {}{until}{}",
            span(rto),
            met(found.rto_met)
        );
        page.row(&["RTO", &text]);
    }
    if let Some(rpo) = found.rpo_ms {
        let text = match found.rpo_actual_ms {
            Some(actual) => format!("{} of {}{}", span(actual), span(rpo), met(found.rpo_met)),
            None => format!("of {}; no step told `rpo_actual`", span(rpo)),
        };
        page.row(&["RPO", &text]);
    }
}

fn left_over(report: &Report, page: &mut Page) {
    let left = &report.left_over;
    let steps = left.unknown.len() + left.unresolved.len() + left.not_undone.len();
    if steps == 0 && left.processes.is_empty() {
        return;
    }
    page.title("Left over");
    for (step, why) in &left.unknown {
        page.line(format_args!(
            "- `{step}`: **whether it took effect is not known**: {}",
            plain(why)
        ));
    }
    for (step, why) in &left.unresolved {
        page.line(format_args!("- `{step}`: not resolved: {}", plain(why)));
    }
    for step in &left.not_undone {
        page.line(format_args!("- `{step}`: not undone by the roll back"));
    }
    for left in &report.left_over.processes {
        page.line(format_args!(
            "- `{}` attempt {} left process {} behind: {}",
            left.step,
            left.attempt,
            left.process.pid,
            plain(&left.process.command)
        ));
    }
}

fn exceptions(report: &Report, page: &mut Page) {
    if !report.exceptions.is_empty() {
        page.title("Exceptions");
        page.table(&["UTC", "step", "what", "by", "why"]);
        for found in &report.exceptions {
            let who = found.by.as_ref();
            let who = who.map_or_else(|| "the workflow".to_owned(), |p| by(Some(p)));
            page.row(&[
                clock(&found.at),
                &format!("`{}`", found.step),
                found.what,
                &who,
                &plain(&found.reason),
            ]);
        }
    }
    if !report.changed_inputs.is_empty() {
        page.title("Changed inputs");
        page.table(&["UTC", "step", "input", "became", "by", "why"]);
        for change in &report.changed_inputs {
            for (path, value) in &change.inputs {
                page.row(&[
                    clock(&change.at),
                    &format!("`{}`", change.step),
                    &plain(path),
                    &plain(value),
                    &by(Some(&change.by)),
                    &plain(&change.reason),
                ]);
            }
        }
    }
}

fn failures(report: &Report, page: &mut Page) {
    if report.failures.is_empty() {
        return;
    }
    page.title("Failures");
    for failure in &report.failures {
        one_failure(failure, page);
    }
}

fn one_failure(failure: &Failure, page: &mut Page) {
    let outcome = match failure.outcome {
        Outcome::TimedOut => "timed out",
        Outcome::Unknown => "outcome unknown",
        _ => "failed",
    };
    page.line(format_args!(
        "- {} `{}` attempt {} {outcome}: {}",
        clock(&failure.at),
        failure.step,
        failure.attempt,
        plain(&failure.message)
    ));
    if failure.last_lines.is_empty() {
        return;
    }
    page.line("");
    for line in &failure.last_lines {
        // Indented below its item, it is code whatever it says.
        page.line(format_args!("      {}", Clean::line(line)));
    }
    page.line("");
}

fn answers(report: &Report, page: &mut Page) {
    if !report.approvals.is_empty() {
        page.title("Approvals");
        page.table(&["UTC", "step", "was asked", "vote", "by", "said"]);
        for asked in &report.approvals {
            for vote in &asked.votes {
                let mut said = vote.note.clone();
                for (name, value) in &vote.form {
                    let _ = write!(said, " {name}={value}");
                }
                let way = if vote.approve { "approved" } else { "rejected" };
                let revoked = if vote.revoked { ", taken back" } else { "" };
                page.row(&[
                    clock(&vote.at),
                    &format!("`{}`", asked.step),
                    &plain(&asked.message),
                    &format!("{way}{revoked} (of {} needed)", asked.needed),
                    &by(Some(&vote.by)),
                    &plain(&said),
                ]);
            }
        }
    }
    if !report.checklists.is_empty() {
        page.title("Checklists");
        for list in &report.checklists {
            for item in &list.items {
                let (mark, who) = match (&item.by, &item.at) {
                    (Some(person), Some(at)) => {
                        ("x", format!(", {} {}", clock(at), by(Some(person))))
                    }
                    _ => (" ", String::new()),
                };
                let value = item.value.as_ref().map(|v| format!(" = {v}"));
                let said = format!("{}{}", value.unwrap_or_default(), said(&item.note));
                page.line(format_args!(
                    "- [{mark}] `{}` {}{who}{}",
                    list.step,
                    plain(&item.text),
                    plain(&said)
                ));
            }
        }
    }
}

fn said(note: &str) -> String {
    if note.is_empty() {
        String::new()
    } else {
        format!(": {note}")
    }
}

fn timeline(entries: &[Entry], page: &mut Page) {
    page.title("Timeline");
    page.table(&["UTC", "who", "what"]);
    for entry in entries {
        let change = match (&entry.before, &entry.after) {
            (Some(before), Some(after)) => format!(" ({before} → {after})"),
            _ => String::new(),
        };
        page.row(&[
            clock(&entry.at),
            &by(entry.by.as_ref()),
            &plain(&format!("{}{change}", entry.what)),
        ]);
    }
}

fn steps(steps: &[StepReport], page: &mut Page) {
    page.title("Steps");
    page.table(&["step", "state", "started", "took", "expected", "tries", ""]);
    for step in steps {
        let started = step.attempts.first().map(|a| clock(&a.started_at));
        let danger = if step.danger { "**danger** " } else { "" };
        page.row(&[
            &format!("`{}`", step.id),
            &step.state,
            started.unwrap_or("-"),
            &or_dash(step.took_ms),
            &or_dash(step.expected_ms),
            &step.attempts.len().to_string(),
            &format!("{danger}{}", plain(&step.why)),
        ]);
    }
}

fn remarks(report: &Report, page: &mut Page) {
    if !report.notes.is_empty() {
        page.title("Notes");
        for note in &report.notes {
            let step = note.step.as_ref();
            let step = step.map_or_else(String::new, |step| format!(" `{step}`"));
            page.line(format_args!(
                "- {} {}{step}: {}",
                clock(&note.at),
                by(Some(&note.by)),
                plain(&note.text)
            ));
        }
    }
    if !report.pins.is_empty() {
        page.title("Pinned log lines");
        for pin in &report.pins {
            page.line(format_args!(
                "- `{}` attempt {} line {}, pinned {} by {}:\n",
                pin.step,
                pin.attempt,
                pin.line,
                clock(&pin.at),
                by(Some(&pin.by))
            ));
            page.line(format_args!("      {}\n", Clean::line(&pin.text)));
        }
    }
}

/// `2026-11-24T10:02:03.004Z` → `10:02:03`; the day stands at the top.
fn clock(at: &str) -> &str {
    at.get(11..19).unwrap_or(at)
}
