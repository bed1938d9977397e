//! Steps that are tried out: the service is asked whether it would do them for whoever asks. As little of a step as that takes is
//! kept, so that more of it is known beforehand and the same question is asked once.

use serde_json::json;

use super::given::{Given, Unknown};
use super::look::Look;
use super::services::{Entries, constant, kept, tried, word, words};
use crate::aws_model;
use crate::workflow::call::{Call, Nature, Service};
use crate::workflow::template::{Template, Tree};

/// What names one thing in a cluster.
const TARGETS: [&str; 10] = [
    "scale",
    "rollout",
    "set_image",
    "patch",
    "get",
    "wait",
    "drain",
    "uncordon",
    "exec",
    "logs",
];

/// Whether the cluster lets the user do it.
pub(super) fn kubernetes(asked: &Entries, given: &Given<'_>) -> Result<Option<Look>, Unknown> {
    let mut entries = kept(asked, &["context", "kubeconfig", "namespace"], given)?;
    let place = words(&entries, &["context", "namespace"]);
    let verb = asked.iter().find_map(|(key, tree)| match key.as_str() {
        "apply" | "delete" | "job" => Some((key, shape(tree, given))),
        key_ if TARGETS.contains(&key_) => Some((key, target(tree, given))),
        _ => None,
    });
    let Some((key, tree)) = verb else {
        return Ok(None);
    };
    let tree = tree?;
    let whom = match word(&tree) {
        word if word.is_empty() => word,
        word => format!(" {}", word.trim_end_matches('/')),
    };
    let what = format!("kubernetes{place}: may {key}{whom}");
    entries.push((key.clone(), tree));
    entries.extend(kept(asked, &["action"], given)?);
    if asked.iter().any(|(key, _)| key == "image") {
        // Which one does not matter: it says that the job is a name.
        entries.push(constant("image", json!("")));
    }
    Ok(Some(tried(Service::Kubernetes, what, entries)))
}

/// Of a name that is known later, the kind is known now.
fn target(tree: &Tree<Template>, given: &Given<'_>) -> Result<Tree<Template>, Unknown> {
    match (given.tree(tree), tree) {
        (Err(Unknown), Tree::Text(text)) => {
            let (kind, _) = text.constant_start().split_once('/').ok_or(Unknown)?;
            Ok(Tree::Text(Template::literal(format!("{kind}/"))))
        }
        (known, _) => known,
    }
}

/// Of manifests, what they are and where; of files, their names.
fn shape(tree: &Tree<Template>, given: &Given<'_>) -> Result<Tree<Template>, Unknown> {
    match tree {
        Tree::List(items) => {
            let items = items.iter().map(|item| shape(item, given));
            Ok(Tree::List(items.collect::<Result<_, _>>()?))
        }
        Tree::Map(entries) => {
            let mut shaped = kept(entries, &["apiVersion", "kind"], given)?;
            for (key, inner) in entries {
                match (key.as_str(), inner) {
                    ("items", Tree::List(_)) => shaped.push((key.clone(), shape(inner, given)?)),
                    ("metadata", Tree::Map(inner)) => {
                        let inner = kept(inner, &["name", "namespace"], given)?;
                        shaped.push((key.clone(), Tree::Map(inner)));
                    }
                    _ => {}
                }
            }
            Ok(Tree::Map(shaped))
        }
        Tree::Plain(_) | Tree::Text(_) => given.tree(tree),
    }
}

/// Whether AWS lets the user do it, where it can be asked without its being done.
pub(super) fn aws(
    call: &Call<Template>,
    asked: &Entries,
    given: &Given<'_>,
) -> Result<Option<Look>, Unknown> {
    let constant = |wanted: &str| {
        let found = asked.iter().find(|(key, _)| key == wanted);
        found.map(|(_, tree)| word(tree)).unwrap_or_default()
    };
    // Elsewhere a parameter of that name has other rules.
    let service = aws_model::service(&constant("service")).filter(|s| s.facts().name == "ec2");
    let tryable = service.and_then(|service| {
        let operation = service.operation(&constant("action"))?;
        let input = service.shape_of(operation.input.as_ref());
        input.members.contains_key("DryRun").then_some(operation)
    });
    let (Some(operation), false) = (tryable, call.nature == Nature::Reads) else {
        return Ok(None);
    };
    let keys = [
        "service", "action", "params", "region", "profile", "endpoint",
    ];
    let entries = kept(asked, &keys, given)?;
    let place = words(&entries, &["profile", "region", "service"]);
    let what = format!("AWS{place}: may {}", operation.name);
    Ok(Some(tried(Service::Aws, what, entries)))
}
