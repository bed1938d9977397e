//! What pods say of themselves: why one waits, and whether that will ever end by itself.

use serde_json::Value as Json;

/// Restarts after which a container that ends again and again is given up. The first may be meant: it waits for something else.
const CRASHES: i64 = 2;

/// Why a container waits that will not start by itself.
const HOPELESS: [&str; 6] = [
    "ErrImageNeverPull",
    "ImagePullBackOff",
    "InvalidImageName",
    "CreateContainerConfigError",
    "CreateContainerError",
    "RunContainerError",
];

/// Why this pod will never be ready without help: container and reason.
pub(super) fn hopeless(pod: &Json) -> Option<String> {
    statuses(pod).find_map(|status| {
        let waiting = status.pointer("/state/waiting")?;
        let reason = waiting["reason"].as_str()?;
        let crashes = status["restartCount"].as_i64().unwrap_or(0);
        let crashed = reason == "CrashLoopBackOff" && crashes >= CRASHES;
        if !crashed && !HOPELESS.contains(&reason) {
            return None;
        }
        let container = status["name"].as_str().unwrap_or_default();
        let detail = if crashed {
            last_end(status)
        } else {
            first_line(waiting["message"].as_str().unwrap_or_default())
        };
        Some(format!("container {container}: {reason}{detail}"))
    })
}

/// What this pod is doing, in few words: `Pending: ContainerCreating`.
pub(super) fn doing(pod: &Json) -> String {
    let phase = pod.pointer("/status/phase").and_then(Json::as_str);
    let phase = phase.unwrap_or("Unknown");
    let waits = statuses(pod).find_map(|s| s.pointer("/state/waiting/reason")?.as_str());
    let unscheduled = super::verdict::condition(pod, "PodScheduled")
        .filter(|c| c["status"] == "False")
        .and_then(|c| c["message"].as_str());
    match waits.or(unscheduled) {
        Some(why) => format!("{phase}: {why}"),
        None => phase.to_owned(),
    }
}

pub(super) fn name(object: &Json) -> &str {
    object
        .pointer("/metadata/name")
        .and_then(Json::as_str)
        .unwrap_or_default()
}

/// The one that is meant when none is said.
pub(super) fn first_container(pod: &Json) -> Option<String> {
    let name = pod.pointer("/spec/containers/0/name")?.as_str()?;
    Some(name.to_owned())
}

pub(super) fn is_ready(pod: &Json) -> bool {
    let ready = super::verdict::condition(pod, "Ready");
    !is_leaving(pod) && ready.is_some_and(|c| c["status"] == "True")
}

pub(super) fn is_leaving(pod: &Json) -> bool {
    pod.pointer("/metadata/deletionTimestamp").is_some()
}

fn statuses(pod: &Json) -> impl Iterator<Item = &Json> {
    ["/status/initContainerStatuses", "/status/containerStatuses"]
        .into_iter()
        .filter_map(|path| pod.pointer(path)?.as_array())
        .flatten()
}

fn last_end(status: &Json) -> String {
    let last = status.pointer("/lastState/terminated");
    let Some(code) = last.and_then(|l| l["exitCode"].as_i64()) else {
        return String::new();
    };
    format!(" (it ends with exit code {code})")
}

fn first_line(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default().trim();
    if line.is_empty() {
        return String::new();
    }
    format!(" ({line})")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::{doing, hopeless};

    fn waiting(reason: &str, restarts: i64) -> Json {
        json!({
            "metadata": {"name": "shop-1"},
            "status": {"phase": "Pending", "containerStatuses": [{
                "name": "web", "restartCount": restarts,
                "state": {"waiting": {"reason": reason, "message": "no such image\nmore"}},
                "lastState": {"terminated": {"exitCode": 3}},
            }]},
        })
    }

    #[test]
    fn what_will_not_end_by_itself_is_named_with_its_container() {
        let why = hopeless(&waiting("ErrImageNeverPull", 0));
        assert_eq!(
            why.as_deref(),
            Some("container web: ErrImageNeverPull (no such image)")
        );
        let why = hopeless(&waiting("CrashLoopBackOff", 2));
        assert_eq!(
            why.as_deref(),
            Some("container web: CrashLoopBackOff (it ends with exit code 3)")
        );
    }

    #[test]
    fn what_may_yet_come_right_is_waited_for() {
        assert_eq!(hopeless(&waiting("ContainerCreating", 0)), None);
        assert_eq!(hopeless(&waiting("CrashLoopBackOff", 1)), None);
        assert_eq!(hopeless(&waiting("ErrImagePull", 0)), None);
        assert_eq!(
            doing(&waiting("ContainerCreating", 0)),
            "Pending: ContainerCreating"
        );
    }
}
