//! What a step does in a drill instead of what it does when it counts.

use std::sync::Arc;

use super::defaults::Defaults;
use super::desk::{Desk, Part};
use super::lone_work::acts;
use super::{step, variant};
use crate::workflow::action::Action;
use crate::workflow::document::StepDoc;
use crate::workflow::plan::{Step, Ungraceful};
use crate::yaml::At;

pub(super) fn drill(
    desk: &mut Desk<'_>,
    doc: &StepDoc,
    at: At<'_>,
    step: &Step,
    defaults: &Defaults,
) -> Option<Arc<Step>> {
    let said = doc.drill.as_ref()?;
    let at = at.down("drill");
    if !matches!(step.action, Action::Work(_)) {
        let kind = step.action.kind();
        let message = format!("{} `{kind}` is the same in a drill", step::article(kind));
        desk.error("not_here", at.key_span(), message)
            .hint("leave `drill` out, or pass the step by: `if: run.kind != 'drill'`");
        return None;
    }
    let what = ("drill", "drill_action");
    let mut other = desk.within(Part::Rehearsal, |desk| {
        variant::step(desk, said, doc, at, step, defaults, what)
    })?;
    if acts(at) {
        // It does not do the real thing, so there is none to look at, to undo, or to do in another way.
        if said.verify.is_none() {
            other.verify = None;
        }
        other.compensate = None;
    }
    other.ungraceful = step
        .ungraceful
        .clone()
        .filter(|ungraceful| matches!(ungraceful, Ungraceful::Skip));
    Some(Arc::new(other))
}
