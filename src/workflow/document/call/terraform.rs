//! `terraform`, as it is written.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::Count;
use crate::workflow::document::leaf::Formula;

/// Plans, applies or destroys what a terraform (or tofu) configuration describes: exactly one of plan, apply, destroy and
/// output. `init` comes first by itself.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TerraformDoc {
    /// Makes a plan and publishes `plan_file`, `changed`, `add`, `change`, `destroy`, `summary` and `resources`: show
    /// `summary` in an approval, and hand `plan_file` to an apply.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan: Option<bool>,
    /// Applies `plan_file`, exactly as it was reviewed; or, with `auto_approve`, a plan of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub apply: Option<bool>,
    /// Destroys everything in the state; needs `auto_approve`. To review it first: plan with `mode: destroy`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub destroy: Option<bool>,
    /// Only reads the outputs of the configuration.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<bool>,
    /// Folder of the configuration, from that of the workflow file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dir: Option<String>,
    /// Values of its variables. They win over every `.tfvars` file, and stand in no argument and no environment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vars: Option<BTreeMap<String, Json>>,
    /// Files of values, from the folder of the configuration.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub var_files: Option<Vec<String>>,
    /// Only these resources and what they need.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub targets: Option<Vec<String>>,
    /// Makes these resources anew.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replace: Option<Vec<String>>,
    /// Unlike `terraform workspace select`, it changes nothing for others who work in the folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workspace: Option<String>,
    /// Settings of the backend that the configuration leaves open.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backend_config: Option<BTreeMap<String, Json>>,
    /// Resources worked on at once; 10 unless said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parallelism: Option<Count>,
    /// How long to wait for a state that somebody else has locked; not at all unless said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lock_timeout: Option<String>,
    /// From an order to stop to a harsher one: what is being made may be finished within it, and the state is written. 5m
    /// unless said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub halt_timeout: Option<String>,
    /// Of an earlier plan: `${{ steps.plan.outputs.plan_file }}`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan_file: Option<String>,
    /// What a plan is for, if not to make it as the configuration says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<PlanMode>,
    /// Yes, nobody looks at the plan.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auto_approve: Option<bool>,
    /// `false`: the folder has been prepared already.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub init: Option<bool>,
    /// terraform unless said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool: Option<TerraformTool>,
    /// An expression over what it publishes, such as `destroy == 0`.
    #[serde(skip_serializing)]
    pub(in crate::workflow) expect: Option<Formula>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TerraformTool {
    Terraform,
    Tofu,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PlanMode {
    /// To destroy everything in the state.
    Destroy,
    /// To note in the state what was changed outside of terraform.
    RefreshOnly,
}
