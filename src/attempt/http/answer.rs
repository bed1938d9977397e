//! A whole answer: what it says, whether it is what was expected, what it publishes.

use std::time::Duration;

use reqwest::StatusCode;
use serde_json::{Value as Json, json};

use super::super::capture::Capture;
use super::super::outputs::{ONE_MAX, Outputs, Sources, collect};
use super::super::secrets::Known;
use crate::time::spoken_span;
use crate::workflow::{Expr, OutputSpec, Scope};

/// Bytes of a body that are kept; the rest is counted.
pub(super) const BODY_MAX: usize = 10 << 20;
/// Bytes of a body that the log shows.
const SHOWN_MAX: usize = 64 << 10;
/// Bytes of a body that a message quotes.
const TOLD_MAX: usize = 200;

#[derive(Clone, Debug)]
pub(in super::super) struct Answer {
    pub(in super::super) status: StatusCode,
    pub(in super::super) headers: Vec<(String, String)>,
    /// Its first `BODY_MAX` bytes.
    pub(in super::super) body: Vec<u8>,
    /// How many there were.
    pub(in super::super) total: u64,
    pub(super) took: Duration,
}

impl Answer {
    /// `200 OK, 17 bytes in 4ms`.
    pub(super) fn summary(&self) -> String {
        let (total, took) = (self.total, spoken_span(self.took));
        let cut = if self.total > self.body.len() as u64 {
            format!(" (truncated to {})", self.body.len())
        } else {
            String::new()
        };
        format!("{}, {total} bytes{cut} in {took}", self.status)
    }

    /// The first part of the body, for the log: masked, ends with a line break.
    pub(super) fn shown_body(&self, known: &Known) -> Vec<u8> {
        let mut shown = known.head(&self.body, SHOWN_MAX);
        let rest = self.total - self.body.len().min(SHOWN_MAX) as u64;
        if !shown.is_empty() && !shown.ends_with(b"\n") {
            shown.push(b'\n');
        }
        if rest > 0 {
            shown.extend_from_slice(format!("[{rest} more bytes]\n").as_bytes());
        }
        shown
    }

    /// `Err` says what was expected and what came.
    pub(super) fn check(&self, expect: Option<&Expr>, known: &Known) -> Result<(), String> {
        let status = self.status.as_u16();
        let Some(expect) = expect else {
            return if self.status.is_success() {
                Ok(())
            } else {
                Err(format!("expected a status from 200 to 299, got {status}"))
            };
        };
        let source = expect.source();
        match expect.truth(&Seen(self)) {
            Ok(true) => Ok(()),
            Ok(false) if source.contains("body") || source.contains("headers") => {
                let body = known.beginning(&self.body, TOLD_MAX);
                Err(format!(
                    "expected {source}, got status {status} and body {body}"
                ))
            }
            Ok(false) => Err(format!("expected {source}, got {status}")),
            Err(why) => Err(format!(
                "cannot tell whether {source}: {why}; got status {status}"
            )),
        }
    }

    /// Status, headers and body, and what the step declares.
    pub(super) fn outputs(&self, specs: &[OutputSpec], known: &Known) -> Result<Outputs, String> {
        let sources = Sources {
            text: &Capture::of(self.body.clone()),
            text_name: "the body",
            file: b"",
        };
        let declared = collect(specs, &sources)?;
        let mut all = Outputs::from([
            ("status".to_owned(), Json::from(self.status.as_u16())),
            ("headers".to_owned(), self.headers_value()),
            ("body".to_owned(), self.bounded_body(known)),
        ]);
        all.extend(declared);
        Ok(all)
    }

    fn headers_value(&self) -> Json {
        let mut map = serde_json::Map::new();
        for (name, value) in &self.headers {
            match map.get_mut(name) {
                // The same header again is the same as one with commas.
                Some(Json::String(before)) => *before = format!("{before}, {value}"),
                _ => drop(map.insert(name.clone(), json!(value))),
            }
        }
        map.into()
    }

    fn body_value(&self) -> Json {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|_| String::from_utf8_lossy(&self.body).into())
    }

    /// A journal keeps it for ever, so it is small or cut.
    fn bounded_body(&self, known: &Known) -> Json {
        if self.body.len() <= ONE_MAX {
            return self.body_value();
        }
        Json::from(known.beginning(&self.body, ONE_MAX))
    }
}

/// What an expectation sees.
struct Seen<'a>(&'a Answer);

impl Scope for Seen<'_> {
    fn root(&self, name: &str) -> Option<Json> {
        match name {
            "status" => Some(self.0.status.as_u16().into()),
            "headers" => Some(self.0.headers_value()),
            "body" => Some(self.0.body_value()),
            _ => None,
        }
    }

    fn step(&self, _id: &str) -> Option<Json> {
        None
    }
}
