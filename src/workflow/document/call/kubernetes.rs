//! `kubernetes`, as it is written.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::Count;
use crate::workflow::document::UntilDoc;
use crate::workflow::document::leaf::Formula;

/// One thing done in a Kubernetes cluster, with the user's own kubeconfig: one of apply, delete, scale, rollout, set_image, patch,
/// get, wait, job, drain, uncordon, exec and logs. Things are named as for kubectl: `deploy/shop`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct KubernetesDoc {
    /// Of the kubeconfig; the current one unless said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context: Option<String>,
    /// The context's unless said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// A file; `$KUBECONFIG`, then `~/.kube/config` unless said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kubeconfig: Option<String>,

    /// Makes the cluster hold what the manifests say: a file, a manifest, or a list of manifests. All are tried out before the first
    /// is applied. Publishes `objects` and `changed`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub apply: Option<Json>,
    /// With `apply`: takes over fields that others manage. With `drain`: also ends pods that nobody would start again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub force: Option<bool>,

    /// Deletes `KIND/NAME`, a list of such, or what manifests say; what is not there is fine. Publishes `deleted`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delete: Option<Json>,

    /// `KIND/NAME`, to as many as `replicas` says. Publishes `before` and `replicas`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scale: Option<String>,
    /// With `scale`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replicas: Option<Count>,

    /// Of `deploy/NAME`, `sts/NAME` or `ds/NAME`: waits until it is done, or what `action` says. Publishes `revision` and
    /// `replicas`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rollout: Option<String>,
    /// With `rollout`: `status` unless said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<RolloutWord>,
    /// With `action: undo`: the revision to return to; the one before unless said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to_revision: Option<Count>,

    /// Gives containers of a workload other images. Publishes `before`, the images until now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub set_image: Option<String>,
    /// With `set_image`: the image of each container.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub images: Option<BTreeMap<String, String>>,

    /// Changes some fields of `KIND/NAME`: a merge patch. Publishes `object`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub patch: Option<String>,
    /// With `patch`: the fields.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub with: Option<Json>,

    /// Reads `KIND/NAME`. Publishes `object`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub get: Option<String>,

    /// Waits for `condition` or `query` of `KIND/NAME`. Publishes `object`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wait: Option<String>,
    /// With `wait`: the condition that must be true, such as `Available`; or `NAME=STATUS`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
    /// With `wait`: JMESPath over the object that must give something other than false, null or nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub query: Option<String>,

    /// Runs a job to its end, with its log: a manifest, a file with one, or with `image` the name it is to have. A job that an earlier
    /// attempt of the same order made is adopted, not run again. It is stopped with its step. Publishes `job`, `pod` and `stdout`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job: Option<Json>,
    /// With `job`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// With `job` and `image`: variables of the container. No secrets: whoever may look at jobs reads them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variables: Option<BTreeMap<String, String>>,
    /// With `job`: seconds after which the cluster removes the job that has ended; never unless said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keep_seconds: Option<Count>,

    /// Takes a node out of service: nothing new is scheduled on it, and its pods are evicted, as their disruption budgets allow. Pods
    /// of daemon sets stay. Publishes `evicted`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drain: Option<String>,
    /// With `drain`: also pods with `emptyDir` volumes, whose data is lost.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delete_emptydir: Option<bool>,
    /// Puts a node back into service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uncordon: Option<String>,

    /// Runs `argv` in `pod/NAME`, or in a ready pod of a workload. Publishes `stdout`, `exit_code` and `pod`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exec: Option<String>,
    /// With `exec`, or with `job` and `image`: the program and its arguments, no shell. No secrets: others can read them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub argv: Option<Vec<String>>,

    /// The logs of `pod/NAME`, or of all pods of a workload. Publishes `stdout`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logs: Option<String>,
    /// With `logs`: lines from the end; 1000 unless said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tail: Option<Count>,
    /// With `exec` or `logs`: which container; the first unless said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub container: Option<String>,

    /// `false`: does not stay until what was changed is ready, or what was deleted is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub settle: Option<bool>,

    /// An expression over what is published.
    #[serde(skip_serializing)]
    pub(in crate::workflow) expect: Option<Formula>,
    /// Looks again until it is met: for `get`.
    #[serde(skip_serializing)]
    pub(in crate::workflow) until: Option<UntilDoc>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RolloutWord {
    /// Starts all pods anew, a few at a time.
    Restart,
    /// Waits until a rollout is done; changes nothing.
    Status,
    /// Returns to an earlier revision.
    Undo,
}

/// A thing in the cluster, as kubectl names it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Target {
    /// `deploy`, `deployments`, `Deployment`, `deployments.apps`.
    pub kind: String,
    pub name: String,
}

impl Target {
    /// `Err` says what is wrong, to be followed by an example.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (kind, name) = text
            .split_once('/')
            .ok_or_else(|| format!("`{text}` is not KIND/NAME"))?;
        let good_kind = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '-';
        if kind.is_empty() || !kind.chars().all(good_kind) {
            return Err(format!("`{kind}` is not a kind"));
        }
        if !is_name(name) {
            return Err(format!(
                "`{name}` is not a name: small letters, digits, `-` and `.`"
            ));
        }
        Ok(Self {
            kind: kind.to_owned(),
            name: name.to_owned(),
        })
    }

    /// All words for kinds that every cluster has.
    pub fn known_kinds() -> impl Iterator<Item = &'static str> {
        KINDS.iter().flat_map(|names| names.iter().copied())
    }

    /// Kinds that are spelled in several ways are one word: the plural.
    pub fn plural(&self) -> String {
        let kind = self.kind.to_ascii_lowercase();
        let bare = kind.split('.').next().unwrap_or_default();
        KINDS
            .iter()
            .find(|known| known.contains(&bare))
            .map_or_else(|| bare.to_owned(), |known| known[0].to_owned())
    }
}

/// Kinds that every cluster has, with all that kubectl calls them: plural, singular, short.
const KINDS: [&[&str]; 24] = [
    &["pods", "pod", "po"],
    &["services", "service", "svc"],
    &["deployments", "deployment", "deploy"],
    &["statefulsets", "statefulset", "sts"],
    &["daemonsets", "daemonset", "ds"],
    &["replicasets", "replicaset", "rs"],
    &["jobs", "job"],
    &["cronjobs", "cronjob", "cj"],
    &["configmaps", "configmap", "cm"],
    &["secrets", "secret"],
    &["namespaces", "namespace", "ns"],
    &["nodes", "node", "no"],
    &["ingresses", "ingress", "ing"],
    &["endpoints", "endpoint", "ep"],
    &["persistentvolumes", "persistentvolume", "pv"],
    &["persistentvolumeclaims", "persistentvolumeclaim", "pvc"],
    &["horizontalpodautoscalers", "horizontalpodautoscaler", "hpa"],
    &["poddisruptionbudgets", "poddisruptionbudget", "pdb"],
    &["serviceaccounts", "serviceaccount", "sa"],
    &["networkpolicies", "networkpolicy", "netpol"],
    &["storageclasses", "storageclass", "sc"],
    &["roles", "role"],
    &["rolebindings", "rolebinding"],
    &["events", "event", "ev"],
];

/// Names that the API accepts for almost anything.
fn is_name(name: &str) -> bool {
    let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.:".contains(c);
    !name.is_empty() && name.len() <= 253 && name.chars().all(good)
}

/// Whether a text names a file of manifests, not a thing in the cluster.
pub fn is_manifest_file(text: &str) -> bool {
    [".yaml", ".yml", ".json"]
        .iter()
        .any(|ending| text.ends_with(ending))
}
