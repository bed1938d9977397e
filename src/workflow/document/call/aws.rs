//! `aws`, as it is written.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde::{Deserialize as DeserializeDerive, Serialize, Serializer};
use serde_json::Value as Json;

use crate::workflow::document::leaf::Formula;
use crate::workflow::document::span::Span;

/// Asks a service of AWS: any operation of any service that `flightdeck` knows. Secret parts of an answer are `***`.
#[derive(Clone, Debug, Default, Serialize, DeserializeDerive, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AwsDoc {
    /// As the aws command line calls it: ec2, rds, route53, s3.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// The operation: run-instances, RunInstances or run_instances.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// Its parameters, in AWS's own names or with hyphens or underscores. Bytes are a text, `{base64: ...}` or `{file: PATH}`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub params: Option<Json>,
    /// Unless said, that of the environment or of the profile.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// A profile of the files in ~/.aws; unless said, the user's own credentials are found as the aws command line finds them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// A URL instead of AWS's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// Where the body of the answer goes, such as that of get-object: a file only for you, there once it is whole. In the answer
    /// stand its path, bytes and sha256 instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to_file: Option<String>,
    /// Waits: a waiter of the service such as instance-running, or a JMESPath query that gives true; or both with times.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<AwsUntilDoc>,
    /// An expression over the answer's fields.
    #[serde(skip_serializing)]
    pub(in crate::workflow) expect: Option<Formula>,
}

/// What to wait for: a word, or more words.
#[derive(Clone, Debug, PartialEq)]
pub enum AwsUntilDoc {
    Word(String),
    Map(Box<AwsLookDoc>),
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, DeserializeDerive, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AwsLookDoc {
    /// A waiter of the service, such as instance-running. Either this or `query`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::workflow) waiter: Option<String>,
    /// JMESPath over the answer, all pages of it, that gives true when it is so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::workflow) query: Option<String>,
    /// With `query`: JMESPath that gives true when it will never be so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::workflow) failed: Option<String>,
    /// With `query`, after a call that changes something: the operation that is looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::workflow) action: Option<String>,
    /// Parameters of what is looked at; unless said, they follow from the call and its answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::workflow) params: Option<Json>,
    /// Unless said, that of the waiter; 5s for a query.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::workflow) every: Option<Span>,
    /// Unless said, that of the waiter; 5m for a query.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::workflow) timeout: Option<Span>,
}

/// What to wait for, read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AwsGoal {
    pub waiter: Option<String>,
    pub query: Option<String>,
    pub failed: Option<String>,
    pub action: Option<String>,
    pub params: Option<Json>,
    pub every: Option<Duration>,
    pub timeout: Option<Duration>,
}

impl AwsUntilDoc {
    /// A word that could be a name is that of a waiter: a query that is a mere name cannot give true.
    pub fn goal(&self) -> AwsGoal {
        match self {
            Self::Word(word) => {
                let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
                let word = Some(word.clone());
                if word.as_ref().is_some_and(|word| word.chars().all(is_name)) {
                    AwsGoal {
                        waiter: word,
                        ..AwsGoal::default()
                    }
                } else {
                    AwsGoal {
                        query: word,
                        ..AwsGoal::default()
                    }
                }
            }
            Self::Map(map) => AwsGoal {
                waiter: map.waiter.clone(),
                query: map.query.clone(),
                failed: map.failed.clone(),
                action: map.action.clone(),
                params: map.params.clone(),
                every: map.every.map(|span| span.0),
                timeout: map.timeout.map(|span| span.0),
            },
        }
    }
}

impl<'de> Deserialize<'de> for AwsUntilDoc {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Shapes;
        impl<'de> Visitor<'de> for Shapes {
            type Value = AwsUntilDoc;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a waiter such as instance-running, a query, or a map such as {query: \"State == 'DONE'\", timeout: 10m}")
            }

            fn visit_str<E: Error>(self, word: &str) -> Result<AwsUntilDoc, E> {
                Ok(AwsUntilDoc::Word(word.to_owned()))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<AwsUntilDoc, A::Error> {
                let map = AwsLookDoc::deserialize(MapAccessDeserializer::new(map))?;
                Ok(AwsUntilDoc::Map(Box::new(map)))
            }
        }
        deserializer.deserialize_any(Shapes)
    }
}

impl Serialize for AwsUntilDoc {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Word(word) => serializer.serialize_str(word),
            Self::Map(map) => map.serialize(serializer),
        }
    }
}

impl JsonSchema for AwsUntilDoc {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "AwsUntil".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let map = generator.subschema_for::<AwsLookDoc>();
        json_schema!({"anyOf": [{"type": "string"}, map]})
    }
}
