//! `sql` against real PostgreSQL servers. What came of it is read back by psql.

use serde_json::json;

use crate::parties::certificates::Authority;
use crate::parties::cut::{Cut, Link};
use crate::parties::postgres::{Pair, Server};
use crate::parties::until;
use crate::run::{Outcome, run, run_with};
use crate::support::Place;

fn one(place: &Place, url: &str, keys: &str) -> Outcome {
    let text = format!("name: db\nsteps:\n  - id: ask\n    sql:\n      url: {url}\n{keys}");
    run(place, &text)
}

fn message(outcome: &Outcome) -> String {
    outcome.ended("ask")["message"]
        .as_str()
        .unwrap_or_default()
        .to_owned()
}

#[test]
fn values_are_typed_by_the_server_and_rows_come_back_as_values() {
    let (place, server) = (Place::new(), Server::start());
    let outcome = one(
        &place,
        &server.url(),
        r#"      read_only: true
      query: |
        select $1::int + 1 as n, $2::text as t, $3::jsonb -> 'a' as j, $4::text[] as l, $5::timestamptz as at, $6::numeric as d,
          $7::bool as b, null::int as nothing, 1e300::float8 as f, '-0.00120'::numeric as small, 12345678901234567890.5::numeric as big,
          '2026-02-28'::date as day, '{1,2}'::int[] as i, 'b0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid as u, '\x00ff'::bytea as raw,
          current_setting('application_name') as who
      params: [41, "'); drop table x; --", {a: [1, null]}, ["a b", 'q"\'], "2026-11-24T10:00:00+01:00", "10.50", true]
      expect: "rows[0].n == 42 and rows[0].l[0] == 'a b'"
"#,
    );
    let end = outcome.ended("ask");
    assert_eq!(end["outcome"], "succeeded", "{end:#} {}", outcome.err);
    let row = &end["outputs"]["rows"][0];
    let who = row["who"].as_str().unwrap();
    assert!(
        who.starts_with("flightdeck ") && who.ends_with("/ask"),
        "{who}"
    );
    let mut rest = row.as_object().unwrap().clone();
    rest.remove("who");
    assert_eq!(
        json!(rest),
        json!({
            "n": 42, "t": "'); drop table x; --", "j": [1, null], "l": ["a b", "q\"\\"], "at": "2026-11-24T09:00:00Z",
            "d": 10.5, "b": true, "nothing": null, "f": 1e300, "small": -0.0012, "big": "12345678901234567890.5",
            "day": "2026-02-28", "i": [1, 2], "u": "b0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "raw": "\\x00ff"
        })
    );
    assert_eq!(end["outputs"]["count"], 1);
}

#[test]
fn several_statements_are_one_transaction() {
    let (place, server) = (Place::new(), Server::start());
    server.psql("create table t (id int primary key)");
    let outcome = one(
        &place,
        &server.url(),
        "      statements:\n        - insert into t values (1), (2)\n        - {query: 'delete from t where id = $1', params: [1]}\n",
    );
    assert_eq!(
        outcome.ended("ask")["outputs"]["counts"],
        json!([2, 1]),
        "{}",
        outcome.err
    );
    assert_eq!(server.psql("select id from t"), "2");
    let outcome = one(
        &place,
        &server.url(),
        "      statements:\n        - insert into t values (3)\n        - insert into t values (2)\n",
    );
    assert_eq!(outcome.ended("ask")["outcome"], "failed");
    let text = message(&outcome);
    assert!(
        text.contains("statement 2: duplicate key")
            && text.contains("SQLSTATE 23505")
            && text.contains("Key (id)=(2)"),
        "{text}"
    );
    assert_eq!(
        server.psql("select id from t"),
        "2",
        "the first was rolled back"
    );
}

#[test]
fn what_is_wrong_is_said_in_the_servers_own_words() {
    let (place, server) = (Place::new(), Server::start());
    let url = server.url();
    let app = format!(
        "postgresql://app:not-the-password@127.0.0.1:{}/app",
        server.port
    );
    let nobody = format!("postgresql://postgres@127.0.0.1:{}/nowhere", server.port);
    for (url, keys, expected) in [
        (
            &url,
            "query: selec 1",
            "syntax error at or near \"selec\" (SQLSTATE 42601); at: selec 1",
        ),
        (
            &url,
            "query: select 1; select 2",
            "cannot insert multiple commands into a prepared statement",
        ),
        (
            &url,
            "query: vacuum",
            "VACUUM cannot run inside a transaction block (SQLSTATE 25001); write `transaction: false`",
        ),
        (
            &url,
            "{query: create table x (a int), read_only: true",
            "cannot execute CREATE TABLE in a read-only transaction",
        ),
        (
            &url,
            "query: select '1 d'::interval as i",
            "column `i`: values of type interval cannot be shown; write it with ::text",
        ),
        (
            &url,
            "{query: 'select $1::int', params: [x]",
            "invalid input syntax for type integer: \"x\"",
        ),
        (
            &app,
            "query: select 1",
            "password authentication failed for user \"app\" (SQLSTATE 28P01)",
        ),
        (
            &nobody,
            "query: select 1",
            "database \"nowhere\" does not exist",
        ),
    ] {
        let keys = keys.trim_start_matches('{').replace(", ", "\n      ");
        let outcome = one(&place, url, &format!("      {keys}\n"));
        let text = message(&outcome);
        assert_eq!(
            outcome.ended("ask")["outcome"],
            "failed",
            "{keys} {}",
            outcome.err
        );
        assert!(text.contains(expected), "{keys}: {text}");
        assert!(!text.contains("not-the-password"), "{text}");
    }
    let outcome = one(
        &place,
        &url,
        "      query: vacuum\n      transaction: false\n",
    );
    assert_eq!(
        outcome.ended("ask")["outcome"],
        "succeeded",
        "{}",
        outcome.err
    );
}

#[test]
fn many_rows_are_counted_and_not_all_kept() {
    let (place, server) = (Place::new(), Server::start());
    let keys = "      query: select n, repeat('x', 20) as x from generate_series(1, 5000) n\n      read_only: true\n";
    let outcome = one(&place, &server.url(), keys);
    let outputs = &outcome.ended("ask")["outputs"];
    assert_eq!(outputs["count"], 5000);
    assert_eq!(outputs["truncated"], true);
    let kept = outputs["rows"].as_array().unwrap().len();
    assert!((100..=1000).contains(&kept), "{kept}");
}

#[test]
fn a_secret_url_reaches_the_server_and_nothing_else() {
    let (place, server) = (Place::new(), Server::start());
    let url = format!(
        "postgresql://app:app-password@127.0.0.1:{}/app",
        server.port
    );
    let text = "name: db\nsecrets: {db: {env: DB_URL}}\nsteps:\n  - id: ask\n    sql: {url: \"${{ secrets.db }}\", query: \"select current_user::text as me, $1::text as u\", params: [\"${{ secrets.db }}\"], expect: \"rows[0].me == 'app'\"}\n";
    let outcome = run_with(&place, text, &[], |command| {
        command.env("DB_URL", &url);
    });
    let end = outcome.ended("ask");
    assert_eq!(end["outcome"], "succeeded", "{end:#} {}", outcome.err);
    assert_eq!(end["outputs"]["rows"][0]["u"], "***");
    let found = std::process::Command::new("grep")
        .args(["-rl", "app-password"])
        .arg(place.state())
        .output();
    assert_eq!(String::from_utf8_lossy(&found.unwrap().stdout), "");
}

/// The cut goes through the secret: not even its beginning stays.
#[test]
fn a_long_answer_is_cut_without_leaving_a_piece_of_a_secret() {
    let (place, server) = (Place::new(), Server::start());
    let text = format!(
        "name: db\nsecrets: {{token: {{env: TOKEN}}}}\nsteps:\n  - id: ask\n    sql: {{url: {}, read_only: true, query: \"select repeat('x', 65520) || $1 as t\", params: [\"${{{{ secrets.token }}}}\"]}}\n",
        server.url()
    );
    let outcome = run_with(&place, &text, &[], |command| {
        command.env("TOKEN", "tok-9f8e7d6c5b4a39281706");
    });
    let end = outcome.ended("ask");
    assert_eq!(end["outcome"], "succeeded", "{end:#} {}", outcome.err);
    let rows = end["outputs"]["rows"].as_str().expect("cut, so a text");
    assert!(rows.len() > 65_000, "{}", rows.len());
    assert!(rows.ends_with("x***"), "{}", &rows[rows.len() - 30..]);
}

/// A link that is cut at COMMIT: what the server did is found out, and said.
#[test]
fn a_cut_commit_is_settled_by_asking_for_the_transaction() {
    let (place, server) = (Place::new(), Server::start());
    server.psql("create table t (id int)");
    let ask = |link: &Link, id: u32| {
        let url = format!("postgresql://postgres@127.0.0.1:{}/postgres", link.port);
        let outcome = one(
            &place,
            &url,
            &format!("      query: insert into t values ({id})\n"),
        );
        assert!(link.was_cut());
        outcome
    };
    let outcome = ask(&Link::to(server.port, "COMMIT", Cut::After, false), 1);
    assert_eq!(
        outcome.ended("ask")["outcome"],
        "succeeded",
        "{}",
        message(&outcome)
    );
    assert_eq!(server.psql("select id from t"), "1");

    let outcome = ask(&Link::to(server.port, "COMMIT", Cut::Before, false), 2);
    assert_eq!(outcome.ended("ask")["outcome"], "failed");
    let text = message(&outcome);
    assert!(text.contains("was rolled back, says the server"), "{text}");
    assert_eq!(server.psql("select id from t"), "1");

    let outcome = ask(&Link::to(server.port, "insert into", Cut::Before, false), 3);
    assert_eq!(outcome.ended("ask")["outcome"], "failed");
    let text = message(&outcome);
    assert!(
        text.contains("before COMMIT: nothing was changed"),
        "{text}"
    );
    assert_eq!(server.psql("select id from t"), "1");
}

#[test]
fn a_cut_commit_with_nobody_to_ask_is_unknown() {
    let (place, server) = (Place::new(), Server::start());
    server.psql("create table t (id int)");
    let link = Link::to(server.port, "COMMIT", Cut::After, true);
    let url = format!("postgresql://postgres@127.0.0.1:{}/postgres", link.port);
    let outcome = one(&place, &url, "      query: insert into t values (1)\n");
    assert!(link.was_cut());
    assert_eq!(
        outcome.ended("ask")["outcome"],
        "unknown",
        "{}",
        outcome.err
    );
    let text = message(&outcome);
    let number = text
        .split("select txid_status(")
        .nth(1)
        .and_then(|rest| rest.split(')').next());
    let status = server.psql(&format!("select txid_status({})", number.unwrap()));
    assert_eq!(
        status, "committed",
        "the message says how to find out: {text}"
    );
}

#[test]
fn a_statement_that_takes_too_long_is_stopped_at_the_server() {
    let (place, server) = (Place::new(), Server::start());
    server.psql("create table t (id int)");
    let text = format!(
        "name: db\nsteps:\n  - {{id: ask, timeout: 1s, sql: {{url: {}, query: \"insert into t select 1 from pg_sleep(60)\"}}}}\n",
        server.url()
    );
    let outcome = run(&place, &text);
    let end = outcome.ended("ask");
    assert_eq!(end["outcome"], "timed_out", "{end:#}");
    assert_eq!(
        end["message"],
        "timed out after 1s; the server stopped it, nothing was changed"
    );
    let busy = "select count(*) from pg_stat_activity where application_name like 'flightdeck%'";
    until("the server is idle again", || server.psql(busy) == "0");
    assert_eq!(server.psql("select count(*) from t"), "0");
}

/// Nobody who was killed can say what became of it: that is said, and the state is the server's.
#[test]
fn killed_in_the_middle_it_is_unknown_after_resume() {
    let (place, server) = (Place::new(), Server::start());
    server.psql("create table t (id int)");
    let text = format!(
        "name: db\nsteps:\n  - {{id: ask, sql: {{url: {}, query: \"insert into t select 1 from pg_sleep(60)\"}}}}\n",
        server.url()
    );
    place.write("w.yaml", &text);
    let mut engine = place
        .command(&["run", "w.yaml", "--headless", "--json", "--id", "killed"])
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let asks = "select count(*) from pg_stat_activity where query like 'insert into t%' and state = 'active'";
    until("the statement runs", || server.psql(asks) == "1");
    let id = engine.id().to_string();
    let children = std::process::Command::new("pgrep")
        .args(["-P", &id])
        .output()
        .unwrap();
    let children = String::from_utf8(children.stdout).unwrap();
    // The engine first, or it would write down what it saw.
    for pid in std::iter::once(id.as_str()).chain(children.split_whitespace()) {
        let killed = std::process::Command::new("kill")
            .args(["-9", pid])
            .status();
        assert!(killed.unwrap().success());
    }
    engine.wait().unwrap();
    let output = place
        .command(&["resume", "killed", "--headless", "--json"])
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("\"unknown\""), "{said}");
    // The server sleeps on; it would see at the end that nobody is there any more, and roll back.
    server.psql(
        "select pg_terminate_backend(pid) from pg_stat_activity where query like 'insert into t%'",
    );
    until("the server has stopped it", || server.psql(asks) == "0");
    assert_eq!(server.psql("select count(*) from t"), "0");
}

#[test]
fn a_standby_is_promoted_once() {
    let (place, pair) = (Place::new(), Pair::start());
    pair.primary.psql("create table t (id int)");
    pair.primary.crash();
    let keys = "      promote: {wait: 30s}\n      expect: value.primary\n";
    let outcome = one(&place, &pair.standby.url(), keys);
    let end = outcome.ended("ask");
    assert_eq!(end["outcome"], "succeeded", "{end:#} {}", outcome.err);
    assert_eq!(end["outputs"]["value"]["already"], false);
    assert_eq!(pair.standby.psql("select pg_is_in_recovery()"), "f");
    pair.standby.psql("insert into t values (1)");
    let again = one(&place, &pair.standby.url(), keys);
    assert_eq!(again.ended("ask")["outputs"]["value"]["already"], true);
    assert_eq!(
        pair.standby
            .psql("select left(pg_walfile_name(pg_current_wal_lsn()), 8)"),
        "00000002",
        "promoted once"
    );
}

#[test]
fn who_asks_a_standby_to_change_something_is_told_where_to_ask() {
    let (place, pair) = (Place::new(), Pair::start());
    let outcome = one(&place, &pair.standby.url(), "      query: select 1\n");
    assert_eq!(outcome.ended("ask")["outcome"], "failed");
    let told = message(&outcome);
    assert!(
        told.contains("ask the primary, or write `read_only: true`"),
        "{told}"
    );
}

/// A retry would do it again, so nothing that was done is simply called failed.
#[test]
fn what_was_done_and_is_not_as_expected_is_told_as_done() {
    let (place, server) = (Place::new(), Server::start());
    server.psql("create table t (id int)");
    let url = server.url();
    let insert = "insert into t values (1), (2)";
    let keys = format!("      query: {insert}\n      expect: count == 1\n");
    let outcome = one(&place, &url, &keys);
    assert_eq!(outcome.ended("ask")["outcome"], "failed");
    let told = message(&outcome);
    assert!(
        told.starts_with("it was done, but expected count == 1, got"),
        "{told}"
    );
    assert_eq!(server.psql("select count(*) from t"), "2");

    let shown = format!("      query: {insert} returning point(1, 2)\n");
    let outcome = one(&place, &url, &shown);
    assert_eq!(
        outcome.ended("ask")["outcome"],
        "failed",
        "it was rolled back"
    );
    assert_eq!(server.psql("select count(*) from t"), "2");
    let outcome = one(&place, &url, &format!("{shown}      transaction: false\n"));
    assert_eq!(outcome.ended("ask")["outcome"], "unknown");
    let told = message(&outcome);
    assert!(
        told.starts_with("it was done, but column `point`"),
        "{told}"
    );
    assert_eq!(server.psql("select count(*) from t"), "4");
}

#[test]
fn without_a_transaction_a_stopped_statement_may_have_left_a_part() {
    let (place, server) = (Place::new(), Server::start());
    let text = format!(
        "name: db\nsteps:\n  - {{id: ask, timeout: 1s, sql: {{url: {}, transaction: false, query: \"select pg_sleep(60)\"}}}}\n",
        server.url()
    );
    let outcome = run(&place, &text);
    assert_eq!(outcome.ended("ask")["outcome"], "unknown");
    let told = message(&outcome);
    assert!(
        told.contains("without a transaction, a part of it may stay"),
        "{told}"
    );
}

#[test]
fn until_asks_again_until_the_rows_are_there() {
    let (place, server) = (Place::new(), Server::start());
    server.psql("create table t (id int)");
    let url = server.url();
    let writer = std::thread::spawn(move || {
        let asked =
            "select count(*) from pg_stat_activity where application_name like 'flightdeck%'";
        until("it was asked", || server.psql(asked) != "0");
        server.psql("insert into t values (1)");
        server
    });
    let keys = "      query: select count(*) as n from t\n      read_only: true\n      expect: rows[0].n == 1\n      until: {every: 20ms, timeout: 20s}\n";
    let outcome = one(&place, &url, keys);
    assert_eq!(
        outcome.ended("ask")["outcome"],
        "succeeded",
        "{}",
        message(&outcome)
    );
    drop(writer.join().unwrap());
    assert!(outcome.events.len() > 3);
}

/// Who answers is known, or it is said why not; and nothing is asked of a stranger.
#[test]
fn a_database_over_tls_must_be_who_it_says() {
    let (place, server, authority) = (Place::new(), Server::start(), Authority::new());
    let ca = authority.ca();
    let far = "20460101000000Z";
    let ask = |tls: &str| {
        let text = format!(
            "name: db\nsteps:\n  - id: ask\n    sql: {{host: 127.0.0.1, port: {}, user: postgres, {tls}, read_only: true, query: \"select ssl from pg_stat_ssl where pid = pg_backend_pid()\"}}\n",
            server.port
        );
        run(&place, &text)
    };
    let verify = format!("tls: verify, ca: '{ca}'");
    let text = message(&ask(&verify));
    assert!(text.contains("server does not support TLS"), "{text}");
    server.speak_tls(&authority.sign("good", "IP:127.0.0.1", far));
    let over = |outcome: &Outcome| outcome.ended("ask")["outputs"]["rows"][0]["ssl"].clone();
    let outcome = ask(&verify);
    assert_eq!(over(&outcome), true, "{}", message(&outcome));
    assert_eq!(over(&ask("tls: require")), true);
    assert_eq!(over(&ask("tls: off")), false);
    let text = message(&ask("tls: verify"));
    assert!(
        text.contains("TLS: its certificate is signed by nobody whom this machine trusts"),
        "{text}"
    );
    server.speak_tls(&authority.sign("old", "IP:127.0.0.1", "20261101000000Z"));
    let text = message(&ask(&verify));
    assert!(
        text.contains("TLS: its certificate expired on 2026-11-01T00:00:00Z"),
        "{text}"
    );
    server.speak_tls(&authority.sign("other", "DNS:other.test", far));
    let text = message(&ask(&verify));
    assert!(
        text.contains("TLS: its certificate is for other.test, not for 127.0.0.1"),
        "{text}"
    );
}
