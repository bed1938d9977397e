//! Starts and takes up engines, and stays with the run until it ends, its operator leaves, or nobody is left to ask.
//!
//! The engine works on its own thread. Whatever happens to the face (screen or lines), only `let_go` ends it; then the
//! lock is free, the attempts under way go on by themselves, and whoever comes next takes the run up.

use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use super::exit::{Exit, Failure};
use super::out::{Out, talk};
use super::{actor, anchor, login, screen};
use crate::config::Settings;
use crate::engine::{self, Engine, Handle, clock};
use crate::headless::{self, End, follow};
use crate::journal::{Holder, RunDir, Shelf};
use crate::link;
use crate::run::{Actor, Command, RunStart};
use crate::time::Timestamp;
use crate::tui;
use crate::workflow::Workflow;

/// How long a holder without a person may take to let go.
const HAND_OVER: Duration = Duration::from_secs(5);

/// How a run is watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Face {
    Screen,
    Lines(headless::Options),
}

/// Who stands at a run's engine.
pub(super) struct Post<'a> {
    pub actor: Actor,
    pub face: Face,
    /// In a session of its own, with no person at its terminal.
    pub own_session: bool,
    /// Of what is on the screen.
    pub recording: Option<Arc<tui::Recording>>,
    /// The name of what is run.
    pub workflow: &'a str,
    pub settings: &'a Settings,
}

impl Post<'_> {
    fn holder(&self) -> Holder {
        holder_of(&self.actor, self.own_session)
    }
}

/// What the lock says of this process.
pub(super) fn holder_of(actor: &Actor, detached: bool) -> Holder {
    // `HOST TERMINAL`, or the host alone.
    let host = actor.at.split(' ').next().unwrap_or_default();
    Holder {
        pid: std::process::id(),
        user: actor.name.clone(),
        host: host.to_owned(),
        since: now(),
        detached,
        socket: None,
    }
}

/// Starts a run and stays with it.
pub(super) fn start(
    shelf: &Shelf,
    workflow: Arc<Workflow>,
    start: RunStart,
    post: &Post<'_>,
    out: &mut Out,
) -> Result<Exit, Failure> {
    can_be_shown(post)?;
    let engine = engine::start(shelf, workflow, start, &post.holder())?;
    stay(engine, post, out)
}

/// A theme or keys that cannot be used are told before anything is started.
fn can_be_shown(post: &Post<'_>) -> Result<(), Failure> {
    match post.face {
        Face::Screen => screen::options(post.settings, None, tui::Watch::Acting).map(drop),
        Face::Lines(_) => Ok(()),
    }
}

/// Takes up a run and stays with it. A holder without a person is asked to let go first.
pub(super) fn resume(dir: RunDir, post: &Post<'_>, out: &mut Out) -> Result<Exit, Failure> {
    can_be_shown(post)?;
    let attended = match post.face {
        Face::Screen => true,
        Face::Lines(options) => options.hold,
    };
    let holder = post.holder();
    let pilot = (post.face == Face::Screen).then(|| post.actor.clone());
    // Who only comes to look does not stop a run that goes on by itself.
    let went_on = take_over(&dir, &holder)?;
    let standby = post.face == Face::Screen && !went_on;
    let engine = engine::resume(dir, &holder, attended, pilot, standby)?;
    if let Some(torn) = &engine.torn {
        let (bytes, kept) = (torn.bytes, torn.kept_in.display());
        talk(&format!(
            "flightdeck: the journal's last record was torn: {bytes} bytes cut and kept in {kept}"
        ));
    }
    if post.face != Face::Screen {
        take_stock(&engine.handle())?;
    }
    stay(engine, post, out)
}

/// How the run stands, once what is known of its attempts has been recorded: the same as the screen shows before it goes on.
fn take_stock(handle: &Handle) -> Result<(), Failure> {
    let mut feed = handle.feed()?;
    block_on(feed.wait())?;
    let Ok(run) = headless::fold(&feed.ready()?) else {
        return Ok(());
    };
    let id = handle.run_dir().id();
    talk(&format!("flightdeck: run {id}: {}", run.stock()));
    for (step, why) in run.unknowns() {
        talk(&format!("  {step}: {why}"));
    }
    Ok(())
}

fn stay(engine: Engine, post: &Post<'_>, out: &mut Out) -> Result<Exit, Failure> {
    let handle = engine.handle();
    let mut door = Door::open(&handle, post);
    if let Some(warning) = login::warning() {
        block_on(handle.tell(warning))?;
    }
    let mut next = None;
    let exit = match post.face {
        Face::Lines(options) => lines(&handle, options, out, &mut io::stderr()),
        Face::Screen => {
            let _signals = Terminated::listen(handle.clone());
            on_screen(&handle, &mut door, post, &mut next, out)
        }
    };
    anchor::put(&post.settings.anchor, &handle)?;
    // Before the lock is free: the next engine opens its own.
    door.close();
    block_on(handle.let_go())?;
    engine.join()?;
    // Only now: what comes next may be long, and this run is not kept from others meanwhile.
    match next {
        Some(outcome) => {
            let went_on = screen::go_on(outcome, post.settings, out)?;
            went_on.map_or(exit, Ok)
        }
        None => exit,
    }
}

/// The socket by which other terminals reach the run. Without one it goes on all the same, and says so.
struct Door(Option<link::Server>);

impl Door {
    fn open(handle: &Handle, post: &Post<'_>) -> Self {
        let runtime = post.settings.runtime_dir.as_deref();
        let opened = link::serve(handle.clone(), runtime, actor::of_process).and_then(|server| {
            let holder = Holder {
                socket: Some(server.path().to_owned()),
                ..post.holder()
            };
            handle.run_dir().rewrite_holder(&holder)?;
            Ok(server)
        });
        let told = |error: &io::Error| {
            tracing::error!("no socket: {error}");
            let words = format!("nobody can attach to this run from elsewhere: {error}");
            let _ = block_on(handle.tell(words));
        };
        Self(opened.inspect_err(told).ok())
    }

    fn path(&self) -> Option<PathBuf> {
        self.0.as_ref().map(|server| server.path().to_owned())
    }

    fn close(&mut self) {
        self.0 = None;
    }
}

/// Follows the run as lines until it ends or needs somebody.
fn lines(
    handle: &Handle,
    options: headless::Options,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Result<Exit, Failure> {
    let mut feed = handle.feed()?;
    Ok(exit_of(&block_on(follow(&mut feed, options, out, err))??))
}

fn on_screen(
    handle: &Handle,
    door: &mut Door,
    post: &Post<'_>,
    next: &mut Option<tui::Outcome>,
    out: &mut Out,
) -> Result<Exit, Failure> {
    let mut broken = false;
    loop {
        let of = (handle.run_dir(), post.workflow);
        let mut options = screen::options(post.settings, Some(of), tui::Watch::Acting)?;
        options.recording.clone_from(&post.recording);
        match tui::run(handle.clone(), post.actor.clone(), options) {
            tui::Outcome::Ended(phase) => {
                screen::farewell(handle, out)?;
                stay_for_hooks(handle)?;
                return Ok(Exit::of(phase));
            }
            tui::Outcome::Left | tui::Outcome::PausedAndLeft => {
                screen::farewell(handle, out)?;
                return Ok(Exit::NeedsOperator);
            }
            // How this run ended stands on the terminal, before the other one's screen.
            outcome @ (tui::Outcome::OpenRun(_) | tui::Outcome::StartLike(_)) => {
                *next = Some(outcome);
                let end = screen::farewell(handle, out)?;
                let Some(phase) = end else {
                    return Ok(Exit::NeedsOperator);
                };
                stay_for_hooks(handle)?;
                return Ok(Exit::of(phase));
            }
            tui::Outcome::Detach => return detach(handle, door, post, out),
            tui::Outcome::HungUp => return without_terminal(handle, door, post),
            tui::Outcome::Broken(why) if !broken => {
                broken = true;
                tracing::error!(why, "the screen is opened once more");
            }
            tui::Outcome::Broken(why) => {
                talk(&format!(
                    "flightdeck: {why}; the run goes on, here as lines"
                ));
                return lines(
                    handle,
                    headless::Options {
                        json: false,
                        hold: false,
                    },
                    out,
                    &mut io::stderr(),
                );
            }
        }
    }
}

/// A hook of the end may still run: how it ends belongs in the record. Whoever does not wait loses nothing but that.
fn stay_for_hooks(handle: &Handle) -> Result<(), Failure> {
    let mut feed = handle.feed()?;
    let run = headless::fold(&feed.ready()?).ok();
    if run.is_some_and(|run| run.has_hooks_to_do()) {
        talk("flightdeck: a hook of the end still runs; Ctrl-c leaves it to itself");
        let options = headless::Options::default();
        lines(handle, options, &mut io::sink(), &mut io::sink())?;
    }
    Ok(())
}

/// The terminal is gone, the run is not: this process goes on without a face until the run ends or needs a person, and
/// lets go whenever somebody comes with a terminal.
fn without_terminal(handle: &Handle, door: &Door, post: &Post<'_>) -> Result<Exit, Failure> {
    let holder = Holder {
        detached: true,
        socket: door.path(),
        ..post.holder()
    };
    handle
        .run_dir()
        .rewrite_holder(&holder)
        .map_err(|e| Failure::storage(format!("cannot write the lock: {e}")))?;
    block_on(handle.tell("the terminal went away; the run goes on without it".to_owned()))?;
    block_on(handle.lapsed(post.actor.clone()))?;
    lines(
        handle,
        headless::Options {
            json: false,
            hold: true,
        },
        &mut io::sink(),
        &mut io::sink(),
    )
}

/// Hands the run to a process in a session of its own, which holds it until somebody comes.
fn detach(
    handle: &Handle,
    door: &mut Door,
    post: &Post<'_>,
    out: &mut Out,
) -> Result<Exit, Failure> {
    let id = handle.run_dir().id();
    // Refused where another terminal has the controls: it keeps them.
    let _ = block_on(handle.send(Command::Release, post.actor.clone(), None))?;
    block_on(handle.tell(format!(
        "{} detached; the run goes on without a screen",
        post.actor.name
    )))?;
    door.close();
    block_on(handle.let_go())?;
    wait_until_free(handle.run_dir())?;
    super::detach::go_on(&id, post.settings)?;
    out.line(format!(
        "run {id} goes on without a screen; take it up again:"
    ))?;
    // On a line of its own, so that it can be copied whole from a narrow terminal.
    out.line(format!("  flightdeck resume {id}"))?;
    Ok(Exit::NeedsOperator)
}

/// If a process without a person drives the run, asks it to let go and waits for that. Others are left alone: the lock
/// refuses us by their name.
/// True if there was one.
fn take_over(dir: &RunDir, own: &Holder) -> Result<bool, Failure> {
    let holder = || {
        dir.holder()
            .map_err(|e| Failure::storage(format!("cannot read the lock: {e}")))
    };
    let Some(found) = holder()?.filter(|h| h.detached && h.host == own.host) else {
        return Ok(false);
    };
    let pid = i32::try_from(found.pid).ok().and_then(Pid::from_raw);
    let process = pid.and_then(|pid| pidfd_open(pid, PidfdFlags::empty()).ok());
    // Who holds the lock after the process was opened is that process: no stranger with its number is ever signalled.
    if let Some(process) = process
        && holder()?.is_some_and(|now| now.pid == found.pid)
    {
        // It may have ended in this moment; then the lock is free.
        let _ = pidfd_send_signal(process, Signal::TERM);
    }
    wait_until_free(dir)?;
    Ok(true)
}

fn wait_until_free(dir: &RunDir) -> Result<(), Failure> {
    let begun = Instant::now();
    while let Ok(Some(holder)) = dir.holder() {
        if begun.elapsed() > HAND_OVER {
            let who = format!(
                "process {} of {} on {}",
                holder.pid, holder.user, holder.host
            );
            return Err(Failure::new(
                Exit::Refused,
                format!("run {} is still driven by {who}", dir.id()),
            ));
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    Ok(())
}

/// While the screen is shown, TERM gives the terminal back, lets the run go and ends this process; HUP is left to the
/// screen, which notices that its terminal is gone.
struct Terminated {
    _stop: tokio::sync::oneshot::Sender<()>,
}

impl Terminated {
    /// Returns once the signals are heard: a terminal that goes away before that would end this process.
    fn listen(handle: Handle) -> Self {
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let (hears, heard) = std::sync::mpsc::channel();
        let work = async move {
            use tokio::signal::unix::{SignalKind, signal};
            let (Ok(mut term), Ok(mut hang_up)) = (
                signal(SignalKind::terminate()),
                signal(SignalKind::hangup()),
            ) else {
                return;
            };
            let _ = hears.send(());
            tokio::pin!(stopped);
            loop {
                tokio::select! {
                    _ = &mut stopped => return,
                    _ = hang_up.recv() => {}
                    _ = term.recv() => break,
                }
            }
            tui::terminal::restore_now();
            // With a full inbox it would have to wait, and TERM does not.
            let let_go = async {
                handle.let_go().await;
                let dir = handle.run_dir().clone();
                tokio::task::spawn_blocking(move || wait_until_free(&dir)).await
            };
            let _ = tokio::time::timeout(HAND_OVER, let_go).await;
            std::process::exit(Exit::Signal(SignalKind::terminate().as_raw_value()).code());
        };
        // Without such a thread TERM ends the process at once, which a run survives as well.
        let _ = std::thread::Builder::new()
            .name("signals".to_owned())
            .spawn(move || block_on(work));
        let _ = heard.recv();
        Self { _stop: stop }
    }
}

/// The exit code of what the lines came to.
fn exit_of(end: &End) -> Exit {
    match end {
        End::Ended(phase) => Exit::of(*phase),
        End::NeedsOperator | End::Over(_) => Exit::NeedsOperator,
        End::Signal(number) => Exit::Signal(*number),
    }
}

pub(super) fn block_on<T>(work: impl Future<Output = T>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    Ok(runtime
        .map_err(|e| Failure::storage(format!("cannot start: {e}")))?
        .block_on(work))
}

/// The one clock of the program.
pub(super) fn now() -> Timestamp {
    clock::now()
}
