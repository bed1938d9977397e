//! How a run begins, and how a run is taken up after its engine has gone.

use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;

use super::adopt::Adopted;
use super::boot;
use super::clock;
use super::handle::Handle;
use super::perform::Hands;
use super::seat::Seat;
use super::turn::Circle;
use crate::id::RunId;
use crate::journal::{self, Holder, Lock, LockError, Log, RunDir, Shelf, Torn};
use crate::run::{Actor, Event, IllegalEvent, Input, Recorded, Run, RunStart, Turn};
use crate::workflow::Workflow;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Journal(#[from] journal::Error),
    #[error(transparent)]
    Lock(#[from] LockError),
    #[error("the run's folder cannot be used: {0}")]
    Folder(io::Error),
    #[error("the attempt processes cannot be started: {0}")]
    Hands(io::Error),
    #[error("the journal does not begin with the start of a run")]
    NoStart,
    #[error("the workflow in the journal is not accepted by this version: {0}")]
    Workflow(String),
    #[error("the journal cannot be replayed: {0}")]
    Illegal(#[from] IllegalEvent),
    /// The runs of its group that have its slots, or wait for them.
    #[error("{why}")]
    Full { why: String, by: Vec<RunId> },
    #[error("the group of `policies.concurrency` cannot be found out: {0}")]
    Group(String),
    #[error(
        "the engine stopped on an internal error; the journal is whole, take the run up with `flightdeck resume`"
    )]
    Panicked,
}

/// An engine at work, on a thread of its own.
#[derive(Debug)]
pub struct Engine {
    handle: Handle,
    thread: JoinHandle<Result<(), Error>>,
    /// The end of the journal that was not whole, if this engine took the run up and found one.
    pub torn: Option<Torn>,
}

impl Engine {
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Waits until the engine has ended: after `Handle::let_go`, or because it could not go on.
    pub fn join(self) -> Result<(), Error> {
        self.thread.join().unwrap_or(Err(Error::Panicked))
    }
}

/// Starts a new run. `start.text` is the text that `workflow` was checked from.
pub fn start(
    shelf: &Shelf,
    workflow: Arc<Workflow>,
    start: RunStart,
    holder: &Holder,
) -> Result<Engine, Error> {
    let (cwd, id) = (start.cwd.clone(), start.run.clone());
    let now = clock::now();
    let (mut run, mut turn) = Run::start(workflow, start, now);
    // A run that must not start leaves no trace.
    let (seat, input) = Seat::take(&run, shelf, holder, now)?;
    let dir = shelf.create(&id).map_err(Error::Folder)?;
    let lock = dir.lock(holder)?;
    let log = Log::create(dir.path())?;
    if let Some(input) = input {
        turn.add(run.handle(input, now));
    }
    launch(
        dir,
        Begin {
            lock,
            log,
            run,
            first: turn,
            cwd,
            adopted: Adopted::default(),
            seat,
        },
        None,
    )
}

/// Takes up a run that no engine holds: replays, settles every attempt that was under way, goes on.
///
/// `pilot` sits at the screen of this process, and has the controls from now on. With `standby` nothing starts
/// until a person says `resume`.
pub fn resume(
    dir: RunDir,
    holder: &Holder,
    attended: bool,
    pilot: Option<Actor>,
    standby: bool,
) -> Result<Engine, Error> {
    let lock = dir.lock(holder)?;
    let opened = Log::open(dir.path())?;
    let mut run = read_back(&opened.records)?;
    let cwd = run.started().map(|s| s.cwd.clone()).unwrap_or_default();
    if let Some(last) = opened.records.last() {
        clock::not_before(last.at);
    }
    let now = clock::now();
    // Before anything is decided: what this very turn starts is ours, and was never another engine's to lose.
    let adopted = Adopted::of(run.attempts_under_way(), run.boot() == boot::id());
    let (seat, slot) = Seat::take(&run, &Shelf::of(&dir), holder, now)?;
    let mut turn = Turn::default();
    let admitted = match slot {
        // Before anything can start: others have the slot that it had.
        Some(queued @ Input::Queued { .. }) => {
            turn.add(run.handle(queued, now));
            None
        }
        admitted => admitted,
    };
    turn.add(run.revive(now, standby));
    let mut input = |input| turn.add(run.handle(input, now));
    input(Input::Told {
        what: format!(
            "taken up by {} on {}, process {}",
            holder.user, holder.host, holder.pid
        ),
    });
    if let Some(torn) = &opened.torn {
        let bytes = torn.bytes;
        input(Input::Told {
            what: format!(
                "the last record was torn: {bytes} bytes cut, kept in {}",
                torn.kept_in.display()
            ),
        });
    }
    input(Input::TakenUp { pilot });
    input(Input::Attend { attended });
    admitted.into_iter().for_each(input);
    launch(
        dir,
        Begin {
            lock,
            log: opened.log,
            run,
            first: turn,
            cwd,
            adopted,
            seat,
        },
        opened.torn,
    )
}

/// Folds the records of a journal.
pub fn read_back(records: &[Recorded]) -> Result<Run, Error> {
    let Some(Event::RunStarted(start)) = records.first().map(|r| &r.event) else {
        return Err(Error::NoStart);
    };
    let checked = start.plan();
    let workflow = checked.workflow.ok_or_else(|| {
        let first = checked
            .problems
            .first()
            .map_or_else(String::new, |p| p.message.clone());
        Error::Workflow(first)
    })?;
    let mut run = Run::empty(Arc::new(workflow));
    for record in records {
        run.apply(record)?;
    }
    Ok(run)
}

/// What an engine begins with.
struct Begin {
    lock: Lock,
    log: Log,
    run: Run,
    first: Turn,
    cwd: String,
    adopted: Adopted,
    seat: Seat,
}

fn launch(dir: RunDir, begin: Begin, torn: Option<Torn>) -> Result<Engine, Error> {
    let plan = Arc::clone(begin.run.workflow());
    let (handle, post) = Handle::pair(dir.clone(), begin.log.durable(), Some(plan));
    let thread = std::thread::Builder::new()
        .name("engine".to_owned())
        .spawn(move || {
            let Begin {
                lock,
                log,
                run,
                first,
                cwd,
                adopted,
                seat,
            } = begin;
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .map_err(Error::Hands)?;
            let ended = runtime.block_on(async {
                let hands = Hands::new(dir, cwd).map_err(Error::Hands)?;
                let circle = Circle::new(run, log, hands, (adopted, seat), post);
                circle.go_round(first).await
            });
            // The lock lives exactly as long as the loop: whoever gets it finds a journal that no one writes to.
            drop(lock);
            ended
        });
    Ok(Engine {
        handle,
        thread: thread.map_err(Error::Hands)?,
        torn,
    })
}
