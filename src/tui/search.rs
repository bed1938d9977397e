//! Searches a log in the background, over the file, however long it is.

use std::io;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use regex::bytes::{Regex, RegexBuilder};
use tokio::sync::mpsc::Sender;

use super::ansi;
use super::logs::Logs;
use super::message::{LogOf, Message};
use crate::journal::Line;

/// Lines read at a time; small enough that a new search soon stops the old one.
const LINES: usize = 4_000;
/// Bytes of a line that are searched.
const BYTES: usize = 64 * 1024;

/// Lines from the end of a log among which the error is looked for.
const ERROR_WITHIN: u64 = 50_000;
/// As a program says that something went wrong.
const ERROR: &str =
    r"(?i)\b(error|fatal|panic(ked)?|exception|fail(ed|ure)?|timed out|refused|denied)\b";

/// The last line that tells of an error.
pub(super) fn last_error(mut log: Logs) -> io::Result<Option<u64>> {
    let regex = Regex::new(ERROR).expect("a constant pattern");
    let mut end = log.count();
    let first = end.saturating_sub(ERROR_WITHIN);
    while end > first {
        let from = end.saturating_sub(LINES as u64).max(first);
        let lines = log.lines(from, (end - from) as usize, BYTES)?;
        if let Some(line) = lines.iter().rev().find(|said| holds(&said.line, &regex)) {
            return Ok(Some(line.line.number));
        }
        end = from;
    }
    Ok(None)
}

/// Stops its search when dropped.
#[derive(Debug)]
pub(super) struct Search(Arc<AtomicBool>);

impl Drop for Search {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Starts a search on an own thread; its findings come as messages.
pub(super) fn start(
    of: LogOf,
    (pattern, from): (String, u64),
    open: impl FnOnce() -> io::Result<Logs> + Send + 'static,
    to: Sender<Message>,
) -> io::Result<Search> {
    let stop = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&stop);
    thread::Builder::new()
        .name("search".into())
        .spawn(move || {
            scan(&of, (&pattern, from), open(), &to, &seen);
        })?;
    Ok(Search(stop))
}

fn scan(
    of: &LogOf,
    (pattern, mut from): (&str, u64),
    log: io::Result<Logs>,
    to: &Sender<Message>,
    stop: &AtomicBool,
) {
    let found = |among: Range<u64>, lines: Vec<u64>, done: bool| Message::Found {
        of: of.clone(),
        pattern: pattern.to_owned(),
        among,
        lines,
        done,
    };
    let regex = regex(pattern);
    // Where what is not told yet begins.
    let mut untold = from;
    let looked = log.and_then(|mut log| {
        loop {
            if stop.load(Ordering::Relaxed) {
                return Ok(false);
            }
            let lines = log.lines(from, LINES, BYTES)?;
            if lines.is_empty() {
                return Ok(true);
            }
            from += lines.len() as u64;
            let lines = lines.iter().map(|said| &said.line);
            let hits = lines.filter(|line| holds(line, &regex));
            let hits: Vec<u64> = hits.map(|line| line.number).collect();
            if !hits.is_empty() {
                if to.blocking_send(found(untold..from, hits, false)).is_err() {
                    return Ok(false);
                }
                untold = from;
            }
        }
    });
    match looked {
        Ok(true) => {}
        // Nobody wants to know any more.
        Ok(false) => return,
        Err(error) => {
            let text = format!("cannot read the log: {error}");
            _ = to.blocking_send(Message::Failed(text));
        }
    }
    _ = to.blocking_send(found(untold..from, Vec::new(), true));
}

/// The pattern as it stands; small letters match capitals too.
fn regex(pattern: &str) -> Regex {
    let any_case = pattern.chars().all(|c| !c.is_uppercase());
    RegexBuilder::new(&regex::escape(pattern))
        .case_insensitive(any_case)
        .build()
        .expect("an escaped text is a pattern")
}

/// Looks at what is shown: a colour in the middle of a word hides nothing.
fn holds(line: &Line, regex: &Regex) -> bool {
    if line.bytes.contains(&0x1b) {
        let spans = ansi::parse(&line.bytes, &mut ansi::State::default());
        return regex.is_match(ansi::text(&spans).as_bytes());
    }
    regex.is_match(&line.bytes)
}
