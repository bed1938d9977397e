//! `set_image`: what a canary or a blue/green release changes, without a template of the whole.

use std::collections::BTreeMap;

use kube::api::Patch;
use serde_json::{Map, Value as Json, json};

use super::cluster::Cluster;
use super::perform::settles;
use super::rollout::{published, workload};
use crate::attempt::call::{Answer, Trouble};
use crate::workflow::KubernetesDoc;
use crate::yaml;

/// Under this name a workload remembers the images that a step has replaced: an attempt that comes after a lost one finds its own.
const BEFORE: &str = "flightdeck.dev/before";

pub(super) async fn set_image(
    cluster: &Cluster<'_>,
    what: &str,
    ask: &KubernetesDoc,
) -> Result<Answer, Trouble> {
    let thing = workload(cluster, what).await?;
    let said = thing.said();
    let images = ask.images.clone().unwrap_or_default();
    let object = cluster.get(&thing).await?;
    let (now, mut patch) = changes(&object, &images).map_err(|why| cluster.failed(&said, &why))?;
    let before = remembered(&object, &cluster.step, &now).unwrap_or_else(|| now.clone());
    patch["metadata"] = json!({"annotations": {BEFORE: note(&cluster.step, &before, &images)}});
    for (container, image) in &images {
        let old = now[container].as_str().unwrap_or_default();
        cluster
            .voice
            .say(&format!("{said}: {container} from {old} to {image}"));
    }
    cluster.patched(&thing, &Patch::Strategic(patch)).await?;
    let object = if settles(ask) {
        cluster.settle(&thing).await?
    } else {
        cluster.get(&thing).await?
    };
    let mut answer = published(cluster, &thing, &object).await?;
    answer.insert("before".to_owned(), Json::Object(before));
    Ok(answer)
}

/// For whoever gives the order again: what was there before it was given first.
fn note(step: &str, before: &Map<String, Json>, images: &BTreeMap<String, String>) -> String {
    json!({"step": step, "before": before, "images": images}).to_string()
}

/// What this very step found when it was first tried, if what it made of it stands.
fn remembered(object: &Json, step: &str, now: &Map<String, Json>) -> Option<Map<String, Json>> {
    let text = object.pointer("/metadata/annotations")?[BEFORE].as_str()?;
    let mut note: Json = serde_json::from_str(text).ok()?;
    let stands = note["step"] == step && note["images"].as_object() == Some(now);
    match note["before"].take() {
        Json::Object(before) if stands => Some(before),
        _ => None,
    }
}

/// The images until now, and the patch. A name that is not there would become a new container, so it is refused.
fn changes(
    object: &Json,
    images: &BTreeMap<String, String>,
) -> Result<(Map<String, Json>, Json), String> {
    let mut before = Map::new();
    let mut patch = Map::new();
    for list in ["initContainers", "containers"] {
        let path = format!("/spec/template/spec/{list}");
        let there = object.pointer(&path).and_then(Json::as_array);
        let mut changed = Vec::new();
        for container in there.into_iter().flatten() {
            let name = container["name"].as_str().unwrap_or_default();
            if let Some(image) = images.get(name) {
                before.insert(name.to_owned(), container["image"].clone());
                changed.push(json!({"name": name, "image": image}));
            }
        }
        if !changed.is_empty() {
            patch.insert(list.to_owned(), Json::Array(changed));
        }
    }
    if let Some(unknown) = images.keys().find(|name| !before.contains_key(*name)) {
        let names = names(object);
        let meant = yaml::closest(unknown, names.iter().copied());
        let hint = meant.map_or_else(String::new, |name| format!(" (did you mean {name}?)"));
        let names = names.join(", ");
        return Err(format!("it has no container {unknown}{hint}, only {names}"));
    }
    Ok((before, json!({"spec": {"template": {"spec": patch}}})))
}

fn names(object: &Json) -> Vec<&str> {
    ["initContainers", "containers"]
        .iter()
        .filter_map(|list| {
            object
                .pointer(&format!("/spec/template/spec/{list}"))?
                .as_array()
        })
        .flatten()
        .filter_map(|container| container["name"].as_str())
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::{BEFORE, changes, note, remembered};

    fn object() -> Json {
        json!({"spec": {"template": {"spec": {
            "initContainers": [{"name": "schema", "image": "schema:1"}],
            "containers": [{"name": "web", "image": "shop:1"}, {"name": "log", "image": "log:1"}],
        }}}})
    }

    #[test]
    fn only_the_named_containers_change() {
        let images = [("web".to_owned(), "shop:2".to_owned())].into();
        let (before, patch) = changes(&object(), &images).unwrap();
        assert_eq!(Json::Object(before), json!({"web": "shop:1"}));
        let expected = json!({"containers": [{"name": "web", "image": "shop:2"}]});
        assert_eq!(patch["spec"]["template"]["spec"], expected);
    }

    #[test]
    fn a_step_that_is_tried_again_knows_what_was_there_before_it() {
        let images = [("web".to_owned(), "shop:2".to_owned())].into();
        let (before, _) = changes(&object(), &images).unwrap();
        let mut changed = object();
        changed["metadata"] = json!({"annotations": {BEFORE: note("r1/image", &before, &images)}});
        let path = "/spec/template/spec/containers/0/image";
        *changed.pointer_mut(path).unwrap() = json!("shop:2");
        let (now, _) = changes(&changed, &images).unwrap();
        assert_eq!(remembered(&changed, "r1/image", &now), Some(before));
        assert_eq!(remembered(&changed, "r2/image", &now), None);
        // Somebody else has changed it since.
        *changed.pointer_mut(path).unwrap() = json!("shop:3");
        let (now, _) = changes(&changed, &images).unwrap();
        assert_eq!(remembered(&changed, "r1/image", &now), None);
    }

    #[test]
    fn a_container_that_is_not_there_is_not_made() {
        let images = [("wep".to_owned(), "shop:2".to_owned())].into();
        assert_eq!(
            changes(&object(), &images).unwrap_err(),
            "it has no container wep (did you mean web?), only schema, web, log"
        );
    }
}
