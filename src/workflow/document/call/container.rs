//! `container`, as it is written.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Count;
use crate::workflow::document::UntilDoc;
use crate::workflow::document::leaf::Formula;

/// Asks Docker or podman, over the socket of its API: exactly one of run, replace, start, stop, restart, remove, pull, wait,
/// logs, exec and inspect. `DOCKER_HOST` says where; else the sockets of Docker and podman are looked for.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ContainerDoc {
    /// Makes a container and starts it. Ordered again, it finds the one that is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<ContainerRunDoc>,
    /// Puts a new container in the place of the one with its `name`, which is kept, stopped, as `NAME-before`. If the new
    /// one does not get healthy, the old one is put back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replace: Option<ContainerRunDoc>,
    /// A name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start: Option<String>,
    /// A name. TERM, and KILL after `grace`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stop: Option<String>,
    /// A name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restart: Option<String>,
    /// A name. What runs is stopped first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remove: Option<String>,
    /// An image.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pull: Option<String>,
    /// A name: until it is healthy, or what `for` says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wait: Option<String>,
    /// With `wait`: `healthy` unless said.
    #[serde(rename = "for", skip_serializing_if = "Option::is_none")]
    pub wait_for: Option<ContainerWait>,
    /// A name: what it has said so far.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logs: Option<String>,
    /// A name: runs `command` inside.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exec: Option<String>,
    /// With `exec`: a program and its arguments, no shell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<Vec<String>>,
    /// A name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inspect: Option<String>,
    /// With `wait`, `start` and `restart`: what says that it is healthy, if not its own healthcheck.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub healthy: Option<HealthyDoc>,
    /// With `stop`, `restart`, `remove` and `replace`: seconds from TERM to KILL; 10 unless said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grace: Option<Count>,
    /// `unix:///run/podman/podman.sock` or `tcp://host:port`, if not that of `DOCKER_HOST`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// An expression over what it publishes.
    #[serde(skip_serializing)]
    pub(in crate::workflow) expect: Option<Formula>,
    /// Asks again until it is met.
    #[serde(skip_serializing)]
    pub(in crate::workflow) until: Option<UntilDoc>,
}

/// A container to be made.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ContainerRunDoc {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// Of the run and the step unless said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// A program and its arguments; the image's own unless said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<Vec<String>>,
    /// Its environment. What it holds can be read by all who may ask the engine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub env: Option<BTreeMap<String, String>>,
    /// `8080`, `8081:8080`, `127.0.0.1:8081:8080` or `...:53/udp`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ports: Option<Vec<String>>,
    /// `/host/path:/path` or `name:/path`, perhaps with `:ro`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub volumes: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network: Option<String>,
    /// `no` unless said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restart: Option<ContainerRestart>,
    /// Such as 64MiB.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub labels: Option<BTreeMap<String, String>>,
    /// When the image is fetched; `missing` unless said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pull: Option<ContainerPull>,
    /// What the step waits for: `started` unless said, for `replace` `healthy`. With `exit` its exit code is the verdict.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wait: Option<ContainerGoal>,
    /// What says that it is healthy, if not its own healthcheck.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub healthy: Option<HealthyDoc>,
    /// A program inside that says by its exit code whether it is healthy; the image's own unless said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub healthcheck: Option<Vec<String>>,
}

/// From outside: exactly one of http and tcp.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct HealthyDoc {
    /// A URL that answers with a status from 200 to 299.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http: Option<String>,
    /// `HOST:PORT` that can be connected to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tcp: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ContainerWait {
    Healthy,
    Running,
    Exited,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ContainerGoal {
    Started,
    Healthy,
    Exit,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ContainerPull {
    Missing,
    Always,
    Never,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ContainerRestart {
    No,
    Always,
    OnFailure,
    UnlessStopped,
}
