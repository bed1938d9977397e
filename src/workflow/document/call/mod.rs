//! What is asked of services, one file each. The same types read the question twice: as it was written, when texts may hold
//! `${{ }}`, and filled, in the attempt process.

mod aws;
mod container;
mod count;
mod database;
mod kubernetes;
mod probe;
mod short;
mod sql;
mod ssh;
mod terraform;

pub use aws::{AwsDoc, AwsGoal, AwsLookDoc, AwsUntilDoc};
pub use container::{
    ContainerDoc, ContainerGoal, ContainerPull, ContainerRestart, ContainerRunDoc, ContainerWait,
    HealthyDoc,
};
pub use count::Count;
pub use database::{DatabaseDoc, TlsWord};
pub use kubernetes::{KubernetesDoc, RolloutWord, Target, is_manifest_file};
pub use probe::{ProbeDoc, PrometheusDoc, RangeDoc, RecordWord, RedisDoc};
pub use short::Short;
pub use sql::{PromoteDoc, SqlDoc, StatementDoc};
pub use ssh::{CopyDoc, SshDoc, is_host};
pub use terraform::{PlanMode, TerraformDoc, TerraformTool};
