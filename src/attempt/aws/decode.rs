//! An answer from the wire, by the model's names: `Reservations[].Instances[].State.Name` as the `aws` command line shows it.
//!
//! What is secret by the model, or by its name, is left out of answers: they are journaled.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use roxmltree::{Document, Node};
use serde_json::{Map, Value as Json};

use super::encode::said;
use super::moment;
use crate::aws_model::{Kind, Member, Operation, Protocol, Service, Shape};

/// What stands in place of what is secret.
pub(super) const HIDDEN: &str = "***";
/// Secret by their names, where the model does not say so.
const SECRET_NAMES: [&str; 8] = [
    "SecretAccessKey",
    "SessionToken",
    "secretAccessKey",
    "sessionToken",
    "authorizationToken",
    "KeyMaterial",
    "DbPassword",
    "PrivateKey",
];
/// Of streamed bodies; more is not kept in an answer.
const BODY_MAX: usize = 1 << 20;

/// What came back, whole.
#[derive(Clone, Debug)]
pub(super) struct Raw {
    pub(super) status: u16,
    /// Small letters.
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
    /// What there is to tell of its body, if that went into a file.
    pub(super) file: Option<Json>,
}

impl Raw {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let mut all = self.headers.iter();
        all.find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// What AWS's support asks for.
    pub(super) fn request_id(&self) -> Option<String> {
        let ids = ["x-amzn-requestid", "x-amz-request-id", "x-amzn-request-id"];
        let said = ids
            .iter()
            .find_map(|name| self.header(name))
            .map(str::to_owned);
        said.or_else(|| {
            let text = std::str::from_utf8(&self.body).ok()?;
            let document = Document::parse(text).ok()?;
            let mut nodes = document.descendants();
            let found = nodes.find(|n| n.tag_name().name().eq_ignore_ascii_case("requestid"))?;
            found.text().map(str::to_owned)
        })
    }
}

/// Whether secrets stay in the answer: only for who asked for one, and journals nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Secrets {
    Hidden,
    Shown,
}

/// `Err` says why it cannot be read.
pub(super) fn decode(
    service: &Service,
    operation: &Operation,
    raw: &Raw,
    secrets: Secrets,
) -> Result<Map<String, Json>, String> {
    let shape = service.shape_of(operation.output.as_ref());
    let reading = Reading { service, secrets };
    let body = || std::str::from_utf8(&raw.body).map_err(|_| "the answer is not UTF-8".to_owned());
    match service.facts().protocol {
        Protocol::Query | Protocol::Ec2 if shape.members.is_empty() => Ok(Map::new()),
        Protocol::Query | Protocol::Ec2 => {
            let document = document(body()?)?;
            let root = document.root_element();
            let wrapper = operation
                .output
                .as_ref()
                .and_then(|o| o.result_wrapper.as_deref());
            let inner = wrapper.and_then(|name| child(root, name)).unwrap_or(root);
            Ok(reading.xml_members(&shape, inner))
        }
        Protocol::Json if raw.body.is_empty() => Ok(Map::new()),
        Protocol::Json => Ok(reading.json_members(&shape, &json(&raw.body)?)),
        Protocol::RestJson | Protocol::RestXml => reading.rest(&shape, raw),
    }
}

/// What takes long may have begun with blanks, so that the line stays open.
pub(super) fn document(text: &str) -> Result<Document<'_>, String> {
    Document::parse(text.trim_start()).map_err(|e| format!("the answer is not XML: {e}"))
}

pub(super) fn json(bytes: &[u8]) -> Result<Json, String> {
    serde_json::from_slice(bytes).map_err(|e| format!("the answer is not JSON: {e}"))
}

pub(super) fn child<'a, 'd>(node: Node<'a, 'd>, name: &str) -> Option<Node<'a, 'd>> {
    node.children().find(|one| one.tag_name().name() == name)
}

struct Reading<'a> {
    service: &'a Service,
    secrets: Secrets,
}

impl Reading<'_> {
    fn rest(&self, shape: &Shape, raw: &Raw) -> Result<Map<String, Json>, String> {
        let mut out = Map::new();
        if let Some(name) = &shape.payload {
            if let Some(member) = shape.members.get(name) {
                let value = self.payload(name, member, raw)?;
                out.extend(value.map(|value| (name.clone(), value)));
            }
        } else if !raw.body.is_empty() && shape.members.values().any(|m| m.location.is_none()) {
            out = if self.service.facts().protocol == Protocol::RestJson {
                self.json_members(shape, &json(&raw.body)?)
            } else {
                let text = std::str::from_utf8(&raw.body).map_err(|_| "the answer is not UTF-8")?;
                self.xml_members(shape, document(text)?.root_element())
            };
        }
        for (name, member) in &shape.members {
            let target = self.service.shape(&member.shape);
            let said = said(member, &target).unwrap_or(name).to_ascii_lowercase();
            let value = match member.location.as_deref() {
                Some("statusCode") => Some(raw.status.into()),
                Some("header") => raw
                    .header(&said)
                    .map(|text| self.plain(name, member, &target, text)),
                Some("headers") => {
                    let ours = raw
                        .headers
                        .iter()
                        .filter_map(|(key, value)| Some((key.strip_prefix(&said)?, value)));
                    let map: Map<_, _> = ours
                        .map(|(key, value)| (key.to_owned(), value.as_str().into()))
                        .collect();
                    Some(map).filter(|map| !map.is_empty()).map(Json::Object)
                }
                _ => None,
            };
            out.extend(value.map(|value| (name.clone(), value)));
        }
        Ok(out)
    }

    fn payload(&self, name: &str, member: &Member, raw: &Raw) -> Result<Option<Json>, String> {
        let shape = self.service.shape(&member.shape);
        if let Some(file) = &raw.file {
            return Ok(Some(file.clone()));
        }
        if self.hides(name, &shape) {
            return Ok(Some(HIDDEN.into()));
        }
        match shape.kind {
            Kind::Blob | Kind::String if raw.body.len() > BODY_MAX => Err(format!(
                "the answer has {} bytes; at most {BODY_MAX} can be kept: write it to a file by `to_file`",
                raw.body.len()
            )),
            Kind::Blob | Kind::String => Ok(Some(blob(raw.body.clone()))),
            _ if raw.body.is_empty() => Ok(None),
            _ if self.service.facts().protocol == Protocol::RestJson => {
                Ok(self.json_value(name, member, &json(&raw.body)?))
            }
            _ => {
                let text = std::str::from_utf8(&raw.body).map_err(|_| "the answer is not UTF-8")?;
                let document = document(text)?;
                Ok(Some(self.xml_value(
                    name,
                    member,
                    &[document.root_element()],
                )))
            }
        }
    }

    fn hides(&self, name: &str, shape: &Shape) -> bool {
        self.secrets == Secrets::Hidden && hides(name, shape)
    }

    fn plain(&self, name: &str, member: &Member, shape: &Shape, text: &str) -> Json {
        if self.hides(name, shape) {
            return HIDDEN.into();
        }
        plain(member, shape, text)
    }

    fn xml_members(&self, shape: &Shape, node: Node<'_, '_>) -> Map<String, Json> {
        let mut out = Map::new();
        for (name, member) in shape.members.iter().filter(|(_, m)| m.location.is_none()) {
            let target = self.service.shape(&member.shape);
            if member.xml_attribute {
                let said = member.location_name.as_deref().unwrap_or(name);
                let said = said.rsplit(':').next().unwrap_or(said);
                let mut all = node.attributes();
                let found = all.find(|a| a.name() == said).map(|a| a.value().into());
                out.extend(found.map(|value| (name.clone(), value)));
                continue;
            }
            let flat = member.flattened || target.flattened;
            let of_items = target
                .member
                .as_ref()
                .and_then(|m| m.location_name.as_deref());
            let tag = of_items
                .filter(|_| flat)
                .or(said(member, &target))
                .unwrap_or(name);
            let nodes: Vec<Node<'_, '_>> = node
                .children()
                .filter(|n| n.tag_name().name() == tag)
                .collect();
            if !nodes.is_empty() {
                out.insert(name.clone(), self.xml_value(name, member, &nodes));
            }
        }
        out
    }

    /// `nodes` is one, but for a list or map without a node of its own.
    fn xml_value(&self, name: &str, member: &Member, nodes: &[Node<'_, '_>]) -> Json {
        let shape = self.service.shape(&member.shape);
        let Some(&first) = nodes.first() else {
            return Json::Null;
        };
        let flat = member.flattened || shape.flattened;
        let inner = || -> Vec<Node<'_, '_>> {
            if flat {
                nodes.to_vec()
            } else {
                first.children().filter(Node::is_element).collect()
            }
        };
        match (shape.kind, &shape.member, &shape.value) {
            _ if self.hides(name, &shape) => HIDDEN.into(),
            (Kind::Structure, _, _) => Json::Object(self.xml_members(&shape, first)),
            (Kind::List, Some(item), _) => {
                let items = inner().into_iter();
                items
                    .map(|node| self.xml_value("", item, &[node]))
                    .collect()
            }
            (Kind::Map, _, Some(value)) => {
                let key_tag = shape
                    .key
                    .as_ref()
                    .and_then(|k| k.location_name.as_deref())
                    .unwrap_or("key");
                let value_tag = value.location_name.as_deref().unwrap_or("value");
                let entries = inner().into_iter().filter_map(|entry| {
                    let key = child(entry, key_tag)?.text().unwrap_or_default().to_owned();
                    let node = child(entry, value_tag)?;
                    let value = self.xml_value(&key, value, &[node]);
                    Some((key, value))
                });
                Json::Object(entries.collect())
            }
            _ => {
                let text: String = first.children().filter_map(|n| n.text()).collect();
                self.plain(name, member, &shape, &text)
            }
        }
    }

    fn json_members(&self, shape: &Shape, value: &Json) -> Map<String, Json> {
        let mut out = Map::new();
        for (name, member) in shape.members.iter().filter(|(_, m)| m.location.is_none()) {
            let target = self.service.shape(&member.shape);
            let said = said(member, &target).unwrap_or(name);
            let found = value.get(said).filter(|value| !value.is_null());
            let value = found.and_then(|value| self.json_value(name, member, value));
            out.extend(value.map(|value| (name.clone(), value)));
        }
        if self.secrets == Secrets::Hidden && self.may_be_plain("Value") {
            let value = shape.members.get("Value");
            let value = value.map(|member| self.service.shape(&member.shape));
            // The value of a tag is called the same, and is no secret.
            if value.is_some_and(|value| hides("Value", &value)) {
                hide_parameters(&mut out);
            }
        }
        out
    }

    fn json_value(&self, name: &str, member: &Member, value: &Json) -> Option<Json> {
        let shape = self.service.shape(&member.shape);
        Some(match (shape.kind, &shape.member, &shape.value) {
            _ if value.is_null() => return None,
            _ if shape.document => value.clone(),
            _ if self.hides(name, &shape) && !self.may_be_plain(name) => HIDDEN.into(),
            (Kind::Structure, _, _) => Json::Object(self.json_members(&shape, value)),
            (Kind::List, Some(item), _) => {
                let items = value.as_array().into_iter().flatten();
                items
                    .filter_map(|one| self.json_value("", item, one))
                    .collect()
            }
            (Kind::Map, _, Some(inner)) => {
                let entries = value.as_object().into_iter().flatten();
                let entries =
                    entries.filter_map(|(k, v)| Some((k.clone(), self.json_value(k, inner, v)?)));
                Json::Object(entries.collect())
            }
            (Kind::Timestamp, _, _) => moment::plain(value),
            (Kind::Blob, _, _) => value.as_str().map_or_else(|| value.clone(), coded),
            _ => value.clone(),
        })
    }

    /// A parameter of Systems Manager is marked as a secret whether it is one or not: its type tells.
    fn may_be_plain(&self, name: &str) -> bool {
        name == "Value" && self.service.facts().name == "ssm"
    }
}

/// A plain value from its text.
fn plain(member: &Member, shape: &Shape, text: &str) -> Json {
    match shape.kind {
        Kind::Integer | Kind::Long => text
            .trim()
            .parse::<i64>()
            .map_or_else(|_| text.into(), Json::from),
        Kind::Float | Kind::Double => text
            .trim()
            .parse::<f64>()
            .map_or_else(|_| text.into(), Json::from),
        Kind::Boolean => (text.trim() == "true").into(),
        Kind::Timestamp => moment::plain(&text.into()),
        Kind::Blob => coded(text),
        _ if member.jsonvalue => STANDARD
            .decode(text)
            .ok()
            .and_then(|bytes| serde_json::from_slice(&bytes).ok())
            .unwrap_or_else(|| text.into()),
        _ => text.into(),
    }
}

/// Secret by the model or by its name.
fn hides(name: &str, shape: &Shape) -> bool {
    shape.sensitive || SECRET_NAMES.contains(&name)
}

/// Only what says that it is plain stays.
fn hide_parameters(out: &mut Map<String, Json>) {
    let is_plain = matches!(
        out.get("Type").and_then(Json::as_str),
        Some("String" | "StringList")
    );
    if out.contains_key("Value") && !is_plain {
        out.insert("Value".to_owned(), HIDDEN.into());
    }
}

fn coded(text: &str) -> Json {
    STANDARD
        .decode(text.trim())
        .map_or_else(|_| text.into(), blob)
}

/// A text if it is one, else `{base64: ...}`: as params take it.
fn blob(bytes: Vec<u8>) -> Json {
    match String::from_utf8(bytes) {
        Ok(text) => text.into(),
        Err(raw) => serde_json::json!({ "base64": STANDARD.encode(raw.as_bytes()) }),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::aws_model::service;

    #[test]
    fn only_the_values_of_parameters_may_be_secrets() {
        for (action, body, expected) in [
            (
                "ListTagsForResource",
                json!({"TagList": [{"Key": "team", "Value": "shop"}]}),
                json!({"TagList": [{"Key": "team", "Value": "shop"}]}),
            ),
            (
                "GetParameters",
                json!({"Parameters": [{"Type": "String", "Value": "3"}, {"Type": "SecureString", "Value": "pw"}, {"Value": "?"}]}),
                json!({"Parameters": [{"Type": "String", "Value": "3"}, {"Type": "SecureString", "Value": "***"}, {"Value": "***"}]}),
            ),
        ] {
            let ssm = service("ssm").unwrap();
            let raw = Raw {
                status: 200,
                headers: Vec::new(),
                body: body.to_string().into_bytes(),
                file: None,
            };
            let operation = ssm.operation(action).unwrap();
            let answer = decode(ssm, &operation, &raw, Secrets::Hidden).unwrap();
            assert_eq!(Json::Object(answer), expected);
        }
    }
}
