//! All pages of an answer as one.

use serde_json::{Map, Value as Json};

use super::super::call::Trouble;
use super::super::outputs::jmespath;
use super::call::{Client, Fault, Reply};
use crate::aws_model::{Effect, Operation, Paginator};

/// More is no answer but a leak.
const PAGES_MAX: usize = 1000;
const ENTRIES_MAX: usize = 100_000;

impl Client<'_, '_, '_> {
    /// Reads all pages. A call that asks for one page by its own token gets that one.
    pub(super) async fn read_all(
        &self,
        operation: &Operation,
        params: &Json,
    ) -> Result<Reply, Fault> {
        let paginator = self.service.paginator(&operation.name);
        let own_token = |p: &Paginator| p.input_token.iter().any(|name| params.get(name).is_some());
        let Some(paginator) = paginator.filter(|p| !own_token(p)) else {
            return self.call(operation, params, Effect::Reads).await;
        };
        let mut params = params.clone();
        let mut whole: Option<Reply> = None;
        for page in 1.. {
            let reply = self.call(operation, &params, Effect::Reads).await?;
            let next = next(&paginator, &reply.answer, &params)
                .map_err(|why| self.wrong(operation, &why))?;
            let count = if let Some(whole) = &mut whole {
                let mut more = reply.answer;
                for key in &paginator.result_key {
                    join(&mut whole.answer, &mut more, key);
                }
                entries(&paginator, &whole.answer)
            } else {
                entries(&paginator, &whole.insert(reply).answer)
            };
            let Some(next) = next else {
                break;
            };
            if page >= PAGES_MAX || count >= ENTRIES_MAX {
                let why = format!("more than {count} entries on {page} pages: narrow it by params");
                return Err(self.wrong(operation, &why));
            }
            self.teller.status(&format!("{count} entries so far"));
            if let Json::Object(params) = &mut params {
                params.extend(next);
            }
        }
        let mut whole = whole.ok_or_else(|| self.wrong(operation, "there was no page"))?;
        for token in &paginator.output_token {
            whole.answer.remove(token);
        }
        Ok(whole)
    }

    fn wrong(&self, operation: &Operation, why: &str) -> Fault {
        Trouble::Failed(self.placed(operation, why)).into()
    }
}

/// The params of the next page; `None` after the last.
fn next(
    paginator: &Paginator,
    answer: &Map<String, Json>,
    params: &Json,
) -> Result<Option<Map<String, Json>>, String> {
    let whole = Json::Object(answer.clone());
    if let Some(more) = &paginator.more_results
        && jmespath(more, &whole)? != Json::Bool(true)
    {
        return Ok(None);
    }
    let mut next = Map::new();
    for (input, output) in paginator.input_token.iter().zip(&paginator.output_token) {
        let token = jmespath(output, &whole)?;
        if !token.is_null() && token != "" && token != Json::Object(Map::new()) {
            next.insert(input.clone(), token);
        }
    }
    if next.is_empty() {
        return Ok(None);
    }
    if next
        .iter()
        .all(|(name, token)| params.get(name) == Some(token))
    {
        return Err("the service gives the same page again and again".to_owned());
    }
    Ok(Some(next))
}

/// Puts the list under `key`, a path with dots, behind the one that is there.
fn join(whole: &mut Map<String, Json>, more: &mut Map<String, Json>, key: &str) {
    let path = format!("/{}", key.replace('.', "/"));
    let (mut left, mut right) = (
        Json::Object(std::mem::take(whole)),
        Json::Object(std::mem::take(more)),
    );
    match (left.pointer_mut(&path), right.pointer_mut(&path)) {
        (Some(Json::Array(list)), Some(Json::Array(rest))) => list.append(rest),
        (Some(Json::Object(map)), Some(Json::Object(rest))) => map.append(rest),
        (Some(Json::Number(sum)), Some(Json::Number(rest))) => {
            if let (Some(a), Some(b)) = (sum.as_i64(), rest.as_i64()) {
                *sum = (a + b).into();
            }
        }
        (None, Some(rest)) if !key.contains('.') => {
            let rest = rest.take();
            left[key] = rest;
        }
        _ => {}
    }
    if let Json::Object(left) = left {
        *whole = left;
    }
}

fn entries(paginator: &Paginator, answer: &Map<String, Json>) -> usize {
    let value = Json::Object(answer.clone());
    let lists = paginator.result_key.iter().filter_map(|key| {
        let list = value.pointer(&format!("/{}", key.replace('.', "/")))?;
        list.as_array().map(Vec::len)
    });
    lists.sum()
}
