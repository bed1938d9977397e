//! The top of the file: what it is called, what it asks for, and its steps.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value as Json;

use super::hooks::HooksDoc;
use super::leaf::{Later, ShellDoc, Size};
use super::named::Named;
use super::policies::PoliciesDoc;
use super::preflight::PreflightDoc;
use super::secret::SecretDoc;
use super::span::Span;
use super::step::{OnFailureWord, RetryDoc, StepDoc};

/// A workflow or runbook that flightdeck runs.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(in crate::workflow) struct Document {
    /// What the workflow is called in lists and reports.
    pub name: Option<String>,
    /// Markdown, shown beside the run.
    pub description: Option<String>,
    /// Free words to find it by.
    pub labels: Option<Named<String>>,
    /// How long it may take and how much may be lost.
    pub objectives: Option<ObjectivesDoc>,
    /// What it asks for when it starts.
    pub params: Option<Named<ParamDoc>>,
    /// Environment of every step.
    pub env: Option<Named<String>>,
    /// Where secret values are read from at each attempt. They are masked everywhere and never written down.
    pub secrets: Option<Named<SecretDoc>>,
    /// Limits of a run.
    pub policies: Option<PoliciesDoc>,
    /// What steps say unless they say otherwise.
    pub defaults: Option<DefaultsDoc>,
    /// In reading order: without `needs`, each follows the one before it.
    pub steps: Option<Vec<StepDoc>>,
    /// What a workflow that runs this one as a step gets from it: values over its params and its steps' outputs.
    pub outputs: Option<Named<Json>>,
    /// What must hold before the first step. All are looked at together; they change nothing.
    pub preflight: Option<Vec<PreflightDoc>>,
    pub triggers: Option<Later>,
    /// What is done at moments of the run, beside its steps. Whatever becomes of it, the run goes on, or has ended, as without it.
    pub hooks: Option<HooksDoc>,
    /// When nothing can go on without a person, and nobody does anything for so long, the run goes out by itself.
    pub attention_timeout: Option<Span>,
    /// What it does then: `abort` unless said.
    pub on_attention_timeout: Option<OnAttentionTimeoutWord>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::workflow) enum OnAttentionTimeoutWord {
    /// The run ends as failed; `always` steps run.
    Abort,
    /// What has been done is undone, by the `compensate` of each step.
    Rollback,
}

#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(in crate::workflow) struct ObjectivesDoc {
    /// Recovery time objective: how long it may take.
    pub rto: Option<Span>,
    /// Recovery point objective: how much work may be lost.
    pub rpo: Option<Span>,
    /// The step whose success stops the RTO clock.
    pub clock_end: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(in crate::workflow) struct DefaultsDoc {
    /// For each attempt; none unless said.
    pub timeout: Option<Span>,
    /// From TERM to KILL; 10s unless said.
    pub kill_grace: Option<Span>,
    /// Automatic retries; none unless said.
    pub retry: Option<RetryDoc>,
    /// What a failure does.
    pub on_failure: Option<OnFailureWord>,
    /// For `run`; `[/bin/sh, -e, -c]` unless said: a line that fails ends the step.
    pub shell: Option<ShellDoc>,
    /// Working folder of `run` and `exec`.
    pub cwd: Option<String>,
    /// Output kept of each attempt; 1GiB unless said.
    pub max_log: Option<Size>,
}

/// Something that is asked for before the start.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(in crate::workflow) struct ParamDoc {
    /// `string` unless said.
    #[serde(rename = "type")]
    pub kind: Option<ParamType>,
    /// What the form asks.
    pub prompt: Option<String>,
    /// Used when nothing is given.
    pub default: Option<Json>,
    /// Must be given.
    pub required: Option<bool>,
    /// `enum` only: the values to choose from.
    pub options: Option<Vec<String>>,
    /// `string` only: a regular expression that must be found in the value; `^` and `$` tie it to the ends.
    pub pattern: Option<String>,
    /// `int` and `number` only.
    pub min: Option<f64>,
    /// `int` and `number` only.
    pub max: Option<f64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::workflow) enum ParamType {
    String,
    Int,
    Number,
    Bool,
    /// One of `options`.
    Enum,
    /// A list of texts.
    List,
}
