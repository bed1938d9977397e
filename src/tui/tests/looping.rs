//! The loop with a scripted engine, scripted keys and a counting terminal: no threads, no real terminal.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};
use futures_util::Stream;
use ratatui::Frame;
use ratatui::layout::Size;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::timeout;

use super::plan;
use super::play::{actor, options, text_of};
use crate::engine::{Pace, Receipt};
use crate::id::{AttemptId, RunId};
use crate::journal::{self, Reader};
use crate::run::{Actor, Command, Input, Recorded, Run, RunStart, Seen};
use crate::time::Timestamp;
use crate::tui::counting::{Count, Counting};
use crate::tui::looks::Looks;
use crate::tui::main_loop::{End, Loop};
use crate::tui::message::Message;
use crate::tui::model::Model;
use crate::tui::options::{Options, Outcome};
use crate::tui::pacer::Pacer;
use crate::tui::port::{Events, Port};
use crate::tui::screen::Screen;
use crate::tui::surface::Surface;
use crate::tui::typed::{Keys, Lines};
use crate::tui::world::World;

/// Nothing here takes longer.
const LIMIT: Duration = Duration::from_secs(10);

/// An engine without attempt processes: steps that it starts run for ever.
#[derive(Clone)]
struct Engine {
    run: Arc<Mutex<Run>>,
    feed: UnboundedSender<Vec<Recorded>>,
}

struct Feed {
    from: UnboundedReceiver<Vec<Recorded>>,
    ready: Vec<Recorded>,
}

impl Port for Engine {
    type Feed = Feed;

    fn send(
        &self,
        command: Command,
        actor: Actor,
        seen: Option<Seen>,
    ) -> impl Future<Output = Receipt> + 'static {
        let input = Input::Command {
            command,
            actor,
            seen,
        };
        let turn = self.run.lock().unwrap().handle(input, wall_clock());
        self.feed.send(turn.events).unwrap();
        std::future::ready(turn.refused.map_or(Ok(()), Err))
    }

    fn output(&self, _: &AttemptId) -> io::Result<Reader> {
        Err(io::ErrorKind::NotFound.into())
    }
}

impl Events for Feed {
    fn ready(&mut self) -> Result<Vec<Recorded>, journal::Error> {
        Ok(std::mem::take(&mut self.ready))
    }

    async fn wait(&mut self) {
        match self.from.recv().await {
            Some(events) => self.ready.extend(events),
            None => std::future::pending().await,
        }
    }

    fn pace(&self) -> Pace {
        Pace::Live
    }
}

/// What the person would see, and what it cost.
#[derive(Clone)]
struct Glass {
    screen: Rc<RefCell<Screen<Counting>>>,
    size: Rc<RefCell<(u16, u16)>>,
    /// How a person was called.
    calls: Rc<RefCell<Vec<Option<String>>>>,
}

impl Surface for Glass {
    fn draw(&mut self, view: &mut dyn FnMut(&mut Frame)) -> io::Result<()> {
        self.screen.borrow_mut().draw(|frame| view(frame))
    }

    fn fit(&mut self) -> (u16, u16) {
        let (width, height) = *self.size.borrow();
        self.screen.borrow_mut().resize(Size::new(width, height));
        (width, height)
    }

    fn redraw(&mut self) {
        self.screen.borrow_mut().redraw();
    }

    fn last_write(&self) -> Duration {
        Duration::ZERO
    }

    fn bell(&mut self, words: Option<&str>) -> io::Result<()> {
        self.calls.borrow_mut().push(words.map(str::to_owned));
        Ok(())
    }

    fn copy(&mut self, _: &str) -> io::Result<()> {
        Ok(())
    }

    fn suspend(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn set_mouse(&mut self, _: bool) -> io::Result<()> {
        Ok(())
    }

    fn plain(&mut self, _: bool) -> io::Result<()> {
        Ok(())
    }

    fn print(&mut self, _: &str) -> io::Result<()> {
        Ok(())
    }

    fn lend(&mut self, work: &mut dyn FnMut() -> io::Result<()>) -> io::Result<()> {
        work()
    }

    fn reclaim(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Glass {
    /// Waits until the screen shows `text`.
    async fn shows(&self, text: &str) {
        let seen = async {
            while !text_of(self.screen.borrow().shown()).contains(text) {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        let found = timeout(LIMIT, seen).await;
        let shown = text_of(self.screen.borrow().shown());
        assert!(found.is_ok(), "{text} is not on the screen:\n{shown}");
    }

    fn cost(&self) -> Count {
        self.screen.borrow_mut().out_mut().take()
    }
}

fn wall_clock() -> Timestamp {
    let since = std::time::UNIX_EPOCH.elapsed().unwrap();
    Timestamp(since.as_millis() as i64)
}

/// Keys as crossterm gives them: it keeps the first waker until a key comes, whoever polls meanwhile.
#[derive(Clone, Default)]
struct Typed(Rc<RefCell<Waiting>>);

#[derive(Default)]
struct Waiting {
    events: VecDeque<Event>,
    waker: Option<Waker>,
    /// The terminal has gone away.
    gone: bool,
}

impl Stream for Typed {
    type Item = io::Result<Event>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Waiting {
            events,
            waker,
            gone,
        } = &mut *self.0.borrow_mut();
        match events.pop_front() {
            Some(event) => Poll::Ready(Some(Ok(event))),
            None if *gone => Poll::Ready(None),
            None => {
                waker.get_or_insert_with(|| cx.waker().clone());
                Poll::Pending
            }
        }
    }
}

#[derive(Clone)]
struct Person {
    keys: Typed,
    glass: Glass,
}

impl Person {
    fn does(&self, events: impl IntoIterator<Item = Event>) {
        let mut keys = self.keys.0.borrow_mut();
        keys.events.extend(events);
        if let Some(waker) = keys.waker.take() {
            waker.wake();
        }
    }

    fn types(&self, text: &str) {
        let key = |c: char| match c {
            '\n' => KeyCode::Enter,
            c => KeyCode::Char(c),
        };
        let keys = text
            .chars()
            .map(|c| KeyEvent::new(key(c), KeyModifiers::NONE));
        self.does(keys.map(Event::Key));
    }

    /// The terminal goes away.
    fn goes(&self) {
        self.keys.0.borrow_mut().gone = true;
        self.does([]);
    }
}

/// Runs a screen over a paused or running plan while `script` plays the person.
fn with_screen<F: Future<Output = ()>>(
    paused: bool,
    script: impl FnOnce(Person, Engine) -> F,
) -> (End, Model) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let workflow = plan::failover();
    let start = RunStart {
        actor: actor(),
        paused,
        ..RunStart::new(RunId::parse("r-42").unwrap(), &workflow)
    };
    let (run, turn) = Run::start(Arc::clone(&workflow), start, wall_clock());
    let (feed, from) = unbounded_channel();
    let engine = Engine {
        run: Arc::new(Mutex::new(run)),
        feed,
    };
    let glass = Glass {
        screen: Rc::new(RefCell::new(Counting::screen(80, 24))),
        size: Rc::new(RefCell::new((80, 24))),
        calls: Rc::default(),
    };
    let keys = Typed::default();
    let person = Person {
        keys: keys.clone(),
        glass: glass.clone(),
    };
    let options = Options {
        now: wall_clock,
        ..options()
    };
    let mut model = Model::new(workflow, actor(), &options);
    let mut surface = glass;
    let mut open_keys = || -> Keys { Box::pin(keys.clone()) };
    let mut open_lines = || -> Lines { Box::pin(futures_util::stream::pending()) };
    let screen = Loop {
        app: &mut model,
        surface: &mut surface,
        world: World::new(engine.clone(), actor(), None),
        feed: Feed {
            from,
            ready: Vec::new(),
        },
        open_keys: &mut open_keys,
        open_lines: &mut open_lines,
        theme: options.theme.clone(),
        looks: Looks::new(Arc::clone(&options.themes)),
        options: &options,
        pacer: Pacer::new(options.fps),
        pace: Pace::Live,
        first: vec![Message::Events(turn.events)],
        resized: None,
        pasted: None,
        suspended: false,
        lent: None,
        switched: None,
    };
    let end = runtime.block_on(async {
        let ((), end) = tokio::join!(
            script(person, engine),
            timeout(LIMIT, screen.run(std::future::pending()))
        );
        end.expect("the loop ends when the person leaves")
    });
    (end, model)
}

#[test]
fn a_key_reaches_the_engine_and_its_answer_the_screen() {
    let (end, model) = with_screen(false, |person, engine| async move {
        person.glass.shows("RUNNING").await;
        person.types("p");
        person.glass.shows("PAUSING 1").await;
        assert!(engine.run.lock().unwrap().paused().is_some());
        person.types("q");
        person.glass.shows("Leave this run?").await;
        // The box is deaf at first: the key is typed until it must have been heard.
        for _ in 0..40 {
            person.types("d");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    assert!(matches!(end, End::Done), "{end:?}");
    assert_eq!(model.outcome, Some(Outcome::Detach));
}

#[test]
fn an_idle_screen_sends_nothing() {
    with_screen(true, |person, _engine| async move {
        person.glass.shows("PAUSED").await;
        // One frame may still be on its way.
        tokio::time::sleep(Duration::from_millis(150)).await;
        person.glass.cost();
        tokio::time::sleep(Duration::from_millis(1_200)).await;
        assert_eq!(person.glass.cost(), Count::default());
        // And still it hears.
        person.types("?");
        person.glass.shows("HELP").await;
        person.goes();
    });
}

#[test]
fn a_burst_of_text_acts_as_no_key() {
    let (_, model) = with_screen(false, |person, _engine| async move {
        person.glass.shows("RUNNING").await;
        person.types("Xp pasted text\n");
        person.glass.shows("pasted text does nothing here").await;
        person.goes();
    });
    assert!(model.run.paused().is_none());
}

#[test]
fn keys_that_end_mean_that_the_terminal_is_gone() {
    let (end, _) = with_screen(false, |person, _engine| async move {
        person.glass.shows("RUNNING").await;
        person.goes();
    });
    assert!(matches!(end, End::HungUp), "{end:?}");
}

#[test]
fn a_resize_is_drawn_once_it_has_settled() {
    with_screen(false, |person, _engine| async move {
        person.glass.shows("RUNNING").await;
        for width in [90, 100, 120] {
            *person.glass.size.borrow_mut() = (width, 30);
            person.does([Event::Resize(width, 30)]);
        }
        person.glass.shows("DETAIL").await;
        assert_eq!(person.glass.screen.borrow().size(), Size::new(120, 30));
        person.goes();
    });
}

#[test]
fn events_of_others_are_told() {
    with_screen(false, |person, engine| async move {
        person.glass.shows("RUNNING").await;
        let ana = Actor {
            name: "ana".into(),
            ..Actor::default()
        };
        engine.send(Command::Pause, ana, None).await.unwrap();
        person.glass.shows("ana: pause").await;
        person.goes();
    });
}
