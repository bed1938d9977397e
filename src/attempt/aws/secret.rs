//! A secret that AWS keeps: fetched by the same client, told to nobody.

use serde_json::{Value as Json, json};

use super::super::call::Trouble;
use super::call::{Client, Fault};
use super::decode::Secrets;
use super::session::Session;
use super::teller::Teller;
use crate::aws_model::{self, Effect};
use crate::workflow::{AwsDoc, AwsSecretDoc};

/// The value of a secret of Secrets Manager. `Err` says in words why there is none.
pub(in super::super) async fn secret(source: &AwsSecretDoc) -> Result<String, String> {
    let name = source.secret.as_deref().unwrap_or_default();
    let mut who = AwsDoc::default();
    who.region.clone_from(&source.region);
    who.profile.clone_from(&source.profile);
    who.endpoint.clone_from(&source.endpoint);
    let known = aws_model::service("secretsmanager");
    let service = known.ok_or("Secrets Manager is not described here")?;
    let operation = service.operation("GetSecretValue");
    let operation = operation.ok_or("Secrets Manager is not described here")?;
    let client = Client {
        service,
        session: Session::open(&who, service, Teller::Nobody)
            .await
            .map_err(Trouble::words)?,
        teller: Teller::Nobody,
        secrets: Secrets::Shown,
        file: None,
    };
    let params = json!({ "SecretId": name });
    let reply = client.call(&operation, &params, Effect::Reads).await;
    let answer = match reply {
        Ok(reply) => reply.answer,
        Err(Fault::Refused(refusal)) => return Err(client.told(&operation, &refusal)),
        Err(Fault::Trouble(trouble)) => return Err(trouble.words()),
    };
    let Some(text) = answer.get("SecretString").and_then(Json::as_str) else {
        return Err(format!("secret {name} of Secrets Manager has no text"));
    };
    let Some(key) = &source.key else {
        return Ok(text.to_owned());
    };
    // What it holds is said nowhere, not even when it is wrong.
    let fields: Json = serde_json::from_str(text).map_err(|_| {
        format!("secret {name} of Secrets Manager is not JSON, so it has no `{key}`")
    })?;
    match fields.get(key) {
        Some(Json::String(value)) => Ok(value.clone()),
        Some(Json::Null) | None => Err(format!("secret {name} of Secrets Manager has no `{key}`")),
        Some(other) => Ok(other.to_string()),
    }
}
