//! Requests: `http` and `notify`.

use std::time::Duration;

use super::desk::{Desk, Role, named};
use super::{address, call};
use crate::workflow::action::{Body, Http, Until};
use crate::workflow::document::{AuthDoc, HttpDoc, Named, NotifyDoc, UntilDoc};
use crate::workflow::template::{Template, Tree};
use crate::yaml::At;

/// What an expectation sees of an answer.
const ANSWER: [&str; 3] = ["status", "headers", "body"];
const METHODS: [&str; 7] = ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"];

pub(super) fn http(desk: &mut Desk<'_>, doc: &HttpDoc, at: At<'_>) -> Http<Template> {
    let allow_hosts = address::allow_hosts(desk, doc.allow_hosts.as_deref(), at);
    let url = address::url(desk, at, "url", doc.url.as_deref(), &allow_hosts);
    let (headers, basic_auth) = identity(desk, doc, at);
    let body = body(desk, doc, at);
    let method = method(desk, doc, at, body.is_some());
    let expect = call::expectation(desk, doc.expect.as_ref(), &ANSWER, at);
    let http = Http {
        method,
        url,
        headers,
        body,
        basic_auth,
        expect,
        until: doc.until.as_ref().map(|u| until(desk, u, at.down("until"))),
        follow_redirects: doc.follow_redirects.unwrap_or(false),
        allow_hosts,
        idempotency_key: doc.idempotency_key.unwrap_or(false),
    };
    in_the_clear(desk, &http, at.down("url"));
    http
}

pub(super) fn notify(desk: &mut Desk<'_>, doc: &NotifyDoc, at: At<'_>) -> Http<Template> {
    let allow_hosts = address::allow_hosts(desk, doc.allow_hosts.as_deref(), at);
    let url = address::url(desk, at, "webhook", doc.webhook.as_deref(), &allow_hosts);
    if doc.message.is_none() && !desk.is_unread(at) {
        desk.error("missing_key", at.key_span(), "notify needs a message")
            .hint("add `message: ...`");
    }
    let message = doc.message.as_deref().unwrap_or_default();
    let message = desk.template(Role::Said, at.down("message"), message);
    let headers = texts(desk, at.down("headers"), doc.headers.as_ref());
    header_names(desk, at.down("headers"), doc.headers.as_ref());
    Http {
        method: "POST".to_owned(),
        url,
        headers,
        body: Some(Body::Json(Tree::Map(vec![(
            "text".to_owned(),
            Tree::Text(message),
        )]))),
        basic_auth: None,
        expect: None,
        until: None,
        follow_redirects: false,
        allow_hosts,
        idempotency_key: false,
    }
}

fn method(desk: &mut Desk<'_>, doc: &HttpDoc, at: At<'_>, has_body: bool) -> String {
    let Some(said) = &doc.method else {
        if has_body && !desk.is_unread(at) {
            desk.error(
                "missing_key",
                at.key_span(),
                "a request with a body needs a method",
            )
            .hint("add `method: POST` (or PUT, PATCH)");
        }
        return "GET".to_owned();
    };
    let method = said.to_ascii_uppercase();
    if !METHODS.contains(&method.as_str()) {
        let hint = desk.meant(&method, METHODS.iter().copied());
        let message = format!("`{said}` is not a method");
        desk.error("unknown_word", at.down("method").span(), message)
            .hint = hint.or_else(|| Some(format!("one of {}", METHODS.join(", "))));
    }
    method
}

fn texts(
    desk: &mut Desk<'_>,
    at: At<'_>,
    entries: Option<&Named<String>>,
) -> Vec<(String, Template)> {
    let Some(entries) = entries else {
        return Vec::new();
    };
    named(at, entries)
        .map(|(name, text, at)| (name.to_owned(), desk.template(Role::Work, at, text)))
        .collect()
}

fn header_names(desk: &mut Desk<'_>, at: At<'_>, headers: Option<&Named<String>>) {
    let Some(headers) = headers else { return };
    let good = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    for (name, _, at) in named(at, headers) {
        if name.is_empty() || !name.chars().all(good) {
            let message = format!("`{name}` is not the name of a header");
            desk.error("bad_name", at.key_span(), message);
        }
    }
}

type Identity = (Vec<(String, Template)>, Option<(Template, Template)>);

/// Headers, and who asks: a bearer token is a header, user and password are not.
fn identity(desk: &mut Desk<'_>, doc: &HttpDoc, at: At<'_>) -> Identity {
    let at_headers = at.down("headers");
    header_names(desk, at_headers, doc.headers.as_ref());
    let mut headers = texts(desk, at_headers, doc.headers.as_ref());
    let Some(auth) = &doc.auth else {
        return (headers, None);
    };
    let at = at.down("auth");
    if headers
        .iter()
        .any(|(name, _)| name.eq_ignore_ascii_case("authorization"))
    {
        desk.error(
            "auth",
            at.key_span(),
            "auth and an Authorization header exclude each other",
        )
        .also(at_headers.key_span(), "the header is here");
    }
    let AuthDoc {
        bearer,
        user,
        password,
    } = auth;
    match (bearer, user, password) {
        (Some(token), None, None) => {
            let at = at.down("bearer");
            let token = desk.template(Role::Work, at, token);
            let text = format!("Bearer {}", token.source());
            // The token alone was fine, so the whole is.
            let header = Template::parse(&text).unwrap_or_else(|_| Template::literal(""));
            headers.push(("Authorization".to_owned(), header));
            (headers, None)
        }
        (None, Some(user), Some(password)) => {
            let user = desk.template(Role::Work, at.down("user"), user);
            if !password.contains("${{") && !password.is_empty() {
                let span = at.down("password").span();
                desk.warning("looks_like_a_secret", span, "this password is written out")
                    .hint("refer to it: `password: \"${{ secrets.name }}\"`");
            }
            let password = desk.template(Role::Work, at.down("password"), password);
            (headers, Some((user, password)))
        }
        _ if desk.is_unread(at) => (headers, None),
        _ => {
            let message = "auth needs either bearer, or user and password";
            desk.error("auth", at.key_span(), message);
            (headers, None)
        }
    }
}

fn body(desk: &mut Desk<'_>, doc: &HttpDoc, at: At<'_>) -> Option<Body<Template>> {
    let said: Vec<(&str, At<'_>)> = at
        .entries()
        .filter(|(key, _)| matches!(*key, "json" | "body" | "form"))
        .collect();
    if let [(first, place), (second, other), ..] = said.as_slice() {
        let message = format!("a request has one body, here are `{first}` and `{second}`");
        desk.error("two_bodies", other.key_span(), message)
            .also(place.key_span(), "the first");
    }
    if let Some(json) = &doc.json {
        return Some(Body::Json(desk.tree(Role::Work, at.down("json"), json)));
    }
    if let Some(text) = &doc.body {
        return Some(Body::Text(desk.template(Role::Work, at.down("body"), text)));
    }
    let form = doc.form.as_ref()?;
    Some(Body::Form(texts(desk, at.down("form"), Some(form))))
}

pub(super) fn until(desk: &mut Desk<'_>, doc: &UntilDoc, at: At<'_>) -> Until {
    if doc.consecutive == Some(0) {
        let span = at.down("consecutive").span();
        desk.error("bad_number", span, "consecutive must be at least 1");
    }
    let mut time = |key: &str, said: Option<crate::workflow::document::Span>, otherwise| {
        said.map_or(otherwise, |span| desk.positive(at.down(key), span.0))
    };
    let every = time("every", doc.every, Duration::from_secs(5));
    let timeout = time("timeout", doc.timeout, Duration::from_mins(5));
    Until {
        every,
        timeout,
        consecutive: doc.consecutive.unwrap_or(1),
    }
}

/// A secret over plain http to another machine can be read on the way.
fn in_the_clear(desk: &mut Desk<'_>, http: &Http<Template>, at: At<'_>) {
    let mut texts: Vec<&Template> = vec![&http.url];
    texts.extend(http.headers.iter().map(|(_, text)| text));
    texts.extend(
        http.basic_auth
            .iter()
            .flat_map(|(user, password)| [user, password]),
    );
    if texts.iter().any(|text| text.secrets().next().is_some()) {
        secret_in_the_clear(desk, &http.url, at);
    }
}

/// Warns if `url`, to which a secret goes, is plain http to another machine.
pub(super) fn secret_in_the_clear(desk: &mut Desk<'_>, url: &Template, at: At<'_>) {
    let start = url.constant_start();
    let local = ["http://127.", "http://localhost", "http://[::1]"];
    if start.starts_with("http://") && !local.iter().any(|l| start.starts_with(l)) {
        let message = "a secret is sent over http: others can read it on the way";
        desk.warning("secret_in_the_clear", at.span(), message)
            .hint("use https");
    }
}
