//! The engine's side of one connection. What it keeps is bounded: one frame that comes in, the commands whose receipts are
//! not fetched yet, the latest progress. Who does not read waits for himself only.

use std::time::{Duration, Instant};

use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{sleep_until, timeout};

use super::cadence::Cadence;
use super::frame::{self, FrameError, Frames};
use super::message::{Ask, Role, Tell, VERSION};
use super::peer::{Identify, Peer};
use crate::engine::{Handle, Progress, Receipt, nobody_there};
use crate::run::{Actor, Refusal};

/// Commands of one connection that wait for their receipt; more are not read.
const IN_FLIGHT: usize = 64;
/// Whoever is silent for longer has lapsed: beats come every 5 s.
const LAPSED: Duration = Duration::from_secs(15);
/// Whoever is silent for so long is taken for dead, however open the connection is.
const DEAD: Duration = Duration::from_mins(10);
/// How long a connection may take to say who it is.
const GREETING: Duration = Duration::from_secs(5);
/// A write that took longer has found no reader.
const LATE: Duration = Duration::from_millis(500);

/// The receipt of a command that ended the run is on its way when the run has ended.
const LAST_RECEIPT: Duration = Duration::from_millis(100);

/// What the side that reads hands to the side that writes.
enum Answer {
    Receipt(u64, oneshot::Receiver<Receipt>),
    Refused(u64, Refusal),
    Beat,
    Bye(String),
}

/// Serves one connection until it, or the engine, ends. Another user gets nothing at all, not even a reason.
pub(super) async fn serve(
    stream: UnixStream,
    handle: Handle,
    identify: Identify,
    stopped: watch::Receiver<bool>,
) {
    let closes = stopped.clone();
    let peer = match Peer::of(&stream, identify) {
        Ok(peer) => peer,
        Err(error) => return tracing::warn!("a connection was refused: {error}"),
    };
    let Some(progress) = handle.progress() else {
        return;
    };
    let (from, mut to) = stream.into_split();
    let mut from = Frames::new(from);
    let role = match timeout(GREETING, from.next()).await {
        Ok(Ok(Some(Ask::Hello { version, role }))) if version == VERSION => role,
        Ok(Ok(Some(Ask::Hello { version, .. }))) => {
            return bye(
                &mut to,
                format!("this engine speaks version {VERSION} of the link, not {version}"),
            )
            .await;
        }
        Ok(Ok(Some(_))) => return bye(&mut to, "the first message must be hello".into()).await,
        Ok(Err(error)) => return bye(&mut to, error.to_string()).await,
        Ok(Ok(None)) | Err(_) => return,
    };
    let actor = Actor {
        screen: role == Role::Screen,
        ..peer.actor.clone()
    };
    let welcome = Tell::Welcome {
        version: VERSION,
        run: handle.run_dir().id(),
        actor: Box::new(actor.clone()),
        progress: progress.borrow().clone(),
    };
    if frame::write(&mut to, &welcome).await.is_err() {
        return;
    }
    if role == Role::Screen {
        handle.returned(actor.clone()).await;
    }
    let (answers, outgoing) = mpsc::channel(IN_FLIGHT);
    let reader = Reader {
        handle: handle.clone(),
        peer,
        actor: actor.clone(),
        role,
        answers,
    };
    // Whichever ends first ends the other: a reader that left has no use for answers, and the other way round.
    tokio::select! {
        () = reader.read(from) => {}
        _ = write(to, outgoing, progress, stopped) => {}
    }
    // A server that closes says nothing about the terminals of others.
    if role == Role::Screen && !*closes.borrow() {
        handle.lapsed(actor).await;
    }
}

async fn bye(to: &mut OwnedWriteHalf, why: String) {
    // It may have gone already.
    let _ = timeout(GREETING, frame::write(to, &Tell::Bye { why })).await;
}

struct Reader {
    handle: Handle,
    peer: Peer,
    actor: Actor,
    role: Role,
    answers: mpsc::Sender<Answer>,
}

impl Reader {
    async fn read(self, mut from: Frames<OwnedReadHalf>) {
        let mut silent_since: Option<Instant> = None;
        loop {
            let ask = match timeout(LAPSED, from.next()).await {
                Err(_) => match silent_since {
                    None => {
                        silent_since = Some(Instant::now());
                        self.is_there(false).await;
                        continue;
                    }
                    Some(since) if since.elapsed() > DEAD => break,
                    Some(_) => continue,
                },
                Ok(Ok(Some(ask))) => ask,
                Ok(Ok(None)) => break,
                Ok(Err(error)) => {
                    tracing::warn!(who = %self.actor, "a connection was ended: {error}");
                    self.answer(Answer::Bye(error.to_string())).await;
                    // The writer ends the connection once that is said.
                    return std::future::pending().await;
                }
            };
            if silent_since.take().is_some() {
                self.is_there(true).await;
            }
            let answer = match ask {
                Ask::Beat => Answer::Beat,
                Ask::Hello { .. } => Answer::Bye("hello was said already".to_owned()),
                Ask::Command {
                    number,
                    command,
                    seen,
                } => {
                    if let Some(refusal) = self.forbids() {
                        Answer::Refused(number, refusal)
                    } else {
                        let actor = self.actor.clone();
                        Answer::Receipt(number, self.handle.ask(command, actor, seen).await)
                    }
                }
            };
            self.answer(answer).await;
        }
    }

    /// Tells the engine that this terminal does not answer any more, or does again.
    async fn is_there(&self, there: bool) {
        let actor = self.actor.clone();
        match self.role {
            Role::Screen if there => self.handle.returned(actor).await,
            Role::Screen => self.handle.lapsed(actor).await,
            Role::Watcher | Role::Command => {}
        }
    }

    /// Waits while too many answers are not fetched: what a connection does not read, it cannot make grow.
    async fn answer(&self, answer: Answer) {
        let _ = self.answers.send(answer).await;
    }

    /// Each message anew: what was true when the connection was made may not be so any more.
    fn forbids(&self) -> Option<Refusal> {
        let refusal = |why: &str, hint: &str| Refusal {
            why: why.to_owned(),
            hint: Some(hint.to_owned()),
        };
        if self.role == Role::Watcher {
            let hint = "attach without --watch to act";
            return Some(refusal("this connection only watches", hint));
        }
        if !self.peer.is_there() {
            let hint = "attach anew";
            return Some(refusal("the process that attached is gone", hint));
        }
        None
    }
}

/// Writes answers in the order of their questions, and the latest progress whenever there is a later one.
async fn write(
    mut to: OwnedWriteHalf,
    mut answers: mpsc::Receiver<Answer>,
    mut progress: watch::Receiver<Progress>,
    mut stopped: watch::Receiver<bool>,
) -> Result<(), FrameError> {
    let mut late = Duration::ZERO;
    let mut cadence = Cadence::new(Instant::now());
    let mut receipt: Option<(u64, oneshot::Receiver<Receipt>)> = None;
    loop {
        let tell = tokio::select! {
            biased;
            () = asked_to_stop(&mut stopped) => {
                last_answers(&mut to, receipt.take(), &mut answers).await?;
                let last = progress.borrow().clone();
                frame::write(&mut to, &Tell::Progress { progress: last, late_ms: 0 }).await?;
                let why = "the engine lets the run go".to_owned();
                return frame::write(&mut to, &Tell::Bye { why }).await;
            }
            (number, refused) = durable(&mut receipt), if receipt.is_some() => {
                receipt = None;
                Tell::Receipt { number, refused }
            }
            answer = answers.recv(), if receipt.is_none() => match answer {
                None => return Ok(()),
                Some(Answer::Beat) => Tell::Beat,
                Some(Answer::Refused(number, refusal)) => Tell::Receipt { number, refused: Some(refusal) },
                Some(Answer::Bye(why)) => return frame::write(&mut to, &Tell::Bye { why }).await,
                Some(Answer::Receipt(number, waits)) => {
                    receipt = Some((number, waits));
                    cadence.asked(Instant::now());
                    continue;
                }
            },
            changed = progress.changed(), if cadence.due().is_none() => {
                if changed.is_err() {
                    return Ok(());
                }
                cadence.news(Instant::now());
                continue;
            }
            () = moment(cadence.due()) => {
                cadence.told(Instant::now());
                Tell::Progress {
                    progress: progress.borrow_and_update().clone(),
                    late_ms: u64::try_from(late.as_millis()).unwrap_or(u64::MAX),
                }
            }
        };
        let begun = Instant::now();
        frame::write(&mut to, &tell).await?;
        let took = begun.elapsed();
        late = if took > LATE { took } else { Duration::ZERO };
    }
}

/// What was taken is answered although the engine lets go: whoever ended the run by a command shall not hear that it was
/// refused.
async fn last_answers(
    to: &mut OwnedWriteHalf,
    mut receipt: Option<(u64, oneshot::Receiver<Receipt>)>,
    answers: &mut mpsc::Receiver<Answer>,
) -> Result<(), FrameError> {
    loop {
        if receipt.is_some() {
            let Ok((number, refused)) = timeout(LAST_RECEIPT, durable(&mut receipt)).await else {
                return Ok(());
            };
            receipt = None;
            frame::write(to, &Tell::Receipt { number, refused }).await?;
        }
        match answers.try_recv() {
            Ok(Answer::Receipt(number, waits)) => receipt = Some((number, waits)),
            Ok(Answer::Refused(number, refusal)) => {
                let refused = Some(refusal);
                frame::write(to, &Tell::Receipt { number, refused }).await?;
            }
            Ok(Answer::Beat | Answer::Bye(_)) => {}
            Err(_) => return Ok(()),
        }
    }
}

/// Completes when the server closes.
pub(super) async fn asked_to_stop(stopped: &mut watch::Receiver<bool>) {
    let _ = stopped.wait_for(|stopped| *stopped).await;
}

async fn moment(due: Option<Instant>) {
    match due {
        Some(due) => sleep_until(due.into()).await,
        None => std::future::pending().await,
    }
}

/// The receipt that is waited for, once it is there.
async fn durable(
    receipt: &mut Option<(u64, oneshot::Receiver<Receipt>)>,
) -> (u64, Option<Refusal>) {
    match receipt {
        Some((number, waits)) => {
            let answer = waits.await.unwrap_or_else(|_| Err(nobody_there()));
            (*number, answer.err())
        }
        None => std::future::pending().await,
    }
}
