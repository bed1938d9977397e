//! `ssh`, as it is written.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Count;
use crate::workflow::document::leaf::ForEachDoc;
use crate::workflow::document::span::Span;

/// Runs a command on another machine by the system's `ssh`, with the user's own configuration, agent and known hosts, and
/// copies files there and back. A cut link is taken up again: the far end keeps output and exit code until they are heard.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SshDoc {
    /// A name, an address, or a `Host` of the ssh configuration.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// Instead of `host`, many: each becomes a member of its own, as by `for_each`. `max_parallel` and `fail_fast` of the
    /// step hold.
    #[serde(skip_serializing)]
    pub(in crate::workflow) hosts: Option<ForEachDoc>,
    /// A shell text for `/bin/sh -e` at the far end. It is constant: values arrive as environment variables, by the step's
    /// `env`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
    /// A program and its arguments, each handed over as it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub argv: Option<Vec<String>>,
    /// Handed to the command on standard input; nothing unless said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stdin: Option<String>,
    /// As whom; as the ssh configuration says unless said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<Count>,
    /// `[USER@]HOST[:PORT]` to go through; several with commas between them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jump: Option<String>,
    /// The file of the only key that is offered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identity: Option<String>,
    /// An ssh configuration that is read instead of the user's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub config: Option<String>,
    /// 15s unless said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::workflow) connect_timeout: Option<Span>,
    /// How long a lost link is sought before the outcome is called unknown; 5m unless said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::workflow) reconnect_within: Option<Span>,
    /// Files that are copied there before the command runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upload: Option<Vec<CopyDoc>>,
    /// Files that are copied back after the command has succeeded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub download: Option<Vec<CopyDoc>>,
}

/// One file. It gets its name only when it is whole and its digest is right.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CopyDoc {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// A file, or a folder that is there. At the far end, from the home folder on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
}

/// Whether a name is well formed.
type Good = fn(&str) -> bool;

impl SshDoc {
    pub fn connect_timeout(&self) -> Option<Duration> {
        self.connect_timeout.map(|span| span.0)
    }

    pub fn reconnect_within(&self) -> Option<Duration> {
        self.reconnect_within.map(|span| span.0)
    }

    /// The names that `ssh` gets as arguments: the key, what is there, whether it is well formed.
    pub fn names(&self) -> impl Iterator<Item = (&'static str, &str, bool)> {
        // A text of options would come through as a file that does not exist, but ssh reads some words in a special way.
        let file = |text: &str| !text.is_empty() && !text.starts_with('-') && text != "none";
        let all: [(&'static str, &Option<String>, Good); 5] = [
            ("host", &self.host, is_host),
            ("user", &self.user, is_user),
            ("jump", &self.jump, is_jump),
            ("identity", &self.identity, file),
            ("config", &self.config, file),
        ];
        let said = all.into_iter();
        said.filter_map(|(key, text, good)| {
            let text = text.as_deref()?;
            Some((key, text, good(text)))
        })
    }
}

/// A host name, an alias or an address: nothing that `ssh` could take for an option, and nothing that a `ProxyCommand` could
/// take for shell text.
pub fn is_host(text: &str) -> bool {
    let good = |c: char| c.is_ascii_alphanumeric() || "-._:".contains(c);
    let starts_well = text.starts_with(|c: char| c.is_ascii_alphanumeric() || "_:".contains(c));
    starts_well && text.len() <= 253 && text.chars().all(good)
}

fn is_user(text: &str) -> bool {
    let good = |c: char| c.is_ascii_alphanumeric() || "-._+@".contains(c);
    !text.is_empty() && text.len() <= 64 && !text.starts_with('-') && text.chars().all(good)
}

fn is_jump(text: &str) -> bool {
    text.split(',').all(|hop| {
        let (user, place) = match hop.rsplit_once('@') {
            Some((user, place)) => (Some(user), place),
            None => (None, hop),
        };
        let name = match place.strip_prefix('[') {
            Some(rest) => rest.split(']').next().unwrap_or_default(),
            None => place.split(':').next().unwrap_or_default(),
        };
        let port = place.rsplit_once([':', ']']).map(|(_, port)| port);
        let port_is_good =
            port.is_none_or(|port| port.is_empty() || port.parse::<u16>().is_ok_and(|p| p > 0));
        user.is_none_or(is_user) && is_host(name) && port_is_good
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_no_options_and_no_shell_text() {
        for good in ["web1", "10.0.0.1", "fe80::1", "a_b.example", "_x", "A-1"] {
            assert!(is_host(good), "{good}");
        }
        for bad in [
            "",
            "-oProxyCommand=id",
            "-",
            "a b",
            "a;id",
            "$(id)",
            "`id`",
            "user@web1",
            "a\nb",
            "a/b",
            "a'b",
            "web1|id",
            "[::1]",
            "é",
            "%h",
        ] {
            assert!(!is_host(bad), "{bad}");
            assert!(
                !is_jump(bad) || ["user@web1", "[::1]"].contains(&bad),
                "{bad}"
            );
        }
        for good in ["gate", "ana@gate:2222,b", "[fe80::1]:22", "ana@[::1]"] {
            assert!(is_jump(good), "{good}");
        }
        for bad in [
            "gate:0",
            "gate:x",
            "-J@gate",
            "ana@-x",
            "a,,b",
            "gate:99999",
        ] {
            assert!(!is_jump(bad), "{bad}");
        }
        assert!(is_user("ana@corp.example") && is_user("svc-x"));
        assert!(!is_user("-l") && !is_user("a b") && !is_user("$(id)") && !is_user(""));
    }
}
