//! A session with a database.

use tokio::task::JoinHandle;
use tokio_postgres::{CancelToken, Client, Error};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::super::call::Trouble;
use super::target::Target;
use super::words::connect_trouble;

/// Ends when it is dropped.
pub(in super::super) struct Session {
    pub(in super::super) client: Client,
    target: Target,
    link: JoinHandle<Result<(), Error>>,
}

/// Tells the server to stop what a session does.
pub(in super::super) struct Canceller {
    token: CancelToken,
    target: Target,
}

impl Session {
    pub(in super::super) async fn open(target: &Target) -> Result<Self, Trouble> {
        let tls = MakeRustlsConnect::new(target.tls.clone());
        let connected = target.config.connect(tls).await;
        let (client, connection) = connected.map_err(|e| connect_trouble(&e, &target.place()))?;
        Ok(Self {
            client,
            target: target.clone(),
            link: tokio::spawn(connection),
        })
    }

    pub(in super::super) fn canceller(&self) -> Canceller {
        Canceller {
            token: self.client.cancel_token(),
            target: self.target.clone(),
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // Closes the socket also where an answer is still awaited: the server sees it, and rolls back.
        self.link.abort();
    }
}

impl Canceller {
    /// Whether it worked is seen by what the session says then.
    pub(in super::super) async fn cancel(&self) {
        let tls = MakeRustlsConnect::new(self.target.tls.clone());
        let _ = self.token.cancel_query(tls).await;
    }
}
