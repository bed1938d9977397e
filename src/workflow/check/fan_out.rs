//! `for_each` and `matrix`, and the `hosts` of an `ssh`: one step, many members.

use serde_json::Value as Json;

use super::desk::{Desk, Role, named};
use super::params;
use crate::workflow::document::{ForEachDoc, Named, StepDoc, is_host};
use crate::workflow::plan::{FanOut, FanSource};
use crate::workflow::template::Yields;
use crate::yaml::At;

/// Members of one step.
const MEMBERS_MAX: usize = 10_000;

pub(super) fn fan_out(desk: &mut Desk<'_>, doc: &StepDoc, at: At<'_>) -> Option<FanOut> {
    let hosts = doc.ssh.as_ref().and_then(|ssh| ssh.hosts.as_ref());
    if let Some(hosts) = hosts {
        let at_hosts = at.down("ssh").down("hosts");
        let source = self::hosts(desk, hosts, at_hosts);
        for key in ["for_each", "matrix"] {
            if let Some(other) = at.get(key) {
                let message =
                    format!("`hosts` makes the members, so there is no `{key}` beside it");
                desk.error("for_each_and_hosts", other.key_span(), message)
                    .also(at_hosts.key_span(), "the hosts")
                    .hint(format!("use `{key}` and `host: \"${{{{ item }}}}\"`"));
            }
        }
        return members(desk, doc, at, source);
    }
    let source = match (&doc.for_each, &doc.matrix) {
        (Some(_), Some(_)) => {
            desk.error(
                "for_each_and_matrix",
                at.down("matrix").key_span(),
                "a step has either for_each or matrix, not both",
            )
            .also(at.down("for_each").key_span(), "the other one")
            .hint("make the list one of the keys of the matrix");
            None
        }
        (Some(ForEachDoc::Expr(text)), None) => {
            for_each(desk, at.down("for_each"), "for_each", text)
        }
        (Some(ForEachDoc::Items(items)), None) => {
            let at = at.down("for_each");
            check_items(desk, at, items);
            check_size(desk, at, items.len());
            Some(FanSource::Items(items.clone()))
        }
        (None, Some(matrix)) => Some(self::matrix(desk, at.down("matrix"), matrix)),
        (None, None) => {
            alone(desk, at);
            return None;
        }
    };
    members(desk, doc, at, source)
}

fn members(
    desk: &mut Desk<'_>,
    doc: &StepDoc,
    at: At<'_>,
    source: Option<FanSource>,
) -> Option<FanOut> {
    let max_parallel = doc.max_parallel.map(|n| n as usize);
    if max_parallel == Some(0) {
        let span = at.down("max_parallel").span();
        desk.error("bad_number", span, "max_parallel must be at least 1");
    }
    Some(FanOut {
        source: source?,
        max_parallel,
        fail_fast: doc.fail_fast.unwrap_or(false),
    })
}

/// Keys of a fan-out on a step that is none.
fn alone(desk: &mut Desk<'_>, at: At<'_>) {
    if desk.is_unread(at) {
        return;
    }
    for key in ["max_parallel", "fail_fast"] {
        if let Some(at) = at.get(key) {
            let message = format!("`{key}` does nothing without for_each or matrix");
            let problem = desk.error("not_here", at.key_span(), message);
            if key == "max_parallel" {
                problem.hint("for the whole run it is `policies: {max_parallel: ...}`");
            }
        }
    }
}

fn hosts(desk: &mut Desk<'_>, hosts: &ForEachDoc, at: At<'_>) -> Option<FanSource> {
    let items = match hosts {
        ForEachDoc::Expr(text) => return for_each(desk, at, "hosts", text),
        ForEachDoc::Items(items) => items,
    };
    check_items(desk, at, items);
    check_size(desk, at, items.len());
    for (n, item) in items.iter().enumerate() {
        let name = item.as_str();
        if name.is_none_or(|name| !is_host(name) && !name.contains("${{")) {
            let message = format!("{item} is not a host name");
            desk.error("bad_host", at.nth(n).span(), message);
        }
    }
    Some(FanSource::Items(items.clone()))
}

fn for_each(desk: &mut Desk<'_>, at: At<'_>, key: &str, text: &str) -> Option<FanSource> {
    let expr = desk.expr(Role::ForEach, at, text)?;
    let wrong = match expr.yields() {
        Yields::Truth => Some("true or false"),
        Yields::NotTruth(what @ ("a text" | "a number" | "a map")) => Some(*what),
        _ => None,
    };
    if let Some(what) = wrong {
        let message = format!("`{key}` must give a list, this gives {what}");
        let example = match key {
            "hosts" => "params.hosts",
            _ => "range(1, 6)",
        };
        desk.error("not_a_list", at.span(), message).hint(format!(
            "for example `{key}: \"${{{{ {example} }}}}\"` or `{key}: [a, b]`"
        ));
    }
    Some(FanSource::ForEach(expr))
}

fn matrix(desk: &mut Desk<'_>, at: At<'_>, matrix: &Named<Vec<Json>>) -> FanSource {
    let mut size: usize = 1;
    for (name, values, at) in named(at, matrix) {
        params::check_name(desk, at, name, "matrix key");
        check_items(desk, at, values);
        size = size.saturating_mul(values.len().max(1));
    }
    check_size(desk, at, if matrix.0.is_empty() { 0 } else { size });
    FanSource::Matrix(matrix.0.clone())
}

fn check_items(desk: &mut Desk<'_>, at: At<'_>, items: &[Json]) {
    if items.is_empty() {
        desk.error("empty_value", at.key_span(), "the list is empty");
    }
    for (n, item) in items.iter().enumerate() {
        if item.to_string().contains("${{") {
            let message = "a list that is written out holds no expressions";
            desk.error("expression", at.nth(n).span(), message)
                .hint("write the whole list as one: `for_each: \"${{ [params.a, params.b] }}\"`");
        }
    }
}

fn check_size(desk: &mut Desk<'_>, at: At<'_>, size: usize) {
    if size > MEMBERS_MAX {
        let message = format!("{size} members, the limit is {MEMBERS_MAX}");
        desk.error("too_large", at.key_span(), message);
    }
}
