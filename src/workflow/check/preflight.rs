//! Preflight: what must hold before the first step. A check is done as a step is, but it stands in no order, publishes
//! nothing and changes nothing.

use std::collections::BTreeMap;
use std::time::Duration;

use super::call::{self, SERVICES};
use super::defaults::Defaults;
use super::desk::{Desk, Role};
use super::needs::{self, Ids};
use super::{ids, looks, people, step, work};
use crate::id::StepId;
use crate::workflow::action::Action;
use crate::workflow::document::{Document, PreflightDoc, SeverityWord, StepDoc};
use crate::workflow::plan::Preflight;
use crate::yaml::At;

const CHECKS_MAX: usize = 100;
const TIMEOUT: Duration = Duration::from_secs(30);
const ACTIONS: [&str; 4] = ["run", "exec", "http", "assert"];

pub(super) fn preflight(
    desk: &mut Desk<'_>,
    document: &Document,
    root: At<'_>,
    steps: &Ids<'_>,
) -> Vec<Preflight> {
    let at = root.down("preflight");
    let docs = document.preflight.as_deref().unwrap_or_default();
    if docs.is_empty() {
        return Vec::new();
    }
    if docs.len() > CHECKS_MAX {
        let message = format!("{} preflight checks, the limit is {CHECKS_MAX}", docs.len());
        desk.error("too_large", at.key_span(), message);
        return Vec::new();
    }
    let defaults = Defaults::of(desk, document, root.down("defaults"));
    let mut known = BTreeMap::new();
    let checks = docs.iter().enumerate();
    let checks = checks.filter_map(|(i, doc)| {
        let at = at.nth(i);
        id(desk, doc, at, steps, &mut known, i);
        check(desk, doc, at, &defaults)
    });
    checks.collect()
}

/// Its id is unique among checks and steps: logs and commands name either.
fn id<'d>(
    desk: &mut Desk<'_>,
    doc: &'d PreflightDoc,
    at: At<'_>,
    steps: &Ids<'_>,
    known: &mut BTreeMap<&'d str, usize>,
    i: usize,
) {
    let Some(id) = doc.id.as_deref() else {
        if !at.has("id") && !desk.is_unread(at) {
            let message = format!("preflight check {} has no id", i + 1);
            desk.error("missing_key", at.span(), message)
                .hint(format!("add `id: check-{}`", i + 1));
        }
        return;
    };
    let at = at.down("id");
    if !ids::is_step_id(id) && !desk.is_unread(at) {
        needs::bad_id(desk, at, id);
    }
    let other = if known.insert(id, i).is_some() {
        "another preflight check"
    } else if steps.contains_key(id) {
        "a step"
    } else {
        return;
    };
    desk.error(
        "duplicate_id",
        at.span(),
        format!("the id `{id}` is that of {other}"),
    )
    .hint("give this check another id");
}

fn check(
    desk: &mut Desk<'_>,
    doc: &PreflightDoc,
    at: At<'_>,
    defaults: &Defaults,
) -> Option<Preflight> {
    let id = doc.id.clone().unwrap_or_default();
    let name = doc.name.clone().unwrap_or_else(|| id.clone());
    let description = doc.description.clone().unwrap_or_default();
    looks::shown(desk, at.down("name"), &name);
    looks::shown(desk, at.down("description"), &description);
    let env = doc.env.as_ref();
    let env = env.map_or_else(Vec::new, |env| {
        step::env(desk, env, at.down("env"), &Role::Env)
    });
    let timeout = step::time(desk, at.down("timeout"), doc.timeout);
    Some(Preflight {
        id: StepId::new(id),
        name,
        description,
        action: action(desk, doc, at, defaults)?,
        env,
        timeout: timeout.unwrap_or(TIMEOUT),
        blocks: doc.severity != Some(SeverityWord::Warn),
    })
}

fn action(
    desk: &mut Desk<'_>,
    doc: &PreflightDoc,
    at: At<'_>,
    defaults: &Defaults,
) -> Option<Action> {
    let is_check = |key: &&str| ACTIONS.contains(key) || SERVICES.contains(key);
    let said = at.entries().map(|(key, _)| key).filter(is_check).count();
    if said != 1 {
        if !desk.is_unread(at) {
            let message = format!(
                "a preflight check needs exactly one of run, exec, http, assert, {}",
                SERVICES.join(", ")
            );
            desk.error("preflight_action", at.down("id").span(), message)
                .hint("for example `exec: {argv: [psql, --version]}`");
        }
        return None;
    }
    if doc.run.is_none() && at.has("shell") {
        desk.error(
            "not_here",
            at.down("shell").key_span(),
            "`shell` is for `run`",
        )
        .hint("remove it");
    }
    // What they have in common with a step is read by the same eyes.
    let alike = StepDoc {
        cwd: doc.cwd.clone(),
        shell: doc.shell.clone(),
        run: doc.run.clone(),
        exec: doc.exec.clone(),
        http: doc.http.clone(),
        assert: doc.assert.clone(),
        kubernetes: doc.kubernetes.clone(),
        probe: doc.probe.clone(),
        ssh: doc.ssh.clone(),
        terraform: doc.terraform.clone(),
        aws: doc.aws.clone(),
        container: doc.container.clone(),
        sql: doc.sql.clone(),
        ..StepDoc::default()
    };
    call::one_machine(desk, doc.ssh.as_ref(), at);
    let work = work::work(desk, &alike, at, defaults);
    if let Some(work) = &work {
        let harmless = ["GET", "HEAD", "OPTIONS"];
        let what = ("preflight_changes", "preflight", "may");
        work::changes_nothing(desk, work, at, &harmless, what);
    }
    work.map(Action::Work)
        .or_else(|| people::action(desk, &alike, at))
}
