//! Calls of the REST protocols: params in the path, the query string, headers and a body of JSON, XML or bytes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value as Json};

use super::encode::{Wire, bytes, entries, escaped, said, structure_json, text, value_json};
use super::moment::Format;
use super::xml;
use crate::aws_model::{Kind, Member, Operation, Protocol, Service, Shape};

pub(super) fn encode(
    service: &Service,
    operation: &Operation,
    params: &Json,
) -> Result<Wire, String> {
    let shape = service.shape_of(operation.input.as_ref());
    let mut call = Call {
        service,
        uri: operation.http.request_uri.clone(),
        query: Vec::new(),
        headers: Vec::new(),
    };
    let mut in_body = Map::new();
    for (name, value) in entries(params) {
        let Some(member) = shape.members.get(name) else {
            continue;
        };
        if member.location.is_some() {
            call.place(name, member, value)?;
        } else {
            in_body.insert(name.clone(), value.clone());
        }
    }
    let (body, kind) = call.body(operation, &shape, in_body)?;
    call.finish(operation, body, kind)
}

struct Call<'a> {
    service: &'a Service,
    uri: String,
    query: Vec<(String, String)>,
    headers: Vec<(String, String)>,
}

type Body = (Vec<u8>, Option<&'static str>);

impl Call<'_> {
    /// Puts a param where it belongs outside the body.
    fn place(&mut self, name: &str, member: &Member, value: &Json) -> Result<(), String> {
        let shape = self.service.shape(&member.shape);
        let said = said(member, &shape).unwrap_or(name).to_owned();
        match member.location.as_deref() {
            Some("uri") => {
                let value = self.text(member, value, Format::Iso)?;
                if value.is_empty() {
                    return Err(format!("`{name}` is empty"));
                }
                let greedy = format!("{{{said}+}}");
                if self.uri.contains(&greedy) {
                    self.uri = self.uri.replace(&greedy, &escaped(&value, true));
                } else {
                    self.uri = self
                        .uri
                        .replace(&format!("{{{said}}}"), &escaped(&value, false));
                }
            }
            Some("querystring") => self.in_query(said, &shape, member, value)?,
            Some("header") if member.jsonvalue => {
                self.headers
                    .push((said, STANDARD.encode(value.to_string())));
            }
            Some("header") => {
                let text = match (value, &shape.member) {
                    (Json::Array(items), Some(item)) => {
                        let items = items.iter().map(|one| self.text(item, one, Format::Mail));
                        items.collect::<Result<Vec<_>, _>>()?.join(",")
                    }
                    _ => self.text(member, value, Format::Mail)?,
                };
                self.headers.push((said.to_ascii_lowercase(), text));
            }
            Some("headers") => {
                for (key, value) in entries(value) {
                    let value = value.as_str().unwrap_or_default().to_owned();
                    self.headers
                        .push((format!("{said}{key}").to_ascii_lowercase(), value));
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn in_query(
        &mut self,
        said: String,
        shape: &Shape,
        member: &Member,
        value: &Json,
    ) -> Result<(), String> {
        match (value, &shape.member, &shape.value) {
            (Json::Array(items), Some(item), _) => {
                for one in items {
                    let text = self.text(item, one, Format::Iso)?;
                    self.query.push((said.clone(), text));
                }
            }
            (Json::Object(_), _, Some(inner)) => {
                for (key, one) in entries(value) {
                    let ones = one
                        .as_array()
                        .map_or_else(|| std::slice::from_ref(one), Vec::as_slice);
                    for one in ones {
                        let text = self.text(inner, one, Format::Iso)?;
                        self.query.push((key.clone(), text));
                    }
                }
            }
            _ => {
                let text = self.text(member, value, Format::Iso)?;
                self.query.push((said, text));
            }
        }
        Ok(())
    }

    fn text(&self, member: &Member, value: &Json, otherwise: Format) -> Result<String, String> {
        let shape = self.service.shape(&member.shape);
        let text = text(&shape, member, value, otherwise)?;
        Ok(text.unwrap_or_else(|| {
            value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned)
        }))
    }

    fn body(
        &self,
        operation: &Operation,
        shape: &Shape,
        mut params: Map<String, Json>,
    ) -> Result<Body, String> {
        let is_json = self.service.facts().protocol == Protocol::RestJson;
        let json = "application/json";
        let Some(name) = &shape.payload else {
            let has_body = shape.members.values().any(|m| m.location.is_none());
            let params = Json::Object(params);
            return match is_json {
                _ if !has_body => Ok((Vec::new(), None)),
                true => {
                    let body = structure_json(self.service, shape, &params)?;
                    Ok((body.to_string().into_bytes(), Some(json)))
                }
                false if entries(&params).next().is_none() => Ok((Vec::new(), None)),
                false => {
                    let root = operation.input.as_ref();
                    let name = root
                        .and_then(|r| r.location_name.as_deref())
                        .unwrap_or(&operation.name);
                    let namespace = root.and_then(|r| r.xml_namespace.as_ref());
                    let text = xml::document(self.service, name, namespace, shape, &params)?;
                    Ok((text.into_bytes(), Some("application/xml")))
                }
            };
        };
        let (Some(member), Some(value)) = (shape.members.get(name), params.remove(name)) else {
            return Ok((Vec::new(), None));
        };
        let target = self.service.shape(&member.shape);
        match target.kind {
            Kind::Blob | Kind::String => Ok((bytes(&value)?, None)),
            _ if is_json => {
                let body = value_json(self.service, member, &value)?;
                Ok((body.to_string().into_bytes(), Some(json)))
            }
            _ => {
                let name = said(member, &target).unwrap_or(name);
                let namespace = member
                    .xml_namespace
                    .as_ref()
                    .or(target.xml_namespace.as_ref());
                let text = xml::document(self.service, name, namespace, &target, &value)?;
                Ok((text.into_bytes(), Some("application/xml")))
            }
        }
    }

    fn finish(
        mut self,
        operation: &Operation,
        body: Vec<u8>,
        kind: Option<&str>,
    ) -> Result<Wire, String> {
        if let (Some(start), Some(end)) = (self.uri.find('{'), self.uri.find('}')) {
            return Err(format!("`{}` is missing", &self.uri[start + 1..end]));
        }
        let (path, query) = self.uri.split_once('?').unwrap_or((&self.uri, ""));
        let fixed = query
            .split('&')
            .filter(|part| !part.is_empty())
            .map(|part| {
                let (name, value) = part.split_once('=').unwrap_or((part, ""));
                (name.to_owned(), value.to_owned())
            });
        let mut query: Vec<(String, String)> = fixed.collect();
        query.append(&mut self.query);
        let mut headers = self.headers;
        let has_kind = headers.iter().any(|(name, _)| name == "content-type");
        if let Some(kind) = kind.filter(|_| !has_kind) {
            headers.push(("content-type".to_owned(), kind.to_owned()));
        }
        let checked = operation
            .http_checksum
            .as_ref()
            .is_some_and(|c| c.request_checksum_required);
        let has_checksum = headers
            .iter()
            .any(|(name, _)| name.starts_with("x-amz-checksum-"));
        if checked && !has_checksum {
            headers.retain(|(name, _)| name != "x-amz-sdk-checksum-algorithm");
            let sum = STANDARD.encode(crc32fast::hash(&body).to_be_bytes());
            headers.push((
                "x-amz-sdk-checksum-algorithm".to_owned(),
                "CRC32".to_owned(),
            ));
            headers.push(("x-amz-checksum-crc32".to_owned(), sum));
        }
        Ok(Wire {
            method: operation.http.method.clone(),
            path: path.to_owned(),
            query,
            headers,
            body,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::aws_model::service;

    fn wire(name: &str, action: &str, params: &Json) -> Wire {
        let service = service(name).unwrap();
        encode(service, &service.operation(action).unwrap(), params).unwrap()
    }

    #[test]
    fn params_find_their_places() {
        let put = wire(
            "s3",
            "PutObject",
            &json!({
                "Bucket": "b", "Key": "a b/+ü.txt", "Body": "hi", "Metadata": {"Team": "x"}, "ContentType": "text/plain",
            }),
        );
        assert_eq!(put.path, "/b/a%20b/%2B%C3%BC.txt");
        assert_eq!(put.body, b"hi");
        let has =
            |name: &str, value: &str| put.headers.contains(&(name.to_owned(), value.to_owned()));
        assert!(
            has("x-amz-meta-team", "x") && has("content-type", "text/plain"),
            "{put:?}"
        );
        let list = wire(
            "s3",
            "ListObjectsV2",
            &json!({"Bucket": "b", "Prefix": "a/", "MaxKeys": 2}),
        );
        assert_eq!(
            (list.path.as_str(), list.query_text().as_str()),
            ("/b", "list-type=2&prefix=a%2F&max-keys=2")
        );
        let delete = wire(
            "s3",
            "DeleteObjects",
            &json!({"Bucket": "b", "Delete": {"Objects": [{"Key": "a<b"}], "Quiet": true}}),
        );
        assert_eq!(
            String::from_utf8(delete.body).unwrap(),
            r#"<Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Object><Key>a&lt;b</Key></Object><Quiet>true</Quiet></Delete>"#
        );
        assert!(
            delete
                .headers
                .iter()
                .any(|(name, _)| name == "x-amz-checksum-crc32")
        );
        let tag = wire(
            "lambda",
            "UntagResource",
            &json!({"Resource": "arn:x/y", "TagKeys": ["a", "b"]}),
        );
        assert_eq!(
            (tag.path.as_str(), tag.query_text().as_str()),
            ("/2017-03-31/tags/arn%3Ax%2Fy", "tagKeys=a&tagKeys=b")
        );
        let nodes = wire(
            "eks",
            "CreateCluster",
            &json!({"name": "c", "roleArn": "r", "resourcesVpcConfig": {"subnetIds": ["s"]}}),
        );
        assert_eq!(
            String::from_utf8(nodes.body).unwrap(),
            r#"{"name":"c","roleArn":"r","resourcesVpcConfig":{"subnetIds":["s"]}}"#
        );
        let zone = wire(
            "route53",
            "ChangeResourceRecordSets",
            &json!({
                "HostedZoneId": "Z1",
                "ChangeBatch": {"Changes": [{"Action": "UPSERT", "ResourceRecordSet": {
                    "Name": "a.", "Type": "A", "SetIdentifier": "x", "Weight": 0, "TTL": 60, "ResourceRecords": [{"Value": "10.0.0.1"}]}}]},
            }),
        );
        assert_eq!(zone.path, "/2013-04-01/hostedzone/Z1/rrset/");
        assert_eq!(
            String::from_utf8(zone.body).unwrap(),
            concat!(
                r#"<ChangeResourceRecordSetsRequest xmlns="https://route53.amazonaws.com/doc/2013-04-01/"><ChangeBatch><Changes><Change>"#,
                "<Action>UPSERT</Action><ResourceRecordSet><Name>a.</Name><Type>A</Type><SetIdentifier>x</SetIdentifier><Weight>0</Weight>",
                "<TTL>60</TTL><ResourceRecords><ResourceRecord><Value>10.0.0.1</Value></ResourceRecord></ResourceRecords></ResourceRecordSet>",
                "</Change></Changes></ChangeBatch></ChangeResourceRecordSetsRequest>"
            )
        );
    }
}
