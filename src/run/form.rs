//! The form of an approval: typed and checked exactly like the params of a workflow.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::workflow::{self, ParamSpec};

/// The values of `form`, completed with its defaults; or what is wrong with the first bad one.
pub(super) fn bind(
    form: &[ParamSpec],
    given: &BTreeMap<String, Json>,
) -> Result<BTreeMap<String, Json>, String> {
    if form.is_empty() && given.is_empty() {
        return Ok(BTreeMap::new());
    }
    workflow::bind(form, given).map_err(|problems| {
        let first = problems.first();
        first.map_or_else(
            || "the form is not complete".to_owned(),
            |p| format!("{}: {}", p.param, p.message),
        )
    })
}
