//! A database that is to be asked.

use crate::workflow::check::desk::Desk;
use crate::workflow::document::{Count, DatabaseDoc};
use crate::yaml::At;

/// What says where a database is, beside `url`.
const PARTS: [&str; 4] = ["host", "port", "user", "database"];

/// `what` is how a message calls the one who asks.
pub(super) fn database(desk: &mut Desk<'_>, doc: &DatabaseDoc, what: &str, at: At<'_>) {
    match (&doc.url, &doc.host) {
        (Some(url), _) => {
            self::url(desk, url, at.down("url"));
            for key in PARTS.iter().filter(|key| at.has(key)) {
                let message = format!("`{key}` is said by the url");
                desk.error("not_here", at.down(key).key_span(), message)
                    .hint("remove it, or say all of it by host, port, user, database, password");
            }
        }
        (None, None) if !desk.is_unread(at) => {
            let message = format!("{what} needs to know where the database is");
            desk.error("missing_key", at.key_span(), message).hint(
                "add `url: \"${{ secrets.NAME }}\"`, or `host: ...` with user, database and password",
            );
        }
        _ => {}
    }
    if let Some(port) = doc.port.as_ref() {
        self::port(desk, port, at.down("port"));
    }
    password(desk, doc.password.as_deref(), at.down("password"));
}

fn port(desk: &mut Desk<'_>, port: &Count, at: At<'_>) {
    if matches!(port, Count::Number(0 | 65_536..)) {
        desk.error("bad_number", at.span(), "a port is from 1 to 65535");
    }
}

fn url(desk: &mut Desk<'_>, url: &str, at: At<'_>) {
    let known = ["postgres://", "postgresql://"];
    if !url.contains("${{") && !known.iter().any(|scheme| url.starts_with(scheme)) {
        desk.error("bad_url", at.span(), "this is not a URL of PostgreSQL")
            .hint("write `postgresql://USER@HOST:5432/DATABASE`");
    }
    let authority = url.split_once("://").map_or("", |(_, rest)| rest);
    let user = authority.split('/').next().unwrap_or_default();
    let written = user
        .rsplit_once('@')
        .and_then(|(user, _)| user.split_once(':'));
    if let Some((_, written)) = written {
        password(desk, Some(written), at);
    }
}

/// A password that is no reference.
pub(super) fn password(desk: &mut Desk<'_>, said: Option<&str>, at: At<'_>) {
    if said.is_some_and(|text| !text.is_empty() && !text.contains("${{")) {
        desk.warning(
            "looks_like_a_secret",
            at.span(),
            "this password is written out",
        )
        .hint("refer to it: `password: \"${{ secrets.name }}\"`");
    }
}
