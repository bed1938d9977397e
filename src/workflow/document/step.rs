//! One step: who it is, when it runs, what becomes of it, and exactly one action.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value as Json;

use super::action::{
    ApprovalDoc, AssertDoc, ChecklistDoc, ExecDoc, HttpDoc, NotifyDoc, VerifyDoc, WaitDoc,
    WorkflowDoc,
};
use super::call::{AwsDoc, ContainerDoc, KubernetesDoc, ProbeDoc, SqlDoc, SshDoc, TerraformDoc};
use super::leaf::{ForEachDoc, Formula, Later, Needs, ShellDoc, Size};
use super::named::Named;
use super::span::Span;
use super::ungraceful::UngracefulDoc;

/// One step. It has exactly one action: run, exec, http, a service, wait, approval, checklist, notify, assert, set or workflow.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(in crate::workflow) struct StepDoc {
    /// Unique: small letters, digits, `-` and `_`, at most 64.
    #[schemars(regex(pattern = r"^[a-z0-9][a-z0-9_-]{0,63}$"))]
    pub id: Option<String>,
    /// What people read; the id if there is none.
    pub name: Option<String>,
    /// Markdown, shown when the step is selected.
    pub description: Option<String>,
    /// Free words to find it by.
    pub labels: Option<Named<String>>,
    /// Steps that come before. Left out: the step before this one. `[]`: none. `{x: any}` also accepts a failed x.
    pub needs: Option<Needs>,
    /// An expression; if it gives false, the step is skipped.
    #[serde(rename = "if")]
    pub condition: Option<Formula>,
    /// Environment; wins over the workflow's.
    pub env: Option<Named<String>>,
    /// Working folder of `run` and `exec`.
    pub cwd: Option<String>,
    /// For `run`; `[/bin/sh, -e, -c]` unless said: a line that fails ends the step.
    pub shell: Option<ShellDoc>,
    /// Handed to `run` or `exec` on standard input; nothing unless said.
    pub stdin: Option<String>,
    /// Values that later steps may use.
    pub outputs: Option<Named<OutputDoc>>,
    /// Automatic retries of definite failures.
    pub retry: Option<RetryDoc>,
    /// For each attempt.
    pub timeout: Option<Span>,
    /// From TERM to KILL; 10s unless said.
    pub kill_grace: Option<Span>,
    /// What a failure does: hold (ask), ignore, abort or rollback.
    pub on_failure: Option<OnFailureWord>,
    /// Looks whether the effect is in place; changes nothing.
    pub verify: Option<VerifyDoc>,
    /// How long it usually takes, until history knows.
    pub expected: Option<Span>,
    /// `high`: to act on it by hand, its id must be typed.
    pub danger: Option<Danger>,
    /// Cannot be skipped.
    pub required: Option<bool>,
    /// It may be run again without harm if it is not known whether it took effect.
    pub idempotent: Option<bool>,
    /// Runs whatever became of the steps before.
    pub always: Option<bool>,
    /// Once for each element of a list; each is `item`.
    pub for_each: Option<ForEachDoc>,
    /// Once for each combination; each is `matrix`.
    pub matrix: Option<Named<Vec<Json>>>,
    /// Of a fan-out: at most this many members at once.
    #[schemars(range(min = 1))]
    pub max_parallel: Option<u32>,
    /// Of a fan-out: a failed member stops those that have not started.
    pub fail_fast: Option<bool>,
    /// What stands in when the step is skipped.
    pub on_skip: Option<OnSkipDoc>,
    /// Output kept of each attempt; 1GiB unless said.
    pub max_log: Option<Size>,
    /// Undoes the step when the run is rolled back; without it, the step is left as it is.
    pub compensate: Option<CompensateDoc>,
    /// In ungraceful mode: `skip`, or what it does otherwise then.
    pub ungraceful: Option<UngracefulDoc>,
    /// In a drill: what it does instead. What is left out is as in the step.
    pub drill: Option<CompensateDoc>,

    /// Action: a shell text. It is constant: values arrive as environment variables.
    pub run: Option<String>,
    /// Action: a program with arguments, without a shell.
    pub exec: Option<ExecDoc>,
    /// Action: an HTTP request, perhaps repeated until it meets an expectation.
    pub http: Option<HttpDoc>,
    /// Action: lets time pass.
    pub wait: Option<WaitDoc>,
    /// Action: asks people for a decision.
    pub approval: Option<ApprovalDoc>,
    /// Action: asks people to do things and tick them.
    pub checklist: Option<ChecklistDoc>,
    /// Action: sends a message to a webhook.
    pub notify: Option<NotifyDoc>,
    /// Action: fails unless an expression is true.
    pub assert: Option<AssertDoc>,
    /// Action: publishes values as outputs.
    pub set: Option<Named<Json>>,
    /// Action: runs another workflow inside this run.
    pub workflow: Option<WorkflowDoc>,

    /// Runs a command on another machine, or many, and copies files there and back.
    pub ssh: Option<SshDoc>,
    /// Does one thing in a Kubernetes cluster.
    pub kubernetes: Option<KubernetesDoc>,
    /// Asks a service of AWS.
    pub aws: Option<Box<AwsDoc>>,
    /// Plans, applies or destroys a terraform or tofu configuration.
    pub terraform: Option<TerraformDoc>,
    /// Looks how something stands: a port, a certificate, a name, a metric, a database.
    pub probe: Option<ProbeDoc>,
    pub scale: Option<Later>,
    /// Makes, replaces, stops or looks at a container of Docker or podman.
    pub container: Option<ContainerDoc>,
    /// Asks a PostgreSQL database.
    pub sql: Option<SqlDoc>,
    pub tty: Option<Later>,
}

/// What undoes a step: exactly one of run, exec, http, notify and the services. It sees what the step sees, and the step's own outputs.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(in crate::workflow) struct CompensateDoc {
    /// A shell text. It is constant: values arrive as environment variables.
    pub run: Option<String>,
    /// A program with arguments, without a shell.
    pub exec: Option<ExecDoc>,
    /// An HTTP request, perhaps repeated until it meets an expectation.
    pub http: Option<HttpDoc>,
    /// Sends a message to a webhook.
    pub notify: Option<NotifyDoc>,
    /// Over the environment of the step.
    pub env: Option<Named<String>>,
    /// Working folder of `run` and `exec`; the step's unless said.
    pub cwd: Option<String>,
    /// For `run`; the step's unless said.
    pub shell: Option<ShellDoc>,
    /// Handed to `run` or `exec` on standard input; nothing unless said.
    pub stdin: Option<String>,
    /// For each attempt.
    pub timeout: Option<Span>,
    /// Automatic retries of definite failures.
    pub retry: Option<RetryDoc>,
    /// Looks whether the step is undone; changes nothing.
    pub verify: Option<VerifyDoc>,
    /// How long it usually takes.
    pub expected: Option<Span>,
    /// It may be run again without harm if it is not known whether it took effect.
    pub idempotent: Option<bool>,

    /// Runs a command on another machine, or many, and copies files there and back.
    pub ssh: Option<SshDoc>,
    /// Does one thing in a Kubernetes cluster.
    pub kubernetes: Option<KubernetesDoc>,
    /// Asks a service of AWS.
    pub aws: Option<Box<AwsDoc>>,
    /// Plans, applies or destroys a terraform or tofu configuration.
    pub terraform: Option<TerraformDoc>,
    /// Looks how something stands: a port, a certificate, a name, a metric, a database.
    pub probe: Option<ProbeDoc>,
    pub scale: Option<Later>,
    /// Makes, replaces, stops or looks at a container of Docker or podman.
    pub container: Option<ContainerDoc>,
    /// Asks a PostgreSQL database.
    pub sql: Option<SqlDoc>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::workflow) enum NeedWord {
    /// However it ended.
    Any,
    /// As if it stood in a list: it must have succeeded, or a person or its author let it pass.
    Succeeded,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::workflow) enum OnFailureWord {
    /// Park, and ask.
    Hold,
    Ignore,
    Abort,
    /// Let what runs finish, then undo what has been done, by the `compensate` of each step.
    Rollback,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::workflow) enum Danger {
    High,
}

/// Where an output comes from: exactly one of regex, json, query and file.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(in crate::workflow) struct OutputDoc {
    /// First match in standard output or the body; group 1, or the whole match.
    pub regex: Option<String>,
    /// A path in standard output or the body, read as JSON: `data.items[0].id`; empty = all of it.
    pub json: Option<String>,
    /// A JMESPath query over the same: `Reservations[].Instances[].InstanceId`, as for the aws command line.
    pub query: Option<String>,
    /// A line `name=value` in the file that `$FLIGHTDECK_OUTPUT` names.
    pub file: Option<bool>,
    /// Without it the step has failed.
    pub required: Option<bool>,
}

#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(in crate::workflow) struct RetryDoc {
    /// Retries after the first attempt.
    #[schemars(range(max = 1000))]
    pub limit: Option<u32>,
    /// Before the first retry; 5s unless said.
    pub delay: Option<Span>,
    /// Each delay is this many times the one before; 2 unless said.
    #[schemars(range(min = 1))]
    pub backoff: Option<f64>,
    /// 1m unless said.
    pub max_delay: Option<Span>,
}

#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(in crate::workflow) struct OnSkipDoc {
    /// Values of its outputs when it is skipped.
    pub outputs: Option<Named<Json>>,
}
