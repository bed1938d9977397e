//! `job`: something that runs to its end in the cluster. Its name follows from the order, so that the order given again after a
//! crash finds the job that runs already, or has run.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value as Json, json};
use sha2::{Digest as _, Sha256};

use super::cluster::{Cluster, MANAGER, ORDER, Refusal, Thing};
use super::logs::{Kept, follow};
use super::manifests::{self, renamed};
use super::perform::{answer, count, settles};
use super::pods;
use super::settle::{Pace, patiently};
use super::stop::{end_it, stopping, was_stopped};
use super::verdict::condition;
use crate::attempt::call::{Answer, Trouble};
use crate::id::hex;
use crate::workflow::KubernetesDoc;

/// Pods get this name and more behind it, and all of it must fit into a label.
const BASE_MAX: usize = 40;

pub(super) async fn job(
    cluster: &Cluster<'_>,
    what: &Json,
    ask: &KubernetesDoc,
) -> Result<Answer, Trouble> {
    let manifest = match &ask.image {
        Some(image) => from_image(what, image, ask, cluster.grace),
        None => one_job(cluster, what)?,
    };
    let mark = mark(&cluster.key);
    let name = name(&manifest, &mark);
    let labels = json!({"app.kubernetes.io/managed-by": MANAGER, ORDER: mark});
    let mut manifest = renamed(manifest, &name, &labels);
    if let Some(seconds) = count(cluster, "keep_seconds", ask.keep_seconds.as_ref())? {
        manifest["spec"]["ttlSecondsAfterFinished"] = json!(seconds);
    }
    let Some(thing) = cluster.place_of(&manifest).await? else {
        return Err(cluster.failed("job", "the server knows no jobs of this `apiVersion`"));
    };
    // From here on it may run, and would go on by itself if we are stopped.
    cluster.voice.when_stopped(Some(stopping(cluster, &thing)));
    let answer = match begin(cluster, &thing, &manifest).await {
        Ok(()) if settles(ask) => to_the_end(cluster, &thing).await,
        Ok(()) => Ok(answer([("job", json!(name))])),
        Err(trouble) => Err(trouble),
    };
    cluster.voice.when_stopped(None);
    answer
}

fn from_image(what: &Json, image: &str, ask: &KubernetesDoc, grace: Duration) -> Json {
    let variables = ask.variables.iter().flatten();
    let variables: Vec<Json> = variables
        .map(|(name, value)| json!({"name": name, "value": value}))
        .collect();
    let mut container = json!({"name": "job", "image": image, "env": variables});
    if let Some(argv) = &ask.argv {
        container["command"] = json!(argv);
    }
    // Whether it runs again is for whoever steers the run.
    json!({
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": what},
        "spec": {
            "backoffLimit": 0,
            "template": {"spec": {
                "restartPolicy": "Never",
                // From TERM to KILL, as for a program of ours.
                "terminationGracePeriodSeconds": grace.as_secs() + u64::from(grace.subsec_nanos() > 0),
                "containers": [container],
            }},
        },
    })
}

fn one_job(cluster: &Cluster<'_>, what: &Json) -> Result<Json, Trouble> {
    let mut objects = manifests::read(cluster, what)?;
    match objects.pop() {
        Some(object) if objects.is_empty() && object["kind"] == "Job" => Ok(object),
        _ => Err(cluster.failed("job", "it must be one manifest of kind Job")),
    }
}

/// Short, and another one for each order.
pub(super) fn mark(key: &str) -> String {
    hex(&Sha256::digest(key.as_bytes())[..5])
}

fn name(manifest: &Json, mark: &str) -> String {
    let base = manifest["metadata"]["name"].as_str().unwrap_or("job");
    let base: String = base.chars().take(BASE_MAX).collect();
    format!("{}-{mark}", base.trim_end_matches(['-', '.']))
}

async fn begin(cluster: &Cluster<'_>, thing: &Thing, manifest: &Json) -> Result<(), Trouble> {
    let said = thing.said();
    match cluster.create(thing, manifest).await {
        Ok(_) => cluster.voice.say(&format!("{said} created")),
        Err(Refusal::AlreadyThere) => {
            cluster
                .voice
                .say(&format!("{said} is there: this order has begun it before"));
        }
        Err(Refusal::NotFound) => {
            let within = thing.namespace.as_deref().unwrap_or_default();
            return Err(cluster.failed(&said, &format!("there is no namespace {within}")));
        }
        Err(refusal) => return Err(cluster.refused(thing, refusal)),
    }
    Ok(())
}

/// Stays until it has ended, and tells what it says.
pub(super) async fn to_the_end(cluster: &Cluster<'_>, job: &Thing) -> Result<Answer, Trouble> {
    let mut watch = Watch::default();
    followed(cluster, job, &mut watch).await?;
    Ok(answer([
        ("job", json!(job.name)),
        ("pod", json!(watch.last)),
        ("stdout", json!(watch.kept.text())),
    ]))
}

/// What has been read of the job's pods.
#[derive(Default)]
struct Watch {
    /// Lines of each pod, by name; `None` once its log has been read to its end.
    seen: BTreeMap<String, Option<usize>>,
    kept: Kept,
    last: String,
    /// Why the pods cannot be seen, once that was told.
    blind: Option<String>,
}

async fn followed(cluster: &Cluster<'_>, job: &Thing, watch: &mut Watch) -> Result<(), Trouble> {
    let said = job.said();
    let mut pace = Pace::new();
    loop {
        let found = cluster.look(job).await;
        let Some(object) = found.map_err(|trouble| astray(job, trouble))? else {
            // What is unknown would be begun again by itself, and what it did may be done.
            let why =
                "it was deleted before it was seen to end: how much of it was done is not known";
            return Err(cluster.failed(&said, why));
        };
        // Looked at before the pods: what the last of them says must not be missed.
        let end = end(&object);
        let pods = seen_pods(cluster, job, watch).await;
        for pod in &pods {
            read_log(cluster, job, pod, watch).await;
        }
        match end {
            Some(Ok(())) => {
                cluster.voice.status("ended well");
                return Ok(());
            }
            Some(Err(why)) => {
                let code = pods.last().and_then(exit_code);
                let code = code.map_or_else(String::new, |code| format!(" (exit code {code})"));
                return Err(cluster.failed(&said, &format!("{why}{code}")));
            }
            None => {}
        }
        if let Some(pod) = pods.last() {
            let name = pods::name(pod);
            cluster
                .voice
                .status(&format!("pod {name}: {}", pods::doing(pod)));
            if let Some(why) = pods::hopeless(pod) {
                // Or it would run after all once its image is there, and this step has ended as failed.
                let ended = end_it(cluster, job, &object).await;
                ended.map_err(|trouble| astray(job, trouble))?;
                let why = format!("it cannot start: pod {name}, {why}; it was stopped");
                return Err(cluster.failed(&said, &why));
            }
        }
        pace.rest().await;
    }
}

/// What cannot be seen of a job that has begun says nothing of how it ends: only the job itself does.
fn astray(job: &Thing, trouble: Trouble) -> Trouble {
    let why = trouble.words();
    let said = job.said();
    let within = job.namespace.as_deref().unwrap_or_default();
    Trouble::Unknown(format!(
        "{why}; {said} was begun and may go on: `kubectl -n {within} get {said}` shows how it ends"
    ))
}

/// Its pods; none for who may not see them, or while nobody answers for long. How the job ends is seen all the same.
async fn seen_pods(cluster: &Cluster<'_>, job: &Thing, watch: &mut Watch) -> Vec<Json> {
    let pods = patiently(async || pods_of(cluster, job).await).await;
    pods.unwrap_or_else(|trouble| {
        let why = trouble.words();
        if watch.blind.as_ref() != Some(&why) {
            cluster
                .voice
                .say(&format!("what {} says cannot be read: {why}", job.said()));
            watch.blind = Some(why);
        }
        Vec::new()
    })
}

/// Its pods, the newest last.
pub(super) async fn pods_of(cluster: &Cluster<'_>, job: &Thing) -> Result<Vec<Json>, Trouble> {
    let selector = format!("job-name={}", job.name);
    let mut pods = cluster.pods_by(job.namespace.as_deref(), &selector).await?;
    pods.sort_by_key(|pod| pod["metadata"]["creationTimestamp"].to_string());
    Ok(pods)
}

/// `None`: it has not ended.
pub(super) fn end(job: &Json) -> Option<Result<(), String>> {
    let holds = |name| condition(job, name).filter(|c| c["status"] == "True");
    if holds("Complete").is_some() {
        return Some(Ok(()));
    }
    let failed = holds("Failed")?;
    if was_stopped(job) {
        return Some(Err("this order was stopped before".to_owned()));
    }
    let text = |key: &str| failed[key].as_str().unwrap_or_default();
    Some(Err(format!("{}: {}", text("reason"), text("message"))))
}

/// Reads as long as the pod writes.
async fn read_log(cluster: &Cluster<'_>, job: &Thing, pod: &Json, watch: &mut Watch) {
    let name = pods::name(pod).to_owned();
    let phase = pod.pointer("/status/phase").and_then(Json::as_str);
    let has_begun = matches!(phase, Some("Running" | "Succeeded" | "Failed"));
    let known = watch.seen.entry(name.clone()).or_insert(Some(0));
    let (Some(mut lines), true) = (*known, has_begun) else {
        return;
    };
    if phase == Some("Running") {
        cluster.voice.status(&format!("pod {name}: Running"));
    }
    let container = pods::first_container(pod);
    follow(cluster, job, &name, container, &mut lines, &mut watch.kept).await;
    let over = phase != Some("Running");
    watch.seen.insert(name.clone(), (!over).then_some(lines));
    watch.last = name;
}

fn exit_code(pod: &Json) -> Option<i64> {
    let ended = pod.pointer("/status/containerStatuses/0/state/terminated")?;
    ended["exitCode"].as_i64()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{end, mark, name};

    #[test]
    fn the_same_order_gives_the_same_name_and_another_one_another() {
        let manifest = json!({"metadata": {"name": "migrate"}});
        let of = |key: &str| name(&manifest, &mark(key));
        assert_eq!(of("r1/a/1"), of("r1/a/1"));
        assert_ne!(of("r1/a/1"), of("r1/a/2"));
        let long = json!({"metadata": {"name": "a".repeat(39) + "-" + &"b".repeat(30)}});
        let name = name(&long, &mark("r1/a/1"));
        assert!(name.len() <= 63 && !name.contains("--"), "{name}");
    }

    #[test]
    fn a_job_has_ended_when_a_condition_says_so() {
        let with = |kind: &str, status: &str| {
            json!({"status": {"succeeded": 1, "conditions": [
                {"type": kind, "status": status, "reason": "BackoffLimitExceeded", "message": "too often"},
            ]}})
        };
        assert_eq!(end(&json!({"status": {"succeeded": 1}})), None);
        assert_eq!(end(&with("Complete", "True")), Some(Ok(())));
        assert_eq!(end(&with("Failed", "False")), None);
        let why = "BackoffLimitExceeded: too often".to_owned();
        assert_eq!(end(&with("Failed", "True")), Some(Err(why)));
    }
}
