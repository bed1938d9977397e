//! What undoes a step, or stands in its place in ungraceful mode or in a drill: a step again, told by the keys that differ.

use std::time::Duration;

use super::defaults::{Defaults, retries};
use super::desk::{Desk, Role};
use super::lone_work::{COMMAND_ONLY, acts, lone_work};
use super::step as steps;
use super::work as works;
use crate::workflow::action::{Action, Retries, Work};
use crate::workflow::document::{CompensateDoc, StepDoc};
use crate::workflow::plan::Step;
use crate::workflow::template::Template;
use crate::yaml::At;

/// Everything but the action.
pub(super) struct Variant {
    /// The step's, then its own.
    pub(super) env: Vec<(String, Template)>,
    pub(super) retry: Option<Retries>,
    pub(super) timeout: Option<Duration>,
    pub(super) verify: Option<Work<Template>>,
    pub(super) verify_timeout: Duration,
    pub(super) expected: Option<Duration>,
}

/// What it does, in the folder of the step unless it names its own.
pub(super) fn work(
    desk: &mut Desk<'_>,
    said: &CompensateDoc,
    doc: &StepDoc,
    at: At<'_>,
    step: &Step,
    defaults: &Defaults,
    what: (&str, &'static str),
) -> Option<Work<Template>> {
    let doc = as_step(said, doc);
    let work = lone_work(desk, &doc, at, defaults, what)?;
    Some(in_folder_of(step, work, said))
}

/// The same step in another way: what is left out is as in the step.
pub(super) fn step(
    desk: &mut Desk<'_>,
    said: &CompensateDoc,
    doc: &StepDoc,
    at: At<'_>,
    step: &Step,
    defaults: &Defaults,
    what: (&str, &'static str),
) -> Option<Step> {
    let acts = acts(at);
    for (key, value) in at
        .entries()
        .filter(|(key, _)| !acts && COMMAND_ONLY.contains(key))
    {
        let message = format!("`{key}` stands beside an action such as run");
        desk.error("not_here", value.key_span(), message)
            .hint("say the whole action here");
    }
    let work = acts.then(|| work(desk, said, doc, at, step, defaults, what));
    let variant = of(desk, said, doc, at, step, defaults);
    let action = match work {
        Some(work) => Action::Work(work?),
        None => step.action.clone(),
    };
    let nature = acts.then(|| steps::is_idempotent(&action));
    Some(Step {
        idempotent: said.idempotent.or(nature).unwrap_or(step.idempotent),
        action,
        env: variant.env,
        retry: variant.retry.unwrap_or_else(|| step.retry.clone()),
        timeout: variant.timeout.or(step.timeout),
        verify_timeout: match variant.verify {
            Some(_) => variant.verify_timeout,
            None => step.verify_timeout,
        },
        verify: variant.verify.or_else(|| step.verify.clone()),
        expected: variant.expected.or(step.expected),
        ungraceful: None,
        ..step.clone()
    })
}

pub(super) fn of(
    desk: &mut Desk<'_>,
    said: &CompensateDoc,
    doc: &StepDoc,
    at: At<'_>,
    step: &Step,
    defaults: &Defaults,
) -> Variant {
    let doc = as_step(said, doc);
    let mut env = step.env.clone();
    let before = env.len();
    if let Some(own) = &said.env {
        env.extend(steps::env(desk, own, at.down("env"), &|n| {
            Role::Env(before + n)
        }));
    }
    let at_verify = at.down("verify");
    let verify = doc.verify.as_ref();
    let verify_timeout = verify.and_then(|v| v.timeout);
    let verify_timeout = steps::time(desk, at_verify.down("timeout"), verify_timeout);
    let at_retry = at.down("retry");
    Variant {
        env,
        verify: verify.and_then(|v| works::verify(desk, v, at_verify, &doc, at, defaults)),
        verify_timeout: verify_timeout.unwrap_or(Duration::from_mins(1)),
        retry: doc
            .retry
            .as_ref()
            .map(|retry| retries(desk, at_retry, Some(retry), &defaults.retry)),
        timeout: steps::time(desk, at.down("timeout"), doc.timeout),
        expected: steps::time(desk, at.down("expected"), doc.expected),
    }
}

/// The same keys mean the same as in a step.
fn as_step(said: &CompensateDoc, step: &StepDoc) -> StepDoc {
    let said = said.clone();
    StepDoc {
        run: said.run,
        exec: said.exec,
        http: said.http,
        notify: said.notify,
        kubernetes: said.kubernetes,
        probe: said.probe,
        ssh: said.ssh,
        terraform: said.terraform,
        aws: said.aws,
        container: said.container,
        sql: said.sql,
        cwd: said.cwd,
        shell: said.shell.or_else(|| step.shell.clone()),
        stdin: said.stdin,
        timeout: said.timeout,
        retry: said.retry,
        verify: said.verify,
        expected: said.expected,
        idempotent: said.idempotent,
        ..StepDoc::default()
    }
}

/// A program starts in the folder of the step that it stands for, unless it names its own.
fn in_folder_of(step: &Step, work: Work<Template>, said: &CompensateDoc) -> Work<Template> {
    let (Action::Work(Work::Run(own) | Work::Exec(own)), None) = (&step.action, &said.cwd) else {
        return work;
    };
    match work {
        Work::Run(mut command) => {
            command.cwd.clone_from(&own.cwd);
            Work::Run(command)
        }
        Work::Exec(mut command) => {
            command.cwd.clone_from(&own.cwd);
            Work::Exec(command)
        }
        request => request,
    }
}
