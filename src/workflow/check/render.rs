//! A problem as rustc would print it.

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

use crate::text::Clean;
use crate::workflow::problem::{Problem, Severity};

/// Longer lines are cut around the mistake by the renderer.
const WIDTH: usize = 140;

/// A problem as rustc would print it: `FILE:LINE:COL`, the line, a caret, a hint.
pub fn render(problem: &Problem, file: &str, bytes: &[u8], colour: bool) -> String {
    let included_at = problem.included_at(file);
    let (file, bytes) = problem.source(file, bytes);
    // A byte order mark takes no column.
    let mark = if bytes.starts_with(b"\xef\xbb\xbf") {
        3
    } else {
        0
    };
    let text = shown_text(&bytes[mark..]);
    let clean = |text: &str| {
        let lines = Clean::lines(text);
        let lines: Vec<&str> = lines.iter().map(Clean::as_str).collect();
        lines.join("\n")
    };
    let level = match problem.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let range = |range: &std::ops::Range<usize>| {
        let start = text.floor_char_boundary(range.start.saturating_sub(mark).min(text.len()));
        let end = text.ceil_char_boundary(range.end.saturating_sub(mark).min(text.len()));
        start..end.max(start)
    };
    let mut snippet = Snippet::source(text.as_str())
        .path(clean(&file))
        .fold(true)
        .annotation(
            AnnotationKind::Primary
                .span(range(&problem.span))
                .label(clean(&problem.label)),
        );
    for (span, label) in &problem.related {
        snippet = snippet.annotation(
            AnnotationKind::Context
                .span(range(span))
                .label(clean(label)),
        );
    }
    let mut group = level
        .primary_title(clean(&problem.message))
        .id(problem.code)
        .element(snippet);
    if let Some(hint) = &problem.hint {
        group = group.element(Level::HELP.message(clean(hint)));
    }
    if let Some(place) = included_at {
        let text = format!("this file is included at {place}");
        group = group.element(Level::NOTE.message(clean(&text)));
    }
    let renderer = if colour {
        Renderer::styled()
    } else {
        Renderer::plain()
    };
    renderer
        .decor_style(DecorStyle::Ascii)
        .term_width(WIDTH)
        .render(&[group])
}

/// The text with dangerous characters made harmless, each byte in its place.
fn shown_text(bytes: &[u8]) -> String {
    let lossy = String::from_utf8_lossy(bytes);
    let harmless =
        |c: char| c == '\n' || c == '\t' || !(c.is_control() || crate::text::deceives(c));
    if lossy.chars().all(harmless) {
        return lossy.into_owned();
    }
    let mut out = String::with_capacity(lossy.len());
    for c in lossy.chars() {
        if harmless(c) {
            out.push(c);
            continue;
        }
        // As many bytes as before, so that every place stays where it was.
        out.extend(std::iter::repeat_n('?', c.len_utf8()));
    }
    out
}
