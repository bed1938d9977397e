//! `sql`, as it is written.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::count::Count;
use super::database::{DatabaseDoc, TlsWord};
use super::short::{FromText, Short};
use crate::workflow::document::leaf::Formula;
use crate::workflow::document::{Span, UntilDoc};

/// Asks a PostgreSQL database: one of query, statements and promote. Everything runs in one transaction unless said
/// otherwise. `expect` sees `rows` (a list of maps) and `count`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SqlDoc {
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

    /// One statement. It is constant: values stand in it as `$1`, `$2` and come by `params`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub query: Option<String>,
    /// The values of `$1`, `$2`, ... of the query; the server knows their types.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub params: Option<Vec<Json>>,
    /// Several statements, in one transaction: texts, or maps with query and params. `rows` are those of the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub statements: Option<Vec<Short<StatementDoc>>>,
    /// Makes a standby the primary. One that is primary already is left as it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub promote: Option<PromoteDoc>,
    /// The server refuses to change anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read_only: Option<bool>,
    /// False for what cannot run in a transaction, such as VACUUM.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transaction: Option<bool>,
    /// How long to wait for a lock; as long as the attempt may take unless said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::workflow) lock_timeout: Option<Span>,
    /// An expression over `rows` and `count`; for `promote` over `value`.
    #[serde(skip_serializing)]
    pub(in crate::workflow) expect: Option<Formula>,
    /// Asks again until it is met; only for what changes nothing.
    #[serde(skip_serializing)]
    pub(in crate::workflow) until: Option<UntilDoc>,
}

/// One of several statements.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct StatementDoc {
    /// It is constant: values stand in it as `$1`, `$2` and come by `params`.
    pub query: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub params: Option<Vec<Json>>,
}

impl FromText for StatementDoc {
    const EXPECTED: &'static str = "a statement, or a map with query and params";

    fn from_text(query: String) -> Self {
        Self {
            query,
            params: None,
        }
    }
}

/// How a standby is promoted.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PromoteDoc {
    /// How long it may take; 60s unless said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::workflow) wait: Option<Span>,
}

impl PromoteDoc {
    pub fn wait(&self) -> Option<std::time::Duration> {
        self.wait.map(|span| span.0)
    }
}

impl SqlDoc {
    pub fn lock_timeout(&self) -> Option<std::time::Duration> {
        self.lock_timeout.map(|span| span.0)
    }

    /// Where it is asked.
    pub fn database(&self) -> DatabaseDoc {
        DatabaseDoc {
            url: self.url.clone(),
            host: self.host.clone(),
            port: self.port.clone(),
            user: self.user.clone(),
            database: self.database.clone(),
            password: self.password.clone(),
            tls: self.tls,
            ca: self.ca.clone(),
            connect_timeout: self.connect_timeout,
        }
    }
}
