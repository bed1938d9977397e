//! Reload: another definition, while the run is paused. Only what has not started may differ.

use super::super::desk::Desk;
use super::super::input::Definition;
use super::super::machine::Run;
use super::super::state::Phase;
use super::aim::{Check, refuse};

/// What one command may carry: a frame of the link holds a mebibyte.
const MAX: usize = 768 * 1024;

pub(super) fn check(run: &Run, definition: &Definition) -> Check {
    if run.phase != Phase::Running || run.rollback.is_some() {
        return refuse(
            "only a run that goes forward can be given another definition",
            "",
        );
    }
    if run.paused.is_none() {
        return refuse("the run is not paused", "pause first; running steps finish");
    }
    let size: usize = definition.files.values().map(|text| text.len()).sum();
    if definition.text.len() + size > MAX {
        return refuse(
            "the definition is larger than a command may be (768 KiB)",
            "",
        );
    }
    let new = run
        .plan_by(definition)
        .or_else(|why| refuse(why, "flightdeck check tells all of them"))?;
    let found = run.difference(&new);
    if !found.against.is_empty() {
        let hint = "only steps that have not started may change";
        return refuse(found.against.join("; "), hint);
    }
    if new.digest == run.workflow.digest {
        return refuse("it is the definition that the run has already", "");
    }
    Ok(())
}

/// Being accepted has put the run on its new plan. Fan-outs in it that depend on no step are known from the start.
pub(super) fn act(desk: &mut Desk) {
    desk.expand_known();
}
