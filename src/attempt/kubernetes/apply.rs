//! `apply`: the cluster shall hold what the manifests say. Server-side, so that what others manage stays theirs. All are tried out
//! before the first is applied: a mistake in the last leaves nothing half done.

use kube::api::{Patch, PatchParams};
use serde_json::Value as Json;

use super::cluster::{Cluster, MANAGER, Refusal, Thing, json};
use super::manifests;
use super::perform::{answer, settles};
use super::settle::Pace;
use crate::attempt::call::{Answer, Trouble};
use crate::workflow::KubernetesDoc;

/// Looks for a kind that was just defined, at a pace that ends at two seconds.
const NEW_KIND_LOOKS: u32 = 20;

/// A manifest on its way.
struct Piece {
    object: Json,
    /// `None`: the server will know its kind when another piece is there.
    thing: Option<Thing>,
    before: Option<Json>,
}

pub(super) async fn apply(
    cluster: &Cluster<'_>,
    what: &Json,
    ask: &KubernetesDoc,
) -> Result<Answer, Trouble> {
    let objects = manifests::in_order(manifests::read(cluster, what)?);
    let force = ask.force == Some(true);
    let pieces = try_out(cluster, objects, force).await?;
    let (mut said, mut changed, mut things) = (Vec::new(), Vec::new(), Vec::new());
    for piece in pieces {
        let thing = match piece.thing {
            Some(thing) => thing,
            None => new_kind(cluster, &piece.object).await?,
        };
        let after = applied(cluster, &thing, &piece.object, force, false).await?;
        let word = outcome(piece.before.as_ref(), &after);
        cluster.voice.say(&format!("{} {word}", thing.said()));
        if word != "unchanged" {
            changed.push(thing.said());
        }
        said.push(thing.said());
        things.push(thing);
    }
    if settles(ask) {
        for thing in things.iter().filter(|thing| has_rollout(thing)) {
            cluster.settle(thing).await?;
        }
    }
    Ok(answer([
        ("objects", said.into()),
        ("changed", changed.into()),
    ]))
}

/// Asks the server of each piece whether it would take it.
async fn try_out(
    cluster: &Cluster<'_>,
    objects: Vec<Json>,
    force: bool,
) -> Result<Vec<Piece>, Trouble> {
    let mut pieces = Vec::new();
    for object in &objects {
        let thing = cluster.place_of(object).await?;
        let depends = manifests::depends(object, &objects);
        let Some(thing) = thing else {
            if !depends {
                return Err(unknown_kind(cluster, object));
            }
            pieces.push(Piece {
                object: object.clone(),
                thing: None,
                before: None,
            });
            continue;
        };
        let before = cluster.find(&thing).await?;
        if depends && before.is_none() {
            cluster
                .voice
                .say(&format!("{} cannot be tried out beforehand", thing.said()));
        } else {
            applied(cluster, &thing, object, force, true).await?;
        }
        pieces.push(Piece {
            object: object.clone(),
            thing: Some(thing),
            before,
        });
    }
    Ok(pieces)
}

fn unknown_kind(cluster: &Cluster<'_>, object: &Json) -> Trouble {
    let text = |key: &str| object[key].as_str().unwrap_or_default().to_owned();
    let (kind, version) = (text("kind"), text("apiVersion"));
    let why = format!("the server has no such kind in {version}; is what defines it installed?");
    cluster.failed(&kind, &why)
}

/// The server takes a moment to know a kind that was just defined.
async fn new_kind(cluster: &Cluster<'_>, object: &Json) -> Result<Thing, Trouble> {
    let mut pace = Pace::new();
    for _ in 0..NEW_KIND_LOOKS {
        cluster.known.borrow_mut().clear();
        if let Some(thing) = cluster.place_of(object).await? {
            return Ok(thing);
        }
        pace.rest().await;
    }
    Err(unknown_kind(cluster, object))
}

async fn applied(
    cluster: &Cluster<'_>,
    thing: &Thing,
    object: &Json,
    force: bool,
    dry_run: bool,
) -> Result<Json, Trouble> {
    let params = PatchParams {
        dry_run,
        force,
        field_manager: Some(MANAGER.to_owned()),
        field_validation: None,
    };
    if dry_run {
        // It changes nothing, so that nothing is under way.
        let api = cluster.api_of(thing);
        let patch = Patch::Apply(object);
        let said = thing.said();
        let tried = cluster
            .read(&said, || api.patch(&thing.name, &params, &patch))
            .await?;
        return Ok(json(tried));
    }
    let answer = cluster
        .patch(thing, &params, &Patch::Apply(object.clone()))
        .await;
    match answer {
        Ok(object) => Ok(object),
        Err(Refusal::NotFound) => {
            let within = thing.namespace.as_deref().unwrap_or_default();
            let why = format!("there is no namespace {within}");
            Err(cluster.failed(&thing.said(), &why))
        }
        Err(refusal) => Err(cluster.refused(thing, refusal)),
    }
}

fn outcome(before: Option<&Json>, after: &Json) -> &'static str {
    let version = "/metadata/resourceVersion";
    match before {
        None => "created",
        Some(before) if before.pointer(version) == after.pointer(version) => "unchanged",
        Some(_) => "changed",
    }
}

fn has_rollout(thing: &Thing) -> bool {
    let kind = thing.kind.resource.kind.as_str();
    matches!(kind, "Deployment" | "StatefulSet" | "DaemonSet")
}
