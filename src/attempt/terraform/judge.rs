//! How an apply ended. It changes the world and then writes its state, so what is said here decides what is done next.

use super::super::child::Stop;
use super::command::{Heard, Tool};
use super::diagnostic::Diagnostic;
use crate::run::{Ended, Outcome};
use crate::time::spoken_span;

/// Resources named in a message.
const NAMED: usize = 3;

/// `Err` unless everything was applied. `is_given`: the plan is one that an earlier step made.
pub(super) fn judge(
    tool: &mut Tool<'_, '_, '_>,
    heard: &Heard,
    is_given: bool,
) -> Result<(), Box<Ended>> {
    let applied = heard.counts.as_ref().is_some_and(|c| c.operation != "plan");
    let well = heard.gone.status.success();
    let (outcome, message) = match heard.gone.stop {
        // It was done before the order to stop reached it.
        _ if well && applied => return Ok(()),
        None if well => return Ok(()),
        None if heard.gone.status.code().is_none() => (
            Outcome::Unknown,
            uncertain(
                tool,
                heard,
                &format!("{} was killed by somebody", tool.name),
            ),
        ),
        None => failed(tool, heard, is_given, applied),
        Some(stop) => stopped(tool, heard, stop),
    };
    Err(tool.ended(outcome, message, heard).into())
}

fn failed(
    tool: &Tool<'_, '_, '_>,
    heard: &Heard,
    is_given: bool,
    applied: bool,
) -> (Outcome, String) {
    let why = heard.why(tool);
    if heard.complaints.iter().any(Diagnostic::state_unwritten) {
        let text = format!(
            "{why}: what was done is not in the state; look for errored.tfstate in {} and `{} state push` it, before anything else is applied",
            tool.dir, tool.name
        );
        return (Outcome::Unknown, text);
    }
    if applied {
        return (Outcome::Failed, format!("all was applied, but: {why}"));
    }
    if !heard.progress.has_changed() {
        return (Outcome::Failed, format!("nothing was changed: {why}"));
    }
    let next = if is_given {
        "what is left needs a new plan: retry from the step that makes it"
    } else {
        "a retry plans and applies what is left"
    };
    let count = heard.progress.count();
    (
        Outcome::Failed,
        format!("{why}; {count}, and the state says so; {next}"),
    )
}

fn stopped(tool: &Tool<'_, '_, '_>, heard: &Heard, stop: Stop) -> (Outcome, String) {
    let (outcome, word) = if stop.timed_out {
        let limit = tool.cx.spec.timeout().map(spoken_span).unwrap_or_default();
        (Outcome::TimedOut, format!("timed out after {limit}"))
    } else {
        (Outcome::Cancelled, "cancelled".to_owned())
    };
    let in_order = stop.gently && heard.gone.status.code().is_some();
    if !in_order || heard.complaints.iter().any(Diagnostic::state_unwritten) {
        return (Outcome::Unknown, uncertain(tool, heard, &word));
    }
    if !heard.progress.has_changed() {
        return (outcome, format!("{word} before anything was changed"));
    }
    let text = format!(
        "{word}: {} halted gracefully and wrote its state; {}{}; `{} plan` in {} shows what is left",
        tool.name,
        heard.progress.count(),
        unfinished(heard),
        tool.name,
        tool.dir
    );
    (outcome, text)
}

fn uncertain(tool: &Tool<'_, '_, '_>, heard: &Heard, word: &str) -> String {
    let (name, dir) = (tool.name, &tool.dir);
    format!(
        "{word} in the middle of the apply: {}{}, as far as is known; the state may lack what was made last, and its lock may be left; `{name} plan` in {dir} shows what is missing, or who holds the lock",
        heard.progress.count(),
        unfinished(heard),
    )
}

/// `, not finished: a, b and 2 more`
fn unfinished(heard: &Heard) -> String {
    let names = heard.progress.unfinished();
    let more = names.len().saturating_sub(NAMED);
    let told = names.iter().take(NAMED).copied().collect::<Vec<_>>();
    match (told.is_empty(), more) {
        (true, _) => String::new(),
        (false, 0) => format!(", not finished: {}", told.join(", ")),
        (false, _) => format!(", not finished: {} and {more} more", told.join(", ")),
    }
}
