//! How a workload stands, judged from the object alone: what the controller has seen, replaced and found ready.

use serde_json::Value as Json;

/// How far a workload is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Its numbers and its newest revision are those of before the change.
    Unseen,
    /// Not yet, and how far.
    Waiting(String),
    Done(String),
    /// It will not be without help.
    Failed(String),
}

/// Of a Deployment, StatefulSet, DaemonSet or ReplicaSet; what else has replicas is judged by their number.
pub(super) fn verdict(object: &Json) -> Verdict {
    // What the controller has not seen, its numbers do not tell of.
    if is_unseen(object) {
        return Verdict::Unseen;
    }
    match object.pointer("/kind").and_then(Json::as_str) {
        Some("Deployment") => deployment(object),
        Some("StatefulSet") => stateful_set(object),
        Some("DaemonSet") => daemon_set(object),
        _ => plain(object),
    }
}

/// The cluster's own controllers count what they have seen; of others, some do not, or in words of their own.
fn is_unseen(object: &Json) -> bool {
    let seen = object
        .pointer("/status/observedGeneration")
        .and_then(Json::as_i64);
    let version = object.pointer("/apiVersion").and_then(Json::as_str);
    let own = matches!(version, None | Some("v1" | "apps/v1"));
    match seen {
        Some(seen) => seen < number(object, "/metadata/generation"),
        None => own,
    }
}

pub(super) fn number(object: &Json, path: &str) -> i64 {
    object.pointer(path).and_then(Json::as_i64).unwrap_or(0)
}

/// Left out, there is one.
pub(super) fn wanted(object: &Json) -> i64 {
    object
        .pointer("/spec/replicas")
        .and_then(Json::as_i64)
        .unwrap_or(1)
}

fn deployment(object: &Json) -> Verdict {
    let wanted = wanted(object);
    let updated = number(object, "/status/updatedReplicas");
    let available = number(object, "/status/availableReplicas");
    let all = number(object, "/status/replicas");
    let progressing = condition(object, "Progressing");
    let reason = progressing.and_then(|c| c["reason"].as_str());
    if reason == Some("ProgressDeadlineExceeded") {
        let span = number(object, "/spec/progressDeadlineSeconds");
        let ready = ready(available, wanted);
        return Verdict::Failed(format!("no progress for {span} s: {ready}"));
    }
    let paused = object.pointer("/spec/paused") == Some(&Json::Bool(true));
    if paused && updated < wanted {
        return Verdict::Failed("it is paused; `kubectl rollout resume` lets it go on".to_owned());
    }
    progress(wanted, updated, available, all)
}

fn stateful_set(object: &Json) -> Verdict {
    let wanted = wanted(object);
    let ready_now = number(object, "/status/readyReplicas");
    if on_delete(object) {
        return counted(ready_now, wanted);
    }
    let partition = number(object, "/spec/updateStrategy/rollingUpdate/partition");
    let updated = number(object, "/status/updatedReplicas");
    let update = object.pointer("/status/updateRevision");
    // While nothing is updated, the controller counts none of them as updated.
    let current = update == object.pointer("/status/currentRevision");
    if !current && updated < wanted - partition {
        let all = number(object, "/status/replicas");
        return progress(wanted - partition, updated, ready_now, all);
    }
    counted(ready_now, wanted)
}

fn daemon_set(object: &Json) -> Verdict {
    let wanted = number(object, "/status/desiredNumberScheduled");
    let available = number(object, "/status/numberAvailable");
    if on_delete(object) {
        return counted(available, wanted);
    }
    let updated = number(object, "/status/updatedNumberScheduled");
    progress(wanted, updated, available, wanted)
}

fn plain(object: &Json) -> Verdict {
    let wanted = wanted(object);
    let all = number(object, "/status/replicas");
    let has_ready = object.pointer("/kind").and_then(Json::as_str) == Some("ReplicaSet");
    let there = if has_ready {
        number(object, "/status/readyReplicas")
    } else {
        all
    };
    if all > wanted {
        let text = format!(
            "{}, {} too many",
            ready(there.min(wanted), wanted),
            all - wanted
        );
        return Verdict::Waiting(text);
    }
    counted(there, wanted)
}

fn counted(there: i64, wanted: i64) -> Verdict {
    let text = ready(there, wanted);
    if there == wanted {
        Verdict::Done(text)
    } else {
        Verdict::Waiting(text)
    }
}

/// The rule of all that replace old by new: first all are new, then no old one is left, then all are available.
fn progress(wanted: i64, updated: i64, available: i64, all: i64) -> Verdict {
    let ready = ready(available.min(wanted), wanted);
    if updated < wanted {
        return Verdict::Waiting(format!("{ready}, {updated} updated"));
    }
    if all > updated {
        return Verdict::Waiting(format!("{ready}, {} old yet to go", all - updated));
    }
    if available < updated {
        return Verdict::Waiting(ready);
    }
    Verdict::Done(ready)
}

fn ready(there: i64, wanted: i64) -> String {
    let noun = if wanted == 1 { "replica" } else { "replicas" };
    format!("{there} of {wanted} {noun} ready")
}

fn on_delete(object: &Json) -> bool {
    let kind = object.pointer("/spec/updateStrategy/type");
    kind.and_then(Json::as_str) == Some("OnDelete")
}

pub(super) fn condition<'o>(object: &'o Json, name: &str) -> Option<&'o Json> {
    let all = object.pointer("/status/conditions")?.as_array()?;
    all.iter().find(|c| {
        c["type"]
            .as_str()
            .is_some_and(|t| t.eq_ignore_ascii_case(name))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::Verdict::{Done, Failed, Unseen, Waiting};
    use super::{Verdict, verdict};

    fn deployment(wanted: i64, updated: i64, all: i64, available: i64) -> Json {
        json!({
            "kind": "Deployment",
            "metadata": {"generation": 2},
            "spec": {"replicas": wanted, "progressDeadlineSeconds": 600},
            "status": {
                "observedGeneration": 2, "replicas": all, "updatedReplicas": updated,
                "availableReplicas": available,
            },
        })
    }

    fn is(object: &Json, expected: &Verdict) {
        assert_eq!(verdict(object), *expected, "{object}");
    }

    #[test]
    fn old_numbers_are_not_taken_for_new_ones() {
        let mut object = deployment(3, 3, 3, 3);
        is(&object, &Done("3 of 3 replicas ready".into()));
        object["metadata"]["generation"] = json!(3);
        is(&object, &Unseen);
    }

    #[test]
    fn a_deployment_is_done_when_all_are_new_and_available_and_no_old_one_is_left() {
        is(
            &deployment(5, 2, 6, 4),
            &Waiting("4 of 5 replicas ready, 2 updated".into()),
        );
        is(
            &deployment(5, 5, 6, 5),
            &Waiting("5 of 5 replicas ready, 1 old yet to go".into()),
        );
        is(
            &deployment(5, 5, 5, 3),
            &Waiting("3 of 5 replicas ready".into()),
        );
        is(
            &deployment(1, 1, 1, 0),
            &Waiting("0 of 1 replica ready".into()),
        );
        is(
            &deployment(0, 0, 0, 0),
            &Done("0 of 0 replicas ready".into()),
        );
    }

    #[test]
    fn a_deployment_that_makes_no_progress_or_is_paused_has_failed() {
        let mut object = deployment(5, 5, 5, 3);
        object["status"]["conditions"] = json!([{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}]);
        is(
            &object,
            &Failed("no progress for 600 s: 3 of 5 replicas ready".into()),
        );
        let mut object = deployment(5, 2, 5, 5);
        object["spec"]["paused"] = json!(true);
        assert!(matches!(verdict(&object), Failed(why) if why.contains("paused")));
    }

    fn stateful(spec: &Json, status: &Json) -> Json {
        json!({"kind": "StatefulSet", "metadata": {"generation": 1}, "spec": spec, "status": status})
    }

    #[test]
    fn a_stateful_set_counts_only_what_its_partition_lets_it_replace() {
        let spec = json!({"replicas": 3, "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 1}}});
        let status = |updated: i64| {
            json!({
                "observedGeneration": 1, "replicas": 3, "readyReplicas": 3, "updatedReplicas": updated,
                "currentRevision": "s-1", "updateRevision": "s-2",
            })
        };
        let waiting = Waiting("2 of 2 replicas ready, 1 updated".into());
        is(&stateful(&spec, &status(1)), &waiting);
        is(
            &stateful(&spec, &status(2)),
            &Done("3 of 3 replicas ready".into()),
        );
    }

    #[test]
    fn a_stateful_set_that_is_replaced_by_hand_is_judged_by_what_is_ready() {
        let spec = json!({"replicas": 2, "updateStrategy": {"type": "OnDelete"}});
        let status = json!({"observedGeneration": 1, "readyReplicas": 1, "updatedReplicas": 0});
        is(
            &stateful(&spec, &status),
            &Waiting("1 of 2 replicas ready".into()),
        );
    }

    #[test]
    fn a_daemon_set_is_done_on_every_node() {
        let object = |updated: i64, available: i64| {
            json!({
                "kind": "DaemonSet", "metadata": {"generation": 1}, "spec": {},
                "status": {
                    "observedGeneration": 1, "desiredNumberScheduled": 2,
                    "updatedNumberScheduled": updated, "numberAvailable": available,
                },
            })
        };
        is(
            &object(1, 2),
            &Waiting("2 of 2 replicas ready, 1 updated".into()),
        );
        is(&object(2, 1), &Waiting("1 of 2 replicas ready".into()));
        is(&object(2, 2), &Done("2 of 2 replicas ready".into()));
    }

    #[test]
    fn a_custom_resource_need_not_count_what_its_controller_has_seen() {
        let mut object = json!({
            "apiVersion": "shop.example/v1", "kind": "Cart", "metadata": {"generation": 4},
            "spec": {"replicas": 2}, "status": {"replicas": 2},
        });
        is(&object, &Done("2 of 2 replicas ready".into()));
        object["status"]["observedGeneration"] = json!("4");
        is(&object, &Done("2 of 2 replicas ready".into()));
        object["status"]["observedGeneration"] = json!(3);
        is(&object, &Unseen);
        // One of the cluster's own that was just made has no status at all.
        let set = json!({"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": {"generation": 1}, "spec": {}});
        is(&set, &Unseen);
    }

    #[test]
    fn what_was_scaled_down_is_done_when_the_rest_has_gone() {
        let object = json!({
            "kind": "ReplicaSet", "metadata": {"generation": 1}, "spec": {"replicas": 1},
            "status": {"observedGeneration": 1, "replicas": 3, "readyReplicas": 3},
        });
        is(&object, &Waiting("1 of 1 replica ready, 2 too many".into()));
    }
}
