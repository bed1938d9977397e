//! Where a database is, and how to connect to it.

use std::net::IpAddr;
use std::time::Duration;

use rustls::ClientConfig;
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};

use super::super::tls::{self, Shown};
use crate::workflow::{DatabaseDoc, TlsWord};

const CONNECT: Duration = Duration::from_secs(10);
/// A link that says nothing for so long is asked whether it still stands.
const IDLE: Duration = Duration::from_secs(30);
const AGAIN: Duration = Duration::from_secs(10);

/// Ready to be connected to, as often as needed.
#[derive(Clone)]
pub(in super::super) struct Target {
    pub(super) config: Config,
    pub(super) tls: ClientConfig,
}

impl Target {
    /// `name` is what the server lists the session by. `Err` says what cannot be, without the password.
    pub(in super::super) fn new(doc: &DatabaseDoc, name: &str) -> Result<Self, String> {
        let (mut config, by_url) = match &doc.url {
            Some(url) => from_url(url)?,
            None => (by_parts(doc)?, Said::default()),
        };
        if let Some(password) = &doc.password {
            config.password(password);
        }
        if config.get_user().is_none() {
            return Err("it is not said as whom to ask: add `user`".to_owned());
        }
        let near = config.get_hosts().iter().all(is_near);
        let (mode, verify) = match (doc.tls, by_url.tls) {
            (Some(TlsWord::Off), _) => (SslMode::Disable, false),
            (Some(TlsWord::Require), _) => (SslMode::Require, false),
            (None, Some((mode, verify))) => (mode, verify),
            (None, None) if near => (SslMode::Disable, false),
            (Some(TlsWord::Verify) | None, _) => (SslMode::Require, true),
        };
        let ca = doc.ca.as_deref().or(by_url.ca.as_deref());
        let tls = if verify {
            tls::verifying(ca, Shown::default())?
        } else {
            tls::unverified()?
        };
        config
            .ssl_mode(mode)
            .application_name(name)
            .connect_timeout(doc.connect_timeout().unwrap_or(CONNECT))
            .keepalives_idle(IDLE)
            .keepalives_interval(AGAIN)
            .keepalives_retries(3)
            .tcp_user_timeout(IDLE + AGAIN * 3);
        Ok(Self { config, tls })
    }

    /// `host:port`, for messages.
    pub(in super::super) fn place(&self) -> String {
        let hosts = self.config.get_hosts().iter().enumerate();
        let ports = self.config.get_ports();
        let places = hosts.map(|(n, host)| {
            let port = ports.get(n).or(ports.first()).copied().unwrap_or(5432);
            match host {
                Host::Tcp(name) => format!("{name}:{port}"),
                Host::Unix(folder) => format!("{} (port {port})", folder.display()),
            }
        });
        places.collect::<Vec<_>>().join(", ")
    }
}

fn by_parts(doc: &DatabaseDoc) -> Result<Config, String> {
    let mut config = Config::new();
    let host = doc.host.as_deref().unwrap_or_default();
    if host.is_empty() {
        return Err("it is not said where the database is".to_owned());
    }
    config.host(host);
    if let Some(port) = &doc.port {
        let number = port.value()?;
        let number = u16::try_from(number).ok().filter(|n| *n > 0);
        config.port(number.ok_or("a port is from 1 to 65535")?);
    }
    if let Some(user) = &doc.user {
        config.user(user);
    }
    if let Some(database) = &doc.database {
        config.dbname(database);
    }
    Ok(config)
}

/// What a URL says of TLS in the words of libpq.
#[derive(Default)]
struct Said {
    tls: Option<(SslMode, bool)>,
    ca: Option<String>,
}

/// The library knows fewer words than libpq, so those about TLS are taken out before.
fn from_url(url: &str) -> Result<(Config, Said), String> {
    let mut said = Said::default();
    let (start, query) = url.split_once('?').unwrap_or((url, ""));
    let mut rest = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        match pair.split_once('=') {
            Some(("sslmode", mode)) => said.tls = Some(mode_of(mode)?),
            Some(("sslrootcert", "system")) => {}
            Some(("sslrootcert", file)) => said.ca = Some(file.replace("%2F", "/")),
            _ => rest.push(pair),
        }
    }
    let plain = format!("{start}?{}", rest.join("&"));
    // The error could quote the password.
    let config = plain.parse::<Config>().map_err(|_| {
        "its URL cannot be read; it looks like postgresql://USER:PASSWORD@HOST:5432/DATABASE, with %40 for an @ in the password"
            .to_owned()
    })?;
    Ok((config, said))
}

fn mode_of(word: &str) -> Result<(SslMode, bool), String> {
    Ok(match word {
        "disable" => (SslMode::Disable, false),
        "allow" | "prefer" => (SslMode::Prefer, false),
        "require" => (SslMode::Require, false),
        "verify-ca" | "verify-full" => (SslMode::Require, true),
        _ => return Err("the sslmode of its URL is not known".to_owned()),
    })
}

/// On this machine, so that nobody listens on the way.
fn is_near(host: &Host) -> bool {
    match host {
        Host::Unix(_) => true,
        Host::Tcp(name) => {
            name == "localhost" || name.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn by_url(url: &str) -> Result<Target, String> {
        let mut doc = DatabaseDoc::default();
        doc.url = Some(url.to_owned());
        Target::new(&doc, "test")
    }

    #[test]
    fn another_machine_is_verified_unless_said_otherwise() {
        let mode = |url: &str| by_url(url).unwrap().config.get_ssl_mode();
        assert_eq!(mode("postgresql://a@10.0.0.1/d"), SslMode::Require);
        assert_eq!(mode("postgresql://a@127.0.0.1/d"), SslMode::Disable);
        assert_eq!(
            mode("postgresql://a@x/d?sslmode=verify-full"),
            SslMode::Require
        );
        assert_eq!(mode("postgresql://a@x/d?sslmode=prefer"), SslMode::Prefer);
        assert_eq!(mode("postgresql://a@x/d?sslmode=disable"), SslMode::Disable);
    }

    #[test]
    fn no_message_quotes_a_password() {
        for url in [
            "postgresql://a:s3cret-pw@x:port/d",
            "postgresql://a:s3cret-pw@x/d?nonsense=1",
            "postgresql://a:s3cret-pw@x/d?sslmode=s3cret-pw",
        ] {
            let why = by_url(url).err().unwrap();
            assert!(!why.contains("s3cret-pw"), "{why}");
        }
    }

    #[test]
    fn its_place_names_host_and_port() {
        assert_eq!(by_url("postgresql://a@x:1/d").unwrap().place(), "x:1");
        assert_eq!(by_url("postgresql://a@x/d").unwrap().place(), "x:5432");
    }
}
