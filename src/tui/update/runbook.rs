//! Lays out the runbook of the selected step: what its author wrote, what will run, what was ticked and noted.

use crate::run::{Ask, AuditEntry, Command, Tick};
use crate::tui::markdown::{Face, Row, code, rows, wrap};
use crate::tui::model::{Model, Runbook};
use crate::workflow::Action;

/// Notes that are shown; older ones stand in the audit.
const NOTES: usize = 20;

/// Brings the runbook in line with the selection.
pub(super) fn sync(model: &mut Model, width: u16) {
    let of = (model.selected, model.run.seq(), width);
    if model.runbook.of == Some(of) {
        return;
    }
    let same = model.runbook.of.is_some_and(|(step, ..)| step == of.0);
    let top = if same { model.runbook.top } else { 0 };
    let rows = book(model, usize::from(width).saturating_sub(2));
    model.runbook = Runbook {
        of: Some(of),
        top: top.min(rows.len().saturating_sub(1)),
        rows,
    };
}

fn book(model: &Model, width: usize) -> Vec<Row> {
    let mut out = Vec::new();
    let mut part = |title: &str, rows: Vec<Row>| {
        if rows.is_empty() {
            return;
        }
        if !out.is_empty() {
            out.push(Row::new());
        }
        if !title.is_empty() {
            out.push(vec![(Face::Heading, title.to_owned())]);
        }
        out.extend(rows);
    };
    if let (Some(step), Some(def)) = (model.step(), model.def(model.selected)) {
        let name = (def.name != step.id.as_str()).then_some(def.name.as_str());
        part(name.unwrap_or_default(), rows(&def.description, width));
        match &step.ask {
            Some(Ask::Checklist { items }) => part("Checklist", checklist(model, items, width)),
            Some(Ask::Approval { message, .. }) => part("Asks", rows(message, width)),
            _ => {}
        }
        if let (Action::Checklist(list), None) = (&def.action, &step.ask) {
            let item = |text: &str| Tick {
                text: text.to_owned(),
                required: true,
                link: None,
                input: None,
                done: None,
                note: String::new(),
                value: None,
            };
            let items = list.items.iter().map(|i| item(i.text.source()));
            let items: Vec<Tick> = items.collect();
            part("Checklist", checklist(model, &items, width));
        }
        if let Action::Work(_) = def.action {
            let command = model.command_text();
            let lines = command.lines().flat_map(|line| code(line, width));
            part(
                "Will run (y copies it; secrets are masked)",
                lines.collect(),
            );
        }
    }
    part("Notes", notes(model, width));
    let workflow = model.run.workflow();
    let labels = workflow.labels.iter();
    let labels: Vec<String> = labels
        .map(|(key, value)| format!("{key}: {value}"))
        .collect();
    let mut about = rows(&workflow.description, width);
    about.extend(wrap(&[(Face::Muted, labels.join("   "))], "", width));
    part(&format!("About {}", workflow.name), about);
    out
}

fn checklist(model: &Model, items: &[Tick], width: usize) -> Vec<Row> {
    let mut out = Vec::new();
    for (n, item) in items.iter().enumerate() {
        let last = model.ticks().filter(|(at, ..)| *at == n).last();
        let ticked = last.filter(|(_, done, _)| *done).map(|(.., who)| who);
        let mark = if ticked.is_some() { "[x]" } else { "[ ]" };
        let lead = format!("{mark} {} ", n + 1);
        let mut text = vec![(Face::Plain, item.text.clone())];
        if let Some(input) = &item.input {
            text.push((Face::Muted, format!(" (asks for {input})")));
        }
        if !item.required {
            text.push((Face::Muted, " (may be left)".into()));
        }
        out.extend(wrap(&text, &lead, width));
        let more = [ticked, item.link.clone(), Some(item.note.clone())];
        let more = more.into_iter().flatten().filter(|text| !text.is_empty());
        for text in more {
            out.extend(wrap(&[(Face::Muted, text)], "      ", width));
        }
    }
    out
}

/// Notes on the step and on the run, and lines of its log that were pinned; the newest last.
fn notes(model: &Model, width: usize) -> Vec<Row> {
    let id = model.step().map(|step| &step.id);
    let text = |entry: &AuditEntry| match entry.command.as_ref()? {
        Command::Note { step, text } if step.is_none() || step.as_ref() == id => Some(text.clone()),
        Command::Pin {
            attempt,
            line,
            text,
        } if Some(&attempt.step) == id => Some(format!("line {} of the log: {text}", line + 1)),
        _ => None,
    };
    let entries = model.run.audit().iter();
    let notes = entries.filter_map(|entry| Some((entry, text(entry)?)));
    let notes: Vec<(&AuditEntry, String)> = notes.collect();
    let shown = &notes[notes.len().saturating_sub(NOTES)..];
    let row = |(entry, text): &(&AuditEntry, String)| {
        let who = entry
            .actor
            .as_ref()
            .map_or("flightdeck", |actor| actor.name.as_str());
        let lead = format!("{} {who}: ", entry.at.clock());
        wrap(&[(Face::Plain, text.clone())], &lead, width)
    };
    shown.iter().flat_map(row).collect()
}
