//! All pages of an answer as one.

use serde_json::{Map, Value as Json};

use super::super::call::Trouble;
use super::super::outputs::jmespath;
use super::call::{Client, Fault, Reply};
use crate::aws_model::{Effect, Operation, Paginator};

/// More is no answer but a leak.
const PAGES_MAX: usize = 1000;
const ENTRIES_MAX: usize = 100_000;
/// Of all pages together, before they are read.
const BYTES_MAX: usize = 10 << 20;

impl Client<'_, '_, '_> {
    /// Reads all pages. A call that asks for one page, by its own token or by how many it shall have, gets that one: so do
    /// AWS's own command lines.
    pub(super) async fn read_all(
        &self,
        operation: &Operation,
        params: &Json,
    ) -> Result<Reply, Fault> {
        let paginator = self.service.paginator(&operation.name);
        let Some(paginator) = paginator.filter(|p| !asks_for_one(p, params)) else {
            return self.call(operation, params, Effect::Reads).await;
        };
        let mut params = params.clone();
        let mut whole: Option<Json> = None;
        let (mut pages, mut count, mut size) = (0, 0, 0);
        let status = loop {
            let reply = self.call(operation, &params, Effect::Reads).await?;
            let mut page = Json::Object(reply.answer);
            let more =
                turn(&paginator, &page, &mut params).map_err(|why| self.wrong(operation, &why))?;
            (pages, size) = (pages + 1, size + reply.size);
            count += entries(&paginator, &page);
            if let Some(whole) = &mut whole {
                for key in &paginator.result_key {
                    join(whole, &mut page, key);
                }
            } else {
                whole = Some(page);
            }
            if !more {
                break reply.status;
            }
            if pages >= PAGES_MAX || count >= ENTRIES_MAX || size >= BYTES_MAX {
                let why = format!(
                    "more than {count} entries, {size} bytes, on {pages} pages, which is too much for one answer: narrow it by params"
                );
                return Err(self.wrong(operation, &why));
            }
            self.teller.status(&format!("{count} entries so far"));
        };
        let Some(Json::Object(mut answer)) = whole else {
            return Err(self.wrong(operation, "there was no page"));
        };
        for token in &paginator.output_token {
            answer.remove(token);
        }
        Ok(Reply {
            status,
            answer,
            size,
        })
    }

    fn wrong(&self, operation: &Operation, why: &str) -> Fault {
        Trouble::Failed(self.placed(operation, why)).into()
    }
}

fn asks_for_one(paginator: &Paginator, params: &Json) -> bool {
    let mut own = paginator.input_token.iter().chain(&paginator.limit_key);
    own.any(|name| params.get(name).is_some())
}

/// Makes the params those of the page after this one; `false` if it is the last.
fn turn(paginator: &Paginator, page: &Json, params: &mut Json) -> Result<bool, String> {
    if let Some(more) = &paginator.more_results
        && found(more, page)? != Json::Bool(true)
    {
        return Ok(false);
    }
    let mut next = Map::new();
    for (input, output) in paginator.input_token.iter().zip(&paginator.output_token) {
        let token = found(output, page)?;
        if !token.is_null() && token != "" && token != Json::Object(Map::new()) {
            next.insert(input.clone(), token);
        }
    }
    if next.is_empty() {
        return Ok(false);
    }
    let Json::Object(params) = params else {
        return Ok(false);
    };
    let mut tokens = paginator.input_token.iter();
    if tokens.all(|name| params.get(name) == next.get(name)) {
        return Err("the service gives the same page again and again".to_owned());
    }
    // A token that this page does not give would lead astray with those that it gives.
    for name in &paginator.input_token {
        params.remove(name);
    }
    params.extend(next);
    Ok(true)
}

/// A query, which is a mere name but for a few: then the whole page need not be read through.
fn found(query: &str, page: &Json) -> Result<Json, String> {
    match page.get(query) {
        Some(value) => Ok(value.clone()),
        None if query.bytes().all(|b| b.is_ascii_alphanumeric()) => Ok(Json::Null),
        None => jmespath(query, page),
    }
}

/// Puts the list under `key`, a path with dots, behind the one that is there.
fn join(whole: &mut Json, page: &mut Json, key: &str) {
    let Some(more) = page.pointer_mut(&pointer(key)).map(Json::take) else {
        return;
    };
    let mut here = whole;
    for name in key.split('.') {
        if here.is_null() {
            *here = Json::Object(Map::new());
        }
        let Json::Object(map) = here else {
            return;
        };
        here = map.entry(name).or_insert(Json::Null);
    }
    match (here, more) {
        (Json::Array(list), Json::Array(mut rest)) => list.append(&mut rest),
        (Json::Object(map), Json::Object(rest)) => map.extend(rest),
        (Json::Number(sum), Json::Number(rest)) => {
            if let (Some(a), Some(b)) = (sum.as_i64(), rest.as_i64()) {
                *sum = (a + b).into();
            }
        }
        (none @ Json::Null, more) => *none = more,
        _ => {}
    }
}

fn entries(paginator: &Paginator, page: &Json) -> usize {
    let lists = paginator.result_key.iter().filter_map(|key| {
        let list = page.pointer(&pointer(key))?;
        list.as_array().map(Vec::len)
    });
    lists.sum()
}

fn pointer(key: &str) -> String {
    format!("/{}", key.replace('.', "/"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::aws_model::service;

    fn paginator(name: &str, operation: &str) -> Paginator {
        service(name).unwrap().paginator(operation).unwrap()
    }

    #[test]
    fn a_token_that_a_page_does_not_give_is_not_sent_again() {
        let records = paginator("route53", "ListResourceRecordSets");
        let mut params = json!({"HostedZoneId": "Z"});
        let first = json!({"IsTruncated": true, "NextRecordName": "a", "NextRecordType": "A", "NextRecordIdentifier": "old"});
        let second = json!({"IsTruncated": true, "NextRecordName": "b", "NextRecordType": "A"});
        assert_eq!(turn(&records, &first, &mut params), Ok(true));
        assert_eq!(turn(&records, &second, &mut params), Ok(true));
        assert_eq!(
            params,
            json!({"HostedZoneId": "Z", "StartRecordName": "b", "StartRecordType": "A"})
        );
        let again = turn(&records, &second, &mut params);
        assert!(again.unwrap_err().contains("same page"));
        assert_eq!(
            turn(&records, &json!({"IsTruncated": false}), &mut params),
            Ok(false)
        );
    }

    #[test]
    fn lists_that_only_a_later_page_has_are_kept() {
        let mut whole = json!({"imageScanFindings": {"findings": [1]}});
        let mut page = json!({"imageScanFindings": {"findings": [2], "enhancedFindings": [3]}});
        let scans = paginator("ecr", "DescribeImageScanFindings");
        for key in &scans.result_key {
            join(&mut whole, &mut page, key);
        }
        let expected = json!({"imageScanFindings": {"findings": [1, 2], "enhancedFindings": [3]}});
        assert_eq!(whole, expected);
        let mut empty = json!({});
        join(&mut empty, &mut json!({"a": {"b": [1]}}), "a.b");
        join(&mut empty, &mut json!({}), "c.d");
        assert_eq!(empty, json!({"a": {"b": [1]}}));
    }

    #[test]
    fn who_says_how_many_gets_one_page() {
        let events = paginator("logs", "FilterLogEvents");
        assert!(asks_for_one(&events, &json!({"limit": 1})));
        assert!(asks_for_one(&events, &json!({"nextToken": "t"})));
        assert!(!asks_for_one(&events, &json!({"logGroupName": "g"})));
    }
}
