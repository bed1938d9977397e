//! The report as a document, before it is Markdown or HTML: what it says, in which order, in which words. Whoever writes it down
//! makes it harmless; `Bit` says of each text whose it is.

use std::fmt::Write as _;
use std::time::Duration;

use super::shape::{Entry, Failure, Person, Report, StepReport};
use crate::headless::words::phase_word;
use crate::picture::Mood;
use crate::run::{Kind, Outcome};
use crate::time::clock_span;

pub(super) enum Block {
    Heading(Text),
    Title(&'static str),
    Facts(Vec<(Text, Text)>),
    Table(&'static [&'static str], Vec<Vec<Text>>),
    List(Vec<Item>),
    /// Where the pictures of the run stand, if the form has any.
    Gantt,
    Graph,
}

#[derive(Default)]
pub(super) struct Item {
    /// Of a checklist: whether it was ticked.
    pub(super) ticked: Option<bool>,
    pub(super) text: Text,
    /// Recorded lines below it.
    pub(super) lines: Vec<String>,
}

pub(super) enum Bit {
    /// The report's own words, and what it has checked: ids, times, hashes.
    Own(String),
    /// The same, to be noticed.
    Strong(String),
    /// An id or a hash.
    Code(String),
    /// Whatever somebody, or something, has said.
    Said(String),
    /// How a step stands.
    State(Mood, String),
}

/// A piece of text on one line.
#[derive(Default)]
pub(super) struct Text(pub(super) Vec<Bit>);

impl Text {
    fn own(self, text: impl Into<String>) -> Self {
        self.with(Bit::Own(text.into()))
    }

    fn strong(self, text: impl Into<String>) -> Self {
        self.with(Bit::Strong(text.into()))
    }

    fn code(self, text: impl Into<String>) -> Self {
        self.with(Bit::Code(text.into()))
    }

    fn said(self, text: impl Into<String>) -> Self {
        self.with(Bit::Said(text.into()))
    }

    fn by(self, person: &Person) -> Self {
        self.said(if person.at.is_empty() {
            person.name.clone()
        } else {
            format!("{} ({})", person.name, person.at)
        })
    }

    fn with(mut self, bit: Bit) -> Self {
        self.0.push(bit);
        self
    }
}

fn own(text: impl Into<String>) -> Text {
    Text::default().own(text)
}

fn code(text: impl Into<String>) -> Text {
    Text::default().code(text)
}

fn said(text: impl Into<String>) -> Text {
    Text::default().said(text)
}

fn by(person: &Person) -> Text {
    Text::default().by(person)
}

fn span(ms: u64) -> String {
    clock_span(Duration::from_millis(ms))
}

/// The whole report.
pub(super) fn document(report: &Report) -> Vec<Block> {
    let heading = said(&report.workflow)
        .own(": ")
        .own(phase_word(report.phase));
    let mut blocks = vec![Block::Heading(heading), Block::Facts(facts(report))];
    blocks.push(Block::Gantt);
    left_over(report, &mut blocks);
    exceptions(report, &mut blocks);
    if !report.failures.is_empty() {
        blocks.push(Block::Title("Failures"));
        blocks.push(Block::List(report.failures.iter().map(failure).collect()));
    }
    answers(report, &mut blocks);
    blocks.push(Block::Title("Timeline"));
    let entries = report.timeline.iter().map(entry).collect();
    blocks.push(Block::Table(&["UTC", "who", "what"], entries));
    blocks.push(Block::Title("Steps"));
    blocks.push(Block::Table(
        &["step", "state", "started", "took", "expected", "tries", ""],
        report.steps.iter().map(step).collect(),
    ));
    blocks.push(Block::Graph);
    remarks(report, &mut blocks);
    blocks
}

fn facts(report: &Report) -> Vec<(Text, Text)> {
    let mut facts = vec![(own("run"), code(&report.run))];
    let mut fact = |name: &str, text: Text| facts.push((own(name), text));
    fact(
        "kind",
        match report.kind {
            Some(Kind::Live) | None => own("live"),
            Some(Kind::Drill) => Text::default().strong("drill").own(": an exercise"),
            Some(Kind::Dry) => Text::default().strong("dry").own(": nothing was touched"),
        },
    );
    let started = own(&report.started_at).own(" by ").by(&report.started_by);
    fact("started", started);
    let took = span(report.took_ms);
    let ended = report.ended_at.as_ref().map_or_else(
        || {
            let so_far = format!(", {took} so far");
            Text::default().strong("not yet").own(so_far)
        },
        |at| own(format!("{at}, took {took}")),
    );
    fact("ended", ended);
    objectives(report, &mut fact);
    for (name, value) in &report.params {
        let text = value.as_str().map(str::to_owned);
        let text = text.unwrap_or_else(|| value.to_string());
        facts.push((own("param ").said(name), said(text)));
    }
    let mut fact = |name: &str, text: Text| facts.push((own(name), text));
    let workflow = said(&report.file).own(", sha256 ").code(&report.digest);
    fact("workflow", workflow);
    let journal = &report.journal;
    let mut told = own(format!("{} records, head of the chain ", journal.records));
    told = told.code(&journal.head);
    if let Some(damage) = &journal.damage {
        told = told
            .own("; ")
            .strong(format!("damaged behind that: {damage}"));
    }
    fact("journal", told);
    fact("flightdeck", said(&report.version));
    facts
}

fn objectives(report: &Report, fact: &mut impl FnMut(&str, Text)) {
    let found = &report.objectives;
    let met = |text: Text, met: Option<bool>| match met {
        Some(true) => text.own(", met"),
        Some(false) => text.own(", ").strong("missed"),
        None => text.own(", open"),
    };
    if let Some(rto) = found.rto_ms {
        let so_far = match (found.rto_reached, &report.ended_at) {
            (true, _) => "",
            (false, None) => " so far",
            (false, Some(_)) => ", never reached,",
        };
        let actual = span(found.rto_actual_ms);
        let mut text = own(format!("{actual}{so_far} of {}", span(rto)));
        if let Some(step) = &found.clock_end {
            text = text.own(" until ").code(step).own(" succeeded");
        }
        fact("RTO", met(text, found.rto_met));
    }
    if let Some(rpo) = found.rpo_ms {
        let text = match found.rpo_actual_ms {
            Some(actual) => met(
                own(format!("{} of {}", span(actual), span(rpo))),
                found.rpo_met,
            ),
            None => own(format!("of {}; no step told ", span(rpo))).code("rpo_actual"),
        };
        fact("RPO", text);
    }
}

fn left_over(report: &Report, blocks: &mut Vec<Block>) {
    let left = &report.left_over;
    let mut items = Vec::new();
    let mut item = |text: Text| {
        items.push(Item {
            text,
            ..Item::default()
        });
    };
    for (step, why) in &left.unknown {
        let text = code(step)
            .own(": ")
            .strong("whether it took effect is not known");
        item(text.own(": ").said(why));
    }
    for (step, why) in &left.unresolved {
        item(code(step).own(": not resolved: ").said(why));
    }
    for step in &left.not_undone {
        item(code(step).own(": not undone by the roll back"));
    }
    for left in &left.processes {
        let (attempt, pid) = (left.attempt, left.process.pid);
        let what = format!(" attempt {attempt} left process {pid} behind: ");
        item(code(&left.step).own(what).said(&left.process.command));
    }
    if !items.is_empty() {
        blocks.push(Block::Title("Left over"));
        blocks.push(Block::List(items));
    }
}

fn exceptions(report: &Report, blocks: &mut Vec<Block>) {
    if !report.exceptions.is_empty() {
        blocks.push(Block::Title("Exceptions"));
        let row = |found: &super::shape::Exception| {
            let who = found.by.as_ref();
            vec![
                own(clock(&found.at)),
                code(&found.step),
                own(found.what),
                who.map_or_else(|| own("the workflow"), by),
                said(&found.reason),
            ]
        };
        let rows = report.exceptions.iter().map(row).collect();
        blocks.push(Block::Table(&["UTC", "step", "what", "by", "why"], rows));
    }
    if !report.changed_inputs.is_empty() {
        blocks.push(Block::Title("Changed inputs"));
        let mut rows = Vec::new();
        for change in &report.changed_inputs {
            rows.extend(change.inputs.iter().map(|(path, value)| {
                vec![
                    own(clock(&change.at)),
                    code(&change.step),
                    said(path),
                    said(value),
                    by(&change.by),
                    said(&change.reason),
                ]
            }));
        }
        let columns = &["UTC", "step", "input", "became", "by", "why"];
        blocks.push(Block::Table(columns, rows));
    }
}

fn failure(failure: &Failure) -> Item {
    let outcome = match failure.outcome {
        Outcome::TimedOut => "timed out",
        Outcome::Unknown => "outcome unknown",
        _ => "failed",
    };
    let text = own(format!("{} ", clock(&failure.at)))
        .code(&failure.step)
        .own(format!(" attempt {} {outcome}: ", failure.attempt))
        .said(&failure.message);
    Item {
        text,
        lines: failure.last_lines.clone(),
        ticked: None,
    }
}

fn answers(report: &Report, blocks: &mut Vec<Block>) {
    if !report.approvals.is_empty() {
        blocks.push(Block::Title("Approvals"));
        let rows = report.approvals.iter().flat_map(|asked| {
            asked.votes.iter().map(|vote| {
                let mut answer = vote.note.clone();
                for (name, value) in &vote.form {
                    let _ = write!(answer, " {name}={value}");
                }
                let way = if vote.approve { "approved" } else { "rejected" };
                let revoked = if vote.revoked { ", taken back" } else { "" };
                vec![
                    own(clock(&vote.at)),
                    code(&asked.step),
                    said(&asked.message),
                    own(format!("{way}{revoked} (of {} needed)", asked.needed)),
                    by(&vote.by),
                    said(answer),
                ]
            })
        });
        let columns = &["UTC", "step", "was asked", "vote", "by", "said"];
        blocks.push(Block::Table(columns, rows.collect()));
    }
    if !report.checklists.is_empty() {
        blocks.push(Block::Title("Checklists"));
        let lists = report.checklists.iter();
        let items = lists.flat_map(|list| list.items.iter().map(|item| ticked(&list.step, item)));
        blocks.push(Block::List(items.collect()));
    }
}

fn ticked(step: &str, item: &super::shape::Item) -> Item {
    let mut text = code(step).own(" ").said(&item.text);
    let who = item.by.as_ref().zip(item.at.as_ref());
    if let Some((person, at)) = who {
        text = text.own(format!(", {} ", clock(at))).by(person);
    }
    if let Some(value) = &item.value {
        text = text.said(format!(" = {value}"));
    }
    if !item.note.is_empty() {
        text = text.said(format!(": {}", item.note));
    }
    Item {
        ticked: Some(who.is_some()),
        text,
        lines: Vec::new(),
    }
}

fn entry(entry: &Entry) -> Vec<Text> {
    let change = match (&entry.before, &entry.after) {
        (Some(before), Some(after)) => format!(" ({before} → {after})"),
        _ => String::new(),
    };
    vec![
        own(clock(&entry.at)),
        entry.by.as_ref().map_or_else(Text::default, by),
        said(format!("{}{change}", entry.what)),
    ]
}

fn step(step: &StepReport) -> Vec<Text> {
    let started = step.attempts.first().map(|a| clock(&a.started_at));
    let or_dash = |ms: Option<u64>| own(ms.map_or_else(|| "-".to_owned(), span));
    let mut remark = Text::default();
    if step.danger {
        remark = remark.strong("danger").own(" ");
    }
    vec![
        code(&step.id),
        Text::default().with(Bit::State(step.mood, step.state.clone())),
        own(started.unwrap_or("-")),
        or_dash(step.took_ms),
        or_dash(step.expected_ms),
        own(step.attempts.len().to_string()),
        remark.said(&step.why),
    ]
}

fn remarks(report: &Report, blocks: &mut Vec<Block>) {
    if !report.notes.is_empty() {
        blocks.push(Block::Title("Notes"));
        let note = |note: &super::shape::Note| {
            let mut text = own(format!("{} ", clock(&note.at))).by(&note.by);
            if let Some(step) = &note.step {
                text = text.own(" ").code(step);
            }
            let text = text.own(": ").said(&note.text);
            Item {
                text,
                ..Item::default()
            }
        };
        blocks.push(Block::List(report.notes.iter().map(note).collect()));
    }
    if !report.pins.is_empty() {
        blocks.push(Block::Title("Pinned log lines"));
        let pin = |pin: &super::shape::Pin| Item {
            ticked: None,
            text: code(&pin.step)
                .own(format!(" attempt {} line {}, ", pin.attempt, pin.line))
                .own(format!("pinned {} by ", clock(&pin.at)))
                .by(&pin.by)
                .own(":"),
            lines: vec![pin.text.clone()],
        };
        blocks.push(Block::List(report.pins.iter().map(pin).collect()));
    }
}

/// `2026-11-24T10:02:03.004Z` → `10:02:03`; the day stands at the top.
fn clock(at: &str) -> &str {
    at.get(11..19).unwrap_or(at)
}
