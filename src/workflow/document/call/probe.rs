//! `probe`, as it is written.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::workflow::document::UntilDoc;
use crate::workflow::document::leaf::Formula;

/// Looks how something stands; changes nothing. `expect` sees `value`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ProbeDoc {
    /// `HOST:PORT`: connects. `value` is true.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tcp: Option<String>,
    /// An expression over `value`.
    #[serde(skip_serializing)]
    pub(in crate::workflow) expect: Option<Formula>,
    /// Looks again until it is met.
    #[serde(skip_serializing)]
    pub(in crate::workflow) until: Option<UntilDoc>,
}
