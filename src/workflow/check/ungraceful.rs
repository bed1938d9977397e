//! What a step does in ungraceful mode: nothing, or the same in another way.

use std::sync::Arc;

use super::defaults::Defaults;
use super::desk::{Desk, Part};
use super::{step, variant};
use crate::workflow::action::Action;
use crate::workflow::document::{StepDoc, UngracefulDoc};
use crate::workflow::plan::{Step, Ungraceful};
use crate::yaml::At;

pub(super) fn ungraceful(
    desk: &mut Desk<'_>,
    doc: &StepDoc,
    at: At<'_>,
    step: &Step,
    defaults: &Defaults,
) -> Option<Ungraceful> {
    let at = at.down("ungraceful");
    match doc.ungraceful.as_ref()? {
        UngracefulDoc::Skip => {
            if step.required {
                let message = "a required step cannot be skipped, in no mode";
                desk.error("not_here", at.span(), message)
                    .hint("say what it does otherwise: `ungraceful: {run: ...}`");
            }
            Some(Ungraceful::Skip)
        }
        UngracefulDoc::Other(said) => {
            if !matches!(step.action, Action::Work(_)) {
                let kind = step.action.kind();
                let message = format!(
                    "{} `{kind}` has no other way: it can be skipped only",
                    step::article(kind)
                );
                desk.error("not_here", at.key_span(), message)
                    .hint("write `ungraceful: skip`, or leave it out");
                return None;
            }
            let what = ("ungraceful", "ungraceful_action");
            let other = desk.within(Part::Alternative, |desk| {
                variant::step(desk, said, doc, at, step, defaults, what)
            });
            other.map(|other| Ungraceful::Other(Arc::new(other)))
        }
    }
}
