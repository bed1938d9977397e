//! What became of a transaction whose COMMIT left and was not answered.

use std::time::Duration;

use tokio::time::{Instant, sleep};
use tokio_postgres::{Client, Error};

use super::super::call::Trouble;
use super::super::postgres::{Session, Target};

/// How long it is asked for.
const LIMIT: Duration = Duration::from_secs(20);
const EVERY: Duration = Duration::from_millis(300);

/// Numbers begin anew after a promotion, so one means something only on the server, and in the history, that gave it.
const IDENTITY: &str = "select system_identifier::text || '/' || left(pg_walfile_name(pg_current_wal_lsn()), 8) \
     from pg_control_system()";

/// A transaction by its number.
pub(super) struct Transaction {
    number: i64,
    /// `None`: the server does not say who it is, or not to us.
    server: Option<String>,
}

pub(super) enum Fate {
    Committed,
    RolledBack,
    Unknown(String),
}

impl Transaction {
    /// Which server this is. Asked outside of a transaction, which an error would end.
    pub(super) async fn server(client: &Client) -> Option<String> {
        let row = client.query_one(IDENTITY, &[]).await.ok()?;
        row.try_get(0).ok()
    }

    /// That which has just begun.
    pub(super) async fn current(client: &Client, server: Option<String>) -> Result<Self, Error> {
        let row = client.query_one("select txid_current()", &[]).await?;
        Ok(Self {
            number: row.try_get(0)?,
            server,
        })
    }

    pub(super) fn number(&self) -> i64 {
        self.number
    }

    /// Asks on new connections until it is known.
    pub(super) async fn fate(&self, target: &Target) -> Fate {
        let began = Instant::now();
        loop {
            let why = match self.ask(target).await {
                Ok(fate) => return fate,
                Err(why) => why,
            };
            if began.elapsed() > LIMIT {
                return Fate::Unknown(why);
            }
            sleep(EVERY).await;
        }
    }

    /// `Err` says why it is not known yet.
    async fn ask(&self, target: &Target) -> Result<Fate, String> {
        let session = Session::open(target).await.map_err(Trouble::words)?;
        let client = &session.client;
        match (&self.server, Self::server(client).await) {
            (Some(known), Some(now)) if *known == now => {}
            (Some(_), Some(_)) => {
                return Ok(Fate::Unknown("another server answers now".to_owned()));
            }
            _ => {
                let why = "the server does not say whether it is still the same";
                return Ok(Fate::Unknown(why.to_owned()));
            }
        }
        let row = client
            .query_one("select txid_status($1)", &[&self.number])
            .await;
        let row = row.map_err(|e| super::super::postgres::told(&e))?;
        match row
            .try_get::<_, Option<String>>(0)
            .ok()
            .flatten()
            .as_deref()
        {
            Some("committed") => Ok(Fate::Committed),
            Some("aborted") => Ok(Fate::RolledBack),
            Some(other) => Err(format!("it is {other}")),
            None => Err("it is too long ago".to_owned()),
        }
    }
}
