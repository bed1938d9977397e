//! What steps say unless they say otherwise.

use std::time::Duration;

use super::desk::{Desk, Role};
use super::work;
use crate::workflow::action::Retries;
use crate::workflow::document::{DefaultsDoc, Document, OnFailureWord, RetryDoc};
use crate::workflow::plan::FailurePolicy;
use crate::workflow::template::Template;
use crate::yaml::At;

const MAX_LOG: u64 = 1 << 30;

/// What holds for steps that say nothing else.
pub(super) struct Defaults {
    pub(super) timeout: Option<Duration>,
    pub(super) kill_grace: Duration,
    pub(super) retry: Retries,
    pub(super) on_failure: FailurePolicy,
    pub(super) max_log: u64,
    pub(super) shell: Vec<String>,
    pub(super) cwd: Option<Template>,
}

impl Defaults {
    pub(super) fn of(desk: &mut Desk<'_>, document: &Document, at: At<'_>) -> Self {
        let none = DefaultsDoc::default();
        let said = document.defaults.as_ref().unwrap_or(&none);
        let retry = Retries {
            limit: 0,
            delay: Duration::from_secs(5),
            backoff: 2.0,
            max_delay: Duration::from_mins(1),
        };
        let shell = said
            .shell
            .as_ref()
            .map(|s| work::shell(desk, at.down("shell"), s));
        Self {
            timeout: said.timeout.map(|s| desk.positive(at.down("timeout"), s.0)),
            kill_grace: said.kill_grace.map_or(Duration::from_secs(10), |s| s.0),
            retry: retries(desk, at.down("retry"), said.retry.as_ref(), &retry),
            on_failure: on_failure(said.on_failure).unwrap_or_default(),
            max_log: said.max_log.map_or(MAX_LOG, |s| s.0),
            // A line that fails ends the step, as in GitHub Actions: what comes after it must not run on what it left.
            shell: shell.unwrap_or_else(|| ["/bin/sh", "-e", "-c"].map(str::to_owned).to_vec()),
            cwd: said
                .cwd
                .as_deref()
                .map(|t| desk.template(Role::Work, at.down("cwd"), t)),
        }
    }
}

pub(super) fn on_failure(said: Option<OnFailureWord>) -> Option<FailurePolicy> {
    Some(match said? {
        OnFailureWord::Hold => FailurePolicy::Hold,
        OnFailureWord::Ignore => FailurePolicy::Ignore,
        OnFailureWord::Abort => FailurePolicy::Abort,
        OnFailureWord::Rollback => FailurePolicy::Rollback,
    })
}

pub(super) fn retries(
    desk: &mut Desk<'_>,
    at: At<'_>,
    said: Option<&RetryDoc>,
    defaults: &Retries,
) -> Retries {
    let Some(said) = said else {
        return defaults.clone();
    };
    if said.limit.is_some_and(|n| n > 1000) {
        let span = at.down("limit").span();
        desk.error(
            "bad_number",
            span,
            "the limit of retries must be at most 1000",
        );
    }
    if said.backoff.is_some_and(|b| !(1.0..=100.0).contains(&b)) {
        let span = at.down("backoff").span();
        desk.error("bad_number", span, "backoff must be between 1 and 100");
    }
    Retries {
        limit: said.limit.unwrap_or(defaults.limit),
        delay: said.delay.map_or(defaults.delay, |s| s.0),
        backoff: said.backoff.unwrap_or(defaults.backoff),
        max_delay: said.max_delay.map_or(defaults.max_delay, |s| s.0),
    }
}
