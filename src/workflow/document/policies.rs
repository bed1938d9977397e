//! What the author demands of whoever starts a run, as it is written.

use schemars::JsonSchema;
use serde::Deserialize;

use super::span::Span;

/// Limits of a run.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(in crate::workflow) struct PoliciesDoc {
    /// At most this many steps run at once; 16 unless said otherwise.
    #[schemars(range(min = 1, max = 1000))]
    pub max_parallel: Option<u32>,
    /// Which runs of this machine must take turns. Dry runs are exempt.
    pub concurrency: Option<ConcurrencyDoc>,
    /// When no live run starts, unless somebody overrides it with a reason. Drills and dry runs are exempt.
    pub freeze: Option<Vec<FreezeDoc>>,
    /// Who must agree before the first step. Drills and dry runs need nobody.
    pub approvals: Option<ApprovalsDoc>,
}

/// Runs of the same group share its slots.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(in crate::workflow) struct ConcurrencyDoc {
    /// What the runs have in common: a text over the params, such as `dr-${{ params.target }}`.
    pub group: Option<String>,
    /// So many of the group at once; 1 unless said.
    #[schemars(range(min = 1, max = 1000))]
    pub limit: Option<u32>,
    /// When the group is full: `reject` (unless said) refuses to start, `queue` waits for a slot.
    pub on_conflict: Option<ConflictWord>,
}

/// A time that comes again and again, in which no live run starts.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(in crate::workflow) struct FreezeDoc {
    /// When it begins, in five fields: minute, hour, day of month, month, day of week: `0 18 * * 5` is Friday at 18:00.
    pub cron: Option<String>,
    /// How long it lasts.
    #[serde(rename = "for")]
    pub span: Option<Span>,
    /// The time zone of `cron`, such as `Europe/Berlin`; UTC unless said.
    pub tz: Option<String>,
}

/// Who must agree to a start.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(in crate::workflow) struct ApprovalsDoc {
    /// To that of a live run.
    pub live: Option<LiveApprovalDoc>,
}

/// Who must agree to the start of a live run.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(in crate::workflow) struct LiveApprovalDoc {
    /// How many must agree; 1 unless said.
    #[schemars(range(min = 1))]
    pub count: Option<u32>,
    /// Whoever started the run does not count.
    pub not_starter: Option<bool>,
    /// Login names and `group:NAME`; anyone unless said.
    pub from: Option<Vec<String>>,
    /// After so long without an answer it counts as rejected.
    pub timeout: Option<Span>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::workflow) enum ConflictWord {
    /// The run does not start.
    Reject,
    /// The run starts by itself when a slot is free.
    Queue,
}
