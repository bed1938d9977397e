//! Before the first step: run preflight checks again, or override those that block.

use super::super::attempt::Finding;
use super::super::machine::Run;
use super::super::state::Phase;
use super::aim::{Check, need_reason, refuse};
use crate::id::StepId;

/// The checks that are not met: this one, or all. With `blocking`, only those that hold the run.
pub(in crate::run) fn unmet(run: &Run, check: Option<&StepId>, blocking: bool) -> Vec<usize> {
    let meant = |i: &usize| check.is_none_or(|id| run.checks[*i].id == *id);
    let counts = |i: &usize| !blocking || run.check_def(*i).blocks;
    let all = (0..run.checks.len()).filter(|i| meant(i) && counts(i));
    all.filter(|i| run.checks[*i].finding() == Finding::Unmet)
        .collect()
}

pub(super) fn check_again(run: &Run, check: Option<&StepId>) -> Check {
    open(run, check)?;
    if unmet(run, check, false).is_empty() {
        return refuse(
            none_unmet(check),
            "checks that are not met can be run again",
        );
    }
    Ok(())
}

pub(super) fn check_override(run: &Run, check: Option<&StepId>, reason: &str) -> Check {
    open(run, check)?;
    if unmet(run, check, true).is_empty() {
        return refuse(
            none_unmet(check),
            "checks that block and are not met can be overridden",
        );
    }
    need_reason(reason)
}

fn open(run: &Run, check: Option<&StepId>) -> Check {
    if run.workflow.preflight.is_empty() {
        return refuse("the workflow has no preflight", "");
    }
    if run.phase != Phase::Preflight {
        return refuse("the preflight is over", "");
    }
    match check.filter(|id| run.check_index(id).is_none()) {
        Some(id) => refuse(format!("there is no preflight check {id}"), ""),
        None => Ok(()),
    }
}

fn none_unmet(check: Option<&StepId>) -> String {
    check.map_or_else(
        || "no such check has been found not met".to_owned(),
        |id| format!("{id} has not been found not met, or only warns"),
    )
}
