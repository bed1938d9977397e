//! `logs`, and the lines of a pod as they come.

use std::io::Write as _;

use futures_util::{AsyncBufReadExt as _, AsyncReadExt as _};
use k8s_openapi::api::core::v1::Pod;
use kube::api::{Api, LogParams};
use serde_json::json;

use super::cluster::{Cluster, Thing};
use super::perform::{answer, count};
use super::pods;
use crate::attempt::call::{Answer, Trouble};
use crate::workflow::KubernetesDoc;

/// Lines from the end, unless the author says another number.
const TAIL: u64 = 1000;
/// Longer lines are cut in pieces.
const LINE_MAX: u64 = 64 * 1024;
/// What is published of an output; the log holds all of it.
const KEPT_MAX: usize = 256 * 1024;

pub(super) async fn logs(
    cluster: &Cluster<'_>,
    what: &str,
    ask: &KubernetesDoc,
) -> Result<Answer, Trouble> {
    let tail = count(cluster, "tail", ask.tail.as_ref())?.unwrap_or(TAIL);
    let thing = cluster.target(what).await?;
    let object = cluster.get(&thing).await?;
    let pods = if thing.kind.resource.kind == "Pod" {
        vec![object]
    } else {
        cluster.pods_of(&thing, &object).await?
    };
    let mut kept = Kept::default();
    for pod in &pods {
        if pods.len() > 1 {
            cluster.voice.say(&format!("--- pod/{}", pods::name(pod)));
        }
        let params = LogParams {
            container: ask.container.clone().or_else(|| pods::first_container(pod)),
            tail_lines: i64::try_from(tail).ok(),
            ..LogParams::default()
        };
        let api = pod_api(cluster, &thing);
        let name = pods::name(pod);
        let text = cluster
            .read(&format!("pod/{name}"), || api.logs(name, &params))
            .await?;
        for line in text.lines() {
            cluster.voice.say(line);
            kept.line(line);
        }
    }
    Ok(answer([("stdout", json!(kept.text()))]))
}

pub(super) fn pod_api(cluster: &Cluster<'_>, thing: &Thing) -> Api<Pod> {
    let namespace = thing.namespace.as_deref().unwrap_or_default();
    Api::namespaced(cluster.client.clone(), namespace)
}

/// The beginning of an output, for whoever reads it after the step.
#[derive(Default)]
pub(super) struct Kept(Vec<u8>);

impl Kept {
    pub(super) fn line(&mut self, line: &str) {
        if self.0.len() + line.len() < KEPT_MAX {
            let _ = writeln!(self.0, "{line}");
        }
    }

    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.0)
            .trim_end_matches('\n')
            .to_owned()
    }
}

/// Follows a pod's log to its end, skipping the lines that were read before; gives how many there are by now.
/// A connection that breaks is no trouble: what was missed is read the next time.
pub(super) async fn follow(
    cluster: &Cluster<'_>,
    job: &Thing,
    pod: &str,
    container: Option<String>,
    seen: &mut usize,
    kept: &mut Kept,
) {
    let params = LogParams {
        follow: true,
        container,
        ..LogParams::default()
    };
    let Ok(mut stream) = pod_api(cluster, job).log_stream(pod, &params).await else {
        return;
    };
    let (mut n, mut line) = (0, Vec::new());
    loop {
        line.clear();
        let mut piece = (&mut stream).take(LINE_MAX);
        match piece.read_until(b'\n', &mut line).await {
            Ok(0) | Err(_) => return,
            Ok(_) => n += 1,
        }
        if n > *seen {
            let text = String::from_utf8_lossy(&line);
            let text = text.trim_end_matches(['\n', '\r']);
            cluster.voice.say(text);
            kept.line(text);
            *seen = n;
        }
    }
}
