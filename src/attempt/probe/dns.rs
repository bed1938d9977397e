//! What a name server says of a name, now: nothing is remembered between looks.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{
    ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts,
};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};
use serde_json::json;

use super::super::call::{Answer, Context, Trouble};
use crate::workflow::{ProbeDoc, RecordWord};

/// For one of a few tries.
const TRY: Duration = Duration::from_secs(3);
const PORT: u16 = 53;

pub(super) async fn dns(
    name: &str,
    ask: &ProbeDoc,
    cx: &Context<'_, '_>,
) -> Result<Answer, Trouble> {
    let record = ask.record.unwrap_or(RecordWord::A);
    let resolver = resolver(ask.server.as_deref())?;
    let server = ask
        .server
        .as_deref()
        .unwrap_or("the name server of this machine");
    let asked = asked(name, record).map_err(Trouble::Failed)?;
    let kind = record_type(record);
    let (records, missing) = match resolver.lookup(asked, kind).await {
        Ok(found) => (found.answers().to_vec(), None),
        Err(NetError::Dns(DnsError::NoRecordsFound(none))) => {
            (Vec::new(), Some(none.response_code))
        }
        Err(NetError::Dns(DnsError::ResponseCode(code))) => {
            let why = format!("{server} cannot say what {name} is: {}", code.to_str());
            return Err(Trouble::Unreached(why));
        }
        Err(error) => {
            return Err(Trouble::Unreached(format!(
                "{server} does not answer: {error}"
            )));
        }
    };
    let of_kind = records.iter().filter(|r| r.record_type() == kind);
    let mut values: Vec<String> = of_kind.clone().map(text).collect();
    values.sort_unstable();
    let ttl = of_kind.map(|r| r.ttl).min();
    let nxdomain = missing == Some(ResponseCode::NXDomain);
    let word = record.word();
    let words = match (values.as_slice(), nxdomain) {
        ([], true) => format!("{name} does not exist (NXDOMAIN), says {server}"),
        ([], false) => format!("{name} has no {word} record, says {server}"),
        _ => format!(
            "{name} is {} (ttl {} s)",
            values.join(", "),
            ttl.unwrap_or_default()
        ),
    };
    cx.status(&words);
    cx.found(words.clone());
    if values.is_empty() && !cx.is_judged() {
        return Err(Trouble::Unreached(words));
    }
    Ok(Answer::from_iter([
        ("value".to_owned(), json!(values)),
        ("ttl".to_owned(), json!(ttl)),
        ("nxdomain".to_owned(), json!(nxdomain)),
    ]))
}

/// A whole name: no search list is tried, so that what is asked is what is written.
fn asked(name: &str, record: RecordWord) -> Result<Name, String> {
    if let (RecordWord::Ptr, Ok(ip)) = (record, name.parse::<IpAddr>()) {
        return Ok(Name::from(ip));
    }
    let mut parsed = Name::from_utf8(name).map_err(|e| format!("`{name}` is not a name: {e}"))?;
    parsed.set_fqdn(true);
    Ok(parsed)
}

fn resolver(server: Option<&str>) -> Result<TokioResolver, Trouble> {
    let failed = |e: NetError| Trouble::Failed(format!("no name server can be asked: {e}"));
    let mut builder = match server {
        None => TokioResolver::builder_tokio().map_err(failed)?,
        Some(server) => {
            let config = ResolverConfig::from_name_servers(vec![at(server)?]);
            TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
        }
    };
    let options: &mut ResolverOpts = builder.options_mut();
    options.cache_size = 0;
    options.use_hosts_file = ResolveHosts::Never;
    options.timeout = TRY;
    options.attempts = 2;
    builder.build().map_err(failed)
}

/// `IP` or `IP:PORT`.
fn at(server: &str) -> Result<NameServerConfig, Trouble> {
    let address = server.parse::<SocketAddr>();
    let address = address.or_else(|_| server.parse::<IpAddr>().map(|ip| (ip, PORT).into()));
    let wrong = |_| Trouble::Failed(format!("`{server}` is not the address of a name server"));
    let address = address.map_err(wrong)?;
    let mut connections = vec![ConnectionConfig::udp(), ConnectionConfig::tcp()];
    for connection in &mut connections {
        connection.port = address.port();
    }
    Ok(NameServerConfig::new(address.ip(), true, connections))
}

fn record_type(word: RecordWord) -> RecordType {
    match word {
        RecordWord::A => RecordType::A,
        RecordWord::Aaaa => RecordType::AAAA,
        RecordWord::Cname => RecordType::CNAME,
        RecordWord::Txt => RecordType::TXT,
        RecordWord::Mx => RecordType::MX,
        RecordWord::Srv => RecordType::SRV,
        RecordWord::Ns => RecordType::NS,
        RecordWord::Ptr => RecordType::PTR,
    }
}

/// As in a zone file, but names have no dot at their end and texts no quotes.
fn text(record: &Record) -> String {
    match &record.data {
        RData::TXT(text) => {
            let parts = text.txt_data.iter();
            parts.map(|part| String::from_utf8_lossy(part)).collect()
        }
        other => other.to_string().trim_end_matches('.').to_owned(),
    }
}
