//! What the home screen knows.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value as Json;
use tui_input::Input;

use crate::id::RunId;
use crate::run::Kind;
use crate::text::Clean;
use crate::time::Timestamp;
use crate::tui::keys::{Key, Keymap};
use crate::tui::message::Request;
use crate::tui::model::{Dialog, Fact, Field, Purpose, RunList, Value};
use crate::tui::options::{Choice, Options};
use crate::tui::source::{Like, WorkflowEntry};
use crate::workflow::Workflow;

#[derive(Debug)]
pub(crate) struct Home {
    pub tab: Tab,
    pub workflows: Option<Vec<WorkflowEntry>>,
    pub runs: RunList,
    /// Selected row of the workflows that pass the filter.
    pub at: usize,
    pub filter: Input,
    /// That of the other list: `st:ok` says nothing about workflows.
    pub other_filter: Input,
    /// Letters go into the filter.
    pub filtering: bool,
    pub keymap: Keymap,
    /// The first key of a chord of two.
    pub pending: Option<Key>,
    pub form: Option<Form>,
    /// What is wrong with the workflow that was picked.
    pub problems: Vec<Clean>,
    pub toast: String,
    pub now: Timestamp,
    pub width: u16,
    pub height: u16,
    pub choice: Option<Choice>,
    /// There is only the form: leaving it leaves all.
    pub only_form: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tab {
    Workflows,
    Runs,
}

/// The parameters of a workflow that is to be started.
#[derive(Debug)]
pub(crate) struct Form {
    pub file: String,
    pub workflow: Arc<Workflow>,
    pub dialog: Dialog,
    /// The run that the new one is to be like.
    pub like: Option<RunId>,
}

impl Home {
    pub(crate) fn new(options: &Options) -> Self {
        Self {
            tab: Tab::Workflows,
            workflows: None,
            runs: RunList::default(),
            at: 0,
            filter: Input::default(),
            other_filter: Input::default(),
            filtering: false,
            keymap: options.keymap.clone(),
            pending: None,
            form: None,
            problems: Vec::new(),
            toast: String::new(),
            now: options.now(),
            width: 80,
            height: 24,
            choice: None,
            only_form: false,
        }
    }

    /// Only the form of this workflow, with what has been given already.
    pub(crate) fn with_form(
        options: &Options,
        file: String,
        workflow: Arc<Workflow>,
        given: &BTreeMap<String, Json>,
    ) -> Self {
        let mut home = Self::new(options);
        home.only_form = true;
        home.form = Some(Form::new(file, workflow, given));
        home
    }

    /// Only the form of a run like another one.
    pub(crate) fn with_like(options: &Options, like: Like) -> Self {
        let mut home = Self::new(options);
        home.only_form = true;
        home.form = Some(Form::like(like));
        home
    }

    /// What must be known first.
    pub(crate) fn start(&self) -> Vec<Request> {
        if self.only_form {
            return Vec::new();
        }
        vec![Request::LoadWorkflows, Request::LoadRuns]
    }

    /// Workflows that pass the filter.
    pub(crate) fn shown_workflows(&self) -> Vec<&WorkflowEntry> {
        let all = self.workflows.iter().flatten();
        all.filter(|entry| self.passes(&entry.name) || self.passes(&entry.about))
            .collect()
    }

    fn passes(&self, text: &str) -> bool {
        text.to_lowercase()
            .contains(&self.filter.value().to_lowercase())
    }
}

impl Form {
    pub(crate) fn new(
        file: String,
        workflow: Arc<Workflow>,
        given: &BTreeMap<String, Json>,
    ) -> Self {
        let title = format!("START {}", workflow.name);
        let mut fields: Vec<Field> = workflow.params.iter().map(Field::param).collect();
        for (field, spec) in fields.iter_mut().zip(&workflow.params) {
            if let Some(value) = given.get(&spec.name) {
                fill(field, value);
            }
        }
        let mut dialog = Dialog::new(title, Purpose::Params, None).with_fields(fields);
        dialog.yes = "Start".into();
        let about = workflow.description.lines().next().unwrap_or_default();
        let steps = match workflow.steps.len() {
            1 => "1 step".to_owned(),
            n => format!("{n} steps"),
        };
        for (label, text) in [("About", about.to_owned()), ("Plan", steps)] {
            if !text.is_empty() {
                dialog.facts.push(Fact {
                    label,
                    text,
                    grave: false,
                });
            }
        }
        Self {
            file,
            workflow,
            dialog,
            like: None,
        }
    }

    /// Filled in with the params of another run.
    pub(crate) fn like(like: Like) -> Self {
        let mut form = Self::new(like.file, like.workflow, &like.params);
        let fact = |label, text, grave| Fact { label, text, grave };
        let mut facts = vec![
            fact("Like", like.run.to_string(), false),
            fact("By", like.by, false),
        ];
        if like.kind != Kind::Live {
            facts.push(fact("Kind", like.kind.word().to_uppercase(), true));
        }
        form.dialog.facts.splice(0..0, facts);
        form.like = Some(like.run);
        form
    }
}

fn fill(field: &mut Field, value: &Json) {
    let text = value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned);
    match &mut field.value {
        Value::Text(input) => *input = Input::new(text),
        Value::Toggle(on) => *on = text == "true",
        Value::Choice { options, at } => {
            *at = options
                .iter()
                .position(|option| *option == text)
                .unwrap_or(*at);
        }
    }
}
