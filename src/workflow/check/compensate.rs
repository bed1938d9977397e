//! What undoes a step: its `compensate`, made into a step of its own.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::defaults::Defaults;
use super::desk::{Desk, Part};
use super::step::{self, article};
use super::variant;
use crate::workflow::action::Action;
use crate::workflow::document::{CompensateDoc, StepDoc};
use crate::workflow::plan::{FailurePolicy, Step};
use crate::yaml::At;

/// Its name, and the code of a mistake in what it does.
const WHAT: (&str, &str) = ("compensate", "compensate_action");

/// The step that undoes `step`; it needs nothing, since its turn comes in reverse order of what was done.
pub(super) fn compensate(
    desk: &mut Desk<'_>,
    doc: &StepDoc,
    at: At<'_>,
    step: &Step,
    defaults: &Defaults,
) -> Option<Arc<Step>> {
    let said = doc.compensate.as_ref()?;
    let at = at.down("compensate");
    changes_something(desk, at, step);
    let undo = desk.within(Part::Undo, |desk| undo(desk, said, doc, at, step, defaults));
    undo.map(Arc::new)
}

fn undo(
    desk: &mut Desk<'_>,
    said: &CompensateDoc,
    doc: &StepDoc,
    at: At<'_>,
    step: &Step,
    defaults: &Defaults,
) -> Option<Step> {
    let work = variant::work(desk, said, doc, at, step, defaults, WHAT)?;
    let undo = variant::of(desk, said, doc, at, step, defaults);
    let action = Action::Work(work);
    let idempotent = said.idempotent;
    Some(Step {
        id: step.id.undo(),
        name: format!("undo {}", step.name),
        description: String::new(),
        needs: Vec::new(),
        condition: None,
        outputs: Vec::new(),
        retry: undo.retry.unwrap_or_else(|| defaults.retry.clone()),
        timeout: undo.timeout.or(defaults.timeout),
        // A person decides: a roll back that rolls itself back, or leaves out what fails, is none.
        on_failure: FailurePolicy::Hold,
        env: undo.env,
        verify: undo.verify,
        verify_timeout: undo.verify_timeout,
        expected: undo.expected,
        required: false,
        idempotent: idempotent.unwrap_or_else(|| step::is_idempotent(&action)),
        action,
        always: false,
        fan_out: None,
        on_skip: BTreeMap::new(),
        compensate: None,
        ungraceful: None,
        ..step.clone()
    })
}

/// What changes nothing has nothing to undo: the author expects something else of it.
fn changes_something(desk: &mut Desk<'_>, at: At<'_>, step: &Step) {
    if matches!(step.action, Action::Work(_) | Action::Checklist(_)) {
        return;
    }
    let kind = step.action.kind();
    let message = format!("`compensate` does nothing for {} `{kind}`", article(kind));
    desk.error("not_here", at.key_span(), message)
        .hint("remove it");
}
