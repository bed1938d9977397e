//! What may be probed.

use super::{Asked, database, one_verb};
use crate::workflow::call::Nature;
use crate::workflow::check::desk::Desk;
use crate::workflow::check::{address, http};
use crate::workflow::document::{ProbeDoc, PrometheusDoc, RangeDoc};
use crate::yaml::At;

const VERBS: [&str; 6] = ["tcp", "tls", "dns", "prometheus", "postgres", "redis"];
/// What stands beside a verb, and beside which.
const BESIDE: [(&str, &[&str]); 6] = [
    ("connect_timeout", &["tcp", "tls"]),
    ("server_name", &["tls"]),
    ("min_days", &["tls"]),
    ("ca", &["tls"]),
    ("server", &["dns"]),
    ("type", &["dns"]),
];

pub(super) fn probe<'d>(desk: &mut Desk<'_>, doc: &'d ProbeDoc, at: At<'_>) -> Asked<'d> {
    let verb = one_verb(desk, "probe", &VERBS, at);
    if let Some(verb) = verb {
        belongs(desk, verb, at);
    }
    for (key, address) in [("tcp", &doc.tcp), ("tls", &doc.tls)] {
        if let Some(address) = address {
            host_and_port(desk, address, at.down(key), 443);
        }
    }
    if let Some(server) = &doc.server {
        name_server(desk, server, at.down("server"));
    }
    if let Some(prometheus) = &doc.prometheus {
        self::prometheus(desk, prometheus, at.down("prometheus"));
    }
    if let Some(postgres) = &doc.postgres {
        database::database(desk, &postgres.0, "postgres", at.down("postgres"));
    }
    if let Some(redis) = &doc.redis {
        let at = at.down("redis");
        match &redis.0.address {
            Some(address) => host_and_port(desk, address, at.down("address"), 6379),
            None if desk.is_unread(at) => {}
            None => {
                desk.error("missing_key", at.key_span(), "redis needs an address")
                    .hint("add `address: HOST:6379`");
            }
        }
        database::password(desk, redis.0.password.as_deref(), at.down("password"));
    }
    Asked {
        nature: Nature::Reads,
        outputs: match verb {
            Some("dns") => &["value", "ttl", "nxdomain"],
            Some("prometheus") => &["value", "series", "no_data", "alerts"],
            _ => &["value"],
        },
        expect: doc.expect.as_ref(),
        until: doc.until.as_ref(),
    }
}

fn belongs(desk: &mut Desk<'_>, verb: &str, at: At<'_>) {
    for (key, verbs) in BESIDE {
        if at.has(key) && !verbs.contains(&verb) {
            let message = format!("`{key}` does nothing beside `{verb}`");
            desk.error("not_here", at.down(key).key_span(), message)
                .hint(format!("it is for {}", verbs.join(" and ")));
        }
    }
}

/// `HOST:PORT`; what holds an expression is looked at when it is known.
fn host_and_port(desk: &mut Desk<'_>, address: &str, at: At<'_>, usual: u16) {
    if address.contains("${{") {
        return;
    }
    let port = address.rsplit_once(':').map(|(_, port)| port);
    if port
        .and_then(|p| p.parse::<u16>().ok())
        .is_none_or(|p| p == 0)
    {
        let host = address.split(':').next().unwrap_or("host");
        desk.error("bad_address", at.span(), format!("`{address}` has no port"))
            .hint(format!("write `{host}:{usual}`"));
    }
}

fn name_server(desk: &mut Desk<'_>, server: &str, at: At<'_>) {
    let is_address = server.parse::<std::net::IpAddr>().is_ok()
        || server.parse::<std::net::SocketAddr>().is_ok();
    if !server.contains("${{") && !is_address {
        let message = format!("`{server}` is not the address of a name server");
        desk.error("bad_address", at.span(), message)
            .hint("write its IP address, or IP:PORT");
    }
}

fn prometheus(desk: &mut Desk<'_>, doc: &PrometheusDoc, at: At<'_>) {
    let allowed = address::allow_hosts(desk, doc.allow_hosts.as_deref(), at);
    let url = doc.url.as_deref();
    // What holds an expression is looked at when it is known.
    if url.is_none_or(|url| !url.contains("${{")) {
        let url = address::url(desk, at, "url", url, &allowed);
        if doc.bearer.is_some() {
            http::secret_in_the_clear(desk, &url, at.down("url"));
        }
    }
    database::password(desk, doc.bearer.as_deref(), at.down("bearer"));
    let alerts = doc.alerts == Some(true);
    match &doc.query {
        Some(_) if alerts => {
            let message = "`alerts` lists all alerts, so a query means nothing beside it";
            desk.error("not_here", at.down("query").key_span(), message)
                .hint("ask for `ALERTS{alertname=\"...\"}` by a query instead");
        }
        None if !alerts && !desk.is_unread(at) => {
            desk.error("missing_key", at.key_span(), "prometheus needs a query")
                .hint("add `query: up`, or `alerts: true`");
        }
        _ => {}
    }
    if let Some(range) = &doc.range {
        self::range(desk, range, at.down("range"));
        if doc.time.is_some() {
            let message = "`time` is one moment, `range` is many";
            desk.error("not_here", at.down("time").key_span(), message)
                .hint("remove one of them");
        }
    }
}

fn range(desk: &mut Desk<'_>, doc: &RangeDoc, at: At<'_>) {
    if doc.start.is_some() == doc.span().is_some() && !desk.is_unread(at) {
        let message = "a range needs exactly one of start and for";
        desk.error("missing_key", at.key_span(), message)
            .hint("for example `range: {for: 10m}`");
    }
    for (key, span) in [("for", doc.span()), ("step", doc.step())] {
        if let Some(span) = span {
            desk.positive(at.down(key), span);
        }
    }
}
