//! Orders to the edge, imperative.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::id::{AttemptId, RunId};
use crate::time::Timestamp;
use crate::workflow::{Filled, OutputSpec, SecretSource, Work};

#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    Start(Box<Spec>),
    /// TERM, and KILL after the specification's grace; with `kill`, KILL now.
    Stop {
        attempt: AttemptId,
        kill: bool,
    },
    /// Send `Input::Due` then. The newest replaces the older ones.
    WakeAt(Timestamp),
}

/// The specification of an attempt: all that an attempt process needs. Secrets by reference.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Spec {
    pub run: RunId,
    pub attempt: AttemptId,
    pub work: Work<Filled>,
    /// Declared environment, in order; later wins. The allow-list and `FLIGHTDECK_*` are added by the attempt process.
    pub env: Vec<(String, Filled)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<u64>,
    pub grace_ms: u64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outputs: Vec<OutputSpec>,
    pub max_log: u64,
    /// `live`, `drill` or `dry`.
    pub kind: String,
    /// `run/step/attempt-group`: the same for all automatic retries of one ordered try.
    pub idempotency_key: String,
    /// Whether trying again is safe; decides how an HTTP timeout after bytes were sent is called.
    pub idempotent: bool,
    /// Those that `work` and `env` refer to, and all others of the workflow too, since all are masked.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub secrets: BTreeMap<String, SecretSource>,
}

impl Spec {
    pub fn timeout(&self) -> Option<Duration> {
        self.timeout_ms.map(Duration::from_millis)
    }

    pub fn grace(&self) -> Duration {
        Duration::from_millis(self.grace_ms)
    }
}
