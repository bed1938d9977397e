//! A certificate: whether it is good, and for how long.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rustls::pki_types::ServerName;
use serde_json::{Value as Json, json};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use x509_cert::Certificate;
use x509_cert::der::Decode as _;
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;

use super::super::call::{Answer, Context, Trouble};
use super::super::tls::{self, Shown};
use super::tcp::connect;
use crate::time::{Timestamp, spoken_span};
use crate::workflow::{Count, ProbeDoc};

const DAY: i64 = 24 * 60 * 60;

pub(super) async fn tls(
    address: &str,
    ask: &ProbeDoc,
    limit: Duration,
    cx: &Context<'_, '_>,
) -> Result<Answer, Trouble> {
    let min_days = ask.min_days.as_ref().map(Count::value);
    let min_days = min_days.transpose().map_err(Trouble::Failed)?;
    let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let name = ask.server_name.as_deref().unwrap_or(host);
    let shown = Shown::default();
    let config = tls::verifying(ask.ca.as_deref(), shown.clone()).map_err(Trouble::Failed)?;
    let stream = connect(address, limit).await?;
    let talk = handshake(stream, name, config, limit).await;
    let certificate = shown.take().and_then(|der| Facts::read(&der));
    let stream = talk.map_err(|trouble| with_issuer(trouble, address, certificate.as_ref()))?;
    let Some(certificate) = certificate else {
        let why = format!("the certificate of {address} cannot be read");
        return Err(Trouble::Failed(why));
    };
    let protocol = stream.get_ref().1.protocol_version();
    let protocol = protocol
        .and_then(|version| version.as_str())
        .unwrap_or_default();
    let days = certificate.days_left();
    let words = format!(
        "certificate good for {days} days, until {}",
        certificate.not_after()
    );
    cx.status(&words);
    cx.found(words.clone());
    if let Some(least) = min_days.filter(|least| days < i64::try_from(*least).unwrap_or(i64::MAX)) {
        let why = format!(
            "the certificate of {address} expires on {}",
            certificate.not_after()
        );
        return Err(Trouble::Unreached(format!(
            "{why}, in {days} days; at least {least} are wanted"
        )));
    }
    cx.say(&format!(
        "{address}: {words}, for {}",
        certificate.names.join(", ")
    ));
    let value = certificate.value(protocol.trim_end());
    Ok(Answer::from_iter([("value".to_owned(), value)]))
}

/// Also for other probes that speak over TLS.
pub(super) async fn handshake(
    stream: TcpStream,
    name: &str,
    config: rustls::ClientConfig,
    limit: Duration,
) -> Result<TlsStream<TcpStream>, Trouble> {
    let server = ServerName::try_from(name.to_owned())
        .map_err(|_| Trouble::Failed(format!("`{name}` is not a name of a server")))?;
    let connector = TlsConnector::from(Arc::new(config));
    match timeout(limit, connector.connect(server, stream)).await {
        Ok(Ok(stream)) => Ok(stream),
        Ok(Err(error)) => Err(Trouble::Unreached(match tls::within(&error) {
            Some(error) => tls::reason(error),
            None => format!("it does not speak TLS ({error})"),
        })),
        Err(_) => Err(Trouble::Unreached(format!(
            "no TLS within {}",
            spoken_span(limit)
        ))),
    }
}

fn with_issuer(trouble: Trouble, address: &str, certificate: Option<&Facts>) -> Trouble {
    let Trouble::Unreached(why) = trouble else {
        return trouble;
    };
    let issuer = certificate.map(|c| format!(" (issued by {} for {})", c.issuer, c.subject));
    Trouble::Unreached(format!("{address}: {why}{}", issuer.unwrap_or_default()))
}

/// What a certificate says of itself.
struct Facts {
    subject: String,
    issuer: String,
    names: Vec<String>,
    /// Seconds since 1970.
    expires: i64,
}

impl Facts {
    fn read(der: &[u8]) -> Option<Self> {
        let certificate = Certificate::from_der(der).ok()?;
        let body = &certificate.tbs_certificate;
        let expires = body.validity.not_after.to_unix_duration().as_secs();
        let names = body.get::<SubjectAltName>().ok().flatten();
        let names = names.map(|(_, names)| names.0).unwrap_or_default();
        Some(Self {
            subject: body.subject.to_string(),
            issuer: body.issuer.to_string(),
            names: names.iter().filter_map(name).collect(),
            expires: i64::try_from(expires).ok()?,
        })
    }

    /// Whole days; negative when it is over.
    fn days_left(&self) -> i64 {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let now = i64::try_from(now.unwrap_or_default().as_secs()).unwrap_or(i64::MAX);
        (self.expires - now).div_euclid(DAY)
    }

    fn not_after(&self) -> String {
        Timestamp(self.expires.saturating_mul(1000))
            .rfc3339()
            .replace(".000Z", "Z")
    }

    fn value(&self, protocol: &str) -> Json {
        json!({
            "days_left": self.days_left(),
            "not_after": self.not_after(),
            "subject": self.subject,
            "issuer": self.issuer,
            "dns_names": self.names,
            "protocol": protocol.replace("TLSv1_", "TLS 1."),
        })
    }
}

fn name(name: &GeneralName) -> Option<String> {
    match name {
        GeneralName::DnsName(name) => Some(name.to_string()),
        GeneralName::IpAddress(octets) => {
            let bytes = octets.as_bytes();
            let v4 = <[u8; 4]>::try_from(bytes).map(std::net::IpAddr::from);
            let v6 = || <[u8; 16]>::try_from(bytes).map(std::net::IpAddr::from);
            v4.or_else(|_| v6()).ok().map(|ip| ip.to_string())
        }
        _ => None,
    }
}
