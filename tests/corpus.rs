//! Bad workflow files, each with what is said about it: place, message and hint. And files at the limits, made here because
//! they are large. A new mistake that somebody made belongs here first.
//!
//! `NAME.expected` has a line for each problem, in the order of the file: `LINE:COLUMN [warning] PART | PART`, where every
//! part must stand in the message or in the hint. `ok` means no problem at all.

use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::time::Duration;

use flightdeck::workflow::{Problem, Severity, check, check_including, render};

#[test]
fn every_bad_file_is_told_in_full() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let mut files: Vec<_> = fs::read_dir(folder)
        .expect("the corpus is there")
        .map(|entry| entry.expect("an entry can be read").path())
        .filter(|path| path.extension().is_some_and(|e| e == "yaml"))
        .collect();
    files.sort();
    assert!(files.len() > 60, "only {} files", files.len());
    let mut report = String::new();
    for file in files {
        let bytes = fs::read(&file).expect("a file of the corpus can be read");
        let expected = fs::read_to_string(file.with_extension("expected")).unwrap_or_default();
        let start = processor_time();
        let told = told(&bytes);
        let took = processor_time().saturating_sub(start);
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        if took > Duration::from_secs(1) {
            let _ = writeln!(report, "{name} took {took:?}");
        }
        if !fits(&told, &expected) {
            let _ = writeln!(
                report,
                "\n{name} expected\n{expected}but\n{}",
                told.join("\n")
            );
        }
    }
    assert!(report.is_empty(), "{report}");
}

/// `LINE:COLUMN [warning] MESSAGE | HINT`, the place taken from what people see.
fn told(bytes: &[u8]) -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let checked = check_including(bytes, "f.yaml", &mut |path| {
        fs::read(folder.join(path)).map_err(|_| format!("no such file: {path}"))
    });
    let errors = |p: &Problem| p.severity == Severity::Error;
    assert_eq!(
        checked.workflow.is_none(),
        checked.problems.iter().any(errors),
        "a plan, or errors"
    );
    checked.problems.iter().map(|p| line(p, bytes)).collect()
}

fn line(problem: &Problem, bytes: &[u8]) -> String {
    let shown = render(problem, "f.yaml", bytes, false);
    let place = shown
        .lines()
        .find_map(|line| line.trim_start().strip_prefix("--> "))
        .unwrap_or_else(|| panic!("no place in {shown}"));
    // Only the name of an included file is told.
    let place = place.strip_prefix("f.yaml:").unwrap_or(place);
    let warning = match problem.severity {
        Severity::Error => "",
        Severity::Warning => "warning ",
    };
    let hint = problem.hint.as_deref().unwrap_or_default();
    format!("{place} {warning}{} | {hint}", problem.message)
}

/// Of this thread: what the wall says belongs to whatever else runs on the machine.
fn processor_time() -> Duration {
    let clock = rustix::time::ClockId::ThreadCPUTime;
    Duration::try_from(rustix::time::clock_gettime(clock)).expect("never negative")
}

fn fits(told: &[String], expected: &str) -> bool {
    if expected.trim() == "ok" {
        return told.is_empty();
    }
    let expected: Vec<&str> = expected.lines().collect();
    expected.len() == told.len() && expected.iter().zip(told).all(|(e, t)| line_fits(e, t))
}

fn line_fits(expected: &str, told: &str) -> bool {
    let (place, rest) = expected.split_once(' ').unwrap_or((expected, ""));
    let (message, hint) = told.split_once(" | ").unwrap_or((told, ""));
    let mut parts = rest.splitn(2, '|');
    let first = parts.next().unwrap_or_default().trim();
    let second = parts.next().unwrap_or_default().trim();
    let (warning, first) = match first.strip_prefix("warning ") {
        Some(first) => (true, first),
        None => (false, first),
    };
    message.starts_with(place)
        && message.contains(" warning ") == warning
        && message.contains(first)
        && hint.contains(second)
}

/// Where the first problem stands, and what it says.
fn first(text: &str) -> String {
    let told = told(text.as_bytes());
    told.into_iter().next().unwrap_or_else(|| "ok".to_owned())
}

#[test]
fn hostile_files_are_refused_at_once() {
    let brackets = "[".repeat(100_000);
    let braces = format!("{{{}", "a: {".repeat(160_000));
    let dashes = "- ".repeat(100_000);
    let large = format!("name: {}", "x".repeat(100 * 1024 * 1024));
    let keys = (0..100_000).fold(String::new(), |mut text, i| {
        let _ = writeln!(text, "k{i}: x");
        text
    });
    for (text, expected) in [
        (&brackets, "1:65 nested deeper than 64 at 1:65"),
        (&braces, "1:257 nested deeper than 64 at 1:257"),
        (&dashes, "1:129 nested deeper than 64 at 1:129"),
        (&large, "1:1 the file has 100 MiB, the limit is 2 MiB"),
        (&keys, "1:1 unknown key `k0`"),
    ] {
        let start = processor_time();
        let checked = check(text.as_bytes());
        let took = processor_time().saturating_sub(start);
        let begin: String = text.chars().take(20).collect();
        assert!(took < Duration::from_secs(10), "{begin} took {took:?}");
        let problem = &checked.problems[0];
        let line = line(problem, &text.as_bytes()[..text.len().min(4096)]);
        assert!(line.starts_with(expected), "{begin}: {line}");
    }
}

/// Four letters and digits that no one takes for a number.
fn id(i: usize) -> String {
    let digits = b"0123456789abcdefghijklmnopqrstuvwxyz";
    let at = |n: usize| char::from(digits[n % 36]);
    let letter = char::from(b'a' + (i / 46_656) as u8);
    format!("{letter}{}{}{}", at(i / 1296), at(i / 36), at(i))
}

#[test]
fn large_plans_are_checked_soon() {
    let chain: Vec<String> = (0..100_000)
        .map(|i| format!("{{id: {},run: x}}", id(i)))
        .collect();
    let chain = format!("name: chain\nsteps: [{}]\n", chain.join(","));
    let roots: Vec<String> = (0..50_000)
        .map(|i| format!("- {{id: {}, needs: [], run: x}}\n", id(i)))
        .collect();
    let needs: Vec<String> = (0..50_000).map(id).collect();
    let wide = format!(
        "name: wide\nsteps:\n{}- {{id: last, run: x, needs: [{}]}}\n",
        roots.concat(),
        needs.join(",")
    );
    // Each step reads the first step, and the one before the one before it.
    let reads: Vec<String> = (2..20_000)
        .map(|i| {
            let env = format!(
                "${{{{ steps.{}.status }}}}${{{{ steps.a000.status }}}}",
                id(i - 2)
            );
            format!("- {{id: {}, run: x, env: {{A: \"{env}\"}}}}\n", id(i))
        })
        .collect();
    let reads = format!(
        "name: reads\nsteps:\n- {{id: a000, run: x}}\n- {{id: a001, run: x}}\n{}",
        reads.concat()
    );
    for (name, text, steps) in [
        ("chain", &chain, 100_000),
        ("wide", &wide, 50_001),
        ("reads", &reads, 20_000),
    ] {
        let start = processor_time();
        let checked = check(text.as_bytes());
        let took = processor_time().saturating_sub(start);
        let plan = checked
            .workflow
            .unwrap_or_else(|| panic!("{name}: {:?}", checked.problems.first()));
        assert_eq!(plan.steps.len(), steps, "{name}");
        assert_eq!(plan.order().len(), steps, "{name}");
        // A debug build; a release takes a tenth.
        assert!(took < Duration::from_secs(30), "{name} took {took:?}");
    }
    let more = format!(
        "{}]\n",
        chain.trim_end().trim_end_matches(']').to_owned() + ",{id: zz,run: x}"
    );
    assert!(first(&more).contains("100001 steps, the limit is 100000"));
}
