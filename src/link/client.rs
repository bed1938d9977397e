//! The side of another terminal: a handle like the engine's own, which goes on to the next engine of the same run when the
//! one that it is attached to goes away; and a single command.

use std::collections::BTreeMap;
use std::sync::mpsc as sync;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;
use tokio::time::{Interval, MissedTickBehavior, interval, timeout};

use super::connection::{Connection, Error, PATIENCE};
use super::frame;
use super::message::{Ask, Role, Tell};
use crate::engine::{Handle, Letter, Pace, Post, Receipt};
use crate::journal::RunDir;
use crate::run::{Actor, Command, Refusal, Seen};

/// How often an attached screen says that it is there.
const BEAT: Duration = Duration::from_secs(5);
/// How often another engine of the run is looked for.
const RETRY: Duration = Duration::from_millis(200);
/// How long a run may have an engine and no socket yet.
const OPENING: Duration = Duration::from_secs(2);

/// Attaches to a live run: a handle that the screen cannot tell from the engine's own, and who the engine says we are. The
/// handle goes on to other engines of the run for as long as it, or a clone, lives.
pub fn attach(run: RunDir, role: Role) -> Result<(Handle, Actor), Error> {
    let (handle, post) = Handle::pair(run.clone(), 0, None);
    let (tell, told) = sync::sync_channel(1);
    let work = async move {
        match reach(&run, role).await {
            Ok(first) => {
                let _ = tell.send(Ok(first.actor.clone()));
                let link = Link {
                    run,
                    role,
                    post,
                    waiting: BTreeMap::new(),
                    sent: 0,
                };
                link.keep(first).await;
            }
            Err(error) => drop(tell.send(Err(error))),
        }
    };
    let runtime = runtime()?;
    std::thread::Builder::new()
        .name("link".to_owned())
        .spawn(move || runtime.block_on(work))
        .map_err(Error::Here)?;
    let actor = told.recv().map_err(|_| Error::Closed)??;
    Ok((handle, actor))
}

/// Gives one command to the engine of a run, and waits for its receipt.
pub fn command(run: &RunDir, command: Command, seen: Option<Seen>) -> Result<Receipt, Error> {
    runtime()?.block_on(async {
        let mut connection = reach(run, Role::Command).await?;
        let ask = Ask::Command {
            number: 0,
            command,
            seen,
        };
        let answered = async {
            frame::write(&mut connection.to, &ask).await?;
            loop {
                match connection.from.next().await? {
                    Some(Tell::Receipt { refused, .. }) => {
                        return Ok(refused.map_or(Ok(()), Err));
                    }
                    Some(Tell::Bye { why }) => return Err(Error::Unanswered(why)),
                    Some(_) => {}
                    None => return Err(Error::Closed),
                }
            }
        };
        timeout(PATIENCE, answered)
            .await
            .unwrap_or(Err(Error::Silent))
    })
}

fn runtime() -> Result<tokio::runtime::Runtime, Error> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(Error::Here)
}

/// Connects; an engine that has just begun may not listen yet.
async fn reach(run: &RunDir, role: Role) -> Result<Connection, Error> {
    let begun = Instant::now();
    loop {
        match Connection::open(run, role).await {
            Err(Error::NoSocket(_) | Error::Unreachable { .. } | Error::Closed)
                if begun.elapsed() < OPENING =>
            {
                tokio::time::sleep(RETRY).await;
            }
            answer => return answer,
        }
    }
}

/// What stands behind an attached handle.
struct Link {
    run: RunDir,
    role: Role,
    post: Post,
    /// Commands that have no receipt yet.
    waiting: BTreeMap<u64, oneshot::Sender<Receipt>>,
    sent: u64,
}

/// Why one connection is not used any more.
enum Over {
    /// Nobody holds the handle any more.
    Unwanted,
    Lost(Error),
}

impl Link {
    /// From engine to engine, until nobody wants it any more.
    async fn keep(mut self, first: Connection) {
        let mut next = Some(first);
        while let Some(connection) = next {
            let lost = match self.stay(connection).await {
                Over::Unwanted => return,
                Over::Lost(error) => error,
            };
            for (_, reply) in std::mem::take(&mut self.waiting) {
                let _ = reply.send(Err(not_known(&lost)));
            }
            tracing::info!("the link is lost: {lost}");
            next = self.find_another(&lost).await;
        }
    }

    async fn stay(&mut self, mut connection: Connection) -> Over {
        let progress = &connection.progress;
        self.post
            .tell
            .durable(progress.durable, progress.pace.clone());
        let mut pace = progress.pace.clone();
        let mut beat = every(BEAT);
        let mut heard = Instant::now();
        loop {
            tokio::select! {
                letter = self.post.letters.recv() => {
                    let Some(letter) = letter else { return Over::Unwanted };
                    let Some(ask) = self.ask(letter) else { continue };
                    if let Err(error) = frame::write(&mut connection.to, &ask).await {
                        return Over::Lost(error.into());
                    }
                }
                tell = connection.from.next() => {
                    heard = Instant::now();
                    match tell {
                        Ok(Some(Tell::Bye { why })) => return Over::Lost(Error::Refused(why)),
                        Ok(Some(tell)) => self.hear(tell, &mut pace),
                        Ok(None) => return Over::Lost(Error::Closed),
                        Err(error) => return Over::Lost(error.into()),
                    }
                }
                _ = beat.tick() => {
                    if heard.elapsed() > PATIENCE {
                        let words = "the engine does not answer: is it stopped?".to_owned();
                        self.post.tell.pace(Pace::Stuck(words));
                    }
                    if let Err(error) = frame::write(&mut connection.to, &Ask::Beat).await {
                        return Over::Lost(error.into());
                    }
                }
            }
        }
    }

    fn hear(&mut self, tell: Tell, pace: &mut Pace) {
        match tell {
            Tell::Progress { progress, late_ms } => {
                if late_ms > 0 {
                    tracing::info!(late_ms, "this terminal did not read, and has skipped ahead");
                }
                *pace = progress.pace.clone();
                self.post.tell.durable(progress.durable, progress.pace);
            }
            Tell::Receipt { number, refused } => {
                if let Some(reply) = self.waiting.remove(&number) {
                    let _ = reply.send(refused.map_or(Ok(()), Err));
                }
            }
            // Whatever comes says that the engine is there.
            Tell::Beat => self.post.tell.pace(pace.clone()),
            Tell::Welcome { .. } | Tell::Bye { .. } => {}
        }
    }

    /// What goes over the wire. All but commands is for the terminal that the engine runs in.
    fn ask(&mut self, letter: Letter) -> Option<Ask> {
        let Letter::Command {
            command,
            seen,
            reply,
            ..
        } = letter
        else {
            return None;
        };
        self.sent += 1;
        self.waiting.insert(self.sent, reply);
        Some(Ask::Command {
            number: self.sent,
            command,
            seen,
        })
    }

    /// Looks for another engine of the run, and says meanwhile how things stand. `None` once nobody wants the handle.
    async fn find_another(&mut self, lost: &Error) -> Option<Connection> {
        let mut retry = every(RETRY);
        loop {
            tokio::select! {
                letter = self.post.letters.recv() => {
                    if let Letter::Command { reply, .. } = letter? {
                        let _ = reply.send(Err(no_engine()));
                    }
                }
                _ = retry.tick() => match Connection::open(&self.run, self.role).await {
                    Ok(connection) => return Some(connection),
                    Err(error) => self.stand_by(lost, &error),
                },
            }
        }
    }

    fn stand_by(&self, lost: &Error, error: &Error) {
        let words = match error {
            Error::Unheld => format!("{lost}; waiting for another engine of this run"),
            _ => format!("{lost}; trying again: {error}"),
        };
        match (error, self.run.journal_length()) {
            // Nobody writes to it: all of it may be shown.
            (Error::Unheld, Ok(length)) => self.post.tell.durable(length, Pace::Over(words)),
            _ => self.post.tell.pace(Pace::Over(words)),
        }
    }
}

fn every(time: Duration) -> Interval {
    let mut interval = interval(time);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    interval
}

fn no_engine() -> Refusal {
    Refusal {
        why: "no engine drives this run at the moment".to_owned(),
        hint: Some("this screen waits for one; or take it up: flightdeck resume".to_owned()),
    }
}

fn not_known(lost: &Error) -> Refusal {
    Refusal {
        why: format!("{lost}, before it was known whether the command was taken"),
        hint: Some("the record shows it if it was; look before you give it again".to_owned()),
    }
}
