//! What a user must be allowed for each verb: exactly the calls that the verb makes.

use std::fmt;

use super::cluster::{Cluster, Thing};
use super::{delete, manifests};
use crate::attempt::call::Trouble;
use crate::workflow::{KubernetesDoc, RolloutWord};

/// One kind of call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Right {
    pub(super) verb: &'static str,
    pub(super) group: String,
    pub(super) plural: String,
    /// Such as `scale`; empty for the thing itself.
    pub(super) part: &'static str,
    /// `None`: all, or it belongs to the whole cluster.
    pub(super) namespace: Option<String>,
    /// Empty: any.
    pub(super) name: String,
}

impl Default for Right {
    /// What everybody is asked about who is not asked for anything.
    fn default() -> Self {
        Self {
            verb: "get",
            group: String::new(),
            plural: "namespaces".to_owned(),
            part: "",
            namespace: None,
            name: "default".to_owned(),
        }
    }
}

/// `patch deployments.apps/scale shop in namespace prod`.
impl fmt::Display for Right {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.verb, self.plural)?;
        if !self.group.is_empty() {
            write!(f, ".{}", self.group)?;
        }
        if !self.part.is_empty() {
            write!(f, "/{}", self.part)?;
        }
        if !self.name.is_empty() {
            write!(f, " {}", self.name)?;
        }
        match &self.namespace {
            Some(namespace) => write!(f, " in namespace {namespace}"),
            None => Ok(()),
        }
    }
}

/// What performing `ask` takes; nothing, if it asks for nothing.
pub(super) async fn rights(
    cluster: &Cluster<'_>,
    ask: &KubernetesDoc,
) -> Result<Vec<Right>, Trouble> {
    let mut all = Vec::new();
    of_manifests(cluster, ask, &mut all).await?;
    if let Some(what) = &ask.job {
        all.extend(job(cluster, ask, what)?);
    }
    let changes = ask.action.is_some_and(|word| word != RolloutWord::Status);
    let rollout: &[_] = if changes { &["get", "patch"] } else { &["get"] };
    let verbs: [(&Option<String>, &[&'static str]); 6] = [
        (&ask.scale, &["get"]),
        (&ask.rollout, rollout),
        (&ask.set_image, &["get", "patch"]),
        (&ask.patch, &["patch"]),
        (&ask.get, &["get"]),
        (&ask.wait, &["get"]),
    ];
    for (what, needed) in verbs {
        if let Some(what) = what {
            let thing = thing(cluster, what).await?;
            all.extend(needed.iter().map(|verb| of(&thing, verb, "")));
            if ask.scale.is_some() {
                all.push(of(&thing, "patch", "scale"));
            }
            if ask.action == Some(RolloutWord::Undo) {
                all.push(revisions(&thing));
            }
        }
    }
    // A program is begun by a web socket, which itself begins with a GET.
    for (what, part) in [(&ask.logs, "log"), (&ask.exec, "exec")] {
        if let Some(what) = what {
            let thing = thing(cluster, what).await?;
            // The pods of a workload are found first; a pod itself is asked for its containers.
            all.push(of(&thing, "get", ""));
            if thing.kind.resource.kind != "Pod" {
                all.push(pods(cluster, "list", ""));
            }
            all.push(pods(cluster, "get", part));
        }
    }
    nodes(cluster, ask, &mut all);
    Ok(all)
}

async fn of_manifests(
    cluster: &Cluster<'_>,
    ask: &KubernetesDoc,
    all: &mut Vec<Right>,
) -> Result<(), Trouble> {
    // What is of a kind that the server does not know yet cannot be asked about.
    if let Some(what) = &ask.apply {
        for object in manifests::read(cluster, what)? {
            let Some(thing) = cluster.place_of(&object).await? else {
                continue;
            };
            all.extend([of(&thing, "get", ""), of(&thing, "patch", "")]);
            if !matches!(cluster.find(&thing).await, Ok(Some(_))) {
                all.push(of(&thing, "create", ""));
            }
        }
    }
    if let Some(what) = &ask.delete {
        for thing in delete::things(cluster, what).await? {
            all.extend([of(&thing, "get", ""), of(&thing, "delete", "")]);
        }
    }
    Ok(())
}

/// It gets a name of its own. What changes it is what stops it.
fn job(
    cluster: &Cluster<'_>,
    ask: &KubernetesDoc,
    what: &serde_json::Value,
) -> Result<Vec<Right>, Trouble> {
    let mut namespace = cluster.who.namespace.clone();
    if ask.image.is_none() {
        let own = manifests::read(cluster, what)?;
        let own = own.first();
        let own = own.and_then(|job| job.pointer("/metadata/namespace")?.as_str());
        namespace = own.map_or(namespace, str::to_owned);
    }
    let jobs = |verb| Right {
        verb,
        group: "batch".to_owned(),
        plural: "jobs".to_owned(),
        ..pods(cluster, verb, "")
    };
    let all = [
        jobs("create"),
        jobs("get"),
        jobs("patch"),
        pods(cluster, "list", ""),
        pods(cluster, "get", "log"),
    ];
    let there = all.map(|right| Right {
        namespace: Some(namespace.clone()),
        ..right
    });
    Ok(there.into())
}

fn nodes(cluster: &Cluster<'_>, ask: &KubernetesDoc, all: &mut Vec<Right>) {
    let Some(what) = ask.drain.as_ref().or(ask.uncordon.as_ref()) else {
        return;
    };
    let node = |verb| Right {
        verb,
        plural: "nodes".to_owned(),
        name: what.rsplit('/').next().unwrap_or(what).to_owned(),
        ..Right::default()
    };
    all.push(node("patch"));
    if ask.drain.is_some() {
        // The pods of a node are of all namespaces.
        let anywhere = |right| Right {
            namespace: None,
            ..right
        };
        all.push(node("get"));
        all.push(anywhere(pods(cluster, "list", "")));
        all.push(anywhere(pods(cluster, "create", "eviction")));
    }
}

/// A thing whose name may be known only later: `deploy/`.
async fn thing(cluster: &Cluster<'_>, text: &str) -> Result<Thing, Trouble> {
    if !text.ends_with('/') {
        return cluster.target(text).await;
    }
    let mut thing = cluster.target(&format!("{text}x")).await?;
    thing.name.clear();
    Ok(thing)
}

fn of(thing: &Thing, verb: &'static str, part: &'static str) -> Right {
    Right {
        verb,
        group: thing.kind.resource.group.clone(),
        plural: thing.kind.resource.plural.clone(),
        part,
        namespace: thing.namespace.clone(),
        name: thing.name.clone(),
    }
}

fn pods(cluster: &Cluster<'_>, verb: &'static str, part: &'static str) -> Right {
    Right {
        verb,
        group: String::new(),
        plural: "pods".to_owned(),
        part,
        namespace: Some(cluster.who.namespace.clone()),
        name: String::new(),
    }
}

/// An undo finds the one before among them.
fn revisions(thing: &Thing) -> Right {
    let plural = if thing.kind.resource.kind == "Deployment" {
        "replicasets"
    } else {
        "controllerrevisions"
    };
    Right {
        plural: plural.to_owned(),
        name: String::new(),
        ..of(thing, "list", "")
    }
}
