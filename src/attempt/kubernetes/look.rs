//! `get`, `wait` and `patch`: one thing, read or changed in a few fields.

use kube::api::Patch;
use serde_json::{Value as Json, json};

use super::cluster::Cluster;
use super::perform::answer;
use super::settle::Pace;
use super::verdict::{condition, number};
use crate::attempt::call::{Answer, Trouble};
use crate::attempt::outputs::{is_jmespath, jmespath};
use crate::workflow::KubernetesDoc;

pub(super) async fn get(cluster: &Cluster<'_>, what: &str) -> Result<Answer, Trouble> {
    let thing = cluster.target(what).await?;
    let object = cluster.get(&thing).await?;
    Ok(answer([("object", shown(object))]))
}

pub(super) async fn patch(
    cluster: &Cluster<'_>,
    what: &str,
    ask: &KubernetesDoc,
) -> Result<Answer, Trouble> {
    let thing = cluster.target(what).await?;
    let patch = ask.with.clone().unwrap_or_else(|| json!({}));
    let object = cluster.patched(&thing, &Patch::Merge(patch)).await?;
    cluster.voice.say(&format!("{}: patched", thing.said()));
    Ok(answer([("object", shown(object))]))
}

pub(super) async fn wait(
    cluster: &Cluster<'_>,
    what: &str,
    ask: &KubernetesDoc,
) -> Result<Answer, Trouble> {
    let thing = cluster.target(what).await?;
    let wish = Wish::of(ask).map_err(|why| cluster.failed("query", &why))?;
    let mut pace = Pace::new();
    loop {
        let found = match cluster.look(&thing).await? {
            None => Err("it is not there yet".to_owned()),
            Some(object) => match wish.is_met(&object) {
                Ok(()) => Ok(object),
                Err(why) => Err(why),
            },
        };
        match found {
            Ok(object) => return Ok(answer([("object", shown(object))])),
            Err(why) => cluster.voice.status(&format!("{}: {why}", thing.said())),
        }
        pace.rest().await;
    }
}

/// Without the bookkeeping of who manages which field: it is longer than all the rest.
fn shown(mut object: Json) -> Json {
    if let Some(metadata) = object
        .pointer_mut("/metadata")
        .and_then(Json::as_object_mut)
    {
        metadata.remove("managedFields");
    }
    object
}

/// What is waited for.
enum Wish {
    Condition { name: String, status: String },
    Query(String),
}

impl Wish {
    fn of(ask: &KubernetesDoc) -> Result<Self, String> {
        if let Some(query) = &ask.query {
            // A mistake is told at once, not when the thing is there. Functions refuse what is not there yet, so it is not tried.
            is_jmespath(query)?;
            return Ok(Self::Query(query.clone()));
        }
        let text = ask.condition.as_deref().unwrap_or("Ready");
        let (name, status) = text.split_once('=').unwrap_or((text, "True"));
        Ok(Self::Condition {
            name: name.to_owned(),
            status: status.to_owned(),
        })
    }

    /// `Err`: not yet, and what there is instead.
    fn is_met(&self, object: &Json) -> Result<(), String> {
        let seen = object
            .pointer("/status/observedGeneration")
            .and_then(Json::as_i64);
        match self {
            Self::Condition { name, status } => {
                if seen.is_some_and(|seen| seen < number(object, "/metadata/generation")) {
                    return Err("not seen by its controller yet".to_owned());
                }
                let Some(found) = condition(object, name) else {
                    return Err(format!("it has no condition {name} yet"));
                };
                let is = found["status"].as_str().unwrap_or("Unknown");
                if is.eq_ignore_ascii_case(status) {
                    return Ok(());
                }
                let reason = found["reason"].as_str().unwrap_or_default();
                let reason = if reason.is_empty() {
                    String::new()
                } else {
                    format!(" ({reason})")
                };
                Err(format!("{name} is {is}{reason}"))
            }
            Self::Query(query) => {
                let found = jmespath(query, object)?;
                if is_something(&found) {
                    return Ok(());
                }
                Err(format!("`{query}` gives {found}"))
            }
        }
    }
}

/// JMESPath's own rule of what is true.
fn is_something(value: &Json) -> bool {
    match value {
        Json::Null => false,
        Json::Bool(is) => *is,
        Json::Number(_) => true,
        Json::String(text) => !text.is_empty(),
        Json::Array(items) => !items.is_empty(),
        Json::Object(entries) => !entries.is_empty(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::Wish;

    fn wish_of(ask: &Json) -> Result<Wish, String> {
        Wish::of(&serde_json::from_value(ask.clone()).unwrap())
    }

    #[test]
    fn a_condition_is_met_only_by_what_the_controller_has_seen() {
        let wish = wish_of(&json!({"condition": "available"})).unwrap();
        let mut object = json!({
            "metadata": {"generation": 2},
            "status": {
                "observedGeneration": 1,
                "conditions": [{"type": "Available", "status": "True"}],
            },
        });
        assert!(wish.is_met(&object).is_err());
        object["status"]["observedGeneration"] = json!(2);
        assert_eq!(wish.is_met(&object), Ok(()));
        object["status"]["conditions"][0] =
            json!({"type": "Available", "status": "False", "reason": "MinimumReplicasUnavailable"});
        let why = "available is False (MinimumReplicasUnavailable)".to_owned();
        assert_eq!(wish.is_met(&object), Err(why));
    }

    #[test]
    fn a_query_is_met_by_what_is_neither_false_nor_nothing() {
        let wish = wish_of(&json!({"query": "status.loadBalancer.ingress[0].ip"})).unwrap();
        assert!(wish.is_met(&json!({"status": {}})).is_err());
        let object = json!({"status": {"loadBalancer": {"ingress": [{"ip": "10.0.0.9"}]}}});
        assert_eq!(wish.is_met(&object), Ok(()));
        assert!(wish_of(&json!({"query": "a["})).is_err());
    }

    #[test]
    fn a_query_with_a_function_waits_for_what_the_function_takes() {
        let query = json!({"query": "length(status.loadBalancer.ingress) > `0`"});
        let wish = wish_of(&query).unwrap();
        assert!(wish.is_met(&json!({"status": {}})).is_err());
        let object = json!({"status": {"loadBalancer": {"ingress": [{"ip": "10.0.0.9"}]}}});
        assert_eq!(wish.is_met(&object), Ok(()));
    }
}
