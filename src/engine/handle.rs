//! All that a screen, a headless run or a link knows of an engine.

use std::io;
use std::path::Path;
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot, watch};

use super::feed::{Feed, Progress, Teller};
use crate::id::AttemptId;
use crate::journal::{self, Reader, RunDir};
use crate::run::{Actor, Command, Refusal, Seen};
use crate::workflow::Workflow;

/// The answer to one command, once it is durable.
pub type Receipt = Result<(), Refusal>;

/// Letters that may wait. A sender waits when it is full: people and links are slower than one turn.
const INBOX: usize = 1024;

/// What the engine's inbox takes from the rest of the program. What attempt processes report comes by their pipe.
#[derive(Debug)]
pub enum Letter {
    Command {
        command: Command,
        actor: Box<Actor>,
        seen: Option<Seen>,
        reply: oneshot::Sender<Receipt>,
    },
    /// Whether there is someone to ask.
    Attend(bool),
    Told(String),
    /// A terminal is gone, or there again.
    Terminal {
        actor: Box<Actor>,
        there: bool,
    },
    /// End the loop after this turn: attempt processes go on, the lock is freed, another engine may take the run.
    LetGo,
}

/// The other end of a handle: an engine of this process, or a link to one that is elsewhere.
#[derive(Debug)]
pub struct Post {
    pub letters: mpsc::Receiver<Letter>,
    pub tell: Teller,
}

/// A cheap clone. For a run that no engine drives, `past` gives one that refuses every command.
#[derive(Clone, Debug)]
pub struct Handle {
    dir: RunDir,
    live: Option<(mpsc::Sender<Letter>, watch::Receiver<Progress>)>,
    workflow: Option<Arc<Workflow>>,
}

impl Handle {
    /// A handle and its other end. `durable` bytes of the journal are there already; `workflow` is their plan, if it is
    /// known.
    pub fn pair(dir: RunDir, durable: u64, workflow: Option<Arc<Workflow>>) -> (Self, Post) {
        let (inbox, letters) = mpsc::channel::<Letter>(INBOX);
        let (tell, progress) = Teller::new(durable);
        let handle = Self {
            dir,
            live: Some((inbox, progress)),
            workflow,
        };
        (handle, Post { letters, tell })
    }

    /// A run that can only be looked at.
    pub fn past(dir: RunDir) -> Self {
        Self {
            dir,
            live: None,
            workflow: None,
        }
    }

    /// Sends a command; the receipt comes after it is durable, or at once if it is refused.
    pub async fn send(&self, command: Command, actor: Actor, seen: Option<Seen>) -> Receipt {
        let receipt = self.ask(command, actor, seen).await;
        receipt.await.unwrap_or_else(|_| Err(nobody_there()))
    }

    /// As `send`, for who has more to send before the receipt comes. A receipt that never comes: no engine was there.
    pub async fn ask(
        &self,
        command: Command,
        actor: Actor,
        seen: Option<Seen>,
    ) -> oneshot::Receiver<Receipt> {
        let (reply, receipt) = oneshot::channel();
        self.post(Letter::Command {
            command,
            actor: Box::new(actor),
            seen,
            reply,
        })
        .await;
        receipt
    }

    /// Tells the engine whether there is someone to ask.
    pub async fn attend(&self, attended: bool) {
        self.post(Letter::Attend(attended)).await;
    }

    /// Puts a line into the record: the screen went away, and the like.
    pub async fn tell(&self, what: String) {
        self.post(Letter::Told(what)).await;
    }

    /// Tells the engine that a terminal is gone: its connection has closed, or was silent for 15 s. If it had the controls,
    /// whoever takes them has them at once; if it asked for them, it asks no more.
    pub async fn lapsed(&self, actor: Actor) {
        self.post(Letter::Terminal {
            actor: Box::new(actor),
            there: false,
        })
        .await;
    }

    /// Tells the engine that a terminal is there, again or for the first time.
    pub async fn returned(&self, actor: Actor) {
        self.post(Letter::Terminal {
            actor: Box::new(actor),
            there: true,
        })
        .await;
    }

    /// Asks the engine to end; the run stays as it is, and its attempt processes go on.
    pub async fn let_go(&self) {
        self.post(Letter::LetGo).await;
    }

    /// As `let_go`, for a caller without a runtime. False if the inbox is full or the engine has ended.
    pub fn try_let_go(&self) -> bool {
        self.live
            .as_ref()
            .is_some_and(|(inbox, _)| inbox.try_send(Letter::LetGo).is_ok())
    }

    /// A letter to an engine that has ended is lost; whoever waits for a receipt is told so.
    async fn post(&self, letter: Letter) {
        if let Some((inbox, _)) = &self.live {
            let _ = inbox.send(letter).await;
        }
    }

    /// What the engine tells all watchers; `None` for a run that is only looked at.
    pub fn progress(&self) -> Option<watch::Receiver<Progress>> {
        self.live.as_ref().map(|(_, progress)| progress.clone())
    }

    /// Everything from the first event on.
    pub fn feed(&self) -> Result<Feed, journal::Error> {
        Feed::open(self.dir.path(), self.progress(), self.workflow.clone())
    }

    /// The output of an attempt, also while it grows.
    pub fn output(&self, attempt: &AttemptId) -> io::Result<Reader> {
        Reader::open(&self.dir.output_path(attempt))
    }

    /// The run's folder.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    pub fn run_dir(&self) -> &RunDir {
        &self.dir
    }
}

/// The receipt of a command that no engine took.
pub fn nobody_there() -> Refusal {
    Refusal {
        why: "no engine drives this run here".to_owned(),
        hint: Some("take it up with `flightdeck resume`".to_owned()),
    }
}
