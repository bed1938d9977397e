//! Abort: drain, cancel now, or kill. It always works while the run lives, and can be made harder, never softer.

use super::super::input::{AbortHow, Command};
use super::super::machine::Run;
use super::aim::{Check, last_done, need_reason, refuse};

pub(super) fn check(run: &Run, how: AbortHow, reason: &str) -> Check {
    if how == AbortHow::Rollback && run.rollback.is_some() {
        return refuse(
            "the run is being rolled back already",
            "abort now or abort kill stops that",
        );
    }
    let current = run.abort.filter(|abort| abort.asked && how <= abort.how);
    if let Some(abort) = current {
        let hint = match abort.how {
            AbortHow::Drain => "abort now cancels what still runs",
            AbortHow::Now | AbortHow::Rollback => "abort kill ends what still runs at once",
            AbortHow::Kill => "wait until what was killed is gone",
        };
        let before = last_done(run, |command| matches!(command, Command::Abort { .. }));
        let by = before.map_or_else(String::new, |(actor, at)| {
            format!(" by {actor} {}", at.clock())
        });
        return refuse(format!("already being aborted{by}"), hint);
    }
    need_reason(reason)
}
