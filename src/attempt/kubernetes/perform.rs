//! Which verb is asked for.

use serde_json::{Map, Value as Json, json};

use super::cluster::Cluster;
use super::{apply, delete, drain, exec, image, job, logs, look, rollout, scale};
use crate::attempt::call::{Answer, Context, Trouble};
use crate::workflow::KubernetesDoc;

/// Performs the one verb of `ask`. The document has been checked, but texts that come from params are known only now.
pub(in crate::attempt) async fn perform(
    ask: KubernetesDoc,
    cx: &Context<'_, '_>,
) -> Result<Answer, Trouble> {
    let cluster = Cluster::new(&ask, cx).await?;
    let cluster = &cluster;
    if let Some(what) = &ask.apply {
        return apply::apply(cluster, what, &ask).await;
    }
    if let Some(what) = &ask.delete {
        return delete::delete(cluster, what, &ask).await;
    }
    if let Some(what) = &ask.job {
        return job::job(cluster, what, &ask).await;
    }
    let verbs = [
        &ask.scale,
        &ask.rollout,
        &ask.set_image,
        &ask.patch,
        &ask.get,
        &ask.wait,
        &ask.drain,
        &ask.uncordon,
        &ask.exec,
        &ask.logs,
    ];
    let Some((verb, what)) = verbs
        .iter()
        .enumerate()
        .find_map(|(n, v)| Some((n, v.as_deref()?)))
    else {
        return Err(Trouble::Failed("nothing is asked for".to_owned()));
    };
    match verb {
        0 => scale::scale(cluster, what, &ask).await,
        1 => rollout::rollout(cluster, what, &ask).await,
        2 => image::set_image(cluster, what, &ask).await,
        3 => look::patch(cluster, what, &ask).await,
        4 => look::get(cluster, what).await,
        5 => look::wait(cluster, what, &ask).await,
        6 => drain::drain(cluster, what, &ask).await,
        7 => drain::uncordon(cluster, what).await,
        8 => exec::exec(cluster, what, &ask).await,
        _ => logs::logs(cluster, what, &ask).await,
    }
}

/// An answer of these names and values.
pub(super) fn answer<const N: usize>(entries: [(&str, Json); N]) -> Answer {
    entries
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect::<Map<String, Json>>()
}

pub(super) fn settles(ask: &KubernetesDoc) -> bool {
    ask.settle != Some(false)
}

/// A number that was an expression until now.
pub(super) fn count(
    cluster: &Cluster<'_>,
    key: &str,
    count: Option<&crate::workflow::Count>,
) -> Result<Option<u64>, Trouble> {
    let value = count.map(crate::workflow::Count::value).transpose();
    value.map_err(|why| cluster.failed(key, &why))
}

/// The numbers of a workload that has settled.
pub(super) fn replicas(object: &Json) -> Json {
    let daemons = object.pointer("/status/desiredNumberScheduled");
    let replicas = daemons.or_else(|| object.pointer("/status/replicas"));
    replicas.cloned().unwrap_or_else(|| json!(0))
}
