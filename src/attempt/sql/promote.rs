//! A standby becomes the primary.

use std::time::Duration;

use serde_json::json;
use tokio::time::{Instant, sleep};
use tokio_postgres::Client;

use super::super::call::{Answer, Context, Trouble};
use super::super::postgres::{Session, Target, from_server, told};
use crate::time::spoken_span;
use crate::workflow::PromoteDoc;

const WAIT: Duration = Duration::from_mins(1);
const EVERY: Duration = Duration::from_millis(500);

/// Does nothing to a primary, so it may be asked for again.
pub(super) async fn promote(
    target: &Target,
    doc: &PromoteDoc,
    cx: &Context<'_, '_>,
) -> Result<Answer, Trouble> {
    let wait = doc.wait().unwrap_or(WAIT);
    let session = Session::open(target).await?;
    if !in_recovery(&session.client).await? {
        cx.say(&format!(
            "{} is primary already: nothing to do",
            target.place()
        ));
        return Ok(answer(true));
    }
    cx.status("promoting");
    cx.under_way(true);
    // The answer comes by looking: the wait of `pg_promote` itself says nothing while it lasts.
    let ordered = session
        .client
        .query_one("select pg_promote(false)", &[])
        .await;
    match ordered {
        Ok(row) if row.try_get(0).unwrap_or(false) => {}
        Ok(_) => {
            cx.under_way(false);
            return Err(Trouble::Failed(
                "the server refused to be promoted".to_owned(),
            ));
        }
        Err(error) if from_server(&error).is_some() => {
            cx.under_way(false);
            return Err(Trouble::Failed(format!("not promoted: {}", told(&error))));
        }
        Err(error) => cx.say(&format!("the connection was cut ({})", told(&error))),
    }
    drop(session);
    until_primary(target, wait, cx).await?;
    cx.under_way(false);
    cx.say(&format!("{} is primary now", target.place()));
    Ok(answer(false))
}

/// Sessions of a standby live on through its promotion, but a link may be cut: each look has a new one.
async fn until_primary(
    target: &Target,
    wait: Duration,
    cx: &Context<'_, '_>,
) -> Result<(), Trouble> {
    let began = Instant::now();
    loop {
        let why = match Session::open(target).await {
            Ok(session) => match in_recovery(&session.client).await {
                Ok(false) => return Ok(()),
                Ok(true) => "it is still a standby".to_owned(),
                Err(trouble) => trouble.words(),
            },
            Err(trouble) => trouble.words(),
        };
        if began.elapsed() >= wait {
            let wait = spoken_span(wait);
            return Err(Trouble::Unknown(format!(
                "the promotion was ordered, but not seen within {wait}: {why}; it may still happen"
            )));
        }
        let so_far = spoken_span(Duration::from_secs(began.elapsed().as_secs()));
        cx.status(&format!("promoting, {why}, {so_far}"));
        sleep(EVERY).await;
    }
}

async fn in_recovery(client: &Client) -> Result<bool, Trouble> {
    let row = client.query_one("select pg_is_in_recovery()", &[]).await;
    row.and_then(|row| row.try_get(0))
        .map_err(|error| Trouble::Unreached(told(&error)))
}

fn answer(already: bool) -> Answer {
    let value = json!({"primary": true, "already": already});
    Answer::from_iter([("value".to_owned(), value)])
}
