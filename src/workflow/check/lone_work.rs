//! Work that is no step of the plan, what undoes a step and what a hook does: exactly one of run, exec, http, notify and the services.

use super::call::{SERVICES, one_machine};
use super::defaults::Defaults;
use super::desk::Desk;
use super::step::{LATER_ACTIONS, article};
use super::work;
use crate::workflow::action::Work;
use crate::workflow::document::StepDoc;
use crate::workflow::template::Template;
use crate::yaml::At;

const ACTIONS: [&str; 4] = ["run", "exec", "http", "notify"];
/// What stands beside a command, and means nothing for a request.
pub(super) const COMMAND_ONLY: [&str; 3] = ["cwd", "shell", "stdin"];

fn is_action(key: &str) -> bool {
    ACTIONS.contains(&key) || SERVICES.contains(&key)
}

/// Some work is said at `at`.
pub(super) fn acts(at: At<'_>) -> bool {
    at.entries().any(|(key, _)| is_action(key))
}

/// `doc` holds what is said at `at`, as a step would say it; `what` is its name, `code` that of having none or several.
pub(super) fn lone_work(
    desk: &mut Desk<'_>,
    doc: &StepDoc,
    at: At<'_>,
    defaults: &Defaults,
    (what, code): (&str, &'static str),
) -> Option<Work<Template>> {
    desk.later(at, &LATER_ACTIONS);
    one_machine(desk, doc.ssh.as_ref(), at);
    let said = at.entries().filter(|(key, _)| is_action(key));
    let later = at.entries().any(|(key, _)| LATER_ACTIONS.contains(&key));
    let work = match said.count() {
        1 => work::work(desk, doc, at, defaults)?,
        0 if later || desk.is_unread(at) => return None,
        _ => {
            let message = format!(
                "{what} needs exactly one of {}, {}",
                ACTIONS.join(", "),
                SERVICES.join(", ")
            );
            desk.error(code, at.key_span(), message);
            return None;
        }
    };
    belongs(desk, at, &work);
    Some(work)
}

fn belongs(desk: &mut Desk<'_>, at: At<'_>, work: &Work<Template>) {
    let refused: &[&str] = match work {
        Work::Run(_) => &[],
        Work::Exec(_) => &["shell"],
        Work::Http(_) | Work::Notify(_) | Work::Call(_) => &COMMAND_ONLY,
    };
    let kind = work.kind();
    for (key, value) in at.entries().filter(|(key, _)| refused.contains(key)) {
        let message = format!("`{key}` does nothing for {} `{kind}`", article(kind));
        desk.error("not_here", value.key_span(), message)
            .hint("remove it");
    }
}
