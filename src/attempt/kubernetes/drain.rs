//! `drain` and `uncordon`: a node out of service and back. Pods are evicted, never just deleted: their disruption budgets hold.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::APIResource;
use kube::api::{ListParams, Patch, PostParams};
use kube::core::Status;
use serde_json::{Value as Json, json};

use super::cluster::{Cluster, Kind, Thing};
use super::perform::answer;
use super::pods;
use super::settle::Pace;
use super::trouble::{self, Fault};
use crate::attempt::call::{Answer, Trouble};
use crate::workflow::KubernetesDoc;

pub(super) async fn drain(
    cluster: &Cluster<'_>,
    what: &str,
    ask: &KubernetesDoc,
) -> Result<Answer, Trouble> {
    let node = node(cluster, what).await?;
    cluster.get(&node).await?;
    let first = to_evict(cluster, &node.name).await?;
    permitted(cluster, &node, &first, ask)?;
    cordon(cluster, &node, true).await?;
    cluster
        .voice
        .say(&format!("{}: nothing new is scheduled on it", node.said()));
    let total = first.len();
    let evicted: Vec<String> = first.iter().map(place).collect();
    let mut pace = Pace::new();
    loop {
        let left = to_evict(cluster, &node.name).await?;
        if left.is_empty() {
            cluster
                .voice
                .status(&format!("{total} of {total} pods have left"));
            break;
        }
        let total = total.max(left.len());
        let so_far = format!("{} of {total} pods have left", total - left.len());
        let (_, staying): (Vec<_>, Vec<_>) = left.into_iter().partition(pods::is_leaving);
        // One may have come since it was looked at: until it was cordoned, or although it is.
        permitted(cluster, &node, &staying, ask).map_err(|trouble| half_way(&node, trouble))?;
        let mut blocked = None;
        for pod in &staying {
            blocked = evict(cluster, pod).await?.or(blocked);
        }
        cluster
            .voice
            .status(&blocked.map_or(so_far.clone(), |why| format!("{so_far}; {why}")));
        pace.rest().await;
    }
    Ok(answer([("evicted", json!(evicted))]))
}

pub(super) async fn uncordon(cluster: &Cluster<'_>, what: &str) -> Result<Answer, Trouble> {
    let node = node(cluster, what).await?;
    cordon(cluster, &node, false).await?;
    cluster
        .voice
        .say(&format!("{} is back in service", node.said()));
    Ok(Answer::new())
}

/// `node1` and `node/node1` are the same.
async fn node(cluster: &Cluster<'_>, what: &str) -> Result<Thing, Trouble> {
    let name = what.rsplit('/').next().unwrap_or(what);
    let kind = cluster.own_kind("v1", "nodes").await?;
    Ok(cluster.thing(kind, name))
}

async fn cordon(cluster: &Cluster<'_>, node: &Thing, is: bool) -> Result<(), Trouble> {
    // As kubectl does: null takes the field out.
    let value = if is { json!(true) } else { Json::Null };
    let patch = Patch::Merge(json!({"spec": {"unschedulable": value}}));
    cluster.patched(node, &patch).await?;
    Ok(())
}

/// The pods of a node that have to go.
async fn to_evict(cluster: &Cluster<'_>, node: &str) -> Result<Vec<Json>, Trouble> {
    let kind = cluster.own_kind("v1", "pods").await?;
    let params = ListParams::default().fields(&format!("spec.nodeName={node}"));
    let mut pods = cluster.list(&kind, None, &params).await?;
    pods.retain(has_to_go);
    Ok(pods)
}

/// A mirror pod belongs to the node itself, and a daemon set would put its pod back at once.
fn has_to_go(pod: &Json) -> bool {
    let marks = pod.pointer("/metadata/annotations");
    let mirror = marks.is_some_and(|m| m.get("kubernetes.io/config.mirror").is_some());
    !mirror && owner(pod) != Some("DaemonSet")
}

/// `shop/web-1`: a node has pods of all namespaces.
fn place(pod: &Json) -> String {
    let namespace = pod.pointer("/metadata/namespace").and_then(Json::as_str);
    format!("{}/{}", namespace.unwrap_or_default(), pods::name(pod))
}

fn owner(pod: &Json) -> Option<&str> {
    let owners = pod.pointer("/metadata/ownerReferences")?.as_array()?;
    let controller = owners.iter().find(|o| o["controller"] == true)?;
    controller["kind"].as_str()
}

/// What would be lost for good is refused before anything is done, unless the author has said that it may be.
fn permitted(
    cluster: &Cluster<'_>,
    node: &Thing,
    pods: &[Json],
    ask: &KubernetesDoc,
) -> Result<(), Trouble> {
    let names = |keep: &dyn Fn(&Json) -> bool| {
        let kept: Vec<&str> = pods
            .iter()
            .filter(|pod| keep(pod))
            .map(pods::name)
            .collect();
        (!kept.is_empty()).then(|| kept.join(", "))
    };
    let alone = names(&|pod| owner(pod).is_none());
    if let (Some(alone), false) = (alone, ask.force == Some(true)) {
        let why = format!("nobody would start these pods again: {alone}; `force: true` ends them");
        return Err(cluster.failed(&node.said(), &why));
    }
    let with_data = names(&has_empty_dir);
    if let (Some(with_data), false) = (with_data, ask.delete_emptydir == Some(true)) {
        let why = format!(
            "these pods keep data in an emptyDir, which would be lost: {with_data}; `delete_emptydir: true` allows it"
        );
        return Err(cluster.failed(&node.said(), &why));
    }
    Ok(())
}

fn has_empty_dir(pod: &Json) -> bool {
    let volumes = pod.pointer("/spec/volumes").and_then(Json::as_array);
    volumes.is_some_and(|all| all.iter().any(|volume| volume.get("emptyDir").is_some()))
}

/// The node is out of service by then.
fn half_way(node: &Thing, trouble: Trouble) -> Trouble {
    match trouble {
        Trouble::Failed(why) => {
            let said = node.said();
            Trouble::Failed(format!(
                "{why}; nothing new is scheduled on {said} meanwhile: `uncordon` puts it back"
            ))
        }
        other => other,
    }
}

/// `Some`: a disruption budget does not allow it now.
async fn evict(cluster: &Cluster<'_>, pod: &Json) -> Result<Option<String>, Trouble> {
    let text = |key: &str| pod["metadata"][key].as_str().unwrap_or_default().to_owned();
    let (name, namespace) = (text("name"), text("namespace"));
    let kind = cluster.own_kind("v1", "pods").await?;
    let body = json!({
        "apiVersion": version(&cluster.resources("v1").await?),
        "kind": "Eviction",
        "metadata": {"name": name, "namespace": namespace},
    });
    let answer = sent(cluster, &kind, &namespace, &name, &body).await;
    match answer.map_err(Fault::of) {
        Ok(_) => {
            cluster.voice.say(&format!("pod/{name} evicted"));
            Ok(None)
        }
        Err(Fault::Busy(_)) => Ok(Some(format!(
            "pod/{name} may not leave yet: its disruption budget"
        ))),
        Err(Fault::Refused(status)) if status.code == 404 || is_ending(&status) => Ok(None),
        Err(Fault::Refused(status)) => {
            let what = format!("pod/{name}");
            Err(Trouble::Failed(trouble::refused(
                &status,
                &what,
                &cluster.who,
            )))
        }
        // It is still there if it was not heard, and then comes again.
        Err(Fault::Unreached(why) | Fault::Cut(why)) => Ok(Some(why)),
    }
}

/// The namespace of the pod is being deleted, and the pod with it.
fn is_ending(status: &Status) -> bool {
    let mut causes = status.details.iter().flat_map(|d| &d.causes);
    causes.any(|cause| cause.reason == "NamespaceTerminating")
}

async fn sent(
    cluster: &Cluster<'_>,
    kind: &Kind,
    namespace: &str,
    name: &str,
    body: &Json,
) -> Result<Json, kube::Error> {
    let api = cluster.api(kind, Some(namespace));
    let params = PostParams::default();
    cluster.voice.under_way(true);
    let answer = api
        .create_subresource("eviction", name, &params, body)
        .await;
    cluster.voice.under_way(false);
    answer
}

/// Older servers know evictions by an older name, and say so.
fn version(core: &[APIResource]) -> String {
    let eviction = core.iter().find(|r| r.name == "pods/eviction");
    let version = eviction.and_then(|r| r.version.as_deref()).unwrap_or("v1");
    format!("policy/{version}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{has_empty_dir, has_to_go};

    #[test]
    fn pods_of_daemon_sets_and_of_the_node_itself_stay() {
        let of = |kind: &str| json!({"metadata": {"ownerReferences": [{"kind": kind, "controller": true}]}});
        assert!(!has_to_go(&of("DaemonSet")));
        assert!(has_to_go(&of("ReplicaSet")));
        let mirror = json!({"metadata": {"annotations": {"kubernetes.io/config.mirror": "x"}}});
        assert!(!has_to_go(&mirror));
    }

    #[test]
    fn an_empty_dir_is_data() {
        assert!(has_empty_dir(
            &json!({"spec": {"volumes": [{"name": "a", "emptyDir": {}}]}})
        ));
        assert!(!has_empty_dir(
            &json!({"spec": {"volumes": [{"name": "a", "secret": {}}]}})
        ));
    }
}
