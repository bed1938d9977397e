//! `probe`, as it is written.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::count::Count;
use super::database::{DatabaseDoc, TlsWord};
use super::short::{FromText, Short};
use crate::workflow::document::leaf::Formula;
use crate::workflow::document::{Span, UntilDoc};

/// Looks how something stands; changes nothing. Exactly one of tcp, tls, dns, prometheus, postgres and redis. `expect` sees
/// `value`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ProbeDoc {
    /// `HOST:PORT`: connects. `value` is true.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tcp: Option<String>,
    /// `HOST:PORT`: connects and verifies the certificate. `value` has days_left, not_after, subject, issuer, dns_names, protocol.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls: Option<String>,
    /// A name: `value` is the list of its records as texts, empty if there are none; `ttl` in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dns: Option<String>,
    /// A query to Prometheus: `value` is a number, `series` a list, `no_data` true if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prometheus: Option<PrometheusDoc>,
    /// A PostgreSQL server, by its URL or by host, user and so on. `value` has primary, in_recovery, lag_seconds, lag_bytes, version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub postgres: Option<Short<DatabaseDoc>>,
    /// A Redis server, `HOST:PORT` or a map. `value` has role, connected_replicas, lag, loading.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redis: Option<Short<RedisDoc>>,

    /// For tcp and tls: 10s unless said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::workflow) connect_timeout: Option<Span>,
    /// For tls: the name that the certificate must be good for; the host unless said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server_name: Option<String>,
    /// For tls: it must be good for at least so many days more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_days: Option<Count>,
    /// For tls: a PEM file with the certificates to trust instead of the machine's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca: Option<String>,
    /// For dns: the name server to ask, `IP` or `IP:PORT`; the machine's own unless said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
    /// For dns: A unless said.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub record: Option<RecordWord>,

    /// An expression over `value`.
    #[serde(skip_serializing)]
    pub(in crate::workflow) expect: Option<Formula>,
    /// Looks again until it is met.
    #[serde(skip_serializing)]
    pub(in crate::workflow) until: Option<UntilDoc>,
}

/// A kind of DNS record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum RecordWord {
    A,
    Aaaa,
    Cname,
    Txt,
    Mx,
    Srv,
    Ns,
    Ptr,
}

/// A query to Prometheus: exactly one of query and alerts.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PrometheusDoc {
    /// Its address, such as `https://prometheus:9090`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// PromQL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub query: Option<String>,
    /// A moment, as RFC 3339 or in seconds since 1970; now unless said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<String>,
    /// Values over some time instead of one moment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub range: Option<RangeDoc>,
    /// Alerts that are pending or firing; `value` is how many fire.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alerts: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub headers: Option<BTreeMap<String, String>>,
    /// A token: `"${{ secrets.NAME }}"`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bearer: Option<String>,
    /// Hosts that may be reached although their names lead to local addresses.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allow_hosts: Option<Vec<String>>,
}

/// Some time: up to `end`, from `start` or for a span.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RangeDoc {
    /// A moment, as RFC 3339 or in seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start: Option<String>,
    /// Now unless said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end: Option<String>,
    /// Instead of a start.
    #[serde(rename = "for", skip_serializing_if = "Option::is_none")]
    pub(in crate::workflow) span: Option<Span>,
    /// Between two values; 15s unless said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::workflow) step: Option<Span>,
}

/// A Redis server.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RedisDoc {
    /// `HOST:PORT`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// A secret: `"${{ secrets.NAME }}"`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
    /// `off` unless said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls: Option<TlsWord>,
    /// A PEM file with the certificates to trust instead of the machine's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca: Option<String>,
}

impl FromText for RedisDoc {
    const EXPECTED: &'static str = "HOST:PORT, or a map with address, password, tls";

    fn from_text(text: String) -> Self {
        Self {
            address: Some(text),
            ..Self::default()
        }
    }
}

impl ProbeDoc {
    pub fn connect_timeout(&self) -> Option<std::time::Duration> {
        self.connect_timeout.map(|span| span.0)
    }
}

impl RangeDoc {
    pub fn span(&self) -> Option<std::time::Duration> {
        self.span.map(|span| span.0)
    }

    pub fn step(&self) -> Option<std::time::Duration> {
        self.step.map(|span| span.0)
    }
}

impl RecordWord {
    pub fn word(self) -> &'static str {
        match self {
            Self::A => "A",
            Self::Aaaa => "AAAA",
            Self::Cname => "CNAME",
            Self::Txt => "TXT",
            Self::Mx => "MX",
            Self::Srv => "SRV",
            Self::Ns => "NS",
            Self::Ptr => "PTR",
        }
    }
}
