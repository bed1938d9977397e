//! One message to a web hook, outside of any step.

use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Method, Url};
use serde_json::Value as Json;

use super::super::reactor::Reactor;
use super::guard::Guard;
use super::request::Request;
use super::send::{Sender, Trouble};

/// Posts `message` to `url` within `limit`. `Err` says in words why it is not known to have arrived; never the URL, which may be
/// a secret in itself.
pub fn post(url: &str, message: &Json, limit: Duration) -> Result<(), String> {
    let url = Url::parse(url).map_err(|error| format!("its address is not a URL: {error}"))?;
    let sender = Sender::new(Guard::new(&url, &[]), false, limit).map_err(told)?;
    let json = HeaderValue::from_static("application/json");
    let request = Request::plain(
        Method::POST,
        url,
        HeaderMap::from_iter([(CONTENT_TYPE, json)]),
        message.to_string().into_bytes(),
    );
    let mut reactor = Reactor::default();
    let answer = reactor.get()?.block_on(sender.exchange(request, limit));
    match answer.map_err(told)?.status {
        status if status.is_success() => Ok(()),
        status => Err(format!("expected a status from 200 to 299, got {status}")),
    }
}

fn told(trouble: Trouble) -> String {
    match trouble {
        Trouble::Wrong(why) | Trouble::Unreached(why) | Trouble::Lost(why) => why,
    }
}
