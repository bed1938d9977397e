//! Workloads and their pods: which pods belong to one, and which of them to what it is becoming.

use kube::api::ListParams;
use serde_json::Value as Json;

use super::cluster::{Cluster, Thing};
use super::pods;
use super::verdict::number;
use crate::attempt::call::Trouble;

/// Under this name a Deployment and its ReplicaSets count their revisions.
const REVISION: &str = "/metadata/annotations/deployment.kubernetes.io~1revision";

impl Cluster<'_> {
    /// All pods that a workload, service or job selects.
    pub(super) async fn pods_of(&self, thing: &Thing, object: &Json) -> Result<Vec<Json>, Trouble> {
        let Some(selector) = selector(object) else {
            return Err(self.failed(&thing.said(), "it has no pods: it selects none"));
        };
        self.pods_by(thing.namespace.as_deref(), &selector).await
    }

    /// Its pods of the newest revision: the only ones that a rollout is judged by.
    pub(super) async fn new_pods_of(
        &self,
        thing: &Thing,
        object: &Json,
    ) -> Result<Vec<Json>, Trouble> {
        let all = self.pods_of(thing, object).await?;
        let (label, hash) = match thing.kind.resource.kind.as_str() {
            "Deployment" => {
                let sets = self.revisions(thing, object).await?;
                let newest = sets
                    .into_iter()
                    .find(|set| revision(set) == revision(object));
                let hash = newest.and_then(|set| label(&set, "pod-template-hash"));
                ("pod-template-hash", hash)
            }
            "StatefulSet" => {
                let hash = object
                    .pointer("/status/updateRevision")
                    .and_then(Json::as_str);
                ("controller-revision-hash", hash.map(str::to_owned))
            }
            "DaemonSet" => {
                let newest = self.revisions(thing, object).await?.pop();
                let hash = newest.and_then(|r| label(&r, "controller-revision-hash"));
                ("controller-revision-hash", hash)
            }
            _ => return Ok(all),
        };
        let Some(hash) = hash else {
            return Ok(Vec::new());
        };
        let is_new = |pod: &Json| self::label(pod, label).as_deref() == Some(&hash);
        Ok(all.into_iter().filter(is_new).collect())
    }

    /// The remembered revisions of a workload, oldest first: ReplicaSets of a Deployment, else ControllerRevisions.
    pub(super) async fn revisions(
        &self,
        thing: &Thing,
        object: &Json,
    ) -> Result<Vec<Json>, Trouble> {
        let plural = if thing.kind.resource.kind == "Deployment" {
            "replicasets"
        } else {
            "controllerrevisions"
        };
        let kind = self.own_kind("apps/v1", plural).await?;
        let params = ListParams::default().labels(&selector(object).unwrap_or_default());
        let mut all = self
            .list(&kind, thing.namespace.as_deref(), &params)
            .await?;
        let uid = object.pointer("/metadata/uid");
        all.retain(|one| is_owned_by(one, uid));
        all.sort_by_key(revision);
        Ok(all)
    }

    pub(super) async fn pods_by(
        &self,
        namespace: Option<&str>,
        selector: &str,
    ) -> Result<Vec<Json>, Trouble> {
        let kind = self.own_kind("v1", "pods").await?;
        let params = ListParams::default().labels(selector);
        self.list(&kind, namespace, &params).await
    }

    /// `pod/x` itself, or a ready pod of a workload; and how it is.
    pub(super) async fn ready_pod(&self, text: &str) -> Result<(Thing, Json), Trouble> {
        let thing = self.target(text).await?;
        let object = self.get(&thing).await?;
        if thing.kind.resource.kind == "Pod" {
            return Ok((thing, object));
        }
        let pods = self.pods_of(&thing, &object).await?;
        let count = pods.len();
        let Some(ready) = pods.into_iter().find(pods::is_ready) else {
            let (place, said) = (self.who.place(), thing.said());
            let why = format!("{place}: {said}: none of its {count} pods is ready");
            return Err(Trouble::Unreached(why));
        };
        let kind = self.own_kind("v1", "pods").await?;
        let pod = Thing {
            kind,
            namespace: thing.namespace,
            name: pods::name(&ready).to_owned(),
        };
        Ok((pod, ready))
    }
}

/// The number of a revision, of whatever remembers it.
pub(super) fn revision(object: &Json) -> i64 {
    let counted = object.pointer(REVISION).and_then(Json::as_str);
    let counted = counted.and_then(|text| text.parse().ok());
    counted.unwrap_or_else(|| number(object, "/revision"))
}

fn label(object: &Json, name: &str) -> Option<String> {
    let labels = object.pointer("/metadata/labels")?;
    labels[name].as_str().map(str::to_owned)
}

pub(super) fn is_owned_by(object: &Json, uid: Option<&Json>) -> bool {
    let owners = object.pointer("/metadata/ownerReferences");
    let owners = owners.and_then(Json::as_array);
    owners.is_some_and(|all| all.iter().any(|o| o.get("uid") == uid))
}

/// As the API wants it: `app=shop,tier in (a,b)`. `None` if nothing is selected.
pub(super) fn selector(object: &Json) -> Option<String> {
    let selector = object.pointer("/spec/selector")?;
    let labels = selector.get("matchLabels").unwrap_or(selector);
    let mut parts: Vec<String> = labels
        .as_object()
        .into_iter()
        .flatten()
        .filter_map(|(key, value)| Some(format!("{key}={}", value.as_str()?)))
        .collect();
    for rule in selector["matchExpressions"]
        .as_array()
        .into_iter()
        .flatten()
    {
        let key = rule["key"].as_str()?;
        let values = rule["values"].as_array().into_iter().flatten();
        let values: Vec<&str> = values.filter_map(Json::as_str).collect();
        let values = values.join(",");
        parts.push(match rule["operator"].as_str()? {
            "In" => format!("{key} in ({values})"),
            "NotIn" => format!("{key} notin ({values})"),
            "Exists" => key.to_owned(),
            "DoesNotExist" => format!("!{key}"),
            _ => return None,
        });
    }
    (!parts.is_empty()).then(|| parts.join(","))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::selector;

    #[test]
    fn what_is_selected_is_written_as_the_api_wants_it() {
        let object = json!({"spec": {"selector": {
            "matchLabels": {"app": "shop"},
            "matchExpressions": [
                {"key": "tier", "operator": "In", "values": ["a", "b"]},
                {"key": "old", "operator": "DoesNotExist"},
            ],
        }}});
        assert_eq!(
            selector(&object).as_deref(),
            Some("app=shop,tier in (a,b),!old")
        );
        let service = json!({"spec": {"selector": {"app": "shop"}}});
        assert_eq!(selector(&service).as_deref(), Some("app=shop"));
        assert_eq!(selector(&json!({"spec": {}})), None);
    }
}
