//! Notes and pinned lines: they change nothing and are always possible.

use super::super::machine::Run;
use super::aim::{Check, refuse};
use crate::id::{AttemptId, Role};

pub(super) fn check(text: &str) -> Check {
    if text.trim().is_empty() {
        return refuse("a note needs a text", "");
    }
    Ok(())
}

pub(super) fn check_pin(run: &Run, attempt: &AttemptId) -> Check {
    let (step, check) = (run.step(&attempt.step), run.check_index(&attempt.step));
    let hook = run.hooks.iter().find(|hook| hook.id() == attempt.step);
    let count = match attempt.role {
        Role::Act => step.map(|s| s.attempts.len() as u32),
        Role::Verify => step.map(|s| s.verifies),
        Role::Preflight => check.map(|i| run.checks[i].attempts.len() as u32),
        Role::Hook => hook.map(|hook| hook.attempts.len() as u32),
    };
    let count = count.unwrap_or_default();
    if attempt.n == 0 || attempt.n > count {
        return refuse(format!("there is no attempt {}", attempt.file_stem()), "");
    }
    Ok(())
}
