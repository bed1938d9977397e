//! `check`: all that is wrong with workflow files, as rustc would say it, or as JSON for editors and pipelines.

use serde_json::{Value as Json, json};

use super::args::CheckArgs;
use super::exit::{Exit, Failure};
use super::library::{self, Source};
use super::out::{self, Out, talk};
use crate::config::Settings;
use crate::workflow::{self, Problem, Severity, Workflow};

pub(super) fn check(args: &CheckArgs, settings: &Settings, out: &mut Out) -> Result<Exit, Failure> {
    let mut worst = Exit::Succeeded;
    let mut found: Vec<Json> = Vec::new();
    for file in &args.files {
        let source = match library::open(file, settings) {
            Ok(source) => source,
            // One missing file must not hide the problems of the others.
            Err(failure) => {
                worst = failure.exit;
                found.push(unreadable(file, &failure));
                if !args.json {
                    super::entry::tell(&failure);
                }
                continue;
            }
        };
        let checked = source.check();
        if checked.workflow.is_none() && worst == Exit::Succeeded {
            worst = Exit::BadUsage;
        }
        found.extend(checked.problems.iter().map(|p| line(p, &source)));
        if !args.json {
            let colour = out::colour(&std::io::stdout());
            for problem in &checked.problems {
                let text = workflow::render(problem, &source.file, &source.bytes, colour);
                out.raw(text.trim_end().as_bytes())?;
                out.raw(b"\n\n")?;
            }
            out.line(verdict(
                &source,
                checked.workflow.as_ref(),
                &checked.problems,
            ))?;
        }
    }
    if args.json {
        out.json(&Json::Array(found))?;
    }
    Ok(worst)
}

/// Reads and checks the workflow that `text` names. Its problems go to standard error; errors end here.
pub(super) fn load(text: &str, settings: &Settings) -> Result<(Source, Workflow), Failure> {
    let source = library::open(text, settings)?;
    let checked = source.check();
    let colour = out::colour(&std::io::stderr());
    for problem in &checked.problems {
        let text = workflow::render(problem, &source.file, &source.bytes, colour);
        out::talk_styled(&text);
        talk("");
    }
    match checked.workflow {
        Some(workflow) => Ok((source, workflow)),
        None => Err(Failure::usage(format!(
            "{} has {}: nothing was started",
            source.file,
            count(errors(&checked.problems), "error")
        ))),
    }
}

fn verdict(source: &Source, workflow: Option<&Workflow>, problems: &[Problem]) -> String {
    let errors = errors(problems);
    let warnings = problems.len() - errors;
    match workflow {
        Some(workflow) if warnings == 0 => {
            format!(
                "{}: ok, {}",
                source.file,
                count(workflow.steps.len(), "step")
            )
        }
        Some(workflow) => format!(
            "{}: ok, {}, {}",
            source.file,
            count(workflow.steps.len(), "step"),
            count(warnings, "warning")
        ),
        None => format!("{}: {}", source.file, count(errors, "error")),
    }
}

fn errors(problems: &[Problem]) -> usize {
    let is_error = |p: &&Problem| p.severity == Severity::Error;
    problems.iter().filter(is_error).count()
}

fn count(n: usize, word: &str) -> String {
    format!("{n} {word}{}", if n == 1 { "" } else { "s" })
}

fn line(problem: &Problem, source: &Source) -> Json {
    let (file, bytes) = problem.source(&source.file, &source.bytes);
    let (line, column) = place(bytes, problem.span.start);
    json!({
        "file": file,
        "line": line,
        "column": column,
        "severity": problem.severity,
        "code": problem.code,
        "message": problem.message,
        "hint": problem.hint,
    })
}

fn unreadable(file: &str, failure: &Failure) -> Json {
    json!({
        "file": file,
        "line": 1,
        "column": 1,
        "severity": Severity::Error,
        "code": "unreadable",
        "message": failure.message,
        "hint": failure.hint,
    })
}

/// Line and column (in characters), both from 1, of a byte of the text.
fn place(bytes: &[u8], at: usize) -> (usize, usize) {
    let before = &bytes[..at.min(bytes.len())];
    let start = memchr::memrchr(b'\n', before).map_or(0, |n| n + 1);
    let line = memchr::memchr_iter(b'\n', before).count() + 1;
    let column = String::from_utf8_lossy(&before[start..]).chars().count() + 1;
    (line, column)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_counts_lines_and_characters_from_one() {
        let text = "ab\nçd\n".as_bytes();
        assert_eq!(place(text, 0), (1, 1));
        assert_eq!(place(text, 1), (1, 2));
        assert_eq!(place(text, 3), (2, 1));
        assert_eq!(place(text, 5), (2, 2));
        assert_eq!(place(text, 999), (3, 1));
    }
}
