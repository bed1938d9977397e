//! What may be asked of another machine.

use super::Asked;
use crate::workflow::call::Nature;
use crate::workflow::check::desk::Desk;
use crate::workflow::check::work;
use crate::workflow::document::{CopyDoc, SshDoc, is_host};
use crate::yaml::At;

/// The question, with its many hosts as one that depends on the member.
pub(super) fn ssh(desk: &mut Desk<'_>, doc: &SshDoc, at: At<'_>) -> (SshDoc, Asked<'static>) {
    let mut one = doc.clone();
    where_to(desk, doc, at);
    if one.hosts.take().is_some() && one.host.is_none() {
        one.host = Some("${{ item }}".to_owned());
    }
    command(desk, doc, at);
    for (key, list) in [("upload", &doc.upload), ("download", &doc.download)] {
        for (n, copy) in list.iter().flatten().enumerate() {
            whole(desk, copy, at.down(key).nth(n));
        }
    }
    for (key, span) in [
        ("connect_timeout", doc.connect_timeout),
        ("reconnect_within", doc.reconnect_within),
    ] {
        if let Some(span) = span {
            desk.positive(at.down(key), span.0);
        }
    }
    let copies_only = doc.run.is_none() && doc.argv.is_none();
    let asked = Asked {
        nature: if copies_only {
            Nature::Repeatable
        } else {
            Nature::Changes
        },
        outputs: &[],
        expect: None,
        until: None,
    };
    (one, asked)
}

/// `hosts` makes members, which only a step has.
pub(in super::super) fn one_machine(desk: &mut Desk<'_>, doc: Option<&SshDoc>, at: At<'_>) {
    if doc.is_some_and(|doc| doc.hosts.is_some()) {
        let span = at.down("ssh").down("hosts").key_span();
        desk.error("not_here", span, "only a step has many `hosts`")
            .hint("write `host`; with `hosts` in the step, `host: \"${{ item }}\"` is the one of this member");
    }
}

fn where_to(desk: &mut Desk<'_>, doc: &SshDoc, at: At<'_>) {
    let hosts = at.down("hosts");
    match (&doc.host, &doc.hosts) {
        (Some(_), Some(_)) => {
            desk.error(
                "two_places",
                hosts.key_span(),
                "either host or hosts, not both",
            )
            .also(at.down("host").key_span(), "the other one");
        }
        (None, None) if !desk.is_unread(at) => {
            desk.error("missing_key", at.key_span(), "`ssh` needs a host")
                .hint("add `host: web1`");
        }
        _ => {}
    }
    for (key, text, good) in doc.names() {
        if !good && !text.contains("${{") {
            let place = at.down(key).span();
            let shown: String = text.chars().take(60).collect();
            match (key, text.split_once('@')) {
                ("host", Some((user, host))) if is_host(host) => desk
                    .error("bad_host", place, format!("`{shown}` is not a host name"))
                    .hint(format!("write `host: {host}` and `user: {user}`")),
                ("identity" | "config", _) => desk.error(
                    "bad_file",
                    place,
                    format!("`{shown}` is not the name of a file"),
                ),
                ("user", _) => desk.error(
                    "bad_user",
                    place,
                    format!("`{shown}` is not the name of a user"),
                ),
                _ => desk.error("bad_host", place, format!("`{shown}` is not a host name")),
            };
        }
    }
    if doc.port.as_ref().is_some_and(|port| {
        port.value()
            .is_ok_and(|port| port == 0 || port > u64::from(u16::MAX))
    }) {
        let span = at.down("port").span();
        desk.error("bad_number", span, "a port is a number from 1 to 65535");
    }
}

fn command(desk: &mut Desk<'_>, doc: &SshDoc, at: At<'_>) {
    match (&doc.run, &doc.argv) {
        (Some(_), Some(_)) => {
            let message = "either run or argv, not both";
            desk.error("two_actions", at.down("argv").key_span(), message)
                .also(at.down("run").key_span(), "the other one")
                .hint("make two steps of it");
        }
        (Some(script), None) => work::script(desk, script, at.down("run"), "ssh.run"),
        (None, Some(argv)) => work::words(desk, argv, at.down("argv"), "ssh"),
        (None, None) => {
            let copies = doc.upload.is_some() || doc.download.is_some();
            if !copies && !desk.is_unread(at) {
                let message = "`ssh` has nothing to do: it needs run, argv, upload or download";
                desk.error("missing_key", at.key_span(), message)
                    .hint("for example `run: systemctl restart shop`");
            }
            if let Some(at) = at.get("stdin") {
                let message = "`stdin` does nothing without run or argv";
                desk.error("not_here", at.key_span(), message);
            }
        }
    }
}

fn whole(desk: &mut Desk<'_>, copy: &CopyDoc, at: At<'_>) {
    for (key, text) in [("from", &copy.from), ("to", &copy.to)] {
        if text.as_ref().is_none_or(|text| text.trim().is_empty()) && !desk.is_unread(at) {
            let message = format!("a copy needs `{key}`");
            desk.error("missing_key", at.span(), message)
                .hint("write `{from: shop.conf, to: /etc/shop.conf}`");
        }
    }
}
