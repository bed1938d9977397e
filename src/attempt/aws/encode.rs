//! A call as it stands on the wire: the protocols that put all of it in the body. Those that use the path and headers are in
//! `rest`.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value as Json};

use super::moment::{self, Format};
use super::rest;
use crate::aws_model::{Kind, Member, Operation, Protocol, Service, Shape};

/// Bytes of a file that is sent.
const FILE_MAX: u64 = 256 << 20;

/// A request without its host.
#[derive(Clone, Debug, Default)]
pub(super) struct Wire {
    pub(super) method: String,
    /// Percent-encoded; begins with `/`.
    pub(super) path: String,
    /// Not encoded yet.
    pub(super) query: Vec<(String, String)>,
    /// Small letters.
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

impl Wire {
    /// The query string, encoded as signatures want it.
    pub(super) fn query_text(&self) -> String {
        let mut text = String::new();
        for (name, value) in &self.query {
            let start = if text.is_empty() { "" } else { "&" };
            text.push_str(start);
            text.push_str(&escaped(name, false));
            text.push('=');
            text.push_str(&escaped(value, false));
        }
        text
    }
}

/// The params are by the model's names. `Err` says what cannot be sent.
pub(super) fn encode(
    service: &Service,
    operation: &Operation,
    params: &Json,
) -> Result<Wire, String> {
    let facts = service.facts();
    let mut wire = Wire {
        method: operation.http.method.clone(),
        path: "/".to_owned(),
        ..Wire::default()
    };
    let kind = match facts.protocol {
        Protocol::Query | Protocol::Ec2 => {
            let mut form = Form {
                service,
                is_ec2: facts.protocol == Protocol::Ec2,
                pairs: vec![
                    ("Action".to_owned(), operation.name.clone()),
                    ("Version".to_owned(), facts.version.clone()),
                ],
            };
            form.structure("", &service.shape_of(operation.input.as_ref()), params)?;
            wire.body = form.text().into_bytes();
            "application/x-www-form-urlencoded; charset=utf-8".to_owned()
        }
        Protocol::Json => {
            let shape = service.shape_of(operation.input.as_ref());
            wire.body = structure_json(service, &shape, params)?
                .to_string()
                .into_bytes();
            let target = format!("{}.{}", facts.target, operation.name);
            wire.headers.push(("x-amz-target".to_owned(), target));
            format!("application/x-amz-json-{}", facts.json)
        }
        Protocol::RestJson | Protocol::RestXml => return rest::encode(service, operation, params),
    };
    wire.headers.push(("content-type".to_owned(), kind));
    Ok(wire)
}

/// Percent-encoded as RFC 3986 says; the slash only where it does not part anything.
pub(super) fn escaped(text: &str, keeps_slash: bool) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                out.push(byte.into());
            }
            b'/' if keeps_slash => out.push('/'),
            _ => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}

/// The name of a member on the wire, if it is not its own.
pub(super) fn said<'a>(member: &'a Member, shape: &'a Shape) -> Option<&'a str> {
    member
        .location_name
        .as_deref()
        .or(shape.location_name.as_deref())
}

/// The bytes of a blob: a text's own, decoded base64, or those of a file.
pub(super) fn bytes(value: &Json) -> Result<Vec<u8>, String> {
    let file = value.get("file").and_then(Json::as_str);
    let coded = value.get("base64").and_then(Json::as_str);
    match (value, coded, file) {
        (Json::String(text), _, _) => Ok(text.clone().into_bytes()),
        (_, Some(coded), _) => STANDARD
            .decode(coded.trim())
            .map_err(|e| format!("not base64: {e}")),
        (_, _, Some(path)) => {
            let unreadable = |e: std::io::Error| format!("cannot read file {path}: {e}");
            let facts = std::fs::metadata(path).map_err(unreadable)?;
            if !facts.is_file() || facts.len() > FILE_MAX {
                return Err(format!(
                    "{path} is not a file of at most {} MiB",
                    FILE_MAX >> 20
                ));
            }
            std::fs::read(path).map_err(unreadable)
        }
        _ => Err("a blob is a text, base64 or a file".to_owned()),
    }
}

/// A plain value as text. `None` for a list, a map or a structure.
pub(super) fn text(
    shape: &Shape,
    member: &Member,
    value: &Json,
    otherwise: Format,
) -> Result<Option<String>, String> {
    Ok(match shape.kind {
        Kind::Structure | Kind::List | Kind::Map => None,
        Kind::Blob => Some(STANDARD.encode(bytes(value)?)),
        Kind::Timestamp => Some(match stamp(shape, member, value, otherwise)? {
            Json::String(text) => text,
            number => number.to_string(),
        }),
        _ => Some(match value {
            Json::String(text) => text.clone(),
            other => other.to_string(),
        }),
    })
}

fn stamp(shape: &Shape, member: &Member, value: &Json, otherwise: Format) -> Result<Json, String> {
    let named = member
        .timestamp_format
        .as_deref()
        .or(shape.timestamp_format.as_deref());
    let moment = moment::read(value).ok_or_else(|| format!("`{value}` is not a moment"))?;
    Ok(moment::write(moment, Format::named(named, otherwise)))
}

/// A form of names and values, as the protocols `query` and `ec2` write it.
struct Form<'a> {
    service: &'a Service,
    is_ec2: bool,
    pairs: Vec<(String, String)>,
}

impl Form<'_> {
    fn text(&self) -> String {
        let pair = |(name, value): &(String, String)| {
            format!("{}={}", escaped(name, false), escaped(value, false))
        };
        self.pairs.iter().map(pair).collect::<Vec<_>>().join("&")
    }

    fn value(&mut self, path: String, member: &Member, value: &Json) -> Result<(), String> {
        let shape = self.service.shape(&member.shape);
        match shape.kind {
            Kind::Structure => self.structure(&format!("{path}."), &shape, value),
            Kind::List => self.list(path, member, &shape, value),
            Kind::Map => self.map(path, member, &shape, value),
            _ => {
                let text = text(&shape, member, value, Format::Iso)?.unwrap_or_default();
                self.pairs.push((path, text));
                Ok(())
            }
        }
    }

    fn structure(&mut self, before: &str, shape: &Shape, value: &Json) -> Result<(), String> {
        for (name, value) in entries(value) {
            let Some(member) = shape.members.get(name) else {
                continue;
            };
            let target = self.service.shape(&member.shape);
            let said = said(member, &target);
            let name = match (&member.query_name, said) {
                (Some(name), _) if self.is_ec2 => name.clone(),
                (_, Some(name)) if self.is_ec2 => capital(name),
                (_, Some(name)) => name.to_owned(),
                _ => name.clone(),
            };
            self.value(format!("{before}{name}"), member, value)?;
        }
        Ok(())
    }

    fn list(
        &mut self,
        path: String,
        member: &Member,
        shape: &Shape,
        value: &Json,
    ) -> Result<(), String> {
        let (Some(item), Json::Array(items)) = (&shape.member, value) else {
            return Ok(());
        };
        if items.is_empty() && !self.is_ec2 {
            self.pairs.push((path, String::new()));
            return Ok(());
        }
        let name = item.location_name.as_deref();
        let path = if self.is_ec2 {
            path
        } else if member.flattened || shape.flattened {
            match (name, path.rsplit_once('.')) {
                (Some(name), Some((before, _))) => format!("{before}.{name}"),
                (Some(name), None) => name.to_owned(),
                _ => path,
            }
        } else {
            format!("{path}.{}", name.unwrap_or("member"))
        };
        let mut items = items.iter().enumerate();
        items.try_for_each(|(n, one)| self.value(format!("{path}.{}", n + 1), item, one))
    }

    fn map(
        &mut self,
        path: String,
        member: &Member,
        shape: &Shape,
        value: &Json,
    ) -> Result<(), String> {
        let (Some(key), Some(inner)) = (&shape.key, &shape.value) else {
            return Ok(());
        };
        let flat = member.flattened || shape.flattened;
        let path = if flat { path } else { format!("{path}.entry") };
        for (n, (name, one)) in entries(value).enumerate() {
            let place = |part: &Member, word: &str| {
                let word = part.location_name.as_deref().unwrap_or(word);
                format!("{path}.{}.{word}", n + 1)
            };
            self.pairs.push((place(key, "key"), name.clone()));
            self.value(place(inner, "value"), inner, one)?;
        }
        Ok(())
    }
}

pub(super) fn entries(value: &Json) -> impl Iterator<Item = (&String, &Json)> {
    value.as_object().into_iter().flatten()
}

fn capital(name: &str) -> String {
    let mut letters = name.chars();
    let first = letters.next().map(|c| c.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}

/// A structure as JSON, by the names of the wire.
pub(super) fn structure_json(
    service: &Service,
    shape: &Shape,
    value: &Json,
) -> Result<Json, String> {
    let mut out = Map::new();
    for (name, value) in entries(value) {
        if let Some(member) = shape.members.get(name) {
            let target = service.shape(&member.shape);
            let name = said(member, &target).unwrap_or(name).to_owned();
            out.insert(name, value_json(service, member, value)?);
        }
    }
    Ok(Json::Object(out))
}

pub(super) fn value_json(service: &Service, member: &Member, value: &Json) -> Result<Json, String> {
    let shape = service.shape(&member.shape);
    if shape.document {
        return Ok(value.clone());
    }
    match (shape.kind, &shape.member, &shape.value) {
        (Kind::Structure, _, _) => structure_json(service, &shape, value),
        (Kind::List, Some(item), _) => {
            let items = value.as_array().into_iter().flatten();
            items.map(|one| value_json(service, item, one)).collect()
        }
        (Kind::Map, _, Some(inner)) => {
            let one = |(k, v): (&String, &Json)| Ok((k.clone(), value_json(service, inner, v)?));
            entries(value)
                .map(one)
                .collect::<Result<Map<_, _>, String>>()
                .map(Json::Object)
        }
        (Kind::Blob, _, _) => Ok(STANDARD.encode(bytes(value)?).into()),
        (Kind::Timestamp, _, _) => stamp(&shape, member, value, Format::Seconds),
        _ => Ok(value.clone()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::aws_model::service;

    fn body(name: &str, action: &str, params: &Json) -> String {
        let service = service(name).unwrap();
        let wire = encode(service, &service.operation(action).unwrap(), params).unwrap();
        String::from_utf8(wire.body).unwrap()
    }

    /// The texts are those of botocore 1.44.8 for the same params.
    #[test]
    fn bodies_are_those_of_botocore() {
        for (name, action, params, expected) in [
            (
                "ec2",
                "RunInstances",
                json!({"ImageId": "ami-1", "MinCount": 1, "MaxCount": 2, "SecurityGroupIds": ["a", "b"], "UserData": "hi +",
                       "TagSpecifications": [{"ResourceType": "instance", "Tags": [{"Key": "k", "Value": "v w"}]}]}),
                "Action=RunInstances&Version=2016-11-15&ImageId=ami-1&MinCount=1&MaxCount=2&SecurityGroupId.1=a&SecurityGroupId.2=b&UserData=hi%20%2B&TagSpecification.1.ResourceType=instance&TagSpecification.1.Tag.1.Key=k&TagSpecification.1.Tag.1.Value=v%20w",
            ),
            (
                "autoscaling",
                "SetDesiredCapacity",
                json!({"AutoScalingGroupName": "g", "DesiredCapacity": 3, "HonorCooldown": false}),
                "Action=SetDesiredCapacity&Version=2011-01-01&AutoScalingGroupName=g&DesiredCapacity=3&HonorCooldown=false",
            ),
            (
                "rds",
                "DescribeDBInstances",
                json!({"Filters": [{"Name": "n", "Values": ["a"]}]}),
                "Action=DescribeDBInstances&Version=2014-10-31&Filters.Filter.1.Name=n&Filters.Filter.1.Values.Value.1=a",
            ),
            (
                "sns",
                "SetTopicAttributes",
                json!({"TopicArn": "t", "AttributeName": "n", "AttributeValue": "v"}),
                "Action=SetTopicAttributes&Version=2010-03-31&TopicArn=t&AttributeName=n&AttributeValue=v",
            ),
            (
                "sns",
                "CreateTopic",
                json!({"Name": "t", "Attributes": {"a": "b"}}),
                "Action=CreateTopic&Version=2010-03-31&Name=t&Attributes.entry.1.key=a&Attributes.entry.1.value=b",
            ),
            (
                "cloudwatch",
                "PutMetricData",
                json!({"Namespace": "N", "MetricData": [{"MetricName": "m", "Value": 1.5, "Timestamp": "2026-11-24T18:00:00Z"}]}),
                "Action=PutMetricData&Version=2010-08-01&Namespace=N&MetricData.member.1.MetricName=m&MetricData.member.1.Value=1.5&MetricData.member.1.Timestamp=2026-11-24T18%3A00%3A00Z",
            ),
            (
                "dynamodb",
                "PutItem",
                json!({"TableName": "t", "Item": {"id": {"S": "1"}, "b": {"B": "hi"}}}),
                r#"{"TableName":"t","Item":{"id":{"S":"1"},"b":{"B":"aGk="}}}"#,
            ),
            (
                "ecs",
                "UpdateService",
                json!({"service": "s", "desiredCount": 2}),
                r#"{"service":"s","desiredCount":2}"#,
            ),
        ] {
            assert_eq!(body(name, action, &params), expected, "{name} {action}");
        }
    }
}
