//! How service calls stand inside: the last line of the log of each that runs.

use std::collections::BTreeMap;
use std::io;

use super::ansi;
use super::message::Message;
use crate::id::AttemptId;
use crate::journal::Reader;

/// Bytes of a line that are read.
const LINE_MAX: usize = 400;

/// Their logs, kept open, so that a look costs what is new.
#[derive(Debug, Default)]
pub(super) struct Inside(BTreeMap<AttemptId, Reader>);

impl Inside {
    /// Looks at these, and forgets all others. A log that is not there yet says nothing.
    pub(super) fn look(
        &mut self,
        attempts: Vec<AttemptId>,
        open: impl Fn(&AttemptId) -> io::Result<Reader>,
    ) -> Message {
        self.0.retain(|attempt, _| attempts.contains(attempt));
        let mut said = BTreeMap::new();
        for attempt in attempts {
            if !self.0.contains_key(&attempt) {
                let Ok(reader) = open(&attempt) else { continue };
                self.0.insert(attempt.clone(), reader);
            }
            let line = self.0.get_mut(&attempt).and_then(last_line);
            said.extend(line.map(|line| (attempt, line)));
        }
        Message::Inside(said)
    }
}

fn last_line(reader: &mut Reader) -> Option<String> {
    reader.refresh().ok()?;
    let last = reader.count().checked_sub(1)?;
    let line = reader.lines(last, 1, LINE_MAX).ok()?.pop()?;
    let text = ansi::text(&ansi::parse(&line.bytes, &mut ansi::State::default()));
    Some(text.strip_prefix("~ ").unwrap_or(&text).to_owned())
}
