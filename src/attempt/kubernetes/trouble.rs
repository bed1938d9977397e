//! What the client reports, in words that say where, what, and what to do; and whether it may have landed.

use std::error::Error as _;
use std::time::Duration;

use kube::Error;
use kube::client::AuthError;
use kube::config::ExecConfig;
use kube::core::Status;

use super::super::cause::chain;
use super::login::Who;

/// What became of one request.
pub(super) enum Fault {
    /// The server said no, and why.
    Refused(Box<Status>),
    /// The server cannot take it now; nothing was done.
    Busy(Duration),
    /// It never left.
    Unreached(String),
    /// It left, and no whole answer came.
    Cut(String),
}

impl Fault {
    pub(super) fn of(error: Error) -> Self {
        if let Some(e) = auth(&error) {
            return Self::Unreached(refused_login(e));
        }
        match error {
            Error::Api(status) => Self::of_status(status),
            Error::BuildRequest(e) => Self::Refused(refusal(&e.to_string())),
            Error::SerdeError(e) => Self::Cut(format!("an answer that cannot be read: {e}")),
            other => of_connection(&other),
        }
    }

    fn of_status(status: Box<Status>) -> Self {
        let seconds = status.details.as_ref().map_or(1, |d| d.retry_after_seconds);
        match status.code {
            429 => Self::Busy(Duration::from_secs(u64::from(seconds.clamp(1, 30)))),
            // A gateway's or the store's trouble: what was asked may yet have been done.
            502..=504 => Self::Cut(format!("{} ({})", status.message, status.code)),
            500 if is_store_trouble(&status.message) => {
                Self::Cut(format!("{} ({})", status.message, status.code))
            }
            _ => Self::Refused(status),
        }
    }
}

/// The server's own mistakes and its store's silence have one code; the first would come again, the second passes.
fn is_store_trouble(message: &str) -> bool {
    let signs = [
        "etcdserver",
        "timeout",
        "timed out",
        "deadline exceeded",
        "connection",
    ];
    signs.iter().any(|sign| message.contains(sign))
}

fn refusal(message: &str) -> Box<Status> {
    Box::new(Status::failure(message, "BadRequest"))
}

fn of_connection(error: &Error) -> Fault {
    let told = chain(error);
    // The client's own word for a connection that was never made.
    if told
        .iter()
        .any(|text| text.contains("client error (Connect)"))
    {
        return Fault::Unreached(cause(&told));
    }
    Fault::Cut(cause(&told))
}

/// The innermost cause, which is the one that a person can do something about.
fn cause(told: &[String]) -> String {
    let last = told.last().map_or("no answer", String::as_str);
    let last = last.split(" (os error").next().unwrap_or(last);
    let known = [
        (
            "UnknownIssuer",
            "its certificate is not signed by the authority of the kubeconfig",
        ),
        ("NotValidForName", "its certificate is for another name"),
        ("Expired", "its certificate has expired"),
    ];
    let hint = known.iter().find(|(word, _)| last.contains(word));
    hint.map_or_else(|| last.to_lowercase(), |(_, told)| (*told).to_owned())
}

/// Why the server refused, and what to do about it.
pub(super) fn refused(status: &Status, what: &str, who: &Who) -> String {
    let place = who.place();
    match status.code {
        401 => format!(
            "{place}: Unauthorized: the credentials of user {} are not accepted; log in again",
            who.user
        ),
        403 => format!("{place}: {what}: {}", forbidden(status, who)),
        409 if has_conflicts(status) => format!("{place}: {what}: {}", conflicts(status)),
        _ => format!("{place}: {what}: {}", causes(status)),
    }
}

fn forbidden(status: &Status, who: &Who) -> String {
    let told = status.message.as_str();
    // Before the reason stands what was asked, which has been said.
    let told = told
        .split_once(" is forbidden: ")
        .map_or(told, |(_, why)| why);
    format!(
        "{told}; ask who administers the cluster to allow it to user {}",
        who.user
    )
}

const CONFLICT: &str = "FieldManagerConflict";

fn has_conflicts(status: &Status) -> bool {
    let details = status.details.as_ref();
    details.is_some_and(|d| d.causes.iter().any(|cause| cause.reason == CONFLICT))
}

/// `.spec.replicas belongs to kube-controller-manager`.
fn conflicts(status: &Status) -> String {
    let causes = status.details.iter().flat_map(|d| &d.causes);
    let each: Vec<String> = causes
        .filter(|cause| cause.reason == CONFLICT)
        .map(|cause| {
            let manager = cause.message.trim_start_matches("conflict with ");
            let manager = manager.split(" using ").next().unwrap_or(manager);
            format!("{} belongs to {}", cause.field, manager.replace('"', ""))
        })
        .collect();
    format!(
        "{}; leave the field out, or take it over by `force: true`",
        each.join(", ")
    )
}

/// The server's message says it all in one; its causes are shorter and name the fields.
fn causes(status: &Status) -> String {
    let causes = status.details.iter().flat_map(|d| &d.causes);
    let each: Vec<String> = causes
        .filter(|cause| !cause.field.is_empty())
        .map(|cause| format!("{}: {}", cause.field, cause.message))
        .collect();
    if each.is_empty() {
        return status.message.clone();
    }
    each.join("; ")
}

/// Why there is no client: mostly a plugin that wants a person.
pub(super) fn login(error: &Error, plugin: Option<&ExecConfig>, who: &Who) -> String {
    let place = who.place();
    match (auth(error), plugin) {
        (Some(AuthError::AuthExecStart(e)), Some(plugin)) => {
            let name = plugin.command.as_deref().unwrap_or("?");
            let hint = plugin.install_hint.as_deref().unwrap_or("install it");
            let hint = hint.trim().lines().next().unwrap_or_default();
            format!("{place}: the credential plugin `{name}` cannot be started: {e}; {hint}")
        }
        (Some(e), _) => format!("{place}: user {}: {}", who.user, refused_login(e)),
        (None, _) => format!("{place}: {}", cause(&chain(error))),
    }
}

/// A login that failed, now or when it was to be renewed.
fn auth(error: &Error) -> Option<&AuthError> {
    if let Error::Auth(e) = error {
        return Some(e);
    }
    let mut next = error.source();
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        next = error.source();
    }
    None
}

/// What a plugin wrote last is what it wants; its output may hold a token, and is not told.
fn refused_login(error: &AuthError) -> String {
    let AuthError::AuthExecRun { out, .. } = error else {
        return error.to_string();
    };
    let told = String::from_utf8_lossy(&out.stderr);
    let mut lines = told.lines().rev().map(str::trim);
    let last = lines.find(|line| !line.is_empty()).unwrap_or("no message");
    format!(
        "the credential plugin failed ({}): {last}; log in again with its own tool",
        out.status
    )
}

#[cfg(test)]
mod tests {
    use kube::core::Status;
    use serde_json::{Value as Json, json};

    use super::{Fault, refused};
    use crate::attempt::kubernetes::login::Who;

    fn who() -> Who {
        Who {
            context: "prod".to_owned(),
            server: "https://10.0.0.1:6443".to_owned(),
            user: "ana".to_owned(),
            namespace: "shop".to_owned(),
        }
    }

    fn status(told: Json) -> Box<Status> {
        Box::new(serde_json::from_value(told).unwrap())
    }

    #[test]
    fn whose_field_it_is_stands_beside_what_to_do() {
        let told = json!({"code": 409, "reason": "Conflict", "details": {"causes": [
            {"reason": "FieldManagerConflict", "field": ".spec.replicas",
             "message": "conflict with \"kubectl\" using apps/v1"},
        ]}});
        assert_eq!(
            refused(&status(told), "deployment/shop", &who()),
            "context prod (https://10.0.0.1:6443): deployment/shop: .spec.replicas belongs to kubectl; \
             leave the field out, or take it over by `force: true`"
        );
    }

    #[test]
    fn credentials_that_are_not_accepted_are_named_with_their_user() {
        let told = refused(&status(json!({"code": 401})), "x", &who());
        assert!(
            told.ends_with("the credentials of user ana are not accepted; log in again"),
            "{told}"
        );
    }

    #[test]
    fn what_may_have_been_done_is_told_from_what_was_refused() {
        let of = |code: u16, message: &str| {
            Fault::of(kube::Error::Api(status(
                json!({"code": code, "message": message}),
            )))
        };
        assert!(matches!(
            of(500, "etcdserver: request timed out"),
            Fault::Cut(_)
        ));
        assert!(matches!(of(503, "no backend"), Fault::Cut(_)));
        assert!(matches!(
            of(500, "failed to create typed patch object"),
            Fault::Refused(_)
        ));
        assert!(matches!(of(422, "invalid"), Fault::Refused(_)));
        assert!(matches!(of(429, "slow down"), Fault::Busy(_)));
    }
}
