//! Markdown as an author of a workflow writes it, laid out as rows of text: headings, lists, quotes, code, emphasis, links.
//! What it does not know is shown as it was written, so nothing that stands in a runbook can get lost.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::text::Clean;

/// How a piece of text looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Face {
    #[default]
    Plain,
    Strong,
    Emphasis,
    Code,
    Heading,
    Muted,
}

/// One row of the screen: pieces from left to right.
pub(crate) type Row = Vec<(Face, String)>;

/// Marks inside of marks; deeper ones are shown as they are.
const DEPTH_MAX: usize = 4;
/// So far from its opening a closing mark is looked for.
const SPAN_MAX: usize = 2_000;
/// Columns that a list may be pushed in by its depth.
const INDENT_MAX: usize = 16;

/// Lays a text out in rows of at most `width` columns.
pub(crate) fn rows(text: &str, width: usize) -> Vec<Row> {
    let mut out = Vec::new();
    let mut paragraph = Flow::default();
    let mut fenced = false;
    for line in Clean::lines(&text.replace('\t', "    ")) {
        let line = line.as_str();
        let bare = line.trim_start();
        if bare.starts_with("```") || bare.starts_with("~~~") {
            paragraph.end(&mut out, width);
            fenced = !fenced;
        } else if fenced {
            out.extend(code(line, width));
        } else if bare.is_empty() {
            paragraph.end(&mut out, width);
            if out.last().is_some_and(|row| !row.is_empty()) {
                out.push(Row::new());
            }
        } else if let Some(title) = heading(bare) {
            paragraph.end(&mut out, width);
            out.extend(wrap(&inline(title, Face::Heading, 0), "", width));
        } else if let Some((lead, rest)) = item(line) {
            paragraph.end(&mut out, width);
            paragraph = Flow {
                lead,
                text: rest.trim().to_owned(),
            };
        } else {
            paragraph.add(bare);
        }
    }
    paragraph.end(&mut out, width);
    while out.last().is_some_and(Row::is_empty) {
        out.pop();
    }
    out
}

/// Lines that are one flowing text, behind the mark of its list or quote.
#[derive(Default)]
struct Flow {
    lead: String,
    text: String,
}

impl Flow {
    fn add(&mut self, line: &str) {
        if !self.text.is_empty() {
            self.text.push(' ');
        }
        self.text.push_str(line.trim_end());
    }

    fn end(&mut self, out: &mut Vec<Row>, width: usize) {
        let ended = std::mem::take(self);
        if !ended.text.is_empty() || !ended.lead.is_empty() {
            let pieces = inline(&ended.text, Face::Plain, 0);
            out.extend(wrap(&pieces, &ended.lead, width));
        }
    }
}

/// A line that keeps its spaces, broken wherever the screen ends.
pub(crate) fn code(line: &str, width: usize) -> Vec<Row> {
    let width = width.saturating_sub(2).max(1);
    let mut rows = vec![String::from("  ")];
    let mut used = 0;
    for c in line.chars() {
        let columns = c.width().unwrap_or(0);
        if used + columns > width {
            rows.push(String::from("  "));
            used = 0;
        }
        used += columns;
        if let Some(row) = rows.last_mut() {
            row.push(c);
        }
    }
    rows.into_iter()
        .map(|row| vec![(Face::Code, row)])
        .collect()
}

/// The words of `# Title`.
fn heading(line: &str) -> Option<&str> {
    let title = line.trim_start_matches('#');
    let level = line.len() - title.len();
    ((1..=6).contains(&level) && title.starts_with(' '))
        .then(|| title.trim().trim_end_matches('#').trim_end())
}

/// The mark of a list or quote, as it is shown, and what stands behind it.
fn item(line: &str) -> Option<(String, &str)> {
    let bare = line.trim_start();
    let indent = " ".repeat((line.len() - bare.len()).min(INDENT_MAX));
    if let Some(rest) = bare.strip_prefix("> ") {
        return Some((format!("{indent}| "), rest));
    }
    for mark in ["- ", "* ", "+ "] {
        if let Some(rest) = bare.strip_prefix(mark) {
            return Some((format!("{indent}- "), rest));
        }
    }
    let digits = bare.len() - bare.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, rest) = bare.split_at(digits);
    let rest = rest.strip_prefix(". ").or(rest.strip_prefix(") "))?;
    ((1..=4).contains(&digits)).then(|| (format!("{indent}{number}. "), rest))
}

/// Splits a text at its marks of emphasis, code and links.
fn inline(text: &str, face: Face, depth: usize) -> Row {
    let mut out = Row::new();
    let mut plain = String::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let before = plain.chars().last();
        let Some((inside, kind, length)) = marked(rest, before, depth) else {
            let escaped = rest[c.len_utf8()..].chars().next();
            let escaped = escaped.filter(|next| c == '\\' && next.is_ascii_punctuation());
            plain.push(escaped.unwrap_or(c));
            rest = &rest[c.len_utf8() + escaped.map_or(0, char::len_utf8)..];
            continue;
        };
        flush(&mut out, face, &mut plain);
        match kind {
            Kind::Face(Face::Code) => out.push((Face::Code, inside.to_owned())),
            Kind::Face(inner) => out.extend(inline(inside, inner, depth + 1)),
            Kind::Link(to) => {
                out.extend(inline(inside, face, depth + 1));
                if to != inside {
                    out.push((Face::Muted, format!(" ({to})")));
                }
            }
        }
        rest = &rest[length..];
    }
    flush(&mut out, face, &mut plain);
    out
}

fn flush(out: &mut Row, face: Face, plain: &mut String) {
    if !plain.is_empty() {
        out.push((face, std::mem::take(plain)));
    }
}

enum Kind<'a> {
    Face(Face),
    Link(&'a str),
}

/// What is marked at the beginning of `text`: the inside, how, and the length with its marks.
fn marked(text: &str, before: Option<char>, depth: usize) -> Option<(&str, Kind<'_>, usize)> {
    if depth >= DEPTH_MAX {
        return None;
    }
    for (mark, face) in [
        ("`", Face::Code),
        ("**", Face::Strong),
        ("__", Face::Strong),
        ("*", Face::Emphasis),
        ("_", Face::Emphasis),
    ] {
        let Some(rest) = text.strip_prefix(mark) else {
            continue;
        };
        // In `snake_case` and `2 * 3` nothing is meant.
        let in_word = mark.starts_with('_') && before.is_some_and(char::is_alphanumeric);
        let found = closing(rest, mark).filter(|_| !in_word)?;
        return Some((&rest[..found], Kind::Face(face), found + 2 * mark.len()));
    }
    let rest = text.strip_prefix('[')?;
    let end = near(rest).find("](")?;
    let to = &rest[end + 2..];
    let close = near(to).find(')')?;
    Some((&rest[..end], Kind::Link(&to[..close]), end + close + 4))
}

/// Where the mark that closes stands.
fn closing(rest: &str, mark: &str) -> Option<usize> {
    let spaced = |c: Option<char>| c.is_none_or(char::is_whitespace);
    if mark != "`" && spaced(rest.chars().next()) {
        return None;
    }
    let mut from = 0;
    while let Some(at) = near(rest).get(from..)?.find(mark).map(|at| from + at) {
        let after = rest[at + mark.len()..].chars().next();
        let in_word = mark.starts_with('_') && after.is_some_and(char::is_alphanumeric);
        let ends = mark == "`" || !spaced(rest[..at].chars().last()) && !in_word;
        if at > 0 && ends {
            return Some(at);
        }
        from = at + mark.len();
    }
    None
}

fn near(text: &str) -> &str {
    &text[..text.floor_char_boundary(SPAN_MAX)]
}

/// Breaks pieces at spaces into rows of at most `width` columns; later rows stand below the first word.
pub(crate) fn wrap(pieces: &[(Face, String)], lead: &str, width: usize) -> Vec<Row> {
    let lead = if lead.width() + 8 > width { "" } else { lead };
    let mut row = Row::new();
    push(&mut row, Face::Muted, lead);
    let mut rows = vec![row];
    let room = width.saturating_sub(lead.width()).max(1);
    let mut used = 0;
    let next_row = |rows: &mut Vec<Row>| {
        let mut row = Row::new();
        push(&mut row, Face::Plain, &" ".repeat(lead.width()));
        rows.push(row);
    };
    for word in words(pieces) {
        let columns: usize = word.iter().map(|(_, text)| text.width()).sum();
        if used > 0 && used + 1 + columns > room {
            next_row(&mut rows);
            used = 0;
        } else if used > 0 {
            let last = rows.last_mut().and_then(|row| row.last());
            let same = last.map(|(face, _)| *face) == word.first().map(|(face, _)| *face);
            let face = word
                .first()
                .filter(|_| same)
                .map_or(Face::Plain, |(face, _)| *face);
            rows.last_mut()
                .into_iter()
                .for_each(|row| push(row, face, " "));
            used += 1;
        }
        for (face, text) in word {
            for c in text.chars() {
                let columns = c.width().unwrap_or(0);
                if used + columns > room {
                    next_row(&mut rows);
                    used = 0;
                }
                used += columns;
                let mut buffer = [0; 4];
                let c = c.encode_utf8(&mut buffer);
                rows.last_mut()
                    .into_iter()
                    .for_each(|row| push(row, face, c));
            }
        }
    }
    rows
}

/// What stands between spaces: pieces without space between them belong to one word.
fn words(pieces: &[(Face, String)]) -> Vec<Row> {
    let mut words = vec![Row::new()];
    for (face, text) in pieces {
        for (n, part) in text.split(' ').enumerate() {
            if n > 0 {
                words.push(Row::new());
            }
            words
                .last_mut()
                .into_iter()
                .for_each(|word| push(word, *face, part));
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Adds text to a row; as one piece with what looks the same.
fn push(row: &mut Row, face: Face, text: &str) {
    match row.last_mut() {
        _ if text.is_empty() => {}
        Some((last, before)) if *last == face => before.push_str(text),
        _ => row.push((face, text.to_owned())),
    }
}

#[cfg(test)]
mod tests;
