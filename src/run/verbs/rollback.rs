//! Roll back: undo what has been done, while nothing runs. What is undone takes no commands; its compensation does.

use super::super::desk::Desk;
use super::super::input::Command;
use super::super::machine::Run;
use super::super::schedule::List;
use super::aim::{Check, aim, need_reason, refuse};

pub(super) fn check(run: &Run, reason: &str) -> Check {
    if run.rollback.is_some() {
        let (why, hint) = if run.phase.is_terminal() {
            (
                "the run has been rolled back already",
                "retry the compensations that failed",
            )
        } else {
            ("the run is being rolled back already", "")
        };
        return refuse(why, hint);
    }
    let running = run.schedule.list(List::UnderWay).len();
    if running > 0 {
        let steps = if running == 1 {
            "step runs"
        } else {
            "steps run"
        };
        return refuse(
            format!("{running} {steps}"),
            "pause and wait, or abort with roll back, which cancels them first",
        );
    }
    if run.rollback_plan().0.is_empty() {
        return refuse(
            "there is nothing to roll back",
            "no step that took effect says how to undo it (`compensate`)",
        );
    }
    need_reason(reason)
}

/// One that lives goes out first, which `settle` sees to.
pub(super) fn act(desk: &mut Desk) {
    if desk.run.phase.is_terminal() {
        desk.roll_back();
    }
}

/// Once a roll back has begun, only compensations are acted on.
pub(super) fn check_aim(run: &Run, command: &Command) -> Check {
    if run.rollback.is_none() || matches!(command, Command::Note { .. } | Command::Pin { .. }) {
        return Ok(());
    }
    let Some(step) = aim(command) else {
        return Ok(());
    };
    let stands = run
        .index(step)
        .is_some_and(|i| run.steps[i].compensates.is_some());
    if stands {
        return Ok(());
    }
    let why = format!("{step} takes no commands any more: the run is rolled back");
    if run.index(&step.undo()).is_some() {
        refuse(why, format!("its compensation is {}", step.undo()))
    } else {
        refuse(why, "it is left as it is")
    }
}
