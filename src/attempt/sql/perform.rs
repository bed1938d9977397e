//! One question to a database, from the connection to what is known at the end.

use std::cell::RefCell;
use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;

use tokio::sync::mpsc::unbounded_channel;
use tokio::task::JoinHandle;

use super::super::call::{Answer, Context, Farewell, Parted, Trouble};
use super::super::postgres::{Canceller, Session, Target};
use super::plan::Plan;
use super::promote;
use super::transaction::{Asking, Note};
use crate::workflow::SqlDoc;

type Outcome = Result<Answer, Trouble>;

/// The question under way, in a task of its own so that it lives on when the attempt is stopped: how it ended is still to be
/// known then.
#[derive(Clone)]
struct Task(Rc<RefCell<Held>>);

/// Ends with the last who waits for it.
struct Held(JoinHandle<Outcome>);

impl Drop for Held {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Task {
    async fn outcome(&self) -> Outcome {
        let ended = poll_fn(|cx| Pin::new(&mut self.0.borrow_mut().0).poll(cx)).await;
        ended.unwrap_or_else(|e| Err(Trouble::Unknown(format!("it ended by itself: {e}"))))
    }
}

pub(in super::super) async fn perform(ask: SqlDoc, cx: &Context<'_, '_>) -> Outcome {
    let attempt = &cx.spec.attempt;
    let name = format!("flightdeck {}/{}", cx.spec.run, attempt.step);
    let target = Target::new(&ask.database(), &name).map_err(Trouble::Failed)?;
    if let Some(doc) = &ask.promote {
        return promote::promote(&target, doc, cx).await;
    }
    let plan = Plan::new(ask, cx.spec.timeout());
    let whole = plan.transaction || plan.read_only;
    let session = Session::open(&target).await?;
    let canceller = session.canceller();
    let (notes, mut heard) = unbounded_channel();
    let asking = Asking::new(session, target, notes);
    let task = Task(Rc::new(RefCell::new(Held(tokio::spawn(asking.ask(plan))))));
    cx.when_stopped(Some(Farewell::new(part(canceller, task.clone(), whole))));
    let outcome = loop {
        tokio::select! {
            biased;
            Some(note) = heard.recv() => hear(&note, cx),
            outcome = task.outcome() => break outcome,
        }
    };
    while let Ok(note) = heard.try_recv() {
        hear(&note, cx);
    }
    cx.when_stopped(None);
    outcome
}

fn hear(note: &Note, cx: &Context<'_, '_>) {
    match note {
        Note::Line(line) => cx.say(line),
        Note::Status(words) => cx.status(words),
    }
}

/// The server is told to stop, and says how it ended. `whole`: what is stopped leaves nothing behind.
async fn part(canceller: Canceller, task: Task, whole: bool) -> Parted {
    canceller.cancel().await;
    match task.outcome().await {
        Ok(answer) => Parted::Done(answer),
        Err(Trouble::Unknown(why)) => Parted::Unknown(why),
        Err(Trouble::Failed(_) | Trouble::Unreached(_)) if !whole => Parted::Unknown(
            "the server stopped it; without a transaction, a part of it may stay".to_owned(),
        ),
        Err(Trouble::Failed(_) | Trouble::Unreached(_)) => {
            Parted::Stopped("the server stopped it, nothing was changed".to_owned())
        }
    }
}
