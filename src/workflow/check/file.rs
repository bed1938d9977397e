//! The way through a file: read, then part by part, then what needs all parts together.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use super::desk::{Desk, Role, named};
use super::include::{Library, Load};
use super::inner::Inners;
use super::known::Known;
use super::{
    attention, gate, hooks, looks, needs, params, policies, preflight, references, secrets, splice,
    step,
};
use crate::id::{StepId, hex};
use crate::workflow::document::Document;
use crate::workflow::plan::{Files, Objectives, Workflow};
use crate::workflow::problem::{Problem, Severity};
use crate::workflow::template::{Template, Tree};
use crate::yaml::{self, At};

pub(super) const STEPS_MAX: usize = 100_000;

/// What a file turned out to be. `workflow` is there if no problem is an error.
#[derive(Debug)]
pub struct Checked {
    pub workflow: Option<Workflow>,
    pub problems: Vec<Problem>,
}

/// Checks the bytes of a workflow file that has no sub-workflows; finds all problems at once.
pub fn check(bytes: &[u8]) -> Checked {
    check_including(bytes, "", &mut |path| {
        Err(format!("{path} cannot be read from here"))
    })
}

/// Checks what a journal holds: the text of a workflow, and those of the files that it included.
pub fn check_recorded(text: &str, files: &Files) -> Checked {
    check_including(text.as_bytes(), "", &mut |path| {
        let text = files.get(path).map(|text| text.as_bytes().to_vec());
        text.ok_or_else(|| format!("{path} is not in the journal"))
    })
}

/// Checks the bytes of a workflow file and of all files that it includes. `file` is its name in its own folder.
pub fn check_including<'l>(bytes: &[u8], file: &str, load: &'l mut Load<'l>) -> Checked {
    let mut library = Library::new(file, load);
    let mut checked = read(bytes, &mut library);
    if let Some(workflow) = &mut checked.workflow {
        workflow.digest = digest(&workflow.text, &library.texts);
        workflow.files = library.texts;
    }
    checked.problems.append(&mut library.problems);
    let errors = |p: &Problem| p.severity == Severity::Error;
    if checked.problems.iter().any(errors) {
        checked.workflow = None;
    }
    checked
}

/// Of one file, whose plan is there even if it has mistakes.
pub(super) fn read(bytes: &[u8], library: &mut Library<'_>) -> Checked {
    let text = match yaml::decode(bytes) {
        Ok(text) => text,
        Err(mistake) => {
            return Checked {
                workflow: None,
                problems: Desk::new("", vec![*mistake]).problems,
            };
        }
    };
    let read = yaml::read::<Document>(text);
    let mut desk = Desk::new(text, read.mistakes);
    let root = read.tree.root();
    let workflow = match &read.value {
        Some(_) if read.tree.is_empty() && desk.problems.is_empty() => {
            desk.error(
                "empty",
                0..0,
                "the file is empty; a workflow needs name and steps",
            )
            .hint("start with `name: ...` and `steps: [...]`, or copy a shipped workflow");
            None
        }
        Some(document) => Some(plan(&mut desk, document, root, library)),
        None => None,
    };
    looks::secrets(&mut desk);
    looks::expressions(&mut desk);
    let mut problems = desk.problems;
    problems.sort_by_key(|p| (p.span.start, p.span.end));
    problems.dedup();
    Checked { workflow, problems }
}

fn plan(
    desk: &mut Desk<'_>,
    document: &Document,
    root: At<'_>,
    library: &mut Library<'_>,
) -> Workflow {
    looks::other_languages(desk);
    desk.later(root, &["triggers"]);
    let name = name(desk, document, root);
    let params = document.params.as_ref();
    let params = params.map_or_else(Vec::new, |p| {
        params::params(desk, root.down("params"), p, "parameter")
    });
    let secrets = secrets::secrets(desk, document, root);
    let env = env(desk, document, root);
    let ids = needs::ids(desk, document, root);
    let preflight = preflight::preflight(desk, document, root, &ids);
    let mut inners = Inners::new();
    let steps = step::steps(desk, document, root, &ids, library, &mut inners);
    let mut workflow = Workflow {
        name,
        description: document.description.clone().unwrap_or_default(),
        labels: labels(desk, document.labels.as_ref(), root.down("labels")),
        objectives: objectives(desk, document, root, &ids),
        params,
        secrets,
        max_parallel: policies::max_parallel(desk, document, root),
        max_parallel_said: document
            .policies
            .as_ref()
            .and_then(|p| p.max_parallel)
            .map(|n| n as usize),
        env,
        preflight,
        steps,
        digest: String::new(),
        text: desk.text.into(),
        outputs: outputs(desk, document, root),
        files: Files::new(),
        policies: policies::policies(desk, document, root),
        attention_timeout: None,
        hooks: hooks::hooks(desk, document, root),
    };
    workflow.attention_timeout = attention::timeout(desk, document, root, &workflow.steps);
    looks::shown(desk, root.down("description"), &workflow.description);
    let acyclic = needs::cycles(desk, &workflow, root.down("steps"));
    let known = Known::of(&workflow, &ids);
    references::check(desk, &workflow, &known, acyclic);
    let sound = |desk: &Desk<'_>| !desk.problems.iter().any(|p| p.severity == Severity::Error);
    let approval = gate::approval(desk, document, root);
    if library.is_inside() {
        alone(desk, root);
    }
    if !inners.is_empty() && sound(desk) {
        splice::splice(desk, &mut workflow, &inners, root.down("steps"));
    }
    if let Some(approval) = approval.filter(|_| !library.is_inside() && sound(desk)) {
        gate::put(&mut workflow, approval);
    }
    workflow
}

/// Of a sub-workflow: keys that hold only when it is run by itself.
fn alone(desk: &mut Desk<'_>, root: At<'_>) {
    let keys = [
        "objectives",
        "preflight",
        "hooks",
        "triggers",
        "attention_timeout",
        "on_attention_timeout",
    ];
    let policies = ["concurrency", "freeze", "approvals"];
    let top = root.entries().filter(|(key, _)| keys.contains(key));
    let policies = root
        .down("policies")
        .entries()
        .filter(|(key, _)| policies.contains(key));
    for (key, at) in top.chain(policies).collect::<Vec<_>>() {
        let message = format!("`{key}` holds only when this file is run by itself");
        desk.warning("not_inside", at.key_span(), message)
            .hint("what is to hold for the whole run stands in the file that is run");
    }
}

fn outputs(
    desk: &mut Desk<'_>,
    document: &Document,
    root: At<'_>,
) -> BTreeMap<String, Tree<Template>> {
    let Some(outputs) = &document.outputs else {
        return BTreeMap::new();
    };
    named(root.down("outputs"), outputs)
        .map(|(name, value, at)| {
            params::check_name(desk, at, name, "output");
            (name.to_owned(), desk.tree(Role::Output, at, value))
        })
        .collect()
}

/// Of a file alone it is what `sha256sum` says.
fn digest(text: &str, files: &Files) -> String {
    let mut sha = Sha256::new();
    sha.update(text);
    for (path, text) in files {
        // No path and no text holds a zero byte, so none can pass for another.
        for part in [path.as_str(), text] {
            sha.update([0]);
            sha.update(part);
        }
    }
    hex(&sha.finalize())
}

fn name(desk: &mut Desk<'_>, document: &Document, root: At<'_>) -> String {
    let at = root.down("name");
    match document.name.as_deref().map(str::trim) {
        Some(name) if !name.is_empty() => {
            looks::shown(desk, at, name);
            name.to_owned()
        }
        _ => {
            let told = desk.is_misspelt("name") || (root.has("name") && desk.is_unread(at));
            if !told {
                let span = if root.has("name") { at.span() } else { 0..0 };
                desk.error("missing_key", span, "the workflow has no name")
                    .hint("add `name: ...`");
            }
            String::new()
        }
    }
}

pub(super) fn labels(
    desk: &mut Desk<'_>,
    labels: Option<&crate::workflow::document::Named<String>>,
    at: At<'_>,
) -> BTreeMap<String, String> {
    let Some(labels) = labels else {
        return BTreeMap::new();
    };
    named(at, labels)
        .map(|(name, value, at)| {
            looks::shown(desk, at, value);
            (name.to_owned(), value.clone())
        })
        .collect()
}

fn env(desk: &mut Desk<'_>, document: &Document, root: At<'_>) -> Vec<(String, Template)> {
    let Some(env) = &document.env else {
        return Vec::new();
    };
    step::env(desk, env, root.down("env"), &Role::CommonEnv)
}

fn objectives(
    desk: &mut Desk<'_>,
    document: &Document,
    root: At<'_>,
    ids: &needs::Ids<'_>,
) -> Objectives {
    let Some(said) = &document.objectives else {
        return Objectives::default();
    };
    let at = root.down("objectives");
    let rto = said.rto.map(|s| desk.positive(at.down("rto"), s.0));
    let clock_end = said.clock_end.as_deref();
    if let Some(id) = clock_end
        && !ids.contains_key(id)
    {
        let hint = desk.meant(id, ids.keys().copied());
        let span = at.down("clock_end").span();
        let problem = desk.error(
            "unknown_step",
            span,
            format!("clock_end names the step `{id}`, which does not exist"),
        );
        problem.hint = hint;
    }
    Objectives {
        rto,
        rpo: said.rpo.map(|s| s.0),
        clock_end: clock_end.map(StepId::from),
    }
}
