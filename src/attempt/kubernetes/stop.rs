//! Stopping a job: it would go on in the cluster by itself. It is given a deadline that is over, by which the cluster ends it and
//! its pods. The job itself stays: it shows what became of it, and the same order cannot begin it again.

use std::time::Duration;

use kube::api::Patch;
use serde_json::{Value as Json, json};

use super::cluster::{Cluster, MANAGER, ORDER, Refusal, Thing, ours};
use super::job::{end, mark, pods_of, to_the_end};
use super::settle::Pace;
use super::{delete, pods};
use crate::attempt::call::{Farewell, Parted, Trouble};
use crate::attempt::clock::Stopwatch;

/// Under this name a job remembers that it did not end by itself.
const STOPPED: &str = "flightdeck.dev/stopped-by";
/// For a job whose making had left and was not answered.
const LANDING: Duration = Duration::from_secs(2);
/// What the cluster takes for its part, besides the grace of the program: its kubelets look and tell in seconds.
const CLUSTER: Duration = Duration::from_secs(10);

/// For whoever stops waiting for `job`, whether it has been made by then or not.
pub(super) fn stopping(cluster: &Cluster<'_>, job: &Thing) -> Farewell {
    let (cluster, job) = (cluster.silent(), job.clone());
    let part = async move {
        let said = job.said();
        stop(&cluster, &job).await.unwrap_or_else(|trouble| {
            let why = trouble.words();
            let within = job.namespace.as_deref().unwrap_or_default();
            let way = format!("`kubectl -n {within} delete {said}` ends it");
            Parted::Unknown(format!("{said} may go on in the cluster: {why}; {way}"))
        })
    };
    Farewell::new(part).taking(LANDING + CLUSTER + Duration::from_secs(2))
}

async fn stop(cluster: &Cluster<'_>, job: &Thing) -> Result<Parted, Trouble> {
    let said = job.said();
    let Some(object) = landed(cluster, job).await? else {
        return Ok(Parted::Stopped(format!("there is no {said}")));
    };
    let labels = object.pointer("/metadata/labels");
    let order = labels.and_then(|labels| labels[ORDER].as_str());
    if order != Some(&mark(&cluster.key)) {
        let why = format!("{said} was made by somebody else, and was left alone");
        return Ok(Parted::Unknown(why));
    }
    if end(&object).is_none() {
        end_it(cluster, job, &object).await?;
    }
    ended(cluster, job).await
}

/// A request that was given up may arrive all the same.
async fn landed(cluster: &Cluster<'_>, job: &Thing) -> Result<Option<Json>, Trouble> {
    let (watch, mut pace) = (Stopwatch::start(), Pace::new());
    loop {
        let found = cluster.find(job).await?;
        if found.is_some() || watch.left_of(LANDING).is_zero() {
            return Ok(found);
        }
        pace.rest().await;
    }
}

/// Orders the end of this very job, not of what has taken its name since.
pub(super) async fn end_it(
    cluster: &Cluster<'_>,
    job: &Thing,
    object: &Json,
) -> Result<(), Trouble> {
    let uid = object.pointer("/metadata/uid").and_then(Json::as_str);
    let uid = uid.unwrap_or_default();
    let patch = Patch::Merge(json!({
        "metadata": {"uid": uid, "annotations": {STOPPED: MANAGER}},
        "spec": {"activeDeadlineSeconds": 1},
    }));
    match cluster.patch(job, &ours(), &patch).await {
        // How it stands then is looked at in any case.
        Ok(_) | Err(Refusal::NotFound | Refusal::Conflict) => Ok(()),
        // Whoever may not change jobs may yet be allowed to delete them.
        Err(refusal) => delete::begin(cluster, job, uid)
            .await
            .map_err(|_| cluster.refused(job, refusal)),
    }
}

/// Whether a job that has failed was stopped by [`end_it`].
pub(super) fn was_stopped(object: &Json) -> bool {
    let notes = object.pointer("/metadata/annotations");
    notes.is_some_and(|notes| notes.get(STOPPED).is_some())
}

/// Stays until the job and all that runs of it are over, as long as there is time for it.
async fn ended(cluster: &Cluster<'_>, job: &Thing) -> Result<Parted, Trouble> {
    let said = job.said();
    let (watch, mut pace) = (Stopwatch::start(), Pace::new());
    loop {
        let Some(object) = cluster.find(job).await? else {
            return Ok(Parted::Stopped(format!("{said} is gone")));
        };
        let mut running = pods_of(cluster, job).await?;
        running.retain(runs);
        let failed = match end(&object) {
            Some(Ok(())) => return Ok(Parted::Done(to_the_end(cluster, job).await?)),
            Some(Err(_)) if was_stopped(&object) => Some(format!("{said} was stopped")),
            Some(Err(why)) => Some(format!("{said} had failed: {why}")),
            None => None,
        };
        if let (Some(how), true) = (&failed, running.is_empty()) {
            return Ok(Parted::Stopped(format!("{how}, and no pod of it runs")));
        }
        if watch.left_of(cluster.grace + CLUSTER).is_zero() {
            return Ok(late(&said, &running, failed));
        }
        pace.rest().await;
    }
}

/// One that has ended may be listed for some seconds more.
fn runs(pod: &Json) -> bool {
    let phase = pod.pointer("/status/phase").and_then(Json::as_str);
    !matches!(phase, Some("Succeeded" | "Failed"))
}

/// A pod may have been given more time to end than the step.
fn late(said: &str, running: &[Json], failed: Option<String>) -> Parted {
    let names: Vec<&str> = running.iter().map(pods::name).collect();
    let still = format!("pod {} is still ending", names.join(", "));
    match failed {
        Some(how) => Parted::Stopped(format!("{how}; {still}")),
        None if !running.is_empty() && running.iter().all(pods::is_leaving) => {
            Parted::Stopped(format!("{said} is being stopped; {still}"))
        }
        None => Parted::Unknown(format!(
            "{said} may go on in the cluster: it was told to stop, and has not"
        )),
    }
}
