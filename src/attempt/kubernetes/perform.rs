//! Which verb is asked for.

use serde_json::{Map, Value as Json, json};

use super::cluster::Cluster;
use super::{apply, delete, drain, exec, image, job, logs, look, rollout, scale};
use crate::attempt::call::{Answer, Context, Trouble};
use crate::workflow::{Filled, KubernetesDoc, Tree};

/// Parts of a question that others of the cluster may read.
const OPEN: [&str; 3] = ["argv", "variables", "job"];

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

/// What others may read would give a secret away: requests are kept in audit logs, arguments are in the process list, and whoever
/// may look at jobs sees all of their manifests.
pub(in crate::attempt) fn no_open_secrets(ask: &Tree<Filled>) -> Result<(), String> {
    let mut open = ask.entries().iter();
    let open = open.find(|(key, value)| OPEN.contains(&key.as_str()) && value.has_secret());
    let Some((key, _)) = open else {
        return Ok(());
    };
    Err(format!(
        "{key}: a secret here could be read by others of the cluster: keep it in a Secret of the cluster, and have the pod refer to that"
    ))
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

#[cfg(test)]
mod tests {
    use super::no_open_secrets;
    use crate::workflow::{Filled, Tree};

    #[test]
    fn a_secret_that_was_typed_is_refused_where_others_can_read_it() {
        let typed = Filled::typed("--token=${{ secrets.token }}", &|_| true).unwrap();
        let asked = |key: &str| {
            let list = Tree::List(vec![Tree::Text(typed.clone())]);
            no_open_secrets(&Tree::Map(vec![(key.to_owned(), list)]))
        };
        for key in ["argv", "variables", "job"] {
            let why = asked(key).unwrap_err();
            assert!(why.starts_with(&format!("{key}: a secret here")), "{why}");
        }
        assert_eq!(asked("apply"), Ok(()));
    }
}
