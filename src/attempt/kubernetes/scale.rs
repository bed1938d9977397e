//! `scale`: another number of replicas, of anything that has them.

use kube::api::Patch;
use serde_json::json;

use super::cluster::{Cluster, ours};
use super::perform::{answer, count, replicas, settles};
use super::verdict::number;
use crate::attempt::call::{Answer, Trouble};
use crate::workflow::KubernetesDoc;

pub(super) async fn scale(
    cluster: &Cluster<'_>,
    what: &str,
    ask: &KubernetesDoc,
) -> Result<Answer, Trouble> {
    let thing = cluster.target(what).await?;
    let said = thing.said();
    let wanted = count(cluster, "replicas", ask.replicas.as_ref())?
        .ok_or_else(|| cluster.failed(&said, "`replicas` is missing"))?;
    let object = cluster.get(&thing).await?;
    let before = number(&object, "/spec/replicas");
    cluster
        .voice
        .say(&format!("{said}: from {before} to {wanted} replicas"));
    let api = cluster.api_of(&thing);
    let params = ours();
    let patch = Patch::Merge(json!({"spec": {"replicas": wanted}}));
    cluster
        .change(&said, || api.patch_scale(&thing.name, &params, &patch))
        .await
        .map_err(|refusal| cluster.refused(&thing, refusal))?;
    let object = if settles(ask) {
        cluster.settle(&thing).await?
    } else {
        cluster.get(&thing).await?
    };
    Ok(answer([
        ("before", json!(before)),
        ("replicas", replicas(&object)),
    ]))
}
