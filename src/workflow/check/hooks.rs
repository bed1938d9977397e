//! Hooks: what is done when the run comes to attention, and when it has ended. Done as a step is, but no step.

use std::collections::BTreeMap;
use std::time::Duration;

use super::defaults::Defaults;
use super::desk::{Desk, Part, Role};
use super::lone_work::lone_work;
use super::step;
use crate::workflow::document::{Document, HookDoc, StepDoc};
use crate::workflow::plan::{Hook, HookKind};
use crate::yaml::At;

const TIMEOUT: Duration = Duration::from_secs(30);

pub(super) fn hooks(
    desk: &mut Desk<'_>,
    document: &Document,
    root: At<'_>,
) -> BTreeMap<HookKind, Hook> {
    let at = root.down("hooks");
    let Some(docs) = &document.hooks else {
        return BTreeMap::new();
    };
    let defaults = Defaults::of(desk, document, root.down("defaults"));
    let said = [
        (HookKind::Attention, &docs.attention),
        (HookKind::Ended, &docs.ended),
    ];
    desk.within(Part::Hook, |desk| {
        let read = said.into_iter().filter_map(|(kind, doc)| {
            let hook = hook(desk, doc.as_ref()?, at.down(kind.word()), &defaults, kind)?;
            Some((kind, hook))
        });
        read.collect()
    })
}

fn hook(
    desk: &mut Desk<'_>,
    doc: &HookDoc,
    at: At<'_>,
    defaults: &Defaults,
    kind: HookKind,
) -> Option<Hook> {
    let env = doc.env.as_ref();
    let env = env.map_or_else(Vec::new, |env| {
        step::env(desk, env, at.down("env"), &Role::Env)
    });
    let timeout = step::time(desk, at.down("timeout"), doc.timeout);
    // What it has in common with a step is read by the same eyes.
    let alike = StepDoc {
        cwd: doc.cwd.clone(),
        shell: doc.shell.clone(),
        stdin: doc.stdin.clone(),
        run: doc.run.clone(),
        exec: doc.exec.clone(),
        http: doc.http.clone(),
        notify: doc.notify.clone(),
        kubernetes: doc.kubernetes.clone(),
        probe: doc.probe.clone(),
        aws: doc.aws.clone(),
        sql: doc.sql.clone(),
        ssh: doc.ssh.clone(),
        ..StepDoc::default()
    };
    let what = format!("the hook `{}`", kind.word());
    let work = lone_work(desk, &alike, at, defaults, (&what, "hook_action"))?;
    Some(Hook {
        work,
        env,
        timeout: timeout.unwrap_or(TIMEOUT),
    })
}
