//! What must hold before the first step, as it is written.

use schemars::JsonSchema;
use serde::Deserialize;

use super::action::{AssertDoc, ExecDoc, HttpDoc};
use super::call::{AwsDoc, ContainerDoc, KubernetesDoc, ProbeDoc, SqlDoc, SshDoc, TerraformDoc};
use super::leaf::ShellDoc;
use super::named::Named;
use super::span::Span;

/// One check before the first step: exactly one of run, exec, http and assert. Exit 0, a met expectation or a true
/// expression = met.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(in crate::workflow) struct PreflightDoc {
    /// Unique, also among the steps: small letters, digits, `-` and `_`, at most 64.
    #[schemars(regex(pattern = r"^[a-z0-9][a-z0-9_-]{0,63}$"))]
    pub id: Option<String>,
    /// What people read; the id if there is none.
    pub name: Option<String>,
    /// What to do when it is not met.
    pub description: Option<String>,
    /// `block` (unless said): the run waits before its first step. `warn`: it is shown and recorded.
    pub severity: Option<SeverityWord>,
    /// 30s unless said.
    pub timeout: Option<Span>,
    /// Environment; wins over the workflow's.
    pub env: Option<Named<String>>,
    /// Working folder of `run` and `exec`.
    pub cwd: Option<String>,
    /// For `run`; `[/bin/sh, -e, -c]` unless said: a line that fails means that it is not met.
    pub shell: Option<ShellDoc>,

    /// A shell text. It is constant: values arrive as environment variables.
    pub run: Option<String>,
    /// A program with arguments, without a shell.
    pub exec: Option<ExecDoc>,
    /// An HTTP request, perhaps repeated until it meets an expectation.
    pub http: Option<HttpDoc>,
    /// An expression over the parameters.
    pub assert: Option<AssertDoc>,

    /// Runs a command on another machine, or many, and copies files there and back.
    pub ssh: Option<SshDoc>,
    /// Does one thing in a Kubernetes cluster.
    pub kubernetes: Option<KubernetesDoc>,
    /// Asks a service of AWS.
    pub aws: Option<Box<AwsDoc>>,
    /// Looks how something stands: a port, a certificate, a name, a metric, a database.
    pub probe: Option<ProbeDoc>,
    /// Looks at a terraform configuration: a plan, or its outputs.
    pub terraform: Option<TerraformDoc>,
    /// Looks at a container: inspect, wait or logs.
    pub container: Option<ContainerDoc>,
    /// Asks a PostgreSQL database.
    pub sql: Option<SqlDoc>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::workflow) enum SeverityWord {
    /// The run waits before its first step until it is met, or a person overrides it.
    Block,
    /// It is shown and recorded, and holds nothing up.
    Warn,
}
