//! Web addresses and hosts.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::desk::{Desk, Role};
use crate::workflow::template::Template;
use crate::yaml::At;

pub(super) fn url(
    desk: &mut Desk<'_>,
    at: At<'_>,
    key: &str,
    said: Option<&str>,
    allow_hosts: &[String],
) -> Template {
    let Some(text) = said else {
        if !desk.is_unread(at) {
            let message = format!("the address is missing: `{key}`");
            desk.error("missing_key", at.key_span(), message)
                .hint(format!("add `{key}: https://...`"));
        }
        return Template::literal("");
    };
    let at = at.down(key);
    let url = desk.template(Role::Work, at, text);
    if url.constant_start().is_empty() && !url.is_constant() {
        return url;
    }
    if let Some(host) = web_address(desk, at, url.constant_start()) {
        // A host that goes on in an expression is not known here.
        let whole = url.is_constant() || url.constant_start().len() > host.end;
        let host = &url.constant_start()[host.start..host.end];
        if whole {
            check_host(desk, at, host, allow_hosts);
        }
    }
    url
}

/// Checks the beginning of a URL, and gives the place of its host.
pub(super) fn web_address(
    desk: &mut Desk<'_>,
    at: At<'_>,
    url: &str,
) -> Option<std::ops::Range<usize>> {
    let Some((scheme, rest)) = url.split_once("://") else {
        let message = format!("`{url}` is not a web address");
        desk.error("bad_url", at.span(), message)
            .hint("it begins with https:// or http://");
        return None;
    };
    if !matches!(scheme.to_ascii_lowercase().as_str(), "http" | "https") {
        let message = format!("only http and https addresses are allowed, not `{scheme}`");
        desk.error("bad_url", at.span(), message);
        return None;
    }
    let authority_end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let authority = &rest[..authority_end];
    let mut start = scheme.len() + 3;
    let mut host = authority;
    if let Some((user, after)) = authority.rsplit_once('@') {
        if user.contains(':') {
            desk.error("password_in_url", at.span(), "a password in an address is written to logs")
                .hint("put secrets in `secrets:` and use `auth: {user: ..., password: \"${{ secrets.name }}\"}`");
        }
        start += user.len() + 1;
        host = after;
    }
    let end = match host.strip_prefix('[') {
        Some(inner) => inner.find(']').map_or(host.len(), |n| n + 2),
        None => host.find(':').unwrap_or(host.len()),
    };
    Some(start..start + end)
}

fn is_host(host: &str) -> bool {
    let good = |c: char| c.is_alphanumeric() || "-._".contains(c);
    let name = host.trim_start_matches('[').trim_end_matches(']');
    let address = name.parse::<IpAddr>().is_ok();
    address
        || (!host.is_empty()
            && host.len() <= 253
            && !host.starts_with('-')
            && host.chars().all(good))
}

fn check_host(desk: &mut Desk<'_>, at: At<'_>, host: &str, allow_hosts: &[String]) {
    if !is_host(host) {
        let shown: String = host.chars().take(60).collect();
        desk.error(
            "bad_host",
            at.span(),
            format!("`{shown}` is not a host name"),
        );
        return;
    }
    let bare = host.trim_start_matches('[').trim_end_matches([']', '.']);
    let kind = match bare.parse::<IpAddr>() {
        Ok(ip) => special(ip),
        Err(_) if bare.eq_ignore_ascii_case("metadata.google.internal") => Some("a metadata"),
        Err(_) => None,
    };
    let Some(kind) = kind else { return };
    if !allow_hosts
        .iter()
        .any(|allowed| allowed.eq_ignore_ascii_case(bare))
    {
        let message = format!("{bare} is {kind} address");
        desk.error("special_address", at.span(), message)
            .hint(format!("to permit it, add `allow_hosts: [\"{bare}\"]`"));
    }
}

/// Addresses that give away secrets of the machine, or belong to no one.
fn special(ip: IpAddr) -> Option<&'static str> {
    let metadata = [
        IpAddr::V4(Ipv4Addr::new(169, 254, 169, 254)),
        IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200)),
        IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)),
    ];
    match ip.to_canonical() {
        ip if metadata.contains(&ip) => Some("a metadata"),
        IpAddr::V4(ip) if ip.is_link_local() => Some("a link-local"),
        IpAddr::V6(ip) if ip.is_unicast_link_local() => Some("a link-local"),
        _ => None,
    }
}

pub(super) fn allow_hosts(
    desk: &mut Desk<'_>,
    hosts: Option<&[String]>,
    at: At<'_>,
) -> Vec<String> {
    let hosts = hosts.unwrap_or_default();
    for (n, host) in hosts.iter().enumerate() {
        if !is_host(host) {
            let message = format!("`{host}` is not a host name");
            desk.error("bad_host", at.down("allow_hosts").nth(n).span(), message)
                .hint("a name or an address only, without scheme, port or path");
        }
    }
    hosts.to_vec()
}
