//! What is done at moments of the run, as it is written.

use schemars::JsonSchema;
use serde::Deserialize;

use super::action::{ExecDoc, HttpDoc, NotifyDoc};
use super::call::{AwsDoc, KubernetesDoc, ProbeDoc, SqlDoc, SshDoc};
use super::leaf::{Later, ShellDoc};
use super::named::Named;
use super::span::Span;

#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(in crate::workflow) struct HooksDoc {
    /// Each time that nothing can go on without a person.
    pub attention: Option<HookDoc>,
    /// When the run has ended.
    pub ended: Option<HookDoc>,
}

/// Exactly one of run, exec, http and notify. Programs find `FLIGHTDECK_HOOK`, `FLIGHTDECK_PHASE`, `FLIGHTDECK_REASON` and
/// `FLIGHTDECK_FAILED_STEPS` in their environment; texts may use `hook.name`, `hook.phase`, `hook.reason`, `hook.failed_steps`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(in crate::workflow) struct HookDoc {
    /// 30s unless said.
    pub timeout: Option<Span>,
    /// Environment; wins over the workflow's.
    pub env: Option<Named<String>>,
    /// Working folder of `run` and `exec`.
    pub cwd: Option<String>,
    /// For `run`; `[/bin/sh, -e, -c]` unless said.
    pub shell: Option<ShellDoc>,
    /// Handed to `run` or `exec` on standard input; nothing unless said.
    pub stdin: Option<String>,

    /// A shell text. It is constant: values arrive as environment variables.
    pub run: Option<String>,
    /// A program with arguments, without a shell.
    pub exec: Option<ExecDoc>,
    /// An HTTP request.
    pub http: Option<HttpDoc>,
    /// Sends a message to a webhook.
    pub notify: Option<NotifyDoc>,

    /// Runs a command on another machine, or many, and copies files there and back.
    pub ssh: Option<SshDoc>,
    /// Does one thing in a Kubernetes cluster.
    pub kubernetes: Option<KubernetesDoc>,
    /// Asks a service of AWS.
    pub aws: Option<Box<AwsDoc>>,
    pub terraform: Option<Later>,
    /// Looks how something stands: a port, a certificate, a name, a metric, a database.
    pub probe: Option<ProbeDoc>,
    pub scale: Option<Later>,
    /// Asks a PostgreSQL database.
    pub sql: Option<SqlDoc>,
    pub container: Option<Later>,
}
