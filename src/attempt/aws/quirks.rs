//! What AWS's own clients do to a few params that the models do not tell of.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value as Json};

use super::encode::escaped;
use crate::aws_model::{Operation, Service};

/// Lists of objects, whose keys may hold what XML cannot.
const LISTS: [&str; 3] = ["ListObjects", "ListObjectsV2", "ListObjectVersions"];
/// Where such keys stand in an answer.
const KEYS: [&str; 9] = [
    "Key",
    "Prefix",
    "Delimiter",
    "Marker",
    "NextMarker",
    "StartAfter",
    "KeyMarker",
    "NextKeyMarker",
    "EncodedKey",
];

pub(super) fn adapt(service: &Service, operation: &Operation, params: &mut Json) {
    let Json::Object(params) = params else {
        return;
    };
    match (service.facts().name.as_str(), operation.name.as_str()) {
        ("ec2", "RunInstances") | ("autoscaling", "CreateLaunchConfiguration") => {
            change(params, "UserData", |text| STANDARD.encode(text));
        }
        // Answers give ids as `/hostedzone/Z1`; the path of a request has its own `hostedzone`.
        ("route53", _) => {
            let ids = ["HostedZoneId", "Id", "DelegationSetId", "ResourceId"];
            for name in ids {
                change(params, name, |text| {
                    text.rsplit('/').next().unwrap_or(text).to_owned()
                });
            }
        }
        ("s3", "CopyObject" | "UploadPartCopy") => change(params, "CopySource", |text| {
            let (key, version) = text.split_once("?versionId=").unwrap_or((text, ""));
            let mark = if version.is_empty() {
                ""
            } else {
                "?versionId="
            };
            format!("{}{mark}{version}", escaped(key, true))
        }),
        ("s3", name) if LISTS.contains(&name) => {
            params.entry("EncodingType").or_insert_with(|| "url".into());
        }
        _ => {}
    }
}

fn change(params: &mut Map<String, Json>, name: &str, to: impl FnOnce(&str) -> String) {
    if let Some(Json::String(text)) = params.get_mut(name) {
        *text = to(text);
    }
}

/// Takes back the encoding that `adapt` asked for.
pub(super) fn plain_keys(operation: &Operation, answer: &mut Map<String, Json>) {
    if LISTS.contains(&operation.name.as_str()) && answer.get("EncodingType") == Some(&"url".into())
    {
        answer.remove("EncodingType");
        decode_map(answer);
    }
}

fn decode_map(map: &mut Map<String, Json>) {
    for (name, value) in map.iter_mut() {
        match value {
            Json::String(text) if KEYS.contains(&name.as_str()) => *text = unescaped(text),
            Json::Array(list) => {
                for one in list {
                    if let Json::Object(map) = one {
                        decode_map(map);
                    }
                }
            }
            _ => {}
        }
    }
}

fn unescaped(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, more @ ..] = rest {
        let hex = more.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        match (first, hex.and_then(|two| u8::from_str_radix(two, 16).ok())) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = &more[2..];
            }
            (b'+', _) => {
                bytes.push(b' ');
                rest = more;
            }
            _ => {
                bytes.push(*first);
                rest = more;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
