//! The feed: the events of a run, in order, each once, to whoever watches.
//!
//! The journal itself is the feed. The engine only says how many bytes of it are durable; a watcher reads them when it
//! likes. So a slow watcher holds nobody up, misses nothing, and there is no queue that could overflow.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use crate::journal::{self, Tail};
use crate::run::Recorded;
use crate::workflow::Workflow;

/// How often a run that no engine of ours drives is looked at.
const FOREIGN_POLL: Duration = Duration::from_millis(250);

/// What the feed says between events.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pace {
    Live,
    /// No engine of ours drives it, or ours has ended; with words for the screen.
    Over(String),
    /// The engine cannot write: nothing new starts until it can; with words for the screen.
    Stuck(String),
}

/// What the engine tells all watchers; the latest wins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// Bytes of the journal that are durable.
    pub durable: u64,
    pub pace: Pace,
}

/// The engine's end of the feed. However it goes, it says so first: nobody shall wait for an engine that is no more.
#[derive(Debug)]
pub struct Teller(watch::Sender<Progress>);

impl Teller {
    pub(super) fn new(durable: u64) -> (Self, watch::Receiver<Progress>) {
        let (sender, progress) = watch::channel(Progress {
            durable,
            pace: Pace::Live,
        });
        (Self(sender), progress)
    }

    pub fn durable(&self, durable: u64, pace: Pace) {
        self.0.send_replace(Progress { durable, pace });
    }

    pub fn pace(&self, pace: Pace) {
        self.0.send_if_modified(|progress| {
            let new = progress.pace != pace;
            progress.pace = pace;
            new
        });
    }
}

impl Drop for Teller {
    fn drop(&mut self) {
        self.0.send_if_modified(|progress| {
            let silent = !matches!(progress.pace, Pace::Over(_));
            if silent {
                progress.pace = Pace::Over("the engine has stopped on an error".to_owned());
            }
            silent
        });
    }
}

/// Events of a run in order, each once. Dropping a `wait` loses nothing.
#[derive(Debug)]
pub struct Feed {
    tail: Tail,
    progress: Option<watch::Receiver<Progress>>,
    workflow: Option<Arc<Workflow>>,
}

impl Feed {
    pub(super) fn open(
        dir: &Path,
        progress: Option<watch::Receiver<Progress>>,
        workflow: Option<Arc<Workflow>>,
    ) -> Result<Self, journal::Error> {
        Ok(Self {
            tail: Tail::open(dir)?,
            progress,
            workflow,
        })
    }

    /// The plan of the run, where an engine of ours drives it: checked already, from the very text that its first event holds.
    pub fn workflow(&self) -> Option<&Arc<Workflow>> {
        self.workflow.as_ref()
    }

    /// What has happened since the last call, without waiting. Never shows what is not durable yet.
    pub fn ready(&mut self) -> Result<Vec<Recorded>, journal::Error> {
        match &mut self.progress {
            Some(progress) => {
                let durable = progress.borrow_and_update().durable;
                self.tail.read_until(durable)
            }
            None => self.tail.read(),
        }
    }

    /// Waits until `ready` may give something, or the pace has changed.
    pub async fn wait(&mut self) {
        match &mut self.progress {
            // The engine's end is told as a last pace before its sender goes: nothing more can come after that.
            Some(progress) => {
                if progress.changed().await.is_err() {
                    std::future::pending::<()>().await;
                }
            }
            None => tokio::time::sleep(FOREIGN_POLL).await,
        }
    }

    /// SHA-256 (hex) of the journal's chain up to the last event that `ready` gave.
    pub fn head(&self) -> String {
        self.tail.head()
    }

    pub fn pace(&self) -> Pace {
        match &self.progress {
            Some(progress) => progress.borrow().pace.clone(),
            None => Pace::Over("not live here".to_owned()),
        }
    }
}
