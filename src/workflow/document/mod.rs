//! The file as serde sees it: flat structs of options, which say what may be written but not whether it makes sense.
//! `check` makes a plan of it, or problems. The JSON Schema comes from the same types, its texts from their comments.

mod action;
mod call;
mod file;
mod hooks;
mod leaf;
mod named;
mod policies;
mod preflight;
mod schema;
mod secret;
mod span;
mod step;
mod ungraceful;

pub(super) use action::{
    ApprovalDoc, AuthDoc, ChecklistDoc, ExecDoc, HttpDoc, NotifyDoc, OnRejectWord, OnTimeoutWord,
    UntilDoc, VerifyDoc, WaitDoc, WorkflowDoc,
};
pub use call::{
    AwsDoc, AwsGoal, AwsLookDoc, AwsUntilDoc, ContainerDoc, ContainerGoal, ContainerPull,
    ContainerRestart, ContainerRunDoc, ContainerWait, CopyDoc, Count, DatabaseDoc, HealthyDoc,
    KubernetesDoc, PlanMode, ProbeDoc, PrometheusDoc, PromoteDoc, RangeDoc, RecordWord, RedisDoc,
    RolloutWord, Short, SqlDoc, SshDoc, StatementDoc, Target, TerraformDoc, TerraformTool, TlsWord,
    is_host, is_manifest_file,
};
pub(super) use file::{DefaultsDoc, Document, OnAttentionTimeoutWord, ParamDoc, ParamType};
pub(super) use hooks::HookDoc;
pub use leaf::parse_size;
pub(super) use leaf::{ForEachDoc, Formula, Needs, ShellDoc};
pub(super) use named::Named;
pub(super) use policies::{ConcurrencyDoc, ConflictWord, FreezeDoc, LiveApprovalDoc};
pub(super) use preflight::{PreflightDoc, SeverityWord};
pub use schema::schema;
pub(super) use secret::SecretDoc;
pub use secret::{AwsSecretDoc, VaultDoc};
pub(super) use span::Span;
pub use span::{SpanMistake, parse_span};
pub(super) use step::{
    CompensateDoc, Danger, NeedWord, OnFailureWord, OutputDoc, RetryDoc, StepDoc,
};
pub(super) use ungraceful::UngracefulDoc;
