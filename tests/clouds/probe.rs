//! `probe` against real listeners.

use std::net::TcpListener;
use std::time::Duration;

use serde_json::Value as Json;

use crate::parties::certificates::Authority;
use crate::parties::dns::NameServer;
use crate::parties::postgres::{Pair, Server};
use crate::parties::prometheus::Prometheus;
use crate::parties::redis::redis;
use crate::parties::{free_port, serve};
use crate::run::{Outcome, run};
use crate::support::Place;

/// One step `look` with these keys of `probe`, in the flow form.
fn look(place: &Place, keys: &str) -> Outcome {
    run(
        place,
        &format!("name: look\nsteps:\n  - {{id: look, probe: {{{keys}}}}}\n"),
    )
}

fn met(place: &Place, keys: &str) -> Json {
    let outcome = look(place, keys);
    let end = outcome.ended("look");
    assert_eq!(
        end["outcome"], "succeeded",
        "{keys}: {end:#} {}",
        outcome.err
    );
    end["outputs"].clone()
}

/// The message of a step that has failed.
fn unmet(place: &Place, keys: &str) -> String {
    let outcome = look(place, keys);
    let end = outcome.ended("look");
    assert_eq!(end["outcome"], "failed", "{keys}: {end:#} {}", outcome.err);
    end["message"].as_str().expect("a text").to_owned()
}

#[test]
fn a_port_is_open_or_it_is_said_why_not() {
    let place = Place::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (open, shut) = (listener.local_addr().unwrap().port(), free_port());
    let text = format!(
        "name: ports\nsteps:\n  - {{id: open, probe: {{tcp: '127.0.0.1:{open}', expect: value}}}}\n  \
           - {{id: shut, probe: {{tcp: '127.0.0.1:{shut}', until: {{every: 50ms, timeout: 200ms}}}}}}\n"
    );
    let outcome = run(&place, &text);
    assert_eq!(outcome.code, 1, "{}", outcome.err);
    assert_eq!(outcome.ended("open")["outcome"], "succeeded");
    let shut_end = outcome.ended("shut");
    assert_eq!(shut_end["outcome"], "failed");
    let message = shut_end["message"].as_str().unwrap();
    assert!(message.starts_with("not met within 200ms ("), "{message}");
    assert!(
        message.ends_with(&format!(
            "cannot connect to 127.0.0.1:{shut}: Connection refused"
        )),
        "{message}"
    );
}

#[test]
fn it_waits_until_a_port_opens() {
    let place = Place::new();
    let port = free_port();
    let opener = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(300));
        serve(std::path::Path::new("."), port);
    });
    let text = format!(
        "name: ports\nsteps:\n  - {{id: wait, probe: {{tcp: '127.0.0.1:{port}', until: {{every: 50ms, timeout: 20s}}}}}}\n"
    );
    let outcome = run(&place, &text);
    assert_eq!(
        outcome.ended("wait")["outcome"],
        "succeeded",
        "{}",
        outcome.err
    );
    opener.join().unwrap();
}

#[test]
fn a_primary_and_its_standby_from_both_sides() {
    let (place, pair) = (Place::new(), Pair::start());
    let (primary, standby) = (pair.primary.url(), pair.standby.url());
    let there = met(
        &place,
        &format!("postgres: '{primary}', expect: value.primary"),
    );
    assert_eq!(
        there["value"]["standbys"][0]["state"], "streaming",
        "{there:#}"
    );
    assert_eq!(there["value"]["slots"][0]["name"], "s1");
    let caught_up = "until: {every: 50ms, timeout: 20s}, expect: 'value.lag_seconds == 0 and not value.primary'";
    let here = met(&place, &format!("postgres: '{standby}', {caught_up}"));
    assert_eq!(here["value"]["streaming"], true, "{here:#}");
    assert_eq!(here["value"]["in_recovery"], true);
    let version = here["value"]["version"].as_str().unwrap();
    assert!(
        pair.standby
            .psql("show server_version")
            .starts_with(version)
    );
    let text = unmet(
        &place,
        &format!("postgres: '{standby}', expect: value.primary"),
    );
    assert_eq!(
        text,
        "expected value.primary, got standby, lag 0 s (0 bytes)"
    );
}

/// A standby that does not replay falls behind; one that is cut off says so, and not that it has caught up.
#[test]
fn the_lag_of_a_standby_is_seen() {
    let (place, pair) = (Place::new(), Pair::start());
    let standby = pair.standby.url();
    pair.primary.psql("create table t (id int)");
    let caught_up = format!(
        "postgres: '{standby}', until: {{every: 50ms, timeout: 20s}}, expect: value.lag_seconds == 0"
    );
    met(&place, &caught_up);
    pair.standby.psql("select pg_wal_replay_pause()");
    pair.primary
        .psql("insert into t select generate_series(1, 1000)");
    let behind = "until: {every: 50ms, timeout: 20s}, expect: value.lag_bytes > 10000 and value.lag_seconds > 0";
    met(&place, &format!("postgres: '{standby}', {behind}"));
    pair.standby.psql("select pg_wal_replay_resume()");
    met(&place, &caught_up);
    pair.primary.crash();
    let text =
        "until: {every: 50ms, timeout: 20s}, expect: not value.streaming and value.lag_seconds > 0";
    met(&place, &format!("postgres: '{standby}', {text}"));
    let shut = pair.primary.url();
    let text = unmet(
        &place,
        &format!("postgres: '{shut}', expect: value.primary"),
    );
    let place = format!(
        "cannot ask the database at 127.0.0.1:{}: Connection refused",
        pair.primary.port
    );
    assert_eq!(text, place);
}

#[test]
fn a_primary_alone_has_no_lag_to_compare() {
    let (place, server) = (Place::new(), Server::start());
    let url = server.url();
    let text = unmet(
        &place,
        &format!("postgres: '{url}', expect: value.lag_seconds < 5"),
    );
    assert!(
        text.starts_with("cannot tell whether value.lag_seconds < 5: "),
        "{text}"
    );
    assert!(text.ends_with("(primary without a standby)"), "{text}");
}

#[test]
fn prometheus_is_asked_for_values_ranges_and_alerts() {
    let rules = "- {alert: AlwaysOn, expr: vector(1), for: 0s, labels: {severity: page}}\n- {alert: NotYet, expr: vector(1), for: 1h}\n";
    let (place, prometheus) = (Place::new(), Prometheus::start(rules, &[]));
    let ask = |keys: &str, rest: &str| {
        format!("prometheus: {{url: '{}', {keys}}}{rest}", prometheus.url())
    };
    let soon = ", until: {every: 100ms, timeout: 40s}";
    let up = met(
        &place,
        &ask("query: 'sum(up)'", &format!("{soon}, expect: value == 2")),
    );
    assert_eq!(up["series"][0]["value"], 2);
    let both = met(&place, &ask("query: up", ", expect: 'not no_data'"));
    let jobs: Vec<&Json> = both["series"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| &s["labels"]["job"])
        .collect();
    assert!(
        jobs.contains(&&Json::from("node")) && both["value"].is_null(),
        "{both:#}"
    );
    let range = met(
        &place,
        &ask(
            "query: 'up{job=\"node\"}', range: {for: 1m, step: 1s}",
            &format!("{soon}, expect: 'series[0].values | length > 2'"),
        ),
    );
    assert_eq!(range["value"], 1, "the last of them");
    let alerts = met(
        &place,
        &ask(
            "alerts: true",
            &format!("{soon}, expect: 'value == 1 and alerts | length == 2'"),
        ),
    );
    let named = |name: &str| {
        alerts["alerts"]
            .as_array()
            .unwrap()
            .iter()
            .find(|a| a["name"] == name)
            .unwrap()
            .clone()
    };
    assert_eq!(named("AlwaysOn")["state"], "firing");
    assert_eq!(named("AlwaysOn")["labels"]["severity"], "page");
    assert_eq!(named("NotYet")["state"], "pending");
    let text = unmet(&place, &ask("query: '0.31'", ", expect: value < 0.2"));
    assert_eq!(text, "expected value < 0.2, got value 0.31");
    let text = unmet(
        &place,
        &ask("query: 'sum(upp) / 0'", ", expect: value < 0.2"),
    );
    assert!(
        text.starts_with("cannot tell whether value < 0.2") && text.contains("no data"),
        "{text}"
    );
    assert_eq!(
        met(&place, &ask("query: upp", ", expect: no_data"))["value"],
        Json::Null
    );
    let text = unmet(
        &place,
        &ask(
            "query: 'sum('",
            ", until: {every: 1s, timeout: 30s}, expect: value > 0",
        ),
    );
    assert!(
        text.starts_with("Prometheus refuses the query: ") && text.contains("parse error"),
        "{text}"
    );
}

#[test]
fn a_certificate_is_good_or_it_is_said_why_not() {
    let (place, authority) = (Place::new(), Authority::new());
    let names = "DNS:localhost,IP:127.0.0.1";
    let ca = format!("ca: '{}'", authority.ca());
    let good = authority.sign("good", names, "20460101000000Z").serve();
    let value = met(
        &place,
        &format!("tls: 'localhost:{good}', {ca}, min_days: 14, expect: value.days_left > 14"),
    );
    let value = &value["value"];
    assert_eq!(value["not_after"], "2046-01-01T00:00:00Z");
    assert_eq!(value["subject"], "CN=good");
    assert_eq!(value["issuer"], "CN=Authority of the tests");
    assert_eq!(
        value["dns_names"],
        serde_json::json!(["localhost", "127.0.0.1"])
    );
    assert_eq!(value["protocol"], "TLS 1.3");
    let old = authority.sign("old", names, "20261101000000Z").serve();
    for (keys, expected) in [
        (
            format!("tls: 'localhost:{good}'"),
            "its certificate is signed by nobody whom this machine trusts",
        ),
        (
            format!("tls: '127.0.0.1:{good}', {ca}, server_name: shop.test"),
            "its certificate is for localhost, 127.0.0.1, not for shop.test",
        ),
        (
            format!("tls: 'localhost:{old}', {ca}"),
            "its certificate expired on 2026-11-01T00:00:00Z",
        ),
        (
            format!("tls: 'localhost:{good}', {ca}, min_days: 100000"),
            "expires on 2046-01-01T00:00:00Z, in ",
        ),
    ] {
        let text = unmet(&place, &keys);
        assert!(text.contains(expected), "{keys}: {text}");
    }
    let plain = redis(&[]);
    let text = unmet(
        &place,
        &format!("tls: 'localhost:{plain}', connect_timeout: 1s"),
    );
    assert!(text.contains("TLS"), "{text}");
}

#[test]
fn a_name_is_looked_up_anew_each_time() {
    let zone = "a IN A 10.0.0.1\na IN A 10.0.0.2\nsix IN AAAA fd00::1\nc IN CNAME a\nt IN TXT \"one \" \"two\"\n@ IN MX 10 mail\n_x._tcp IN SRV 1 2 443 a";
    let (place, server) = (Place::new(), NameServer::start(zone));
    let at = format!("server: '127.0.0.1:{}'", server.port);
    for (name, kind, expected) in [
        ("a.example.test", "A", vec!["10.0.0.1", "10.0.0.2"]),
        ("six.example.test", "AAAA", vec!["fd00::1"]),
        ("c.example.test", "CNAME", vec!["a.example.test"]),
        ("c.example.test", "A", vec!["10.0.0.1", "10.0.0.2"]),
        ("t.example.test", "TXT", vec!["one two"]),
        ("example.test", "MX", vec!["10 mail.example.test"]),
        (
            "_x._tcp.example.test",
            "SRV",
            vec!["1 2 443 a.example.test"],
        ),
        ("example.test", "NS", vec!["ns.example.test"]),
    ] {
        let found = met(&place, &format!("dns: {name}, type: {kind}, {at}"));
        assert_eq!(found["value"], serde_json::json!(expected), "{name} {kind}");
        assert_eq!(found["ttl"], 7);
    }
    let text = unmet(&place, &format!("dns: nowhere.example.test, {at}"));
    assert_eq!(
        text,
        format!(
            "nowhere.example.test does not exist (NXDOMAIN), says 127.0.0.1:{}",
            server.port
        )
    );
    let text = unmet(&place, &format!("dns: six.example.test, {at}"));
    assert!(
        text.starts_with("six.example.test has no A record"),
        "{text}"
    );
    let gone = met(
        &place,
        &format!("dns: nowhere.example.test, {at}, expect: 'value == [] and nxdomain'"),
    );
    assert_eq!(gone["nxdomain"], true);
    let text = unmet(&place, &format!("dns: a.other.test, {at}"));
    assert!(text.contains("cannot say what a.other.test is: "), "{text}");
    // The shift of a name is seen although its time to live has not passed.
    let shift = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(300));
        server.update("update delete a.example.test A\nupdate add a.example.test 600 A 10.0.0.9");
        server
    });
    let shifted = "until: {every: 50ms, timeout: 5s}";
    let found = met(
        &place,
        &format!("dns: a.example.test, {at}, expect: \"'10.0.0.9' in value\", {shifted}"),
    );
    assert_eq!(
        (&found["value"], &found["ttl"]),
        (&serde_json::json!(["10.0.0.9"]), &600.into())
    );
    drop(shift.join().unwrap());
}

#[test]
fn redis_says_what_it_is() {
    let (place, master) = (Place::new(), redis(&[]));
    let replica = redis(&["--replicaof", "127.0.0.1", &master.to_string()]);
    let soon = "until: {every: 100ms, timeout: 20s}";
    let from = met(
        &place,
        &format!(
            "redis: '127.0.0.1:{master}', {soon}, expect: value.connected_replicas == 1 and value.lag <= 1"
        ),
    );
    assert_eq!(from["value"]["role"], "master");
    let to = met(
        &place,
        &format!("redis: '127.0.0.1:{replica}', {soon}, expect: value.link_up"),
    );
    assert_eq!(to["value"]["role"], "replica");
    let text = unmet(
        &place,
        &format!("redis: '127.0.0.1:{master}', expect: value.role == 'replica'"),
    );
    assert!(
        text.starts_with("expected value.role == 'replica', got master, 1 replica"),
        "{text}"
    );
    let locked = redis(&["--requirepass", "open-sesame"]);
    let text = unmet(&place, &format!("redis: '127.0.0.1:{locked}'"));
    assert!(text.starts_with("Redis refuses: NOAUTH"), "{text}");
    met(
        &place,
        &format!(
            "redis: {{address: '127.0.0.1:{locked}', password: open-sesame}}, expect: not value.loading"
        ),
    );
}
