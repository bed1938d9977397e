//! Back to an earlier revision. An undo that is done twice leads back to where it began, so the workload remembers the order.

use kube::api::Patch;
use serde_json::{Value as Json, json};

use super::cluster::{Cluster, ORDER, Thing};
use super::perform::count;
use super::workload::revision;
use crate::attempt::call::Trouble;
use crate::workflow::KubernetesDoc;

pub(super) async fn undo(
    cluster: &Cluster<'_>,
    thing: &Thing,
    ask: &KubernetesDoc,
) -> Result<(), Trouble> {
    let said = thing.said();
    let wanted = count(cluster, "to_revision", ask.to_revision.as_ref())?;
    let object = cluster.get(thing).await?;
    if is_marked(&object, &cluster.key) {
        cluster
            .voice
            .say(&format!("{said}: an earlier attempt has undone it"));
        return Ok(());
    }
    let revisions = cluster.revisions(thing, &object).await?;
    let chosen = chosen(&revisions, wanted).map_err(|why| cluster.failed(&said, &why))?;
    let number = revision(chosen);
    cluster
        .voice
        .say(&format!("{said}: back to revision {number}"));
    let mark = json!({ORDER: &cluster.key});
    let metadata = json!({
        "annotations": mark,
        // If it has changed since it was read, another revision may be the one before.
        "resourceVersion": object.pointer("/metadata/resourceVersion"),
    });
    let template = template(chosen)
        .ok_or_else(|| cluster.failed(&said, &format!("revision {number} has no pod template")))?;
    let patch = json!({"metadata": metadata, "spec": {"template": template}});
    cluster.patched(thing, &Patch::Strategic(patch)).await?;
    Ok(())
}

fn is_marked(object: &Json, key: &str) -> bool {
    let marks = object.pointer("/metadata/annotations");
    marks.and_then(|m| m[ORDER].as_str()) == Some(key)
}

/// Of revisions, oldest first: the one before the newest, or that of a number.
fn chosen(revisions: &[Json], wanted: Option<u64>) -> Result<&Json, String> {
    let numbers: Vec<String> = revisions.iter().map(|r| revision(r).to_string()).collect();
    let numbers = numbers.join(", ");
    let Some(wanted) = wanted else {
        let before = revisions.len().checked_sub(2).map(|n| &revisions[n]);
        return before.ok_or_else(|| "there is no revision before this one".to_owned());
    };
    let found = revisions
        .iter()
        .find(|r| u64::try_from(revision(r)) == Ok(wanted));
    found.ok_or_else(|| format!("there is no revision {wanted}, only {numbers}"))
}

/// The pod template of a revision, to stand in place of all that is there now.
fn template(revision: &Json) -> Option<Json> {
    let template = revision.pointer("/spec/template");
    let template = template.or_else(|| revision.pointer("/data/spec/template"));
    let mut template = template.filter(|t| t.is_object())?.clone();
    if let Some(labels) = template.pointer_mut("/metadata/labels") {
        // The controller's own, by which it tells its ReplicaSets apart.
        labels.as_object_mut()?.remove("pod-template-hash");
    }
    template["$patch"] = json!("replace");
    Some(template)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{chosen, template};

    #[test]
    fn undo_goes_one_back_or_to_a_number() {
        let revisions = [3, 5, 6].map(|n| json!({"revision": n}));
        let number = |wanted| chosen(&revisions, wanted).map(|r| r["revision"].clone());
        assert_eq!(number(None), Ok(json!(5)));
        assert_eq!(number(Some(3)), Ok(json!(3)));
        assert_eq!(
            number(Some(4)),
            Err("there is no revision 4, only 3, 5, 6".to_owned())
        );
        let why = chosen(&revisions[..1], None).unwrap_err();
        assert_eq!(why, "there is no revision before this one");
    }

    #[test]
    fn a_template_replaces_all_that_is_there() {
        let set = json!({"spec": {"template": {
            "metadata": {"labels": {"app": "shop", "pod-template-hash": "abc"}}, "spec": {},
        }}});
        let expected =
            json!({"metadata": {"labels": {"app": "shop"}}, "spec": {}, "$patch": "replace"});
        assert_eq!(template(&set), Some(expected));
    }
}
