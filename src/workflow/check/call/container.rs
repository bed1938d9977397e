//! What may be asked of Docker and podman.

use super::{Asked, one_verb};
use crate::workflow::call::Nature;
use crate::workflow::check::desk::Desk;
use crate::workflow::document::{
    ContainerDoc, ContainerGoal, ContainerRunDoc, HealthyDoc, parse_size,
};
use crate::yaml::At;

const VERBS: [&str; 11] = [
    "run", "replace", "start", "stop", "restart", "remove", "pull", "wait", "logs", "exec",
    "inspect",
];
/// What belongs to some verbs only.
const BESIDE: [(&str, &[&str]); 4] = [
    ("for", &["wait"]),
    ("command", &["exec"]),
    ("healthy", &["wait", "start", "restart"]),
    ("grace", &["stop", "restart", "remove", "replace"]),
];
const OF_A_CONTAINER: &[&str] = &[
    "id",
    "name",
    "image",
    "status",
    "exit_code",
    "health",
    "adopted",
];

pub(super) fn container<'d>(desk: &mut Desk<'_>, doc: &'d ContainerDoc, at: At<'_>) -> Asked<'d> {
    let verb = one_verb(desk, "container", &VERBS, at);
    for (key, verbs) in BESIDE {
        if let Some(verb) = verb.filter(|verb| !verbs.contains(verb))
            && let Some((_, place)) = at.entries().find(|(name, _)| *name == key)
        {
            let message = format!("`{key}` means nothing for {verb}");
            let hint = format!("it belongs to {}", verbs.join(", "));
            desk.error("not_here", place.key_span(), message).hint(hint);
        }
    }
    if doc.exec.is_some() && doc.command.as_ref().is_none_or(Vec::is_empty) {
        desk.error(
            "missing_key",
            at.down("exec").key_span(),
            "exec needs a command",
        )
        .hint("for example `command: [pg_isready]`");
    }
    for (key, run) in [("run", &doc.run), ("replace", &doc.replace)] {
        if let Some(run) = run {
            made(desk, key, run, at.down(key));
        }
    }
    healthy(desk, doc.healthy.as_ref(), at.down("healthy"));
    Asked {
        nature: match verb {
            Some("wait" | "logs" | "inspect") => Nature::Reads,
            Some("exec" | "restart") => Nature::Changes,
            // They find what an earlier order has made.
            _ => Nature::Repeatable,
        },
        outputs: match verb {
            Some("logs") => &["text"],
            Some("exec") => &["text", "exit_code"],
            Some("pull") => &["image", "id"],
            Some("remove") => &["name", "removed"],
            _ => OF_A_CONTAINER,
        },
        expect: doc.expect.as_ref(),
        until: doc.until.as_ref(),
    }
}

fn made(desk: &mut Desk<'_>, verb: &str, doc: &ContainerRunDoc, at: At<'_>) {
    if doc.image.is_none() && !desk.is_unread(at) {
        desk.error(
            "missing_key",
            at.key_span(),
            format!("{verb} needs an image"),
        )
        .hint("add `image: ...`");
    }
    if verb == "replace" {
        if doc.name.is_none() && !desk.is_unread(at) {
            let message = "replace needs the name of what is replaced";
            desk.error("missing_key", at.key_span(), message)
                .hint("add `name: ...`");
        }
        if doc.wait == Some(ContainerGoal::Exit) {
            let message = "what replaces another goes on: it is not waited for until its exit";
            desk.error("not_here", at.down("wait").span(), message)
                .hint("write `wait: healthy`");
        }
    }
    healthy(desk, doc.healthy.as_ref(), at.down("healthy"));
    let ports = doc.ports.iter().flatten().enumerate();
    for (n, text) in ports.filter(|(_, text)| !text.contains("${{")) {
        let (port, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
        let number = |part: &str| part.parse::<u16>().is_ok();
        let parts: Vec<&str> = port.rsplitn(3, ':').collect();
        if !parts.iter().take(2).all(|p| number(p)) || !["tcp", "udp"].contains(&protocol) {
            let message = format!("`{text}` is not a port");
            desk.error("bad_address", at.down("ports").nth(n).span(), message)
                .hint("write `8080`, `8081:8080` or `127.0.0.1:8081:8080`");
        }
    }
    let memory = doc.memory.as_ref().filter(|text| !text.contains("${{"));
    if let Some(text) = memory.filter(|text| parse_size(text).is_none()) {
        let message = format!("`{text}` is not a size");
        desk.error("bad_number", at.down("memory").span(), message)
            .hint("write a number and a unit, such as 64MiB");
    }
}

fn healthy(desk: &mut Desk<'_>, doc: Option<&HealthyDoc>, at: At<'_>) {
    if let Some(doc) = doc
        && doc.http.is_some() == doc.tcp.is_some()
        && !desk.is_unread(at)
    {
        let message = "healthy needs exactly one of http and tcp";
        desk.error("missing_key", at.key_span(), message);
    }
}
