//! `delete`: what is not there is fine; what is goes with all that belongs to it.

use kube::api::{DeleteParams, Preconditions};
use serde_json::{Value as Json, json};

use super::cluster::{Cluster, Refusal, Thing};
use super::manifests;
use super::perform::{answer, settles};
use super::settle::Pace;
use crate::attempt::call::{Answer, Trouble};
use crate::workflow::{KubernetesDoc, is_manifest_file};

pub(super) async fn delete(
    cluster: &Cluster<'_>,
    what: &Json,
    ask: &KubernetesDoc,
) -> Result<Answer, Trouble> {
    let mut things = things(cluster, what).await?;
    // What was made last may need what was made first.
    things.reverse();
    let mut deleted = Vec::new();
    let mut going = Vec::new();
    for thing in things {
        let Some(object) = cluster.find(&thing).await? else {
            cluster.voice.say(&format!("{} is not there", thing.said()));
            continue;
        };
        let uid = object.pointer("/metadata/uid").and_then(Json::as_str);
        let uid = uid.unwrap_or_default().to_owned();
        begin(cluster, &thing, &uid).await?;
        cluster.voice.say(&format!("{} deleted", thing.said()));
        deleted.push(thing.said());
        going.push((thing, uid));
    }
    if settles(ask) {
        for (thing, uid) in &going {
            gone(cluster, thing, uid).await?;
        }
    }
    Ok(answer([("deleted", json!(deleted))]))
}

pub(super) async fn things(cluster: &Cluster<'_>, what: &Json) -> Result<Vec<Thing>, Trouble> {
    let items = match what {
        Json::Array(items) => items.clone(),
        one => vec![one.clone()],
    };
    let mut things = Vec::new();
    for item in items {
        match item.as_str() {
            Some(text) if !is_manifest_file(text) => things.push(cluster.target(text).await?),
            _ => {
                for object in manifests::read(cluster, &item)? {
                    // What is of a kind that the server does not know cannot be there.
                    things.extend(cluster.place_of(&object).await?);
                }
            }
        }
    }
    Ok(things)
}

/// Only what was found, not what has taken its name since. Its pods go before it does.
pub(super) async fn begin(cluster: &Cluster<'_>, thing: &Thing, uid: &str) -> Result<(), Trouble> {
    let api = cluster.api_of(thing);
    let params = DeleteParams::foreground().preconditions(Preconditions {
        uid: Some(uid.to_owned()),
        resource_version: None,
    });
    let sent = cluster
        .change(&thing.said(), || api.delete(&thing.name, &params))
        .await;
    match sent {
        // A conflict: another one of its name is there, so that this one is gone.
        Ok(_) | Err(Refusal::NotFound | Refusal::Conflict) => Ok(()),
        Err(refusal) => Err(cluster.refused(thing, refusal)),
    }
}

async fn gone(cluster: &Cluster<'_>, thing: &Thing, uid: &str) -> Result<(), Trouble> {
    let mut pace = Pace::new();
    loop {
        let Some(object) = cluster.look(thing).await? else {
            return Ok(());
        };
        if object.pointer("/metadata/uid").and_then(Json::as_str) != Some(uid) {
            return Ok(());
        }
        let finalizers = object
            .pointer("/metadata/finalizers")
            .and_then(Json::as_array);
        let held: Vec<&str> = finalizers
            .into_iter()
            .flatten()
            .filter_map(Json::as_str)
            .collect();
        let held = match held.as_slice() {
            [] | ["foregroundDeletion"] => "what belongs to it".to_owned(),
            others => others.join(", "),
        };
        cluster
            .voice
            .status(&format!("{} is going, waits for {held}", thing.said()));
        pace.rest().await;
    }
}
