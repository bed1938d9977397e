//! The doors of the screen: each runs it on a thread of its own, so that its failure is not the run's.

use std::io;
use std::sync::Arc;
use std::thread;

use crossterm::event::EventStream;
use tokio::sync::oneshot;

use super::app::App;
use super::background;
use super::hang_up::{hang_up, watch_hang_up};
use super::home::Home;
use super::looks::Looks;
use super::main_loop::{End, Loop};
use super::message::Message;
use super::model::Model;
use super::options::{Choice, Options, Outcome};
use super::pacer::Pacer;
use super::port::{Events, NoRun, Port};
use super::source::{Like, Source};
use super::terminal::Terminal;
use super::typed::{self, Keys};
use super::update::remembered;
use super::world::World;
use crate::engine::{Handle, Pace};
use crate::run::{Actor, Event, Recorded};
use crate::workflow::Workflow;

/// Of a run that goes on, there may always be more.
const PIECES_MAX: usize = 1_000;

/// Shows a run until the person leaves it.
pub fn run(handle: Handle, actor: Actor, options: Options) -> Outcome {
    let shown = on_own_thread(move || block_on(show_run(handle, actor, options)));
    shown.unwrap_or_else(Outcome::Broken)
}

/// Shows workflows and runs until the person picks one.
pub fn home(options: Options, source: Arc<dyn Source>) -> Choice {
    let shown =
        on_own_thread(move || block_on(show_home(Home::new(&options), options, Some(source))));
    shown.unwrap_or_else(Choice::Broken)
}

/// Asks for the parameters of one workflow before its start. `given` are those that the person has given already.
pub fn params_form(
    options: Options,
    file: String,
    workflow: Arc<Workflow>,
    given: std::collections::BTreeMap<String, serde_json::Value>,
) -> Choice {
    let shown = on_own_thread(move || {
        let home = Home::with_form(&options, file, workflow, &given);
        block_on(show_home(home, options, None))
    });
    shown.unwrap_or_else(Choice::Broken)
}

/// The same for a run like another one.
pub fn like_form(options: Options, like: Like) -> Choice {
    let shown = on_own_thread(move || {
        let home = Home::with_like(&options, like);
        block_on(show_home(home, options, None))
    });
    shown.unwrap_or_else(Choice::Broken)
}

fn on_own_thread<T: Send + 'static>(
    show: impl FnOnce() -> Result<T, String> + Send + 'static,
) -> Result<T, String> {
    let thread = thread::Builder::new().name("screen".into()).spawn(show);
    match thread.map(thread::JoinHandle::join) {
        Ok(Ok(shown)) => shown,
        Ok(Err(_)) => Err("the screen failed; the run is untouched".into()),
        Err(error) => Err(format!("cannot start a thread for the screen: {error}")),
    }
}

fn block_on<T>(show: impl Future<Output = Result<T, String>>) -> Result<T, String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    match runtime {
        Ok(runtime) => runtime.block_on(show),
        Err(error) => Err(format!("cannot start the screen: {error}")),
    }
}

async fn show_run(handle: Handle, actor: Actor, options: Options) -> Result<Outcome, String> {
    let mut terminal = if options.plain {
        enter_lines()?
    } else {
        enter()?
    };
    if let Some(recording) = &options.recording {
        terminal.record(Arc::clone(recording), options.now());
    }
    let (gone, watch) = gone();
    let mut feed = handle.feed().map_err(|error| error.to_string())?;
    let first = first_events(&mut feed).await?;
    let workflow = match feed.workflow() {
        Some(checked) => Arc::clone(checked),
        None => workflow_of(&first)?,
    };
    let mut model = Model::new(workflow, actor.clone(), &options);
    let source = options.source.clone();
    let end = if let Some(replay) = options.replay.clone() {
        let (port, feed) = replay.of(handle, first);
        let run = (World::new(port, actor, source), feed, Vec::new());
        drive(&mut model, &mut terminal, run, &options, gone).await
    } else {
        let first = vec![Message::Events(first)];
        let run = (World::new(handle, actor, source), feed, first);
        drive(&mut model, &mut terminal, run, &options, gone).await
    };
    drop(watch);
    finish(terminal, &end);
    remember(&model, &options);
    Ok(match end {
        End::Done => model.outcome.unwrap_or(Outcome::Left),
        End::HungUp => Outcome::HungUp,
        End::Failed(error) => Outcome::Broken(format!("the terminal failed: {error}")),
    })
}

/// Only what has changed is written; a screen that was never drawn has nothing to say.
fn remember(model: &Model, options: &Options) {
    if let Some(remember) = options.remember.as_ref().filter(|_| !options.plain) {
        let memory = remembered(model);
        if !matches!(&options.memory, Some(Ok(before)) if *before == memory) {
            remember(&memory);
        }
    }
}

async fn show_home(
    mut home: Home,
    options: Options,
    source: Option<Arc<dyn Source>>,
) -> Result<Choice, String> {
    let mut terminal = enter()?;
    let (gone, watch) = gone();
    let mut world = World::new(NoRun, Actor::default(), source);
    for request in home.start() {
        world.perform(request);
    }
    let end = drive(
        &mut home,
        &mut terminal,
        (world, NoRun, Vec::new()),
        &options,
        gone,
    )
    .await;
    drop(watch);
    finish(terminal, &end);
    Ok(match end {
        End::Done => home.choice.unwrap_or(Choice::Quit),
        End::HungUp => Choice::HungUp,
        End::Failed(error) => Choice::Broken(format!("the terminal failed: {error}")),
    })
}

async fn drive<A: App, P: Port>(
    app: &mut A,
    terminal: &mut Terminal,
    (world, feed, first): (World<P>, P::Feed, Vec<Message>),
    options: &Options,
    gone: impl Future<Output = ()>,
) -> End {
    let looks = Looks::new(Arc::clone(&options.themes));
    if !options.plain && options.themes.asks_background() {
        // A terminal that takes nothing is noticed by the first frame.
        _ = terminal.ask_background();
    }
    let learn = looks.background();
    let mut open_keys =
        || -> Keys { Box::pin(background::Keys::new(EventStream::new(), learn.clone())) };
    let mut open_lines = typed::lines;
    let screen = Loop {
        app,
        surface: terminal,
        world,
        feed,
        open_keys: &mut open_keys,
        open_lines: &mut open_lines,
        theme: options.theme.clone(),
        looks,
        options,
        pacer: Pacer::new(options.fps),
        pace: Pace::Live,
        first,
        resized: None,
        pasted: None,
        suspended: false,
        lent: None,
        switched: None,
    };
    screen.run(gone).await
}

fn enter_lines() -> Result<Terminal, String> {
    Terminal::enter_lines().map_err(|error| format!("cannot use the terminal: {error}"))
}

fn enter() -> Result<Terminal, String> {
    Terminal::enter().map_err(|error| format!("cannot use the terminal: {error}"))
}

/// Completes when the terminal hangs up, whether or not a signal says so.
fn gone() -> (impl Future<Output = ()>, io::Result<super::hang_up::Watch>) {
    let (tell, told) = oneshot::channel();
    let watch = watch_hang_up(move || {
        // At once, from the watcher's own thread: the loop may be inside crossterm at this moment, which reads a terminal that has
        // hung up for ever, at full speed, and would never hear of it.
        leave_dead_terminal();
        _ = tell.send(());
    });
    let gone = async move {
        // Without a watcher the sender is gone at once; then only the keys can tell.
        if told.await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    (gone, watch)
}

/// A terminal that is gone is never touched again: crossterm would spin on it.
fn finish(terminal: Terminal, end: &End) {
    if matches!(end, End::HungUp) {
        leave_dead_terminal();
    }
    drop(terminal);
}

fn leave_dead_terminal() {
    if let Err(error) = hang_up() {
        tracing::error!("cannot leave the dead terminal: {error}");
    }
}

/// The events so far; waits until there is one.
async fn first_events(feed: &mut impl Events) -> Result<Vec<Recorded>, String> {
    loop {
        let mut ready = || feed.ready().map_err(|error| error.to_string());
        let mut events = ready()?;
        // A long journal comes in pieces.
        for _ in 0..PIECES_MAX {
            let more = ready()?;
            if more.is_empty() {
                break;
            }
            events.extend(more);
        }
        if !events.is_empty() {
            return Ok(events);
        }
        if let Pace::Over(why) = feed.pace() {
            return Err(format!("the run has no events: {why}"));
        }
        feed.wait().await;
    }
}

/// The plan that the run was started with stands in its first event.
fn workflow_of(events: &[Recorded]) -> Result<Arc<Workflow>, String> {
    let Some(Event::RunStarted(start)) = events.first().map(|first| &first.event) else {
        return Err("the run's journal does not begin with its start".into());
    };
    let checked = start.plan();
    let problem = checked
        .problems
        .first()
        .map(|problem| problem.message.clone());
    checked.workflow.map(Arc::new).ok_or_else(|| {
        let why = problem.unwrap_or_default();
        format!("this version cannot read the run's workflow: {why}")
    })
}
