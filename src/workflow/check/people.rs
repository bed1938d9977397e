//! Actions without a process: approval, checklist, wait, assert, set.

use std::collections::{BTreeMap, BTreeSet};

use super::desk::{Desk, Role, named};
use super::{address, looks, params, step};
use crate::workflow::action::{
    Action, Answerers, Approval, Checklist, ChecklistItem, OnReject, OnTimeout, Wait,
};
use crate::workflow::document::{
    ApprovalDoc, ChecklistDoc, OnRejectWord, OnTimeoutWord, StepDoc, WaitDoc,
};
use crate::workflow::plan::ParamSpec;
use crate::workflow::template::Template;
use crate::yaml::At;

pub(super) fn action(desk: &mut Desk<'_>, doc: &StepDoc, at: At<'_>) -> Option<Action> {
    if let Some(doc) = &doc.wait {
        return wait(desk, doc, at.down("wait")).map(Action::Wait);
    }
    if let Some(doc) = &doc.approval {
        return Some(Action::Approval(approval(desk, doc, at.down("approval"))));
    }
    if let Some(doc) = &doc.checklist {
        return Some(Action::Checklist(checklist(
            desk,
            doc,
            at.down("checklist"),
        )));
    }
    if let Some(doc) = &doc.assert {
        let at = at.down("assert");
        let Some(formula) = &doc.that else {
            missing(desk, at, "that", "assert needs an expression");
            return None;
        };
        let that = desk.expr(Role::Condition, at.down("that"), &formula.0)?;
        step::is_truth(desk, at.down("that"), "that", &that);
        let message = match &doc.message {
            Some(text) => desk.template(Role::Said, at.down("message"), text),
            None => Template::literal(format!("it is not true that {}", that.source())),
        };
        return Some(Action::Assert { that, message });
    }
    let values = doc.set.as_ref()?;
    let at = at.down("set");
    if values.0.is_empty() {
        desk.error("empty_value", at.key_span(), "set needs at least one value");
    }
    let values: BTreeMap<_, _> = named(at, values)
        .map(|(name, value, at)| {
            params::check_name(desk, at, name, "value");
            (name.to_owned(), desk.tree(Role::Said, at, value))
        })
        .collect();
    Some(Action::Set { values })
}

fn missing(desk: &mut Desk<'_>, at: At<'_>, key: &str, message: &str) {
    if !desk.is_unread(at) {
        desk.error("missing_key", at.key_span(), message)
            .hint(format!("add `{key}: ...`"));
    }
}

fn said(desk: &mut Desk<'_>, at: At<'_>, key: &str, text: Option<&str>, what: &str) -> Template {
    match text {
        Some(text) if !text.trim().is_empty() => {
            looks::shown(desk, at.down(key), text);
            desk.template(Role::Said, at.down(key), text)
        }
        _ => {
            missing(desk, at, key, what);
            Template::literal("")
        }
    }
}

fn wait(desk: &mut Desk<'_>, doc: &WaitDoc, at: At<'_>) -> Option<Wait> {
    match (&doc.span, &doc.until) {
        (Some(span), None) => Some(Wait::For(desk.positive(at.down("for"), span.0))),
        (None, Some(text)) => {
            let at = at.down("until");
            let moment = desk.template(Role::Said, at, text);
            if let Some(constant) = moment.constant()
                && constant.trim().parse::<jiff::Timestamp>().is_err()
            {
                let message = format!("`{constant}` is not a moment");
                desk.error("bad_time", at.span(), message)
                    .hint("write it like 2026-11-24T18:00:00Z or 2026-11-24T18:00:00+01:00");
            }
            Some(Wait::Until(moment))
        }
        _ if desk.is_unread(at) => None,
        _ => {
            desk.error(
                "wait",
                at.key_span(),
                "wait needs exactly one of for and until",
            )
            .hint("for example `wait: {for: 5m}`");
            None
        }
    }
}

fn approval(desk: &mut Desk<'_>, doc: &ApprovalDoc, at: At<'_>) -> Approval {
    let message = said(
        desk,
        at,
        "message",
        doc.message.as_deref(),
        "approval needs a message: the question",
    );
    let from = answerers(desk, doc, at.down("from"));
    let count = doc.count.unwrap_or(1);
    quorum(desk, count, &from, at);
    if doc.on_timeout.is_some() && doc.timeout.is_none() && !desk.is_unread(at) {
        let span = at.down("on_timeout").key_span();
        desk.error(
            "not_here",
            span,
            "`on_timeout` does nothing without timeout",
        );
    }
    Approval {
        message,
        from,
        count,
        timeout: doc.timeout.map(|s| desk.positive(at.down("timeout"), s.0)),
        on_timeout: match doc.on_timeout {
            None | Some(OnTimeoutWord::Hold) => OnTimeout::Hold,
            Some(OnTimeoutWord::Reject) => OnTimeout::Reject,
            Some(OnTimeoutWord::Approve) => OnTimeout::Approve,
        },
        on_reject: match doc.on_reject {
            None | Some(OnRejectWord::Hold) => OnReject::Hold,
            Some(OnRejectWord::Abort) => OnReject::Abort,
            Some(OnRejectWord::Rollback) => OnReject::Rollback,
        },
        form: form(desk, doc, at.down("form")),
        not_starter: false,
    }
}

pub(super) fn answerers(desk: &mut Desk<'_>, doc: &ApprovalDoc, at: At<'_>) -> Vec<Answerers> {
    let names = doc.from.as_deref().unwrap_or_default();
    if doc.from.is_some() && names.is_empty() {
        desk.error(
            "quorum",
            at.key_span(),
            "the list is empty: this can never be met",
        )
        .hint("remove `from`: then anyone may answer");
    }
    let good = |c: char| c.is_ascii_alphanumeric() || "._-@$".contains(c);
    let mut answerers = Vec::new();
    for (n, text) in names.iter().enumerate() {
        let name = text.strip_prefix("group:").unwrap_or(text);
        if name.is_empty() || !name.chars().all(good) {
            let message = format!("`{text}` is neither a login name nor `group:NAME`");
            desk.error("bad_name", at.nth(n).span(), message);
        }
        let answerer = if name.len() == text.len() {
            Answerers::Person(name.to_owned())
        } else {
            Answerers::Group(name.to_owned())
        };
        if answerers.contains(&answerer) {
            desk.warning(
                "duplicate_need",
                at.nth(n).span(),
                format!("`{text}` is there twice"),
            );
        } else {
            answerers.push(answerer);
        }
    }
    answerers
}

pub(super) fn quorum(desk: &mut Desk<'_>, count: u32, from: &[Answerers], at: At<'_>) {
    let span = at.down("count").span();
    if count == 0 {
        desk.error(
            "quorum",
            span,
            "0 approvals can never be met: count must be at least 1",
        )
        .hint("a step without an approval needs no approval action");
        return;
    }
    let only_people = from.iter().all(|a| matches!(a, Answerers::Person(_)));
    if !from.is_empty() && only_people && count as usize > from.len() {
        let message = format!(
            "{count} approvals can never be met: only {} may approve",
            from.len()
        );
        desk.error("quorum", span, message)
            .hint("lower count, or name more people or a group in `from`");
    }
}

fn form(desk: &mut Desk<'_>, doc: &ApprovalDoc, at: At<'_>) -> Vec<ParamSpec> {
    let Some(fields) = &doc.form else {
        return Vec::new();
    };
    let specs = params::params(desk, at, fields, "form field");
    if let Some(at) = at.get("votes") {
        desk.error(
            "bad_name",
            at.key_span(),
            "`votes` is what the approval itself publishes",
        )
        .hint("give the field another name");
    }
    specs
}

fn checklist(desk: &mut Desk<'_>, doc: &ChecklistDoc, at: At<'_>) -> Checklist {
    let items = doc.items.as_deref().unwrap_or_default();
    let at_items = at.down("items");
    if items.is_empty() && !desk.is_unread(at) {
        desk.error("missing_key", at_items.key_span(), "checklist needs items")
            .hint("for example `items: [{text: The status page is up to date}]`");
    }
    let mut inputs = BTreeSet::new();
    let items = items
        .iter()
        .enumerate()
        .map(|(n, item)| {
            let at = at_items.nth(n);
            let text = said(
                desk,
                at,
                "text",
                item.text.as_deref(),
                "the item has no text",
            );
            if let Some(link) = &item.link {
                address::web_address(desk, at.down("link"), link);
            }
            if let Some(input) = &item.input {
                let at = at.down("input");
                params::check_name(desk, at, input, "input");
                if input == "items" || !inputs.insert(input.as_str()) {
                    desk.error(
                        "bad_name",
                        at.span(),
                        format!("the input `{input}` is taken"),
                    )
                    .hint("give each input a name of its own; `items` is the list itself");
                }
            }
            ChecklistItem {
                text,
                required: item.required.unwrap_or(true),
                link: item.link.clone(),
                input: item.input.clone(),
            }
        })
        .collect();
    Checklist { items }
}
