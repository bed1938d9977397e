//! What terraform may be asked for. The rule behind most of it: what changes something was either seen by a person as a
//! plan, or is said to need no such look.

use super::{Asked, one_verb};
use crate::workflow::call::Nature;
use crate::workflow::check::desk::Desk;
use crate::workflow::document::{TerraformDoc, parse_span};
use crate::workflow::template::Template;
use crate::yaml::At;

const VERBS: [&str; 4] = ["plan", "apply", "destroy", "output"];
/// What a plan is made from, and so has no place beside a finished one.
const OF_A_PLAN: [&str; 5] = ["vars", "var_files", "targets", "replace", "mode"];
const PLANNED: &[&str] = &[
    "plan_file",
    "changed",
    "add",
    "change",
    "destroy",
    "summary",
    "resources",
];
const APPLIED: &[&str] = &["outputs", "sensitive", "add", "change", "destroy"];
const READ: &[&str] = &["outputs", "sensitive"];

pub(super) fn terraform<'d>(desk: &mut Desk<'_>, doc: &'d TerraformDoc, at: At<'_>) -> Asked<'d> {
    let verb = one_verb(desk, "terraform", &VERBS, at);
    said_true(desk, doc, at);
    reviewed(desk, doc, at);
    let refused: &[&str] = match verb {
        Some("plan") => &["plan_file", "auto_approve"],
        Some("apply") if doc.plan_file.is_some() => &OF_A_PLAN,
        Some("destroy") => &["plan_file", "mode"],
        Some("output") => &[
            "plan_file",
            "auto_approve",
            "vars",
            "var_files",
            "targets",
            "replace",
            "mode",
            "parallelism",
            "lock_timeout",
        ],
        _ => &[],
    };
    for (key, place) in at.entries().filter(|(key, _)| refused.contains(key)) {
        let verb = verb.unwrap_or_default();
        let (message, hint) = match (verb, key) {
            ("apply", key) => (
                format!("a saved plan has its `{key}` already"),
                "say it where the plan is made",
            ),
            ("plan", "auto_approve") => (
                "a plan changes nothing, there is nothing to approve".to_owned(),
                "leave it out",
            ),
            ("plan" | "destroy", "plan_file") => (
                format!("`plan_file` is for apply, not for {verb}"),
                "`{apply: true, plan_file: ...}` does what was planned, also if it was planned with `mode: destroy`",
            ),
            (verb, key) => (format!("`{key}` means nothing for {verb}"), "leave it out"),
        };
        desk.error("not_here", place.key_span(), message).hint(hint);
    }
    for (name, place) in at.down("vars").entries() {
        is_name(desk, name, place, "a variable");
    }
    for (name, place) in at.down("backend_config").entries() {
        is_name(desk, name, place, "a setting");
    }
    for (key, text) in [
        ("lock_timeout", &doc.lock_timeout),
        ("halt_timeout", &doc.halt_timeout),
    ] {
        is_span(desk, text.as_deref(), at.down(key));
    }
    no_secret_arguments(desk, doc, at);
    Asked {
        nature: match verb {
            Some("apply" | "destroy") => Nature::Changes,
            _ => Nature::Reads,
        },
        outputs: match verb {
            Some("plan") => PLANNED,
            Some("output") => READ,
            _ => APPLIED,
        },
        expect: doc.expect.as_ref(),
        until: None,
    }
}

fn said_true(desk: &mut Desk<'_>, doc: &TerraformDoc, at: At<'_>) {
    let said = [
        ("plan", doc.plan),
        ("apply", doc.apply),
        ("destroy", doc.destroy),
        ("output", doc.output),
    ];
    for (key, _) in said.iter().filter(|(_, said)| *said == Some(false)) {
        let message = format!("`{key}: false` asks for nothing");
        desk.error("bad_value", at.down(key).span(), message)
            .hint(format!("write `{key}: true`, or leave it out"));
    }
}

/// What changes something was seen by a person, or it is said that nobody needs to.
fn reviewed(desk: &mut Desk<'_>, doc: &TerraformDoc, at: At<'_>) {
    let sure = doc.auto_approve == Some(true);
    if doc.apply == Some(true) && doc.plan_file.is_none() && !sure {
        desk.error(
            "no_plan",
            at.down("apply").key_span(),
            "this apply would make changes that nobody has seen",
        )
        .hint(
            "make the plan in a step before, show its `summary` in an approval, and give this step \
             `plan_file: ${{ steps.ID.outputs.plan_file }}`; or say `auto_approve: true`",
        );
    }
    if doc.destroy == Some(true) && !sure && doc.plan_file.is_none() {
        desk.error(
            "no_plan",
            at.down("destroy").key_span(),
            "this would destroy everything in the state, unseen",
        )
        .hint(
            "plan it with `{plan: true, mode: destroy}`, show its `summary` in an approval, and apply its `plan_file`; or \
             say `auto_approve: true`",
        );
    }
    if doc.plan_file.is_some() && sure {
        let place = at.down("auto_approve").key_span();
        let message = "a saved plan is applied as it is: `auto_approve` means nothing beside it";
        desk.error("not_here", place, message).hint("leave it out");
    }
}

fn is_name(desk: &mut Desk<'_>, name: &str, at: At<'_>, what: &str) {
    let first = name.starts_with(|c: char| c.is_alphabetic() || c == '_');
    if !first
        || !name
            .chars()
            .all(|c| c.is_alphanumeric() || "_-".contains(c))
    {
        let message = format!("`{name}` is not the name of {what}");
        desk.error("bad_name", at.key_span(), message);
    }
}

fn is_span(desk: &mut Desk<'_>, text: Option<&str>, at: At<'_>) {
    let Some(text) = text.filter(|text| !text.contains("${{")) else {
        return;
    };
    if let Err(mistake) = parse_span(text) {
        desk.error("bad_time", at.span(), mistake.message).hint = mistake.hint;
    }
}

/// Everybody on the machine can read the arguments of a program.
fn no_secret_arguments(desk: &mut Desk<'_>, doc: &TerraformDoc, at: At<'_>) {
    let lists = [
        ("var_files", &doc.var_files),
        ("targets", &doc.targets),
        ("replace", &doc.replace),
    ];
    let lists = lists.into_iter().flat_map(|(key, list)| {
        let at = at.down(key);
        let list = list.iter().flatten().enumerate();
        list.map(move |(n, text)| (text, at.nth(n)))
    });
    let single = doc
        .plan_file
        .iter()
        .map(|text| (text, at.down("plan_file")));
    for (text, place) in lists.chain(single) {
        let secret = Template::parse(text).is_ok_and(|t| t.secrets().next().is_some());
        if secret {
            desk.error(
                "secret_in_arguments",
                place.span(),
                "everyone on the machine can see a secret in the arguments of a program",
            )
            .hint("pass it by `vars`");
        }
    }
}
