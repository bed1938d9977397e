//! Which PostgreSQL server and database, and who asks.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::count::Count;
use super::short::FromText;
use crate::workflow::document::Span;

/// A database: its `url`, or `host` and what belongs to it.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DatabaseDoc {
    /// `postgresql://user@host:5432/database`; with a password in it, a secret as a whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// A name, an address, or the folder of a Unix socket.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// 5432 unless said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<Count>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The user's name unless said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub database: Option<String>,
    /// A secret: `"${{ secrets.NAME }}"`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
    /// `verify` unless said, but `off` on this machine itself. A URL may say it by `sslmode`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls: Option<TlsWord>,
    /// A PEM file with the certificates to trust instead of the machine's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca: Option<String>,
    /// 10s unless said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::workflow) connect_timeout: Option<Span>,
}

/// How much is known of who answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TlsWord {
    /// Encrypted, and the certificate must be good for the name.
    Verify,
    /// Encrypted, whoever answers.
    Require,
    Off,
}

impl DatabaseDoc {
    pub fn connect_timeout(&self) -> Option<std::time::Duration> {
        self.connect_timeout.map(|span| span.0)
    }
}

impl FromText for DatabaseDoc {
    const EXPECTED: &'static str = "a connection URL, or a map with url, or host, user, database";

    fn from_text(text: String) -> Self {
        Self {
            url: Some(text),
            ..Self::default()
        }
    }
}
