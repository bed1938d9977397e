//! Where secrets come from. Their values never stand in the file.

use std::collections::BTreeMap;

use super::desk::{Desk, named};
use super::{ids, params};
use crate::workflow::document::{Document, SecretDoc, VaultDoc};
use crate::workflow::plan::SecretSource;
use crate::yaml::At;

pub(super) fn secrets(
    desk: &mut Desk<'_>,
    document: &Document,
    root: At<'_>,
) -> BTreeMap<String, SecretSource> {
    let Some(secrets) = &document.secrets else {
        return BTreeMap::new();
    };
    named(root.down("secrets"), secrets)
        .filter_map(|(name, doc, at)| {
            params::check_name(desk, at, name, "secret");
            Some((name.to_owned(), source(desk, at, name, doc)?))
        })
        .collect()
}

fn source(desk: &mut Desk<'_>, at: At<'_>, name: &str, doc: &SecretDoc) -> Option<SecretSource> {
    let said = at.entries().count();
    if said != 1 || desk.is_unread(at) {
        if !desk.is_unread(at) {
            let message = format!(
                "secret `{name}` needs exactly one of env, file, command, vault and aws_secretsmanager"
            );
            desk.error("secret_source", at.key_span(), message)
                .hint("for example `{env: DB_PASSWORD}`");
        }
        return None;
    }
    if let Some(variable) = &doc.env {
        variable_name(desk, at.down("env"), variable);
        return Some(SecretSource::Env(variable.clone()));
    }
    if let Some(file) = &doc.file {
        if file.trim().is_empty() {
            let span = at.down("file").span();
            desk.error("empty_value", span, "the file has no name");
        }
        return Some(SecretSource::File(file.clone()));
    }
    if let Some(command) = &doc.command {
        let program = command.first().map(|program| program.trim());
        if program.is_none_or(str::is_empty) {
            let span = at.down("command").span();
            desk.error("empty_value", span, "the command is empty");
        }
        return Some(SecretSource::Command(command.clone()));
    }
    if let Some(vault) = &doc.vault {
        self::vault(desk, at.down("vault"), vault);
        return Some(SecretSource::Vault(vault.clone()));
    }
    let secret = doc.aws_secretsmanager.as_ref()?;
    let at = at.down("aws_secretsmanager");
    needed(
        desk,
        at,
        &[("secret", secret.secret.as_ref())],
        "{secret: prod/api, key: token}",
    );
    constant(desk, at);
    Some(SecretSource::AwsSecretsmanager(secret.clone()))
}

fn variable_name(desk: &mut Desk<'_>, at: At<'_>, variable: &str) {
    if !ids::is_name(variable) {
        let message = format!("`{variable}` is not the name of an environment variable");
        desk.error("bad_name", at.span(), message)
            .hint("name the variable here, not its value");
    }
}

fn vault(desk: &mut Desk<'_>, at: At<'_>, doc: &VaultDoc) {
    let keys = [("path", doc.path.as_ref()), ("field", doc.field.as_ref())];
    needed(desk, at, &keys, "{path: secret/data/db, field: password}");
    constant(desk, at);
    if let Some(variable) = &doc.token_env {
        variable_name(desk, at.down("token_env"), variable);
    }
    if at.has("token_env") && at.has("token_file") {
        let message = "the token comes from one place, here are two";
        desk.error("secret_source", at.down("token_file").key_span(), message);
    }
    let address = doc.address.as_deref().unwrap_or("https://");
    let local = ["http://127.", "http://localhost", "http://[::1]"];
    let place = at.down("address");
    if address.starts_with("http://") && !local.iter().any(|l| address.starts_with(l)) {
        let message = "a secret is sent over http: others can read it on the way";
        desk.warning("secret_in_the_clear", place.span(), message)
            .hint("use https");
    } else if !address.starts_with("http") && !address.contains("${{") {
        let message = format!("`{address}` is not a URL");
        desk.error("bad_address", place.span(), message)
            .hint("for example `https://vault.example.com:8200`");
    }
}

/// Keys that must be said.
fn needed(desk: &mut Desk<'_>, at: At<'_>, keys: &[(&str, Option<&String>)], example: &str) {
    let missing = |said: Option<&String>| said.is_none_or(|text| text.trim().is_empty());
    for (key, _) in keys.iter().filter(|(_, said)| missing(*said)) {
        if !desk.is_unread(at) {
            let message = format!("`{key}` is missing");
            desk.error("missing_key", at.key_span(), message)
                .hint(format!("for example `{example}`"));
        }
    }
}

/// Secrets are read before anything is known of the run.
fn constant(desk: &mut Desk<'_>, at: At<'_>) {
    for (key, value) in at.entries() {
        if desk.text[value.whole()].contains("${{") {
            let message =
                format!("`{key}` must be constant: a secret is read before any value is known");
            desk.error("not_constant", value.span(), message);
        }
    }
}
