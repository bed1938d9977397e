//! The report as Markdown that can be pasted into an incident as it is. Nothing that was recorded can forge a heading, a row
//! or a link: every text is made harmless, and stands escaped in a cell, a list item or an indented block.

use std::fmt::Write as _;

use super::document::{Bit, Block, Item, Text, document};
use super::shape::Report;
use crate::text::Clean;

/// The whole report; it has no pictures.
pub fn markdown(report: &Report) -> String {
    let mut page = String::new();
    for block in document(report) {
        write(&block, &mut page);
    }
    page
}

fn write(block: &Block, page: &mut String) {
    match block {
        Block::Heading(text) => _ = writeln!(page, "# {}\n", line(text)),
        Block::Title(title) => _ = writeln!(page, "\n## {title}\n"),
        Block::Facts(facts) => {
            let mut rows = facts.iter().map(|(name, text)| [line(name), line(text)]);
            table(&rows.next().unwrap_or_default(), rows, page);
        }
        Block::Table(columns, rows) => {
            let cells = |row: &Vec<Text>| row.iter().map(line).collect::<Vec<_>>();
            table(columns, rows.iter().map(cells), page);
        }
        Block::List(items) => {
            for found in items {
                item(found, page);
            }
        }
        Block::Gantt | Block::Graph => {}
    }
}

/// Cells must be escaped already.
fn table<C, R>(columns: &[C], rows: impl Iterator<Item = R>, page: &mut String)
where
    C: AsRef<str>,
    R: AsRef<[String]>,
{
    let columns: Vec<&str> = columns.iter().map(AsRef::as_ref).collect();
    let _ = writeln!(page, "| {} |", columns.join(" | "));
    let _ = writeln!(page, "| {} |", vec!["---"; columns.len()].join(" | "));
    for row in rows {
        let _ = writeln!(page, "| {} |", row.as_ref().join(" | "));
    }
}

fn item(item: &Item, page: &mut String) {
    let tick = match item.ticked {
        Some(true) => "[x] ",
        Some(false) => "[ ] ",
        None => "",
    };
    let _ = writeln!(page, "- {tick}{}", line(&item.text));
    if item.lines.is_empty() {
        return;
    }
    page.push('\n');
    for line in &item.lines {
        // Indented below its item, it is code whatever it says.
        let _ = writeln!(page, "      {}", Clean::line(line));
    }
    page.push('\n');
}

fn line(text: &Text) -> String {
    let mut out = String::new();
    for bit in &text.0 {
        match bit {
            Bit::Own(text) | Bit::State(_, text) => out.push_str(text),
            Bit::Strong(text) => _ = write!(out, "**{}**", plain(text)),
            Bit::Code(text) => _ = write!(out, "`{text}`"),
            Bit::Said(text) => out.push_str(&plain(text)),
        }
    }
    out
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
