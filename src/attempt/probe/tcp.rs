//! Whether somebody listens.

use std::time::Duration;

use serde_json::json;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::super::call::{Answer, Context, Trouble};
use super::super::start::plain;
use crate::time::spoken_span;

/// To connect.
pub(super) const CONNECT: Duration = Duration::from_secs(10);

pub(super) async fn tcp(
    address: &str,
    limit: Duration,
    cx: &Context<'_, '_>,
) -> Result<Answer, Trouble> {
    connect(address, limit).await?;
    cx.say(&format!("connected to {address}"));
    Ok(Answer::from_iter([("value".to_owned(), json!(true))]))
}

pub(super) async fn connect(address: &str, limit: Duration) -> Result<TcpStream, Trouble> {
    let unreached = |why: String| Trouble::Unreached(format!("cannot connect to {address}: {why}"));
    match timeout(limit, TcpStream::connect(address)).await {
        Ok(Ok(stream)) => Ok(stream),
        Ok(Err(error)) => Err(unreached(plain(&error))),
        Err(_) => Err(unreached(format!(
            "no answer within {}",
            spoken_span(limit)
        ))),
    }
}
