//! What a step does, as it is written.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value as Json;

use super::call::{AwsDoc, ContainerDoc, KubernetesDoc, ProbeDoc, SqlDoc, SshDoc, TerraformDoc};
use super::file::ParamDoc;
use super::leaf::Formula;
use super::named::Named;
use super::span::Span;

#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(in crate::workflow) struct ExecDoc {
    /// The program and its arguments, each handed over as it is.
    pub argv: Option<Vec<String>>,
}

#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(in crate::workflow) struct HttpDoc {
    /// GET unless said.
    pub method: Option<String>,
    /// http or https.
    pub url: Option<String>,
    pub headers: Option<Named<String>>,
    /// A text. One of json, body and form.
    pub body: Option<String>,
    /// A value that is sent as JSON.
    pub json: Option<Json>,
    /// Fields that are sent like a form of a web page.
    pub form: Option<Named<String>>,
    pub auth: Option<AuthDoc>,
    /// An expression over status, headers and body; without it any status from 200 to 299 will do.
    pub expect: Option<Formula>,
    /// Asks again until the expectation is met.
    pub until: Option<UntilDoc>,
    /// False unless said.
    pub follow_redirects: Option<bool>,
    /// Hosts that may be reached although they are local or metadata addresses, or redirected to.
    pub allow_hosts: Option<Vec<String>>,
    /// Adds the Idempotency-Key header, so that the request may be sent again.
    pub idempotency_key: Option<bool>,
}

/// Either a bearer token, or a user and a password.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(in crate::workflow) struct AuthDoc {
    pub bearer: Option<String>,
    pub user: Option<String>,
    pub password: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(in crate::workflow) struct UntilDoc {
    /// 5s unless said.
    pub every: Option<Span>,
    /// 5m unless said.
    pub timeout: Option<Span>,
    /// How often in a row it must be met; 1 unless said.
    #[schemars(range(min = 1))]
    pub consecutive: Option<u32>,
}

/// Exactly one of `for` and `until`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(in crate::workflow) struct WaitDoc {
    /// A span of time.
    #[serde(rename = "for")]
    pub span: Option<Span>,
    /// A moment such as 2026-11-24T18:00:00Z.
    pub until: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(in crate::workflow) struct ApprovalDoc {
    /// The question.
    pub message: Option<String>,
    /// Login names and `group:NAME`; anyone unless said.
    pub from: Option<Vec<String>>,
    /// How many must agree; 1 unless said.
    #[schemars(range(min = 1))]
    pub count: Option<u32>,
    pub timeout: Option<Span>,
    /// hold unless said.
    pub on_timeout: Option<OnTimeoutWord>,
    /// hold unless said.
    pub on_reject: Option<OnRejectWord>,
    /// Values that are asked for with the answer; they become outputs.
    pub form: Option<Named<ParamDoc>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::workflow) enum OnTimeoutWord {
    Hold,
    Reject,
    Approve,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::workflow) enum OnRejectWord {
    Hold,
    Abort,
    /// Undo what has been done, by the `compensate` of each step.
    Rollback,
}

#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(in crate::workflow) struct ChecklistDoc {
    pub items: Option<Vec<ItemDoc>>,
}

#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(in crate::workflow) struct ItemDoc {
    /// What is to be done.
    pub text: Option<String>,
    /// True unless said.
    pub required: Option<bool>,
    /// Where to read more; http or https.
    pub link: Option<String>,
    /// Name of the output that is typed when ticking.
    pub input: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(in crate::workflow) struct NotifyDoc {
    /// Where to send `{"text": message}`.
    pub webhook: Option<String>,
    pub message: Option<String>,
    pub headers: Option<Named<String>>,
    /// Hosts that may be reached although they are local addresses.
    pub allow_hosts: Option<Vec<String>>,
}

#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(in crate::workflow) struct AssertDoc {
    /// An expression that must be true.
    pub that: Option<Formula>,
    /// What is said when it is not.
    pub message: Option<String>,
}

/// A workflow that runs inside this one: its steps become steps of this run, with ids such as `restore/fence`. Of its file
/// hold its params, env, secrets, defaults, outputs and `policies.max_parallel`; its other policies, preflight, hooks,
/// triggers and objectives hold only when it is run by itself.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(in crate::workflow) struct WorkflowDoc {
    /// A file in the folder of this one, or below it.
    pub file: Option<String>,
    /// Values for its params; the others have their defaults.
    pub params: Option<Named<Json>>,
}

/// Looks whether a step's effect is in place: one of run, exec and http. Exit 0 or a met expectation = in place, exit 1 or
/// an unmet one = not, anything else = cannot tell.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(in crate::workflow) struct VerifyDoc {
    pub run: Option<String>,
    pub exec: Option<ExecDoc>,
    pub http: Option<HttpDoc>,
    /// 1m unless said.
    pub timeout: Option<Span>,
    /// Runs a command on another machine, or many, and copies files there and back.
    pub ssh: Option<SshDoc>,
    /// Does one thing in a Kubernetes cluster.
    pub kubernetes: Option<KubernetesDoc>,
    /// Asks a service of AWS.
    pub aws: Option<Box<AwsDoc>>,
    /// Looks how something stands: a port, a certificate, a name, a metric, a database.
    pub probe: Option<ProbeDoc>,
    /// Looks at a terraform configuration; a plan with `expect: not changed` says whether all of it is there.
    pub terraform: Option<TerraformDoc>,
    /// Looks at a container: inspect, wait or logs.
    pub container: Option<ContainerDoc>,
    /// Asks a PostgreSQL database.
    pub sql: Option<SqlDoc>,
}
