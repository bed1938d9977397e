//! Where a secret comes from, as it is written.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where a secret comes from: exactly one of these.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(in crate::workflow) struct SecretDoc {
    /// A variable of flightdeck's own environment.
    pub env: Option<String>,
    /// A file; one trailing line break is cut off.
    pub file: Option<String>,
    /// A program and its arguments; what it prints is the secret.
    pub command: Option<Vec<String>>,
    /// Vault or OpenBao, over HTTP.
    pub vault: Option<VaultDoc>,
    /// AWS Secrets Manager.
    pub aws_secretsmanager: Option<AwsSecretDoc>,
}

/// A field of a secret of Vault or OpenBao: the key-value store, version 1 or 2.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct VaultDoc {
    /// The path of the API without /v1/: secret/data/db for version 2, secret/db for version 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// Unless said, that of VAULT_ADDR.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Unless said, that of VAULT_NAMESPACE.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// The variable that holds the token; VAULT_TOKEN unless said, then the file that `vault login` writes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_env: Option<String>,
    /// A file that holds the token, such as one that an agent keeps fresh.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_file: Option<String>,
}

/// A secret of AWS Secrets Manager, fetched with the user's own credentials.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AwsSecretDoc {
    /// Its name or ARN.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
    /// The secret is JSON, and this field of it is wanted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// A URL instead of AWS's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
}
