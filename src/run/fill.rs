//! Filling the texts of one step for one attempt: expressions evaluated, an operator's changes put in, secrets left as
//! references.

use std::cell::RefCell;
use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::machine::{InputField, Run};
use super::scope::View;
use crate::workflow::{EvalError, Filled, SecretSource, Template, Tree, Work};

type Env<'a> = &'a [(String, Template)];
type Secrets = BTreeMap<String, SecretSource>;

/// Fills the texts of one step (or preflight check), putting in changes and noting what is worth recording.
pub(super) struct Filling<'a> {
    view: View<'a>,
    /// Those that may be named in what is typed.
    secrets: &'a Secrets,
    /// The file's, then its own.
    common_env: Env<'a>,
    own_env: Env<'a>,
    changed: &'a BTreeMap<String, String>,
    pub(super) inputs: RefCell<BTreeMap<String, String>>,
    /// If there, every text is noted here as it may be typed, and nothing fails.
    pub(super) lenient: RefCell<Option<Vec<InputField>>>,
}

impl<'a> Filling<'a> {
    pub(super) fn new(run: &'a Run, i: usize, changed: &'a BTreeMap<String, String>) -> Self {
        let envs = (run.env_of(i), &run.def(i).env[..]);
        Self::with(View::of(run, i), run.secrets_of(i), envs, changed)
    }

    /// For a preflight check: it sees only what all steps see.
    pub(super) fn before_steps(
        run: &'a Run,
        own_env: &'a [(String, Template)],
        changed: &'a BTreeMap<String, String>,
    ) -> Self {
        Self::of_run(run, View::of_all(run), own_env, changed)
    }

    /// For what belongs to the run as a whole.
    pub(super) fn of_run(
        run: &'a Run,
        view: View<'a>,
        own_env: Env<'a>,
        changed: &'a BTreeMap<String, String>,
    ) -> Self {
        let envs = (&run.workflow.env[..], own_env);
        Self::with(view, &run.workflow.secrets, envs, changed)
    }

    fn with(
        view: View<'a>,
        secrets: &'a Secrets,
        (common_env, own_env): (Env<'a>, Env<'a>),
        changed: &'a BTreeMap<String, String>,
    ) -> Self {
        Self {
            secrets,
            common_env,
            view,
            own_env,
            changed,
            inputs: RefCell::default(),
            lenient: RefCell::default(),
        }
    }

    pub(super) fn note(&self, path: &str, text: String) {
        self.inputs.borrow_mut().insert(path.to_owned(), text);
    }

    /// Notes an editable form, if that is what is wanted.
    fn show(&self, path: &str, tree: bool, text: impl FnOnce() -> String) -> bool {
        let mut lenient = self.lenient.borrow_mut();
        if let Some(fields) = lenient.as_mut() {
            fields.retain(|f| f.path != path);
            fields.push(InputField {
                path: path.to_owned(),
                text: text(),
                fixed: false,
                tree,
            });
        }
        lenient.is_some()
    }

    fn text(&self, path: &str, template: &Template) -> Result<Filled, EvalError> {
        let change = self.changed.get(path);
        let filled = match change {
            Some(text) => typed(self.secrets, text),
            None => template.fill(&self.view),
        };
        let source = || template.source().to_owned();
        let editable = || filled.as_ref().map_or_else(|_| source(), Filled::editable);
        if self.show(path, false, editable) {
            return Ok(filled.unwrap_or_default());
        }
        if let Ok(filled) = &filled
            && (change.is_some() || !template.is_constant())
        {
            self.note(path, filled.masked());
        }
        filled
    }

    fn tree(&self, path: &str, tree: &Tree<Template>) -> Result<Tree<Filled>, EvalError> {
        let now = tree.fill(&self.view);
        // What is a text is typed as it is, all else as JSON.
        let json = match &now {
            Ok(now) => !matches!(now, Tree::Text(_)),
            Err(_) => !matches!(tree, Tree::Text(_)),
        };
        let change = self.changed.get(path);
        let filled = match change {
            Some(text) if json => typed_tree(self.secrets, text).map_err(|message| EvalError {
                message,
                source_text: text.clone(),
            }),
            // Nobody knows what kind of value it would have been: a number is taken for one.
            Some(text) if now.is_err() => typed_tree(self.secrets, text)
                .or_else(|_| typed(self.secrets, text).map(Tree::Text)),
            Some(text) => typed(self.secrets, text).map(Tree::Text),
            None => now,
        };
        let editable = || match (&filled, tree) {
            (Ok(Tree::Text(text)), _) if !json => text.editable(),
            (Ok(filled), _) => editable_json(filled).to_string(),
            (Err(_), Tree::Text(template)) => template.source().to_owned(),
            (Err(_), _) => String::new(),
        };
        if self.show(path, json, editable) {
            return Ok(filled.unwrap_or(Tree::Plain(Json::Null)));
        }
        if let Ok(filled) = &filled
            && (change.is_some() || !tree.texts().into_iter().all(Template::is_constant))
        {
            let text = match filled {
                Tree::Text(text) if !json => text.masked(),
                filled => filled.masked_json().to_string(),
            };
            self.note(path, text);
        }
        filled
    }

    pub(super) fn work(&self, work: &Work<Template>) -> Result<Work<Filled>, EvalError> {
        work.try_map(&mut |path, t| self.text(path, t), &mut |path, t| {
            self.tree(path, t)
        })
    }

    pub(super) fn env(&self) -> Result<Vec<(String, Filled)>, EvalError> {
        let entries = self.common_env.iter().chain(self.own_env);
        entries
            .map(|(name, t)| Ok((name.clone(), self.text(&format!("env.{name}"), t)?)))
            .collect()
    }
}

pub(super) fn typed(secrets: &Secrets, text: &str) -> Result<Filled, EvalError> {
    Filled::typed(text, &|name| secrets.contains_key(name))
}

pub(super) fn typed_tree(secrets: &Secrets, text: &str) -> Result<Tree<Filled>, String> {
    let json = serde_json::from_str(text).map_err(|e| format!("not JSON: {e}"))?;
    tree_of(secrets, json).map_err(|e| e.message)
}

fn tree_of(secrets: &Secrets, json: Json) -> Result<Tree<Filled>, EvalError> {
    Ok(match json {
        Json::String(text) => Tree::Text(typed(secrets, &text)?),
        Json::Array(list) => {
            let list = list.into_iter().map(|item| tree_of(secrets, item));
            Tree::List(list.collect::<Result<_, _>>()?)
        }
        Json::Object(map) => {
            let map = map.into_iter().map(|(k, v)| Ok((k, tree_of(secrets, v)?)));
            Tree::Map(map.collect::<Result<_, EvalError>>()?)
        }
        plain => Tree::Plain(plain),
    })
}

fn editable_json(tree: &Tree<Filled>) -> Json {
    match tree {
        Tree::Plain(json) => json.clone(),
        Tree::Text(text) => Json::String(text.editable()),
        Tree::List(list) => list.iter().map(editable_json).collect(),
        Tree::Map(map) => {
            let map = map.iter().map(|(k, v)| (k.clone(), editable_json(v)));
            Json::Object(map.collect())
        }
    }
}
