//! What a step does, as data. `T` is the kind of text inside: [`Template`](super::Template) in the plan,
//! [`Filled`](super::Filled) once its expressions have been evaluated for one attempt.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::call::Call;
use super::plan::{ParamSpec, SecretSource};
use super::template::{Expr, Template, Tree};

/// The action of a step.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Touches the world, so it is performed by an attempt process.
    Work(Work<Template>),
    /// The rest is pure state of the run: no process, no slot.
    Wait(Wait),
    Approval(Approval),
    Checklist(Checklist),
    Assert {
        that: Expr,
        message: Template,
    },
    Set {
        values: BTreeMap<String, Tree<Template>>,
    },
    /// The first step of a sub-workflow: finds out what its params are.
    Begin,
    /// All of a sub-workflow: a group without a life of its own, whose state follows from the steps inside.
    Workflow(Box<Inner>),
}

/// A workflow inside a workflow. Its steps stand in the plan of the outer one, between its first step and its group.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Inner {
    /// The path of its file from the folder of the outermost one.
    pub file: String,
    /// Values for its params, over what the outer workflow knows.
    pub given: BTreeMap<String, Tree<Template>>,
    pub name: String,
    pub description: AuthorText,
    pub params: Vec<ParamSpec>,
    /// For every step inside; the outer workflow's is not theirs.
    pub env: Vec<(String, Template)>,
    pub secrets: BTreeMap<String, SecretSource>,
    /// What the group publishes, over what is known inside.
    pub outputs: BTreeMap<String, Tree<Template>>,
    /// At most this many steps inside run at once.
    pub max_parallel: Option<usize>,
}

/// What an attempt process can perform.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Work<T> {
    /// A constant shell text; values arrive as environment variables only.
    Run(Command<T>),
    /// A program and its arguments, no shell.
    Exec(Command<T>),
    Http(Box<Http<T>>),
    /// A webhook call; an `http` POST that is called by its purpose.
    Notify(Box<Http<T>>),
    Call(Box<Call<T>>),
}

/// A process to start. For `run` the argv is the shell's (`["/bin/sh", "-e", "-c", TEXT]`), constant by construction.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(bound(deserialize = "T: Deserialize<'de>"))]
pub struct Command<T> {
    pub argv: Vec<T>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cwd: Option<T>,
    /// Bytes for standard input; without it, /dev/null.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stdin: Option<T>,
}

/// An HTTP request, perhaps repeated until it meets an expectation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(bound(deserialize = "T: Deserialize<'de>"))]
pub struct Http<T> {
    /// Upper case.
    pub method: String,
    pub url: T,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<(String, T)>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<Body<T>>,
    /// Basic user and password, or a bearer token as a header.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub basic_auth: Option<(T, T)>,
    /// Without it, any status from 200 to 299 is met. Sees `status`, `headers`, `body`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expect: Option<Expr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Until>,
    #[serde(default)]
    pub follow_redirects: bool,
    /// Hosts that may be reached although they are loopback, link-local or metadata addresses, or redirect targets.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allow_hosts: Vec<String>,
    /// Adds the `Idempotency-Key` header, which makes an unknown outcome safe to rerun.
    #[serde(default)]
    pub idempotency_key: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Body<T> {
    Text(T),
    Json(Tree<T>),
    Form(Vec<(String, T)>),
}

/// Repeat until the expectation is met `consecutive` times in a row, at most for `timeout`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Until {
    #[serde(with = "crate::time::millis")]
    pub every: Duration,
    #[serde(with = "crate::time::millis")]
    pub timeout: Duration,
    pub consecutive: u32,
}

/// A pause of the plan. An operator may move its end.
#[derive(Clone, Debug, PartialEq)]
pub enum Wait {
    For(Duration),
    /// A template that gives an RFC 3339 moment.
    Until(Template),
}

#[derive(Clone, Debug, PartialEq)]
pub struct Approval {
    pub message: Template,
    /// Login names and `group:NAME`; empty = anyone.
    pub from: Vec<Answerers>,
    /// How many approvals are needed; at least 1.
    pub count: u32,
    pub timeout: Option<Duration>,
    pub on_timeout: OnTimeout,
    pub on_reject: OnReject,
    /// Values asked for with the approval; they become outputs.
    pub form: Vec<ParamSpec>,
    /// Whoever started the run does not count.
    pub not_starter: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answerers {
    Person(String),
    Group(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnTimeout {
    Hold,
    Reject,
    Approve,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnReject {
    Hold,
    Abort,
    Rollback,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Checklist {
    pub items: Vec<ChecklistItem>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct ChecklistItem {
    pub text: Template,
    pub required: bool,
    pub link: Option<String>,
    /// Name of the output that the operator types when ticking this item.
    pub input: Option<String>,
}

/// How often, and how far apart, definite failures are tried again without asking.
#[derive(Clone, Debug, PartialEq)]
pub struct Retries {
    /// Automatic retries after the first attempt; 0 = none.
    pub limit: u32,
    pub delay: Duration,
    pub backoff: f64,
    pub max_delay: Duration,
}

impl Retries {
    /// The delay before automatic retry `n` (from 1).
    pub fn delay_before(&self, n: u32) -> Duration {
        let factor = self
            .backoff
            .max(1.0)
            .powi(i32::try_from(n.saturating_sub(1)).unwrap_or(i32::MAX));
        Duration::try_from_secs_f64(self.delay.as_secs_f64() * factor)
            .unwrap_or(self.max_delay)
            .min(self.max_delay)
    }
}

/// Free text by the author (Markdown or plain), not yet sanitised.
pub type AuthorText = String;

impl Action {
    /// The word that the file uses: `run`, `exec`, `http`, `notify`, the name of a service, `wait`, `approval`, `checklist`, `assert`, `set`, `workflow`;
    /// `begin` for the first step of a sub-workflow, which no file writes.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Work(work) => work.kind(),
            Self::Wait(_) => "wait",
            Self::Approval(_) => "approval",
            Self::Checklist(_) => "checklist",
            Self::Assert { .. } => "assert",
            Self::Set { .. } => "set",
            Self::Begin => "begin",
            Self::Workflow(_) => "workflow",
        }
    }
}

impl<T> Work<T> {
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Run(_) => "run",
            Self::Exec(_) => "exec",
            Self::Http(_) => "http",
            Self::Notify(_) => "notify",
            Self::Call(call) => call.service.word(),
        }
    }

    /// Rebuilds this work with each text replaced by `f(path, text)`; paths are those of the file: `url`, `argv[1]`,
    /// `headers.Accept`, `json`, `cwd`, `stdin`, and the name of a service for all that is asked of it. Trees are mapped leaf by leaf through `g`.
    pub fn try_map<U, E>(
        &self,
        f: &mut impl FnMut(&str, &T) -> Result<U, E>,
        g: &mut impl FnMut(&str, &Tree<T>) -> Result<Tree<U>, E>,
    ) -> Result<Work<U>, E> {
        Ok(match self {
            Self::Run(c) => Work::Run(c.try_map(f)?),
            Self::Exec(c) => Work::Exec(c.try_map(f)?),
            Self::Http(h) => Work::Http(Box::new(h.try_map(f, g)?)),
            Self::Notify(h) => Work::Notify(Box::new(h.try_map(f, g)?)),
            Self::Call(c) => Work::Call(Box::new(c.try_map(g)?)),
        })
    }
}

impl<T> Command<T> {
    fn try_map<U, E>(&self, f: &mut impl FnMut(&str, &T) -> Result<U, E>) -> Result<Command<U>, E> {
        let argv = self
            .argv
            .iter()
            .enumerate()
            .map(|(i, t)| f(&format!("argv[{i}]"), t))
            .collect::<Result<_, _>>()?;
        let cwd = self.cwd.as_ref().map(|t| f("cwd", t)).transpose()?;
        let stdin = self.stdin.as_ref().map(|t| f("stdin", t)).transpose()?;
        Ok(Command { argv, cwd, stdin })
    }
}

impl<T> Http<T> {
    fn try_map<U, E>(
        &self,
        f: &mut impl FnMut(&str, &T) -> Result<U, E>,
        g: &mut impl FnMut(&str, &Tree<T>) -> Result<Tree<U>, E>,
    ) -> Result<Http<U>, E> {
        let mut pairs = |name: &str, list: &[(String, T)]| {
            list.iter()
                .map(|(k, t)| Ok((k.clone(), f(&format!("{name}.{k}"), t)?)))
                .collect::<Result<Vec<_>, E>>()
        };
        let headers = pairs("headers", &self.headers)?;
        let form = match &self.body {
            Some(Body::Form(list)) => Some(Body::Form(pairs("form", list)?)),
            _ => None,
        };
        let body = match &self.body {
            Some(Body::Text(t)) => Some(Body::Text(f("body", t)?)),
            Some(Body::Json(tree)) => Some(Body::Json(g("json", tree)?)),
            _ => form,
        };
        let basic_auth = match &self.basic_auth {
            Some((user, password)) => Some((f("auth.user", user)?, f("auth.password", password)?)),
            None => None,
        };
        Ok(Http {
            method: self.method.clone(),
            url: f("url", &self.url)?,
            headers,
            body,
            basic_auth,
            expect: self.expect.clone(),
            until: self.until.clone(),
            follow_redirects: self.follow_redirects,
            allow_hosts: self.allow_hosts.clone(),
            idempotency_key: self.idempotency_key,
        })
    }
}
