//! How long a run may wait for a person, and what it does then.

use super::desk::Desk;
use super::step;
use crate::workflow::document::{Document, OnAttentionTimeoutWord};
use crate::workflow::plan::{AttentionTimeout, OnAttentionTimeout, Step};
use crate::yaml::At;

pub(super) fn timeout(
    desk: &mut Desk<'_>,
    document: &Document,
    root: At<'_>,
    steps: &[Step],
) -> Option<AttentionTimeout> {
    let after = step::time(
        desk,
        root.down("attention_timeout"),
        document.attention_timeout,
    );
    let at = root.down("on_attention_timeout");
    let said = document.on_attention_timeout;
    if said.is_some() && !root.has("attention_timeout") {
        let message = "`on_attention_timeout` does nothing without `attention_timeout`";
        desk.error("not_here", at.key_span(), message)
            .hint("add `attention_timeout: 30m`, or remove it");
    }
    let then = match said {
        Some(OnAttentionTimeoutWord::Rollback) => OnAttentionTimeout::Rollback,
        Some(OnAttentionTimeoutWord::Abort) | None => OnAttentionTimeout::Abort,
    };
    // What stands in a sub-workflow is not known yet.
    let undoes = |s: &Step| s.compensate.is_some() || s.inner().is_some();
    if then == OnAttentionTimeout::Rollback && !steps.iter().any(undoes) {
        let message = "there is nothing to roll back: no step says how to undo it";
        desk.warning("nothing_to_undo", at.span(), message)
            .hint("give steps a `compensate`");
    }
    after.map(|after| AttentionTimeout { after, then })
}
