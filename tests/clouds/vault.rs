//! Secrets of Vault, read from a real OpenBao, which speaks Vault's API.

use std::process::Command;
use std::sync::LazyLock;

use crate::parties::aws::tool;
use crate::parties::{free_port, keep, until};
use crate::run::{Outcome, run_with};
use crate::support::Place;

const TOKEN: &str = "root-token-of-the-tests";

/// The address of the server. It has its store in version 2 at `secret`, and in version 1 at `old`.
fn vault() -> &'static str {
    static ADDRESS: LazyLock<String> = LazyLock::new(|| {
        let port = free_port();
        let mut command = Command::new(tool("bao"));
        command.args(["server", "-dev", "-dev-no-store-token"]);
        command.arg(format!("-dev-root-token-id={TOKEN}"));
        command.arg(format!("-dev-listen-address=127.0.0.1:{port}"));
        keep(&command);
        let address = format!("http://127.0.0.1:{port}");
        until("OpenBao is open", || bao(&address, &["status"]));
        assert!(bao(
            &address,
            &["secrets", "enable", "-path=old", "-version=1", "kv"]
        ));
        address
    });
    &ADDRESS
}

/// Its own command line; whether it succeeds.
fn bao(address: &str, args: &[&str]) -> bool {
    let mut command = Command::new(tool("bao"));
    command
        .args(args)
        .env("BAO_ADDR", address)
        .env("BAO_TOKEN", TOKEN);
    command.output().expect("it starts").status.success()
}

fn run(place: &Place, source: &str, expected: &str) -> Outcome {
    let text = format!(
        "name: v\nsecrets: {{pw: {{vault: {source}}}}}\nsteps:\n  - id: go\n    env: {{PW: '${{{{ secrets.pw }}}}'}}\n    run: 'echo \"$PW\"; test \"$PW\" = {expected}'\n"
    );
    run_with(place, &text, &[], |command| {
        command.env("VAULT_ADDR", vault()).env("VAULT_TOKEN", TOKEN);
    })
}

fn message(outcome: &Outcome) -> String {
    outcome.ended("go")["message"]
        .as_str()
        .unwrap_or_default()
        .to_owned()
}

#[test]
fn both_versions_of_the_store_are_read_at_each_attempt() {
    let place = Place::new();
    assert!(bao(
        vault(),
        &[
            "kv",
            "put",
            "-mount=secret",
            "db",
            "password=first-password",
            "user=shop"
        ]
    ));
    assert!(bao(
        vault(),
        &["kv", "put", "-mount=old", "db", "password=older-password"]
    ));
    let outcome = run(
        &place,
        "{path: secret/data/db, field: password}",
        "first-password",
    );
    assert_eq!(outcome.code, 0, "{}", message(&outcome));
    let log = place.run(&["logs", "last", "go"]);
    assert!(
        log.out.contains("***") && !log.out.contains("first-password"),
        "{}",
        log.out
    );
    assert!(bao(
        vault(),
        &[
            "kv",
            "put",
            "-mount=secret",
            "db",
            "password=second-password"
        ]
    ));
    let outcome = run(
        &place,
        "{path: secret/data/db, field: password}",
        "second-password",
    );
    assert_eq!(outcome.code, 0, "{}", message(&outcome));
    let outcome = run(&place, "{path: old/db, field: password}", "older-password");
    assert_eq!(outcome.code, 0, "{}", message(&outcome));
}

#[test]
fn what_is_wrong_with_it_is_said() {
    let place = Place::new();
    assert!(bao(
        vault(),
        &[
            "kv",
            "put",
            "-mount=secret",
            "wrong",
            "password=some-password"
        ]
    ));
    place.write("large", &"x".repeat((64 << 10) + 1));
    let large = format!("password=@{}", place.work().join("large").display());
    let put = ["kv", "put", "-mount=secret", "large", large.as_str()];
    assert!(bao(vault(), &put));
    place.write("token", "not-a-token\n");
    let token = place.work().join("token").display().to_string();
    let pipe = place.work().join("pipe").display().to_string();
    let made = Command::new("mkfifo").arg(&pipe).status();
    assert!(made.expect("mkfifo").success());
    for (source, expected) in [
        (
            "{path: secret/data/wrong, field: pasword}".to_owned(),
            "`secret/data/wrong` of Vault has no `pasword`",
        ),
        (
            "{path: secret/data/none, field: x}".to_owned(),
            "has nothing at `secret/data/none` (HTTP 404)",
        ),
        ("{path: secret/wrong, field: x}".to_owned(), "(HTTP 404)"),
        (
            format!("{{path: secret/data/wrong, field: password, token_file: {token}}}"),
            "does not let this token read `secret/data/wrong` (HTTP 403): permission denied",
        ),
        (
            "{path: secret/data/large, field: password}".to_owned(),
            "`secret/data/large` of Vault gives more than 65536 bytes",
        ),
        (
            format!("{{path: secret/data/wrong, field: password, token_file: {pipe}}}"),
            "pipe is not a regular file",
        ),
        (
            "{path: a, field: x, token_env: NO_SUCH}".to_owned(),
            "environment variable NO_SUCH is not set",
        ),
        (
            format!(
                "{{path: a, field: x, address: 'http://127.0.0.1:{}'}}",
                free_port()
            ),
            "could not connect to 127.0.0.1:",
        ),
    ] {
        let outcome = run(&place, &source, "x");
        let told = message(&outcome);
        assert!(
            told.starts_with("secret `pw`: ") && told.contains(expected),
            "{source}: {told}"
        );
        assert!(
            !told.contains("some-password") && !told.contains(TOKEN),
            "{told}"
        );
    }
}
