//! Which probe it is.

use super::super::call::{Answer, Context, Trouble};
use super::{dns, postgres, prometheus, redis, tcp, tls};
use crate::workflow::ProbeDoc;

/// Looks once.
pub(in super::super) async fn perform(
    ask: ProbeDoc,
    cx: &Context<'_, '_>,
) -> Result<Answer, Trouble> {
    let limit = ask.connect_timeout().unwrap_or(tcp::CONNECT);
    if let Some(address) = &ask.tcp {
        return tcp::tcp(address, limit, cx).await;
    }
    if let Some(address) = &ask.tls {
        return tls::tls(address, &ask, limit, cx).await;
    }
    if let Some(name) = &ask.dns {
        return dns::dns(name, &ask, cx).await;
    }
    if let Some(doc) = &ask.prometheus {
        return prometheus::prometheus(doc, cx).await;
    }
    if let Some(database) = &ask.postgres {
        return postgres::postgres(&database.0, cx).await;
    }
    if let Some(doc) = &ask.redis {
        return redis::redis(&doc.0, cx).await;
    }
    Err(Trouble::Failed("there is nothing to probe".into()))
}
