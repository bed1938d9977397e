//! Back to an earlier revision. An undo that is done twice leads back to where it began, so the workload remembers the order.

use kube::api::Patch;
use serde_json::{Value as Json, json};

use super::cluster::{Cluster, ORDER, Refusal, Thing, ours};
use super::perform::count;
use super::workload::revision;
use crate::attempt::call::Trouble;
use crate::workflow::KubernetesDoc;

/// How often it is looked at anew because it was changed meanwhile.
const LOOKS_MAX: u32 = 6;

pub(super) async fn undo(
    cluster: &Cluster<'_>,
    thing: &Thing,
    ask: &KubernetesDoc,
) -> Result<(), Trouble> {
    let said = thing.said();
    let wanted = count(cluster, "to_revision", ask.to_revision.as_ref())?;
    let order = Order {
        step: &cluster.step,
        wanted,
    };
    for _ in 0..LOOKS_MAX {
        let object = cluster.get(thing).await?;
        let revisions = cluster.revisions(thing, &object).await?;
        if order.is_done(&object, &revisions) {
            let told = format!("{said}: an earlier attempt has undone it");
            cluster.voice.say(&told);
            return Ok(());
        }
        let failed = |why: String| cluster.failed(&said, &why);
        let chosen = chosen(&revisions, wanted).map_err(failed)?;
        let number = revision(chosen);
        let patch = order.patch(&object, &revisions, chosen);
        let patch =
            patch.ok_or_else(|| failed(format!("revision {number} has no pod template")))?;
        let told = format!("{said}: back to revision {number}");
        cluster.voice.say(&told);
        match cluster
            .patch(thing, &ours(), &Patch::Strategic(patch))
            .await
        {
            Ok(_) => return Ok(()),
            // Its controller wrote down how it stands; or ours had landed, and only the answer was lost.
            Err(Refusal::Conflict) => {}
            Err(refusal) => return Err(cluster.refused(thing, refusal)),
        }
    }
    Err(cluster.refused(thing, Refusal::Conflict))
}

/// What is ordered, by which step: a person who orders it again means the same undo.
struct Order<'a> {
    step: &'a str,
    wanted: Option<u64>,
}

impl Order<'_> {
    /// What the workload remembers. Undone, it gets a new revision: the one after `from`, once its controller has seen it.
    fn mark(&self, from: i64) -> String {
        let to = self
            .wanted
            .map_or_else(|| "before".to_owned(), |n| n.to_string());
        format!("{} from {from} to {to}", self.step)
    }

    /// Whether it was done, and nothing else has rolled out since.
    fn is_done(&self, object: &Json, revisions: &[Json]) -> bool {
        let marks = object.pointer("/metadata/annotations");
        let mark = marks.and_then(|marks| marks[ORDER].as_str());
        let newest = newest(revisions);
        [newest, newest - 1]
            .iter()
            .any(|from| mark == Some(&self.mark(*from)))
    }

    /// `None`: the chosen revision has no template.
    fn patch(&self, object: &Json, revisions: &[Json], chosen: &Json) -> Option<Json> {
        let metadata = json!({
            "annotations": {ORDER: self.mark(newest(revisions))},
            // If it has changed since it was read, another revision may be the one before.
            "resourceVersion": object.pointer("/metadata/resourceVersion"),
        });
        let template = template(chosen)?;
        Some(json!({"metadata": metadata, "spec": {"template": template}}))
    }
}

fn newest(revisions: &[Json]) -> i64 {
    revisions.last().map_or(0, revision)
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

    use super::{Order, chosen, template};

    #[test]
    fn an_undo_that_is_ordered_again_is_known_until_something_else_rolls_out() {
        let order = |step, wanted| Order { step, wanted };
        let mut revisions = vec![json!({"revision": 5}), json!({"revision": 6})];
        let template = json!({"data": {"spec": {"template": {"spec": {}}}}, "revision": 5});
        let own = order("r1/undo", None);
        let patch = own.patch(&json!({}), &revisions, &template).unwrap();
        assert!(own.is_done(&patch, &revisions), "not seen yet");
        revisions.push(json!({"revision": 7}));
        assert!(own.is_done(&patch, &revisions), "seen");
        assert!(!order("r1/undo", Some(5)).is_done(&patch, &revisions));
        assert!(!order("r2/undo", None).is_done(&patch, &revisions));
        revisions.push(json!({"revision": 8}));
        assert!(!own.is_done(&patch, &revisions), "rolled out since");
    }

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
