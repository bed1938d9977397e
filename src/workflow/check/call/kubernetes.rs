//! What may be asked of a Kubernetes cluster.

use serde_json::Value as Json;

use super::{Asked, one_verb};
use crate::workflow::call::Nature;
use crate::workflow::check::desk::Desk;
use crate::workflow::check::outputs::is_query;
use crate::workflow::check::work::shell_text;
use crate::workflow::document::{KubernetesDoc, RolloutWord, Target, is_manifest_file};
use crate::workflow::template::Template;
use crate::yaml::At;

/// A verb, and what there is to know of it.
struct Verb {
    word: &'static str,
    /// Keys that may stand beside it, and of these the ones that must.
    keys: &'static [&'static str],
    needs: &'static [&'static str],
    nature: Nature,
    outputs: &'static [&'static str],
}

const fn verb(
    word: &'static str,
    keys: &'static [&'static str],
    needs: &'static [&'static str],
    nature: Nature,
    outputs: &'static [&'static str],
) -> Verb {
    Verb {
        word,
        keys,
        needs,
        nature,
        outputs,
    }
}

use Nature::{Changes, Reads, Repeatable};

const VERBS: [Verb; 13] = [
    verb(
        "apply",
        &["force", "settle"],
        &[],
        Repeatable,
        &["objects", "changed"],
    ),
    verb("delete", &["settle"], &[], Repeatable, &["deleted"]),
    verb(
        "scale",
        &["replicas", "settle"],
        &["replicas"],
        Repeatable,
        &["before", "replicas"],
    ),
    verb(
        "rollout",
        &["action", "to_revision", "settle"],
        &[],
        Repeatable,
        &["revision", "replicas"],
    ),
    verb(
        "set_image",
        &["images", "settle"],
        &["images"],
        Repeatable,
        &["revision", "replicas", "before"],
    ),
    verb("patch", &["with"], &["with"], Repeatable, &["object"]),
    verb("get", &["until"], &[], Reads, &["object"]),
    verb("wait", &["condition", "query"], &[], Reads, &["object"]),
    verb(
        "job",
        &["image", "argv", "variables", "keep_seconds", "settle"],
        &[],
        Repeatable,
        &["job", "pod", "stdout"],
    ),
    verb(
        "drain",
        &["force", "delete_emptydir"],
        &[],
        Repeatable,
        &["evicted"],
    ),
    verb("uncordon", &[], &[], Repeatable, &[]),
    verb(
        "exec",
        &["argv", "container"],
        &["argv"],
        Changes,
        &["stdout", "exit_code", "pod"],
    ),
    verb("logs", &["tail", "container"], &[], Reads, &["stdout"]),
];

/// What has rollouts.
const ROLLED: [&str; 3] = ["deployments", "statefulsets", "daemonsets"];

pub(super) fn kubernetes<'d>(desk: &mut Desk<'_>, doc: &'d KubernetesDoc, at: At<'_>) -> Asked<'d> {
    let words = VERBS.map(|verb| verb.word);
    let said = one_verb(desk, "kubernetes", &words, at);
    let verb = said.and_then(|word| VERBS.iter().find(|verb| verb.word == word));
    if let Some(verb) = verb {
        company(desk, verb, at);
    }
    targets(desk, doc, at);
    for (key, manifests) in [("apply", &doc.apply), ("delete", &doc.delete)] {
        if let Some(what) = manifests {
            several(desk, key, what, at.down(key));
        }
    }
    job(desk, doc, at);
    wishes(desk, doc, at);
    argv(desk, doc, at);
    open_secrets(desk, doc, at);
    let watches = doc.action.is_none_or(|word| word == RolloutWord::Status);
    let nature = verb.map_or(Changes, |verb| match verb.word {
        "rollout" if watches => Reads,
        _ => verb.nature,
    });
    Asked {
        nature,
        outputs: verb.map_or(&[], |verb| verb.outputs),
        expect: doc.expect.as_ref(),
        until: doc.until.as_ref(),
    }
}

/// Keys that belong to another verb, and such as are missing.
fn company(desk: &mut Desk<'_>, verb: &Verb, at: At<'_>) {
    let word = verb.word;
    for (key, value) in at.entries() {
        // Of what changes something, `until` is told for all services alike.
        let told = is_verb(key) || (key == "until" && verb.nature != Reads);
        let known = VERBS.iter().any(|v| v.keys.contains(&key));
        if known && !verb.keys.contains(&key) && !told {
            let message = format!("`{key}` does not go with `{word}`");
            let whose: Vec<String> = VERBS
                .iter()
                .filter(|v| v.keys.contains(&key))
                .map(|v| format!("`{}`", v.word))
                .collect();
            desk.error("not_here", value.key_span(), message)
                .hint(format!("it goes with {}", whose.join(", ")));
        }
    }
    let missing = verb.needs.iter().find(|key| !at.has(key));
    if let (Some(key), false) = (missing, desk.is_unread(at)) {
        let message = format!("`{word}` needs `{key}`");
        desk.error("missing_key", at.down(word).key_span(), message);
    }
}

fn is_verb(key: &str) -> bool {
    VERBS.iter().any(|verb| verb.word == key)
}

/// What is named as for kubectl.
fn targets(desk: &mut Desk<'_>, doc: &KubernetesDoc, at: At<'_>) {
    let named = [
        ("scale", &doc.scale),
        ("rollout", &doc.rollout),
        ("set_image", &doc.set_image),
        ("patch", &doc.patch),
        ("get", &doc.get),
        ("wait", &doc.wait),
        ("exec", &doc.exec),
        ("logs", &doc.logs),
    ];
    for (key, text) in named {
        if let Some(text) = text {
            target(desk, text, key, at.down(key));
        }
    }
}

fn target(desk: &mut Desk<'_>, text: &str, key: &str, at: At<'_>) {
    // Of a name that is known later, the kind is known now.
    let text = match text.split_once("${{") {
        Some((kind, _)) if kind.contains('/') => format!("{kind}x"),
        Some(_) => return,
        None => text.to_owned(),
    };
    let target = match Target::parse(&text) {
        Ok(target) => target,
        Err(why) => {
            desk.error("bad_target", at.span(), why)
                .hint("write the kind and the name, such as deploy/shop");
            return;
        }
    };
    let plural = target.plural();
    if Target::known_kinds().all(|known| known != plural) {
        misspelt(desk, &target.kind, at);
    } else if matches!(key, "rollout" | "set_image") && !ROLLED.contains(&plural.as_str()) {
        let message = format!("{plural} have no rollouts");
        desk.error("bad_target", at.span(), message).hint(
            "deployments, stateful sets and daemon sets have: deploy/NAME, sts/NAME, ds/NAME",
        );
    }
}

/// A cluster may have kinds of its own, so that one we do not know is no mistake unless it looks like one.
fn misspelt(desk: &mut Desk<'_>, kind: &str, at: At<'_>) {
    if kind.contains('.') {
        return;
    }
    let known: Vec<&str> = Target::known_kinds().collect();
    let lower = kind.to_ascii_lowercase();
    if let Some(hint) = desk.meant(&lower, known.iter().copied()) {
        let message = format!("`{kind}` is not a kind that every cluster has");
        desk.warning("unknown_kind", at.span(), message).hint(hint);
    }
}

fn several(desk: &mut Desk<'_>, key: &str, what: &Json, at: At<'_>) {
    match what {
        Json::Array(items) => {
            for (n, item) in items.iter().enumerate() {
                one(desk, key, item, at.nth(n));
            }
        }
        item => one(desk, key, item, at),
    }
}

/// A file's name, a manifest, or for `delete` also a thing.
fn one(desk: &mut Desk<'_>, key: &str, what: &Json, at: At<'_>) {
    match what {
        Json::String(text) if is_manifest_file(text) || text.starts_with("${{") => {}
        Json::String(text) if key == "delete" => target(desk, text, key, at),
        Json::Object(_) => manifest(desk, what, at),
        _ => {
            let message = format!("`{key}` needs the name of a file, or a manifest");
            desk.error("bad_manifest", at.span(), message)
                .hint("a file's name ends in .yaml, .yml or .json");
        }
    }
}

fn manifest(desk: &mut Desk<'_>, manifest: &Json, at: At<'_>) {
    for (key, path) in [("apiVersion", "/apiVersion"), ("kind", "/kind")] {
        if manifest.pointer(path).and_then(Json::as_str).is_none() {
            let message = format!("the manifest has no `{key}`");
            desk.error("bad_manifest", at.key_span(), message);
        }
    }
    let is_list = manifest.get("items").is_some_and(Json::is_array);
    let name = manifest.pointer("/metadata/name").and_then(Json::as_str);
    if name.is_none_or(str::is_empty) && !is_list {
        let message = "the manifest has no `metadata.name`";
        desk.error("bad_manifest", at.key_span(), message);
    }
}

fn job(desk: &mut Desk<'_>, doc: &KubernetesDoc, at: At<'_>) {
    let Some(what) = &doc.job else {
        return;
    };
    let at_job = at.down("job");
    match what {
        Json::String(text) if doc.image.is_some() => {
            if !text.contains("${{")
                && let Err(why) = Target::parse(&format!("job/{text}"))
            {
                desk.error("bad_target", at_job.span(), why);
            }
        }
        Json::String(text) if is_manifest_file(text) || text.starts_with("${{") => {}
        Json::Object(_) if doc.image.is_none() => manifest(desk, what, at_job),
        _ => {
            let message = "`job` needs a manifest, a file with one, or a name and an `image`";
            desk.error("bad_manifest", at_job.span(), message)
                .hint("for example `{job: migrate, image: \"shop:2\", argv: [./migrate]}`");
        }
    }
    for key in ["argv", "variables"] {
        if doc.image.is_none() && at.has(key) {
            let message = format!("`{key}` goes with `image`; a manifest says it itself");
            desk.error("not_here", at.down(key).key_span(), message);
        }
    }
}

fn wishes(desk: &mut Desk<'_>, doc: &KubernetesDoc, at: At<'_>) {
    if doc.wait.is_some() && doc.condition.is_some() == doc.query.is_some() {
        let message = "`wait` needs one of condition and query";
        desk.error("missing_key", at.down("wait").key_span(), message)
            .hint("for example `condition: Available`");
    }
    let query = doc.query.as_ref();
    if let Some(query) = query.filter(|query| !query.contains("${{")) {
        is_query(desk, at.down("query"), query);
    }
    if doc.to_revision.is_some() && doc.action != Some(RolloutWord::Undo) {
        let message = "`to_revision` goes with `action: undo`";
        desk.error("not_here", at.down("to_revision").key_span(), message);
    }
    if doc
        .images
        .as_ref()
        .is_some_and(std::collections::BTreeMap::is_empty)
    {
        let message = "`images` names no container";
        desk.error("empty_value", at.down("images").span(), message)
            .hint("for example `images: {web: \"shop:2\"}`");
    }
}

/// A value in a shell text would run as a command, in a pod as anywhere.
fn argv(desk: &mut Desk<'_>, doc: &KubernetesDoc, at: At<'_>) {
    let Some(argv) = &doc.argv else {
        return;
    };
    let at = at.down("argv");
    if argv.first().is_none_or(|program| program.trim().is_empty()) && !desk.is_unread(at) {
        desk.error("empty_value", at.key_span(), "`argv` names no program");
    }
    if let Some(n) = shell_text(argv)
        && argv[n].contains("${{")
    {
        let message = "`${{ }}` in a shell text: values never become shell text";
        desk.error("value_in_shell", at.nth(n).span(), message)
            .label("this could run as a command")
            .hint("write \"$1\" there, and after it: sh, \"${{ ... }}\"");
    }
}

/// What others of the cluster may read: requests in audit logs, arguments in process lists, manifests of jobs.
fn open_secrets(desk: &mut Desk<'_>, doc: &KubernetesDoc, at: At<'_>) {
    let argv = doc.argv.iter().flatten().enumerate();
    let argv = argv.map(|(n, text)| (at.down("argv").nth(n), text.as_str()));
    let variables = doc.variables.iter().flatten();
    let variables = variables.map(|(name, text)| (at.down("variables").down(name), text.as_str()));
    let mut texts: Vec<(At<'_>, &str)> = argv.chain(variables).collect();
    if let Some(manifest) = &doc.job {
        texts_of(at.down("job"), manifest, &mut texts);
    }
    for (place, text) in texts {
        if Template::parse(text).is_ok_and(|text| text.secrets().next().is_some()) {
            let message = "others of the cluster can read a secret here";
            desk.error("open_secret", place.span(), message)
                .label("it would stand in audit logs, process lists or the manifest of the job")
                .hint("keep it in a Secret of the cluster, and have the pod refer to that: `valueFrom: {secretKeyRef: {name: shop, key: password}}`");
        }
    }
}

fn texts_of<'d, 't>(at: At<'t>, value: &'d Json, texts: &mut Vec<(At<'t>, &'d str)>) {
    match value {
        Json::String(text) => texts.push((at, text)),
        Json::Array(items) => {
            for (n, item) in items.iter().enumerate() {
                texts_of(at.nth(n), item, texts);
            }
        }
        Json::Object(entries) => {
            for (key, item) in entries {
                texts_of(at.down(key), item, texts);
            }
        }
        _ => {}
    }
}
