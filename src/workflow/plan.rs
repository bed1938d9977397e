//! The checked plan. Whatever holds a `Workflow` may rely on: ids are unique, needs exist and form no cycle, every
//! expression compiles and refers to what is declared and runs before.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::action::{Action, AuthorText, Inner, Retries, Work};
use super::document::{AwsSecretDoc, VaultDoc};
use super::policies::Policies;
use super::template::{Expr, Template, Tree};
use crate::id::StepId;

/// A checked workflow. Made by `workflow::check` only; never changes.
#[derive(Clone, Debug)]
pub struct Workflow {
    pub name: String,
    pub description: AuthorText,
    pub labels: BTreeMap<String, String>,
    pub objectives: Objectives,
    pub params: Vec<ParamSpec>,
    pub secrets: BTreeMap<String, SecretSource>,
    /// At most this many steps run at once; 16 unless said otherwise.
    pub max_parallel: usize,
    /// The same, if its author said so.
    pub max_parallel_said: Option<usize>,
    /// For every step; a step's own `env` wins.
    pub env: Vec<(String, Template)>,
    /// What must hold before the first step; all are looked at together.
    pub preflight: Vec<Preflight>,
    /// In the order of the file. A need always names an index in this list.
    pub steps: Vec<Step>,
    /// SHA-256 of `text` and of what it includes, hex.
    pub digest: String,
    /// The file as it was read: goes into the first event, so that a journal explains itself.
    pub text: Arc<str>,
    /// What a workflow around this one may read of it.
    pub outputs: BTreeMap<String, Tree<Template>>,
    /// The files of its sub-workflows, by their path from its own folder.
    pub files: Files,
    pub policies: Policies,
    /// How long nothing may go on for want of a person.
    pub attention_timeout: Option<AttentionTimeout>,
    /// What is done at moments of the run, beside its steps.
    pub hooks: BTreeMap<HookKind, Hook>,
}

/// The moment of a hook.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum HookKind {
    /// Nothing can go on without a person.
    Attention,
    /// The run has ended.
    Ended,
}

impl HookKind {
    pub const ALL: [Self; 2] = [Self::Attention, Self::Ended];

    pub fn word(self) -> &'static str {
        match self {
            Self::Attention => "attention",
            Self::Ended => "ended",
        }
    }

    /// By which its logs and lines go. No author's id holds a full stop.
    pub fn id(self) -> StepId {
        StepId::new(format!("hooks.{}", self.word()))
    }
}

#[derive(Clone, Debug)]
pub struct Hook {
    pub work: Work<Template>,
    pub env: Vec<(String, Template)>,
    pub timeout: Duration,
}

/// Texts of included files, by their path from the folder of the outermost file.
pub type Files = BTreeMap<String, Arc<str>>;

/// When nothing can go on without a person and nobody has acted for so long, the run goes out by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttentionTimeout {
    pub after: Duration,
    pub then: OnAttentionTimeout,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnAttentionTimeout {
    #[default]
    Abort,
    /// What has been done is undone.
    Rollback,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Objectives {
    pub rto: Option<Duration>,
    pub rpo: Option<Duration>,
    /// The step whose success stops the RTO clock.
    pub clock_end: Option<StepId>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct ParamSpec {
    pub name: String,
    pub kind: ParamKind,
    pub default: Option<Json>,
    pub required: bool,
    pub prompt: AuthorText,
}

#[derive(Clone, Debug, PartialEq)]
pub enum ParamKind {
    String {
        pattern: Option<String>,
    },
    Int {
        min: Option<i64>,
        max: Option<i64>,
    },
    Number {
        min: Option<f64>,
        max: Option<f64>,
    },
    Bool,
    Enum {
        options: Vec<String>,
    },
    /// A list of texts.
    List,
}

/// Where the attempt process reads a secret from, at each attempt anew.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SecretSource {
    Env(String),
    /// One trailing line break is cut off.
    File(String),
    /// Its standard output, one trailing line break cut off.
    Command(Vec<String>),
    Vault(VaultDoc),
    AwsSecretsmanager(AwsSecretDoc),
}

/// A check before the first step. It changes nothing, so it may always be repeated.
#[derive(Clone, Debug)]
pub struct Preflight {
    /// No step has this id.
    pub id: StepId,
    /// What people read; the id if the author gave none.
    pub name: AuthorText,
    /// What to do when it is not met.
    pub description: AuthorText,
    /// Work or an assertion.
    pub action: Action,
    pub env: Vec<(String, Template)>,
    pub timeout: Duration,
    /// Not met, it holds the run before its first step; else it only warns.
    pub blocks: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    pub id: StepId,
    /// What people read; the id if the author gave none.
    pub name: AuthorText,
    pub description: AuthorText,
    pub labels: BTreeMap<String, String>,
    pub needs: Vec<Need>,
    pub condition: Option<Expr>,
    pub action: Action,
    pub env: Vec<(String, Template)>,
    pub outputs: Vec<OutputSpec>,
    pub retry: Retries,
    /// Per attempt; counts while its process runs.
    pub timeout: Option<Duration>,
    /// From TERM to KILL.
    pub kill_grace: Duration,
    pub on_failure: FailurePolicy,
    pub verify: Option<Work<Template>>,
    pub verify_timeout: Duration,
    /// Until history gives a median.
    pub expected: Option<Duration>,
    /// `danger: high`: manual verbs need the id typed.
    pub danger: bool,
    /// Cannot be skipped.
    pub required: bool,
    /// What the author said, or what the action's nature gives (see `semantics.md`, outcome unknown).
    pub idempotent: bool,
    /// Runs whatever became of its needs.
    pub always: bool,
    pub fan_out: Option<FanOut>,
    /// Outputs that stand in when this step is skipped.
    pub on_skip: BTreeMap<String, Tree<Template>>,
    /// Bytes of output kept; the rest is counted and dropped.
    pub max_log: u64,
    /// What undoes it when the run is rolled back: a step of its own, that needs nothing.
    pub compensate: Option<Arc<Step>>,
    /// For a step of a sub-workflow: the index of the group around it.
    pub inside: Option<usize>,
    /// Runs on although the run is on its way out: it is an `always` step, or inside of one.
    pub outlives: bool,
    /// What becomes of it in ungraceful mode.
    pub ungraceful: Option<Ungraceful>,
    /// What it does in a drill instead.
    pub drill: Option<Arc<Step>>,
}

/// What a step does when there is no time, or nobody, for the graceful way.
#[derive(Clone, Debug, PartialEq)]
pub enum Ungraceful {
    /// It is passed over: whatever needs it goes on.
    Skip,
    /// It does this instead: the same step, with another action, or other keys of it.
    Other(Arc<Step>),
}

impl Step {
    /// Whether it cannot end without a person.
    pub fn needs_person(&self) -> bool {
        matches!(self.action, Action::Approval(_) | Action::Checklist(_))
    }

    /// What it runs inside, for the group of a sub-workflow.
    pub fn inner(&self) -> Option<&Inner> {
        match &self.action {
            Action::Workflow(inner) => Some(inner),
            _ => None,
        }
    }
}

impl Workflow {
    /// The plan of a drill: each step does what it does in one. Its place among the others stays.
    #[must_use]
    pub fn rehearsed(&self) -> Self {
        let mut plan = self.clone();
        for step in &mut plan.steps {
            if let Some(drill) = step.drill.take() {
                let drill = Arc::unwrap_or_clone(drill);
                step.action = drill.action;
                step.env = drill.env;
                step.retry = drill.retry;
                step.timeout = drill.timeout;
                step.verify = drill.verify;
                step.verify_timeout = drill.verify_timeout;
                step.expected = drill.expected;
                step.idempotent = drill.idempotent;
                step.compensate = drill.compensate;
                step.ungraceful = drill.ungraceful;
            }
        }
        plan
    }

    /// The group whose names the expressions of plan step `i` use: the first step of a sub-workflow is written around it.
    pub fn scope(&self, i: usize) -> Option<usize> {
        let inside = self.steps[i].inside?;
        match self.steps[i].action {
            Action::Begin => self.steps[inside].inside,
            _ => Some(inside),
        }
    }

    /// The sub-workflow in whose file plan step `i` stands.
    pub fn inner_of(&self, i: usize) -> Option<&Inner> {
        self.scope(i).and_then(|group| self.steps[group].inner())
    }

    /// The environment that plan step `i` shares with all of its file.
    pub fn env_of(&self, i: usize) -> &[(String, Template)] {
        self.inner_of(i).map_or(&self.env, |inner| &inner.env)
    }

    /// The secrets that plan step `i` may use.
    pub fn secrets_of(&self, i: usize) -> &BTreeMap<String, SecretSource> {
        let inner = self.inner_of(i);
        inner.map_or(&self.secrets, |inner| &inner.secrets)
    }

    /// The groups around plan step `i`, the nearest first.
    pub fn around(&self, i: usize) -> impl Iterator<Item = usize> + '_ {
        std::iter::successors(self.steps[i].inside, |&group| self.steps[group].inside)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Need {
    /// Index into `Workflow::steps`.
    pub step: usize,
    /// `needs: {x: any}`: a failed x will do.
    pub any: bool,
}

/// One step, many members.
#[derive(Clone, Debug, PartialEq)]
pub struct FanOut {
    pub source: FanSource,
    pub max_parallel: Option<usize>,
    /// A failed member stops the members that have not started.
    pub fail_fast: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub enum FanSource {
    /// Must give a list; each element is `item`.
    ForEach(Expr),
    /// The same, written out in the file.
    Items(Vec<Json>),
    /// Every combination, the last key fastest; each is `matrix`.
    Matrix(Vec<(String, Vec<Json>)>),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OutputSpec {
    pub name: String,
    pub from: OutputFrom,
    pub required: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutputFrom {
    /// First match over standard output (or the body), multi-line mode; group 1, or the whole match without a group.
    Regex(String),
    /// A path into standard output (or the body) parsed as JSON: `data.items[0].id`; empty = the whole value.
    Json(String),
    /// A JMESPath query over the same value.
    Query(String),
    /// A line `name=value` in the file `$FLIGHTDECK_OUTPUT`. Undeclared names become outputs too.
    File,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FailurePolicy {
    /// Park, and ask.
    #[default]
    Hold,
    Ignore,
    Abort,
    /// Drain, then undo what has been done.
    Rollback,
}
