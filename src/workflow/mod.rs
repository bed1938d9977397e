//! What should happen: the workflow file, checked into a plan. Pure: no files, clocks, randomness or environment.
//!
//! `document` (the file, as serde sees it) -> `check` -> [`Workflow`] (the plan, which never changes).

mod action;
mod call;
mod check;
mod cron;
mod document;
mod needs;
mod plan;
mod policies;
mod problem;
mod template;

pub use action::{
    Action, Answerers, Approval, AuthorText, Body, Checklist, ChecklistItem, Command, Http, Inner,
    OnReject, OnTimeout, Retries, Until, Wait, Work,
};
pub use call::{Call, Nature, Service};
#[cfg(test)]
pub(crate) use check::flat;
pub use check::{
    Checked, Load, ParamProblem, bind, bind_params, check, check_including, check_recorded, render,
};
pub use document::{
    AwsDoc, AwsGoal, AwsLookDoc, AwsSecretDoc, AwsUntilDoc, ContainerDoc, ContainerGoal,
    ContainerPull, ContainerRestart, ContainerRunDoc, ContainerWait, CopyDoc, Count, DatabaseDoc,
    HealthyDoc, KubernetesDoc, PlanMode, ProbeDoc, PrometheusDoc, PromoteDoc, RangeDoc, RecordWord,
    RedisDoc, RolloutWord, Short, SpanMistake, SqlDoc, SshDoc, StatementDoc, Target, TerraformDoc,
    TerraformTool, TlsWord, VaultDoc, is_host, is_manifest_file, parse_size, parse_span, schema,
};
pub use needs::{Needs, needs};
pub use plan::{
    AttentionTimeout, FailurePolicy, FanOut, FanSource, Files, Hook, HookKind, Need, Objectives,
    OnAttentionTimeout, OutputFrom, OutputSpec, ParamKind, ParamSpec, Preflight, SecretSource,
    Step, Ungraceful, Workflow,
};
pub use policies::{Concurrency, Freeze, OnConflict, Policies, Window};
pub use problem::{Included, Problem, Severity};
pub use template::{
    BadText, Compared, EvalError, Expr, Filled, Literal, Part, Reference, Scope, Template, Tree,
    Yields,
};
