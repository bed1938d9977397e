//! Which addresses may be connected to. Asked for every address that a name resolves to, right before the connection, so
//! that a name cannot change its mind between the check and the use. Behind a proxy it is the proxy that resolves names:
//! then only what the URL itself says is checked.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// The rules of one step.
#[derive(Clone, Debug)]
pub(in super::super) struct Guard {
    /// Host of the URL that the author wrote: loopback is fine if that is what it says.
    first: String,
    /// Hosts that the author allows whatever they are.
    allowed: Vec<String>,
}

/// An address or a URL that must not be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Forbidden(pub(super) String);

impl fmt::Display for Forbidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Forbidden {}

impl Guard {
    pub(in super::super) fn new(first: &Url, allowed: &[String]) -> Self {
        Self {
            first: bare(first.host_str().unwrap_or_default()),
            allowed: allowed.iter().map(|host| bare(host)).collect(),
        }
    }

    /// What can be said without resolving names: the scheme, and addresses written as such.
    pub(super) fn check_url(&self, url: &Url) -> Result<(), Forbidden> {
        if !matches!(url.scheme(), "http" | "https") {
            let scheme = url.scheme();
            return Err(Forbidden(format!(
                "only http and https are allowed, not `{scheme}`"
            )));
        }
        let host = bare(url.host_str().unwrap_or_default());
        match host.parse() {
            Ok(ip) => self.check(&host, ip),
            Err(_) => Ok(()),
        }
    }

    fn check(&self, host: &str, ip: IpAddr) -> Result<(), Forbidden> {
        if self.allowed.iter().any(|allowed| allowed == host) {
            return Ok(());
        }
        let real = embedded(ip);
        let kind = kind_of(real);
        let own_word = host == self.first && (host.parse::<IpAddr>().is_ok() || is_localhost(host));
        match kind {
            None => Ok(()),
            Some("a loopback") if own_word => Ok(()),
            Some(kind) => Err(Forbidden(format!(
                "{host} is {kind} address{}; add it to allow_hosts to permit it",
                if host.parse() == Ok(ip) {
                    String::new()
                } else {
                    format!(" ({ip})")
                }
            ))),
        }
    }
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = self.clone();
        Box::pin(async move {
            let host = bare(name.as_str());
            let mut refusal = None;
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0))
                .await?
                .filter(|address| match guard.check(&host, address.ip()) {
                    Ok(()) => true,
                    Err(why) => {
                        refusal = Some(why);
                        false
                    }
                })
                .collect();
            match refusal {
                Some(why) if found.is_empty() => Err(why.into()),
                _ => Ok(Box::new(found.into_iter()) as Addrs),
            }
        })
    }
}

/// Lower case, without the brackets of IPv6 and the dot of a full name.
fn bare(host: &str) -> String {
    let host = host.trim_start_matches('[').trim_end_matches([']', '.']);
    host.to_ascii_lowercase()
}

fn is_localhost(host: &str) -> bool {
    host == "localhost" || host.ends_with(".localhost")
}

/// The IPv4 address inside, if it is one in disguise.
fn embedded(ip: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = ip.to_canonical() else {
        return ip.to_canonical();
    };
    let inner = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        IpAddr::V4(Ipv4Addr::new(a, b, c, d))
    };
    match v6.segments() {
        // NAT64, 6to4, and the old "compatible" form (but not :: and ::1).
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => inner(high, low),
        [0, 0, 0, 0, 0, 0, high, low] if high != 0 => inner(high, low),
        _ => IpAddr::V6(v6),
    }
}

fn kind_of(ip: IpAddr) -> Option<&'static str> {
    const METADATA_V6: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254);
    const METADATA_V4: [Ipv4Addr; 2] = [
        Ipv4Addr::new(169, 254, 169, 254),
        Ipv4Addr::new(100, 100, 100, 200),
    ];
    match ip {
        IpAddr::V4(v4) if METADATA_V4.contains(&v4) => Some("a metadata"),
        IpAddr::V4(v4) if v4.is_link_local() => Some("a link-local"),
        IpAddr::V4(v4) if v4.is_loopback() => Some("a loopback"),
        IpAddr::V4(v4) if v4.octets()[0] == 0 => Some("an unspecified"),
        IpAddr::V4(v4) if v4.is_broadcast() || v4.is_multicast() => Some("a group"),
        IpAddr::V6(v6) if v6 == METADATA_V6 => Some("a metadata"),
        IpAddr::V6(v6) if v6.is_unicast_link_local() => Some("a link-local"),
        IpAddr::V6(v6) if v6.is_loopback() => Some("a loopback"),
        IpAddr::V6(v6) if v6.is_unspecified() => Some("an unspecified"),
        IpAddr::V6(v6) if v6.is_multicast() => Some("a group"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(first: &str, allowed: &[&str], url: &str) -> Result<(), String> {
        let allowed: Vec<String> = allowed.iter().map(|a| (*a).to_owned()).collect();
        let guard = Guard::new(&Url::parse(first).unwrap(), &allowed);
        guard.check_url(&Url::parse(url).unwrap()).map_err(|e| e.0)
    }

    #[test]
    fn disguised_addresses_are_seen() {
        for url in [
            "http://169.254.169.254/latest",
            "http://[::ffff:169.254.169.254]/",
            "http://[::169.254.169.254]/",
            "http://[64:ff9b::a9fe:a9fe]/",
            "http://[2002:a9fe:a9fe::1]/",
            "http://0xa9fea9fe/",
            "http://2852039166/",
            "http://[fd00:ec2::254]/",
            "http://[fe80::1]/",
            "http://169.254.1.1/",
            "http://100.100.100.200/",
            "http://0.0.0.0/",
            "http://0/",
            "http://[::]/",
            "http://255.255.255.255/",
            "http://224.0.0.1/",
            "ftp://example.com/",
            "file:///etc/passwd",
        ] {
            assert!(check(url, &[], url).is_err(), "{url}");
            assert!(check("https://example.com/", &[], url).is_err(), "{url}");
        }
    }

    #[test]
    fn loopback_only_by_the_authors_own_word() {
        for url in [
            "http://127.0.0.1:80/",
            "http://0x7f.1/",
            "http://[::1]/",
            "http://[::ffff:127.0.0.1]/",
        ] {
            assert_eq!(check(url, &[], url), Ok(()), "{url}");
            assert!(check("https://example.com/", &[], url).is_err(), "{url}");
        }
        assert_eq!(
            check("https://example.com/", &[], "http://127.0.0.1/").unwrap_err(),
            "127.0.0.1 is a loopback address; add it to allow_hosts to permit it"
        );
        let resolved = |first: &str, host: &str| {
            let guard = Guard::new(&Url::parse(first).unwrap(), &[]);
            guard.check(host, Ipv4Addr::LOCALHOST.into()).is_ok()
        };
        assert!(resolved("http://localhost:1/", "localhost"));
        assert!(!resolved("http://example.com/", "localhost"));
        assert!(!resolved("http://example.com/", "example.com"), "rebinding");
    }

    #[test]
    fn the_author_may_allow_and_the_rest_is_free() {
        let metadata = "http://169.254.169.254/";
        assert_eq!(check(metadata, &["169.254.169.254"], metadata), Ok(()));
        for url in [
            "https://example.com/",
            "http://10.0.0.1/",
            "http://[fd12::1]/",
        ] {
            assert_eq!(check(url, &[], url), Ok(()), "{url}");
        }
    }
}
