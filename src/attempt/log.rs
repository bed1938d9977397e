//! The output of one attempt on its way to the sink: masked, and opened only at its first byte, since most steps that
//! matter say little.

use std::io;
use std::sync::Arc;

use super::mask::{Masked, Masker};
use super::process::{Open, Sink};
use crate::id::AttemptId;
use crate::run::LogFacts;
use crate::time::Timestamp;

pub(super) struct Log<'a> {
    open: &'a Open,
    attempt: &'a AttemptId,
    cap: u64,
    now: fn() -> Timestamp,
    sink: Option<Box<dyn Sink>>,
    joint: Option<Masked>,
}

/// One of the streams that end in a log; each is masked by itself, since a secret may be cut by what the other says.
pub(super) struct Stream(Option<Masked>);

impl<'a> Log<'a> {
    pub(super) fn new(
        open: &'a Open,
        attempt: &'a AttemptId,
        cap: u64,
        now: fn() -> Timestamp,
    ) -> Self {
        Self {
            open,
            attempt,
            cap,
            now,
            sink: None,
            joint: None,
        }
    }

    /// Two streams may each say a part of a secret, and together say all of it: so what they join to is masked once more.
    pub(super) fn mask_joint(&mut self, masker: Option<&Arc<Masker>>) {
        self.joint = masker.map(|m| Masked::new(Arc::clone(m)));
    }

    pub(super) fn write(&mut self, stream: &mut Stream, bytes: &[u8]) {
        match &mut stream.0 {
            None => self.join(bytes),
            Some(masked) => masked.push(bytes, &mut |clean| self.join(clean)),
        }
    }

    /// Writes what `stream` still holds back.
    pub(super) fn end(&mut self, stream: Stream) {
        if let Some(mut masked) = stream.0 {
            masked.finish(&mut |clean| self.join(clean));
        }
    }

    pub(super) fn finish(mut self) -> LogFacts {
        if let Some(mut joint) = self.joint.take() {
            joint.finish(&mut |clean| self.put(clean));
        }
        self.sink
            .as_mut()
            .map_or_else(LogFacts::default, |sink| sink.finish())
    }

    fn join(&mut self, bytes: &[u8]) {
        let Some(mut joint) = self.joint.take() else {
            return self.put(bytes);
        };
        joint.push(bytes, &mut |clean| self.put(clean));
        self.joint = Some(joint);
    }

    fn put(&mut self, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        let now = (self.now)();
        self.sink
            .get_or_insert_with(|| {
                (self.open)(self.attempt, self.cap).unwrap_or_else(|error| Dropped::sink(&error))
            })
            .write(bytes, now);
    }
}

impl Stream {
    pub(super) fn new(masker: Option<&Arc<Masker>>) -> Self {
        Self(masker.map(|m| Masked::new(Arc::clone(m))))
    }
}

/// Stands in for a file that could not be opened: the step goes on, and what it said is counted as lost.
struct Dropped(LogFacts);

impl Dropped {
    fn sink(error: &io::Error) -> Box<dyn Sink> {
        tracing::warn!(%error, "the output of an attempt cannot be kept");
        Box::new(Self(LogFacts::default()))
    }
}

impl Sink for Dropped {
    fn write(&mut self, bytes: &[u8], _now: Timestamp) {
        self.0.bytes += bytes.len() as u64;
        self.0.dropped += bytes.len() as u64;
        self.0.lines += memchr::memchr_iter(b'\n', bytes).count() as u64;
    }

    fn finish(&mut self) -> LogFacts {
        self.0
    }
}
