//! How states, phases and spans are said.

use std::time::Duration;

use crate::run::{Attempt, Pair, Phase, Precedent, Run, Shown, State, StepRun};
use crate::time::{Timestamp, age, clock_span};
use crate::tui::theme::Theme;

pub(crate) fn phase_words(phase: Phase) -> &'static str {
    match phase {
        Phase::Running => "RUNNING",
        Phase::Preflight => "PREFLIGHT",
        Phase::Cancelling => "CANCELLING",
        Phase::Succeeded => "SUCCEEDED",
        Phase::CompletedWithExceptions => "DONE WITH EXCEPTIONS",
        Phase::Failed => "FAILED",
        Phase::Cancelled => "CANCELLED",
        Phase::RollingBack => "ROLLING BACK",
        Phase::RolledBack => "ROLLED BACK",
        Phase::Queued => "QUEUED",
        Phase::RollbackFailed => "ROLL BACK FAILED",
    }
}

pub(crate) fn shown_words(shown: Shown) -> String {
    match shown {
        Shown::Running => "RUNNING".into(),
        Shown::Pausing(n) => format!("PAUSING {n}"),
        Shown::Paused => "PAUSED".into(),
        Shown::Preflight => "PREFLIGHT".into(),
        Shown::Attention => "ATTENTION".into(),
        Shown::Cancelling => "CANCELLING".into(),
        Shown::RollingBack => phase_words(Phase::RollingBack).into(),
        Shown::Queued => phase_words(Phase::Queued).into(),
        Shown::Ended(phase) => phase_words(phase).into(),
    }
}

/// How long an attempt took, or has taken so far.
pub(crate) fn took(attempt: &Attempt, now: Timestamp) -> Duration {
    match (&attempt.ended, attempt.ended_at) {
        (Some(ended), _) if ended.took_ms > 0 => Duration::from_millis(ended.took_ms),
        (_, Some(end)) => end.since(attempt.started_at),
        _ => now.since(attempt.started_at),
    }
}

/// The time column of a step: of its last attempt, or of the wait it is in.
pub(crate) fn time_of(run: &Run, index: usize, now: Timestamp) -> String {
    let step = &run.steps()[index];
    match (step.attempts.last(), step.state) {
        (_, State::Retrying { .. } | State::Waiting) | (None, _) => String::new(),
        (Some(attempt), _) => clock_span(took(attempt, now)),
    }
}

/// `5 ok`, `1 FAIL`: the words and the number.
pub(crate) fn counted(n: usize, word: &str) -> String {
    format!("{n} {word}")
}

/// `12d ago: exit 3; mira retried, ok at try 2  (r-41)`. That it failed in the same way is worth more than its words once more.
pub(crate) fn last_time(before: &Precedent, step: &StepRun, now: Timestamp) -> String {
    let ago = age(now.since(before.at));
    let failure = match before.failure.as_str() {
        "" => String::new(),
        _ if before.is_the_same(step) => "the same failure; ".to_owned(),
        other => format!("{other}; "),
    };
    format!("{ago} ago: {failure}{}  ({})", before.then, before.run)
}

/// `env.TARGET blue > green`.
pub(crate) fn became(pair: &Pair, theme: &Theme) -> String {
    let [was, is] = pair
        .values
        .each_ref()
        .map(|value| value.as_deref().unwrap_or("-"));
    format!("{} {was} {} {is}", pair.name, theme.lines().arrow)
}
