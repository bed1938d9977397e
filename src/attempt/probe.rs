//! `probe`: looks how something stands, and changes nothing.

use std::time::Duration;

use serde_json::json;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::call::{Answer, Context, Trouble};
use super::start::plain;
use crate::time::spoken_span;
use crate::workflow::ProbeDoc;

/// To connect.
const CONNECT: Duration = Duration::from_secs(10);

/// Looks once.
pub(super) async fn perform(ask: ProbeDoc, cx: &Context<'_, '_>) -> Result<Answer, Trouble> {
    let Some(address) = ask.tcp else {
        return Err(Trouble::Failed("there is nothing to probe".into()));
    };
    connect(&address).await?;
    cx.say(&format!("connected to {address}"));
    Ok(Answer::from_iter([("value".to_owned(), json!(true))]))
}

async fn connect(address: &str) -> Result<TcpStream, Trouble> {
    let unreached = |why: String| Trouble::Unreached(format!("cannot connect to {address}: {why}"));
    match timeout(CONNECT, TcpStream::connect(address)).await {
        Ok(Ok(stream)) => Ok(stream),
        Ok(Err(error)) => Err(unreached(plain(&error))),
        Err(_) => Err(unreached(format!(
            "no answer within {}",
            spoken_span(CONNECT)
        ))),
    }
}
