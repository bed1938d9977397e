//! Manifests: from a file or written in the step, one or many, as a list of objects.

use std::fs;

use serde_json::{Value as Json, json};

use super::cluster::Cluster;
use crate::attempt::call::Trouble;
use crate::yaml;

/// The objects that `what` says: the path of a file, one object, or a list of either.
pub(super) fn read(cluster: &Cluster<'_>, what: &Json) -> Result<Vec<Json>, Trouble> {
    let mut all = Vec::new();
    gather(cluster, what, &mut all)?;
    let mut objects = Vec::new();
    for object in all {
        flatten(object, &mut objects);
    }
    for object in &objects {
        whole(object).map_err(|why| cluster.failed("manifest", &why))?;
    }
    if objects.is_empty() {
        return Err(cluster.failed("manifest", "it holds no object"));
    }
    Ok(objects)
}

fn gather(cluster: &Cluster<'_>, what: &Json, all: &mut Vec<Json>) -> Result<(), Trouble> {
    match what {
        Json::String(path) => {
            let text = fs::read_to_string(path)
                .map_err(|e| cluster.failed(path, &format!("cannot be read: {e}")))?;
            all.extend(yaml::documents(&text).map_err(|why| cluster.failed(path, &why))?);
        }
        Json::Array(items) => {
            for item in items {
                gather(cluster, item, all)?;
            }
        }
        object => all.push(object.clone()),
    }
    Ok(())
}

/// A `List` stands for its items.
fn flatten(object: Json, objects: &mut Vec<Json>) {
    let is_list = object["kind"]
        .as_str()
        .is_some_and(|kind| kind.ends_with("List"));
    match object.get("items") {
        Some(Json::Array(items)) if is_list => {
            for item in items.clone() {
                flatten(item, objects);
            }
        }
        _ => objects.push(object),
    }
}

/// What the server would not say as plainly.
fn whole(object: &Json) -> Result<(), String> {
    for path in ["/apiVersion", "/kind", "/metadata/name"] {
        let text = object.pointer(path).and_then(Json::as_str);
        if text.is_none_or(str::is_empty) {
            let key = path.trim_start_matches('/').replace('/', ".");
            let kind = object["kind"].as_str().unwrap_or("an object");
            return Err(format!("{kind} has no `{key}`"));
        }
    }
    Ok(())
}

/// Namespaces and kinds come before what lies in them; apart from that the order is the author's.
pub(super) fn in_order(mut objects: Vec<Json>) -> Vec<Json> {
    objects.sort_by_key(|object| match object["kind"].as_str() {
        Some("Namespace") => 0,
        Some("CustomResourceDefinition") => 1,
        _ => 2,
    });
    objects
}

/// Whether `object` needs something that other `objects` bring, so that the server cannot judge it before them.
pub(super) fn depends(object: &Json, objects: &[Json]) -> bool {
    let namespace = object.pointer("/metadata/namespace");
    objects.iter().any(|other| match other["kind"].as_str() {
        Some("Namespace") => namespace.is_some() && other.pointer("/metadata/name") == namespace,
        Some("CustomResourceDefinition") => {
            let group = other.pointer("/spec/group").and_then(Json::as_str);
            let kind = other.pointer("/spec/names/kind");
            let api_version = object["apiVersion"].as_str().unwrap_or_default();
            kind == object.get("kind") && api_version.split_once('/').map(|(g, _)| g) == group
        }
        _ => false,
    })
}

/// The same, told as a job of this name and with these labels.
pub(super) fn renamed(mut object: Json, name: &str, labels: &Json) -> Json {
    object["metadata"]["name"] = json!(name);
    if let (Some(own), Some(more)) = (
        object["metadata"]
            .as_object_mut()
            .map(|m| m.entry("labels").or_insert_with(|| json!({}))),
        labels.as_object(),
    ) {
        for (key, value) in more {
            own[key] = value.clone();
        }
    }
    object
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::{depends, flatten, in_order, whole};

    #[test]
    fn a_list_stands_for_its_items() {
        let mut objects = Vec::new();
        let list = json!({"kind": "List", "items": [{"kind": "A"}, {"kind": "BList", "items": [{"kind": "B"}]}]});
        flatten(list, &mut objects);
        assert_eq!(objects, [json!({"kind": "A"}), json!({"kind": "B"})]);
    }

    #[test]
    fn what_is_missing_is_named() {
        let object = json!({"apiVersion": "v1", "kind": "Service", "metadata": {}});
        assert_eq!(
            whole(&object),
            Err("Service has no `metadata.name`".to_owned())
        );
    }

    #[test]
    fn namespaces_come_first_and_what_lies_in_them_depends_on_them() {
        let within =
            json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"namespace": "shop"}});
        let namespace =
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}});
        let ordered = in_order(vec![within.clone(), namespace.clone()]);
        let kinds: Vec<&Json> = ordered.iter().map(|o| &o["kind"]).collect();
        assert_eq!(kinds, ["Namespace", "Secret"]);
        assert!(depends(&within, &ordered));
        assert!(!depends(&namespace, &ordered));
    }

    #[test]
    fn what_is_of_a_new_kind_depends_on_its_definition() {
        let definition = json!({
            "kind": "CustomResourceDefinition",
            "spec": {"group": "shop.example", "names": {"kind": "Cart"}},
        });
        let cart =
            json!({"apiVersion": "shop.example/v1", "kind": "Cart", "metadata": {"name": "a"}});
        assert!(depends(&cart, &[definition]));
    }
}
