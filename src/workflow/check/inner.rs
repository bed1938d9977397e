//! `workflow:`: a step that runs another workflow inside this one.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::bind;
use super::desk::{Desk, Role, named};
use super::include::Library;
use crate::workflow::action::{Action, Inner};
use crate::workflow::document::WorkflowDoc;
use crate::workflow::plan::{ParamSpec, Workflow};
use crate::workflow::template::{Template, Tree};
use crate::yaml::{At, list_of, place};

/// The sub-workflows of one file, by the step that runs them.
pub(crate) type Inners = BTreeMap<usize, Arc<Workflow>>;

/// The action, and what it runs in `inners`, for the step that is being read.
pub(super) fn action(
    desk: &mut Desk<'_>,
    doc: &WorkflowDoc,
    at: At<'_>,
    library: &mut Library<'_>,
    inners: &mut Inners,
) -> Action {
    let step = desk.step.unwrap_or_default();
    let file = file(desk, doc, at, library);
    let child = file
        .as_deref()
        .and_then(|path| child(desk, path, at, library));
    let known = child.as_deref().map(|c| c.params.as_slice());
    let given = given(desk, doc, at, known);
    let file = file.unwrap_or_default();
    let Some(child) = child else {
        desk.unseen.insert(step);
        return Action::Workflow(Box::new(Inner {
            file,
            given,
            ..Inner::default()
        }));
    };
    inners.insert(step, child.clone());
    Action::Workflow(Box::new(Inner {
        file,
        given,
        name: child.name.clone(),
        description: child.description.clone(),
        params: child.params.clone(),
        env: child.env.clone(),
        secrets: child.secrets.clone(),
        outputs: child.outputs.clone(),
        max_parallel: child.max_parallel_said,
    }))
}

fn file(
    desk: &mut Desk<'_>,
    doc: &WorkflowDoc,
    at: At<'_>,
    library: &Library<'_>,
) -> Option<String> {
    let at_file = at.down("file");
    let Some(said) = doc.file.as_deref().filter(|f| !f.trim().is_empty()) else {
        if !desk.is_unread(at) {
            desk.error("missing_key", at.key_span(), "workflow needs a file")
                .hint("for example `workflow: {file: restore.yaml}`");
        }
        return None;
    };
    if said.contains("${{") {
        let message = "the file of a sub-workflow must be constant: what runs is checked before";
        desk.error("expression", at_file.span(), message)
            .hint("write one step for each file, each with an `if`");
        return None;
    }
    match library.path(said) {
        Ok(path) => Some(path),
        Err((code, message, hint)) => {
            desk.error(code, at_file.span(), message).hint = hint;
            None
        }
    }
}

fn child(
    desk: &mut Desk<'_>,
    path: &str,
    at: At<'_>,
    library: &mut Library<'_>,
) -> Option<Arc<Workflow>> {
    let span = at.down("file").span();
    let line = place(desk.text, span.start).0;
    match library.child(path, line) {
        Ok(child) => {
            if !child.sound {
                let message = format!("the sub-workflow {path} has mistakes");
                desk.error("bad_inner", span, message)
                    .hint("they are told below, with their own place");
            }
            child.workflow
        }
        Err((code, message, hint)) => {
            desk.error(code, span, message).hint = hint;
            None
        }
    }
}

/// Values for the params of the sub-workflow; without `known` nothing can be said about their names.
fn given(
    desk: &mut Desk<'_>,
    doc: &WorkflowDoc,
    at: At<'_>,
    known: Option<&[ParamSpec]>,
) -> BTreeMap<String, Tree<Template>> {
    let at_params = at.down("params");
    let mut given = BTreeMap::new();
    for (name, value, at) in doc.params.iter().flat_map(|p| named(at_params, p)) {
        given.insert(name.to_owned(), desk.tree(Role::Said, at, value));
        let Some(known) = known else { continue };
        let Some(spec) = known.iter().find(|spec| spec.name == name) else {
            let names = || known.iter().map(|spec| spec.name.as_str());
            let hint = desk.meant(name, names());
            let message = format!("the sub-workflow has no parameter `{name}`");
            desk.error("unknown_name", at.key_span(), message).hint =
                hint.or_else(|| list_of(names()).map(|list| format!("there is {list}")));
            continue;
        };
        // What depends on an expression is typed when the sub-workflow begins.
        if !value.to_string().contains("${{")
            && let Err(problem) = bind::typed(spec, value)
        {
            let message = format!("`{name}` does not fit: {}", problem.message);
            desk.error("bad_param", at.span(), message).hint = problem.hint;
        }
    }
    let needed = known.into_iter().flatten();
    for spec in needed.filter(|spec| spec.required && !given.contains_key(&spec.name)) {
        let message = format!("the sub-workflow needs a value for `{}`", spec.name);
        desk.error("missing_param", at.key_span(), message)
            .hint(format!("add `params: {{{}: ...}}`", spec.name));
    }
    given
}
