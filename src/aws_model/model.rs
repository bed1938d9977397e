//! The words of a service description. They are botocore's own, so that its documentation is ours.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Deserializer};
use serde_json::Value as Json;

/// How calls and answers are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Protocol {
    Query,
    Ec2,
    Json,
    RestJson,
    RestXml,
}

/// What holds for the whole service.
#[derive(Clone, Debug, Deserialize)]
pub struct Facts {
    /// As the `aws` command line calls it.
    pub name: String,
    /// As configuration files call it, such as `Route 53`.
    pub id: String,
    pub version: String,
    pub protocol: Protocol,
    /// The first part of its host's name.
    pub prefix: String,
    /// What requests are signed for.
    pub signing: String,
    /// The first part of `X-Amz-Target`.
    pub target: String,
    /// Of `application/x-amz-json-`.
    pub json: String,
    /// Errors have the code of the older protocol in a header.
    pub query_errors: bool,
    /// By partition, where the host is not the usual one.
    pub places: BTreeMap<String, Places>,
}

/// Hosts of a service in one partition, and the regions that requests to them are signed for.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Places {
    pub global: Option<Place>,
    pub regions: BTreeMap<String, Place>,
}

/// A host, and the region that requests to it are signed for.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Place(pub String, pub String);

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Operation {
    #[serde(skip)]
    pub name: String,
    pub http: Http,
    pub input: Option<Ref>,
    pub output: Option<Ref>,
    #[serde(default)]
    pub idempotent: bool,
    #[serde(default)]
    pub readonly: bool,
    /// `none`: it is not signed.
    pub authtype: Option<String>,
    pub endpoint: Option<HostPrefix>,
    pub http_checksum: Option<Checksum>,
}

impl Operation {
    /// What the whole body of its answer is, if it is one member of it, as with GetObject.
    pub fn payload(&self, service: &super::Service) -> Option<Kind> {
        let shape = service.shape_of(self.output.as_ref());
        let member = shape.members.get(shape.payload.as_ref()?)?;
        Some(service.kind(member))
    }

    /// What goes in or comes out is a stream of events.
    pub fn streams(&self, service: &super::Service) -> bool {
        [&self.input, &self.output]
            .into_iter()
            .flatten()
            .any(|part| {
                let members = &service.shape(&part.shape).members;
                let mut shapes = members.values().map(|member| service.shape(&member.shape));
                shapes.any(|shape| shape.eventstream)
            })
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Http {
    pub method: String,
    pub request_uri: String,
}

/// Put before the host's name: `{AccountId}.`
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HostPrefix {
    pub host_prefix: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Checksum {
    pub request_checksum_required: bool,
}

/// Where a shape is used for the whole of what goes in or comes out.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Ref {
    pub shape: String,
    pub location_name: Option<String>,
    pub xml_namespace: Option<Namespace>,
    pub result_wrapper: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Namespace {
    pub uri: Option<String>,
    pub prefix: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Structure,
    List,
    Map,
    String,
    Character,
    Integer,
    Long,
    Float,
    Double,
    Boolean,
    Blob,
    Timestamp,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Shape {
    #[serde(rename = "type")]
    pub kind: Kind,
    #[serde(default)]
    pub required: Vec<String>,
    #[serde(default)]
    pub members: BTreeMap<String, Member>,
    /// What a list has.
    pub member: Option<Member>,
    /// What a map has.
    pub key: Option<Member>,
    pub value: Option<Member>,
    /// The values that were known when the data was extracted.
    #[serde(default, rename = "enum")]
    pub known: Vec<String>,
    #[serde(default)]
    pub flattened: bool,
    /// The member that is the body, alone.
    pub payload: Option<String>,
    pub location_name: Option<String>,
    pub timestamp_format: Option<String>,
    #[serde(default)]
    pub sensitive: bool,
    pub xml_namespace: Option<Namespace>,
    #[serde(default)]
    pub eventstream: bool,
    /// Any JSON.
    #[serde(default)]
    pub document: bool,
    /// Exactly one member is given.
    #[serde(default)]
    pub union: bool,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Member {
    pub shape: String,
    /// `uri`, `querystring`, `header`, `headers`, `statusCode`; the body without one.
    pub location: Option<String>,
    pub location_name: Option<String>,
    pub query_name: Option<String>,
    #[serde(default)]
    pub flattened: bool,
    #[serde(default)]
    pub xml_attribute: bool,
    pub xml_namespace: Option<Namespace>,
    pub timestamp_format: Option<String>,
    #[serde(default)]
    pub idempotency_token: bool,
    #[serde(default)]
    pub jsonvalue: bool,
}

/// How a call's answer goes on in the next one.
#[derive(Clone, Debug, Deserialize)]
pub struct Paginator {
    #[serde(deserialize_with = "one_or_many")]
    pub input_token: Vec<String>,
    /// JMESPath over the answer.
    #[serde(deserialize_with = "one_or_many")]
    pub output_token: Vec<String>,
    /// JMESPath to what grows with each page.
    #[serde(default, deserialize_with = "one_or_many")]
    pub result_key: Vec<String>,
    pub more_results: Option<String>,
    /// The param that says how many one page has at most.
    pub limit_key: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Waiter {
    #[serde(skip)]
    pub name: String,
    pub operation: String,
    #[serde(deserialize_with = "seconds")]
    pub delay: Duration,
    pub max_attempts: u32,
    pub acceptors: Vec<Acceptor>,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Acceptor {
    pub matcher: Matcher,
    /// JMESPath over the answer.
    #[serde(default)]
    pub argument: String,
    pub expected: Json,
    pub state: Verdict,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Matcher {
    Path,
    PathAll,
    PathAny,
    Status,
    Error,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Verdict {
    Success,
    Failure,
    Retry,
}

fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    u64::deserialize(deserializer).map(Duration::from_secs)
}

fn one_or_many<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let text = |one: Json| one.as_str().map(str::to_owned);
    Ok(match Json::deserialize(deserializer)? {
        Json::Array(many) => many.into_iter().filter_map(text).collect(),
        one => text(one).into_iter().collect(),
    })
}
