//! One GET on behalf of another action, under the same rules as `http`.

use std::time::Duration;

use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Url};

use super::super::call::Trouble;
use super::guard::Guard;
use super::request::Request;
use super::send::{self, Sender};

/// What is to be fetched.
pub(in super::super) struct Fetch<'a> {
    pub(in super::super) url: &'a str,
    /// Added to the query of the URL.
    pub(in super::super) query: &'a [(&'a str, String)],
    pub(in super::super) headers: &'a [(String, String)],
    pub(in super::super) bearer: Option<&'a str>,
    pub(in super::super) allow_hosts: &'a [String],
}

/// The status and the whole body, which has at most a few MiB.
pub(in super::super) async fn fetch(
    fetch: &Fetch<'_>,
    limit: Duration,
) -> Result<(u16, Vec<u8>), Trouble> {
    let mut url = Url::parse(fetch.url)
        .map_err(|e| Trouble::Failed(format!("its address is not a URL: {e}")))?;
    for (key, value) in fetch.query {
        url.query_pairs_mut().append_pair(key, value);
    }
    let headers = headers(fetch).map_err(Trouble::Failed)?;
    let guard = Guard::new(&url, fetch.allow_hosts);
    let sender = Sender::new(guard, false, limit).map_err(told)?;
    let request = Request::plain(Method::GET, url, headers, Vec::new());
    let answer = sender.exchange(request, limit).await.map_err(told)?;
    if answer.total > answer.body.len() as u64 {
        let total = answer.total;
        return Err(Trouble::Failed(format!(
            "the answer has {total} bytes, too many to be read"
        )));
    }
    Ok((answer.status.as_u16(), answer.body))
}

fn headers(fetch: &Fetch<'_>) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::new();
    let wrong = |name: &str| format!("the header `{name}` cannot be sent");
    for (name, value) in fetch.headers {
        let key = HeaderName::from_bytes(name.as_bytes()).map_err(|_| wrong(name))?;
        let value = HeaderValue::from_str(value).map_err(|_| wrong(name))?;
        headers.insert(key, value);
    }
    if let Some(token) = fetch.bearer {
        let value = HeaderValue::from_str(&format!("Bearer {token}"));
        headers.insert(AUTHORIZATION, value.map_err(|_| wrong("Authorization"))?);
    }
    Ok(headers)
}

/// It only looks: what was lost on the way may be asked for again.
fn told(trouble: send::Trouble) -> Trouble {
    match trouble {
        send::Trouble::Wrong(why) => Trouble::Failed(why),
        send::Trouble::Unreached(why) | send::Trouble::Lost(why) => Trouble::Unreached(why),
    }
}
