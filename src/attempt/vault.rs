//! A secret of Vault or OpenBao, read over its HTTP API: the key-value store in both its versions.

use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Url};
use serde_json::Value as Json;

use super::http::{Guard, Lost, Request, Sender};
use super::secrets::from_file;
use crate::workflow::VaultDoc;

/// For one answer.
const ANSWER: Duration = Duration::from_secs(20);

/// The value of one field. `Err` says in words why there is none, and nothing of what was read.
pub(super) async fn secret(source: &VaultDoc) -> Result<String, String> {
    let path = source.path.as_deref().unwrap_or_default().trim_matches('/');
    let field = source.field.as_deref().unwrap_or_default();
    let address = source.address.clone().or_else(|| variable("VAULT_ADDR"));
    let address = address.ok_or("no address of Vault is said: add `address`, or set VAULT_ADDR")?;
    let base = address.trim_end_matches('/');
    let url = Url::parse(&format!("{base}/v1/{path}"));
    let url = url.map_err(|e| format!("`{address}` is not the address of a Vault: {e}"))?;
    let mut headers = HeaderMap::new();
    put(&mut headers, "x-vault-request", "true")?;
    put(&mut headers, "x-vault-token", &token(source)?)?;
    let namespace = source
        .namespace
        .clone()
        .or_else(|| variable("VAULT_NAMESPACE"));
    if let Some(namespace) = namespace {
        put(&mut headers, "x-vault-namespace", &namespace)?;
    }
    let request = Request::plain(Method::GET, url.clone(), headers, Vec::new());
    let told = |lost| match lost {
        Lost::Wrong(why) | Lost::Unreached(why) | Lost::Lost(why) => {
            format!("Vault at {base}: {why}")
        }
    };
    // Its address was said, so it may be anywhere, such as in the own network.
    let allowed: Vec<String> = url.host_str().map(str::to_owned).into_iter().collect();
    let guard = Guard::new(&url, &allowed);
    let sender = Sender::new(guard, false, ANSWER).map_err(told)?;
    let answer = sender.exchange(request, ANSWER).await.map_err(told)?;
    let body: Json = serde_json::from_slice(&answer.body).unwrap_or_default();
    let status = answer.status.as_u16();
    if status != 200 {
        return Err(format!(
            "Vault at {base} {} `{path}` (HTTP {status}){}",
            refusal(status),
            reasons(&body)
        ));
    }
    // Version 2 of the store has the fields one level deeper, beside what it knows of them.
    let data = &body["data"];
    let fields = if data["metadata"].is_object() && data.get("data").is_some() {
        &data["data"]
    } else {
        data
    };
    match fields.get(field) {
        Some(Json::String(value)) => Ok(value.clone()),
        Some(Json::Null) | None => Err(format!("`{path}` of Vault has no `{field}`")),
        Some(other) => Ok(other.to_string()),
    }
}

fn refusal(status: u16) -> &'static str {
    match status {
        403 => "does not let this token read",
        404 => "has nothing at",
        503 => "is sealed or standing by, and did not read",
        _ => "did not read",
    }
}

/// What it says itself.
fn reasons(body: &Json) -> String {
    let texts = body["errors"].as_array().into_iter().flatten();
    let texts: Vec<&str> = texts.filter_map(|one| Some(one.as_str()?.trim())).collect();
    if texts.is_empty() {
        String::new()
    } else {
        format!(": {}", texts.join("; "))
    }
}

/// The one that is said; else that of the environment, else that of `vault login`.
fn token(source: &VaultDoc) -> Result<String, String> {
    if let Some(name) = &source.token_env {
        return variable(name).ok_or_else(|| format!("environment variable {name} is not set"));
    }
    let home = || variable("HOME").map(|home| format!("{home}/.vault-token"));
    let said = source.token_file.clone();
    if said.is_none()
        && let Some(token) = variable("VAULT_TOKEN")
    {
        return Ok(token);
    }
    let missing = "no token for Vault: set VAULT_TOKEN, run `vault login`, or add `token_env` or `token_file`";
    let path = said.or_else(home).ok_or(missing)?;
    match from_file(&path) {
        Ok(text) => Ok(text.trim().to_owned()),
        Err(why) if source.token_file.is_some() => Err(why),
        Err(_) => Err(missing.to_owned()),
    }
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn put(headers: &mut HeaderMap, name: &'static str, value: &str) -> Result<(), String> {
    let value = HeaderValue::from_str(value);
    let mut value = value.map_err(|_| format!("what is said for {name} cannot be a header"))?;
    value.set_sensitive(true);
    headers.insert(HeaderName::from_static(name), value);
    Ok(())
}
