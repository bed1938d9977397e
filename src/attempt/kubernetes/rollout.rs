//! `rollout`: watches one, begins one, or takes one back.

use kube::api::Patch;
use serde_json::{Value as Json, json};

use super::cluster::{Cluster, Thing};
use super::perform::{answer, replicas, settles};
use super::undo;
use super::workload::revision;
use crate::attempt::call::{Answer, Trouble};
use crate::workflow::{KubernetesDoc, RolloutWord};

/// Pods carry the order that started them anew: the same order given twice changes nothing.
const RESTARTED: &str = "flightdeck.dev/restarted-by";

pub(super) async fn rollout(
    cluster: &Cluster<'_>,
    what: &str,
    ask: &KubernetesDoc,
) -> Result<Answer, Trouble> {
    let thing = workload(cluster, what).await?;
    let word = ask.action.unwrap_or(RolloutWord::Status);
    match word {
        RolloutWord::Status => {}
        RolloutWord::Restart => restart(cluster, &thing).await?,
        RolloutWord::Undo => undo::undo(cluster, &thing, ask).await?,
    }
    let object = if word == RolloutWord::Status || settles(ask) {
        cluster.settle(&thing).await?
    } else {
        cluster.get(&thing).await?
    };
    published(cluster, &thing, &object).await
}

/// What has rollouts.
pub(super) async fn workload(cluster: &Cluster<'_>, what: &str) -> Result<Thing, Trouble> {
    let thing = cluster.target(what).await?;
    let kind = thing.kind.resource.kind.as_str();
    if !matches!(kind, "Deployment" | "StatefulSet" | "DaemonSet") {
        let why = "only deployments, stateful sets and daemon sets have rollouts";
        return Err(cluster.failed(what, why));
    }
    Ok(thing)
}

pub(super) async fn published(
    cluster: &Cluster<'_>,
    thing: &Thing,
    object: &Json,
) -> Result<Answer, Trouble> {
    let newest = if thing.kind.resource.kind == "Deployment" {
        Some(revision(object))
    } else {
        // Whoever may not see revisions has changed the workload all the same.
        let all = cluster.revisions(thing, object).await;
        all.unwrap_or_default().last().map(revision)
    };
    Ok(answer([
        ("revision", json!(newest)),
        ("replicas", replicas(object)),
    ]))
}

async fn restart(cluster: &Cluster<'_>, thing: &Thing) -> Result<(), Trouble> {
    cluster
        .voice
        .say(&format!("{}: all pods start anew", thing.said()));
    let mark = json!({RESTARTED: &cluster.key});
    let patch = json!({"spec": {"template": {"metadata": {"annotations": mark}}}});
    cluster.patched(thing, &Patch::Merge(patch)).await?;
    Ok(())
}
