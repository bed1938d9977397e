//! The loop: keys, answers, events, growing logs and the clock become messages; messages become requests and frames.
//! Keys come first, everything that waits is taken in before a frame is drawn, and there is at most one frame a frame
//! time. With nothing to do it sleeps: no timer, no byte.

use std::io;
use std::time::{Duration, Instant};

use crossterm::event::Event;
use futures_util::{FutureExt, StreamExt};
use tokio::time::sleep_until;

use super::app::App;
use super::keys::Key;
use super::looks::{Looks, News};
use super::message::{Message, Request};
use super::mouse::Mouse;
use super::options::{Notify, Options};
use super::outside::{self, Lend};
use super::pacer::{Level, Pacer};
use super::port::{Events, Port};
use super::surface::Surface;
use super::theme::Theme;
use super::typed::{Heard, Keys, Lines, Typed};
use super::world::World;
use crate::engine::Pace;
use crate::time::Timestamp;

/// Sizes that a window goes through while it is dragged are not drawn.
const RESIZE: Duration = Duration::from_millis(50);
/// How often a growing log is looked at.
const LOOK: Duration = Duration::from_millis(100);
/// What happens within this is taken in together: a thousand steps that end cost one pass over the plan.
const LISTEN: Duration = Duration::from_millis(15);
/// So many characters in one read were not typed.
const PASTE_FROM: usize = 6;
/// Keys taken in before a frame is drawn.
const KEYS_MAX: usize = 1_000;
/// Nobody presses a key so soon after a paste, or after what came with it.
const AFTER_PASTE: Duration = Duration::from_millis(150);

/// Why the loop ended.
#[derive(Debug)]
pub(super) enum End {
    Done,
    HungUp,
    Failed(io::Error),
}

impl End {
    /// A terminal that is gone may be noticed by a write before anything else tells.
    fn of(error: io::Error) -> Self {
        use rustix::io::Errno;
        let gone = [Errno::IO, Errno::NXIO, Errno::BADF, Errno::PIPE];
        match Errno::from_io_error(&error) {
            Some(errno) if gone.contains(&errno) => Self::HungUp,
            _ => Self::Failed(error),
        }
    }
}

pub(super) struct Loop<'a, A, S, P: Port> {
    pub(super) app: &'a mut A,
    pub(super) surface: &'a mut S,
    pub(super) world: World<P>,
    pub(super) feed: P::Feed,
    /// Opens the stream of keys, again after each suspension.
    pub(super) open_keys: &'a mut dyn FnMut() -> Keys,
    /// Where lines are typed instead.
    pub(super) open_lines: &'a mut dyn FnMut() -> Lines,
    pub(super) theme: Theme,
    pub(super) looks: Looks,
    pub(super) options: &'a Options,
    pub(super) pacer: Pacer,
    pub(super) pace: Pace,
    /// What is known before the first key.
    pub(super) first: Vec<Message>,
    pub(super) resized: Option<Instant>,
    /// When the last part of a paste came.
    pub(super) pasted: Option<Instant>,
    pub(super) suspended: bool,
    /// What is to have the terminal next.
    pub(super) lent: Option<Lend>,
    /// Lines instead of the screen from now on, or the screen again.
    pub(super) switched: Option<bool>,
}

impl<A: App, S: Surface, P: Port> Loop<'_, A, S, P> {
    /// Runs until the person is done or the terminal is gone.
    pub(super) async fn run(mut self, gone: impl Future<Output = ()>) -> End {
        let mut gone = std::pin::pin!(gone.fuse());
        let mut typed = self.open();
        let mut continued = continue_signal();
        let mut look_at = Instant::now();
        let mut listen_at = Instant::now();
        self.resize();
        for message in std::mem::take(&mut self.first) {
            self.tell(message, true);
        }
        while !self.app.is_done() {
            if self.steps_aside() {
                // Two readers of one terminal would share its keys.
                drop(typed);
                if let Err(error) = self.step_aside() {
                    return End::of(error);
                }
                typed = self.open();
            }
            let draw = self.pacer.due();
            let wake = self.wake();
            let watching = self.world.is_watching().then_some(look_at);
            let resized = self.resized.map(|at| at + RESIZE);
            tokio::select! {
                biased;
                () = &mut gone => return End::HungUp,
                heard = typed.next() => match heard {
                    Some(Heard::Event(event)) => self.keys(event, &mut typed).await,
                    Some(Heard::Line(text)) => {
                        self.pacer.key();
                        self.take_in(Message::Line { text, at: self.now() });
                    }
                    None => return End::HungUp,
                },
                Some(answer) = self.world.answers.next() => self.tell(answer, true),
                Some(opened) = self.world.opening.opened.recv() => {
                    if let Some(told) = self.world.opened(opened) {
                        self.tell(told, true);
                    }
                }
                () = until(resized) => self.resize(),
                () = until(draw) => {
                    if let Err(error) = self.draw() {
                        return End::of(error);
                    }
                }
                Some(found) = self.world.found.recv() => self.tell(found, false),
                Some(news) = self.looks.news.recv() => self.look(news),
                () = news(&mut self.feed, listen_at) => {
                    listen_at = Instant::now() + LISTEN;
                    self.events();
                }
                () = until(watching) => {
                    look_at = Instant::now() + LOOK;
                    if let Some(grown) = self.world.look() {
                        self.tell(grown, false);
                    }
                }
                () = until(wake) => self.tell(Message::Tick(self.now()), false),
                Some(()) = continued.recv() => {
                    if self.surface.reclaim().is_ok() {
                        self.resize();
                    }
                }
            }
        }
        match self.print() {
            Ok(()) => End::Done,
            Err(error) => End::of(error),
        }
    }

    fn open(&mut self) -> Typed {
        if self.app.is_plain() {
            Typed::Lines((self.open_lines)())
        } else {
            Typed::Keys((self.open_keys)())
        }
    }

    /// Whether the screen is to go, for a while or for lines.
    fn steps_aside(&self) -> bool {
        self.suspended || self.lent.is_some() || self.switched.is_some()
    }

    fn step_aside(&mut self) -> io::Result<()> {
        if std::mem::take(&mut self.suspended) {
            self.surface.suspend()?;
            self.pacer.hurry();
        }
        if let Some(lend) = self.lent.take() {
            self.lend(&lend);
        }
        if let Some(plain) = self.switched.take() {
            if !plain {
                self.print()?;
            }
            self.surface.plain(plain)?;
            self.resize();
        }
        Ok(())
    }

    /// What is told in lines and has not been printed yet.
    fn print(&mut self) -> io::Result<()> {
        match self.app.take_lines() {
            lines if lines.is_empty() => Ok(()),
            lines => self.surface.print(&lines),
        }
    }

    fn now(&self) -> Timestamp {
        self.options.now()
    }

    /// The model's next moment on the clock of this loop.
    fn wake(&self) -> Option<Instant> {
        let at = self.app.wake_at()?;
        let wait = self.options.wait(at.since(self.now()))?;
        Some(Instant::now() + wait)
    }

    /// Takes one message in, which changes the screen.
    fn tell(&mut self, message: Message, urgent: bool) {
        if urgent {
            self.pacer.hurry();
        } else {
            self.pacer.touch();
        }
        self.take_in(message);
    }

    /// The update, and all that follows from it until nothing more follows.
    fn take_in(&mut self, message: Message) {
        let mut waiting = std::collections::VecDeque::from([message]);
        while let Some(message) = waiting.pop_front() {
            for request in self.app.update(message) {
                waiting.extend(self.perform(request));
            }
        }
    }

    fn perform(&mut self, request: Request) -> Option<Message> {
        let done = match request {
            Request::Copy(text) => self.surface.copy(&text),
            Request::Call(words) => match self.options.notify {
                Notify::Off => Ok(()),
                Notify::Bell => self.surface.bell(None),
                Notify::Osc9 => self.surface.bell(Some(words.as_str())),
            },
            Request::Redraw => {
                self.surface.redraw();
                Ok(())
            }
            Request::Suspend => {
                self.suspended = true;
                Ok(())
            }
            Request::Mouse(on) => self.surface.set_mouse(on),
            Request::Plain(on) => {
                self.switched = Some(on);
                Ok(())
            }
            Request::Theme(wanted) => {
                self.looks.want(wanted);
                Ok(())
            }
            Request::Replay(change) => {
                let replay = self.options.replay.as_ref()?;
                return Some(Message::Replay(replay.change(change)));
            }
            Request::Lend(lend) => {
                self.lent = Some(lend);
                Ok(())
            }
            Request::CopyLog { of, to } => {
                let folder = self.options.programs.scratch.clone();
                self.world.copy_log(of, to, folder);
                return None;
            }
            other => return self.world.perform(other),
        };
        done.err()
            .map(|error| Message::Failed(format!("cannot write to the terminal: {error}")))
    }

    /// A program has the terminal until it ends. What it was and what became of it is told.
    fn lend(&mut self, lend: &Lend) {
        let programs = &self.options.programs;
        let lent = self.surface.lend(&mut || outside::run(lend, programs));
        let told = match lent {
            Ok(()) => Message::Done("back on the screen; the run went on".into()),
            Err(error) => Message::Failed(error.to_string()),
        };
        self.resize();
        self.tell(told, true);
    }

    /// What has become of the theme.
    fn look(&mut self, news: News) {
        match news {
            News::Theme {
                theme,
                chosen,
                told,
            } => {
                self.theme = *theme;
                self.pacer.hurry();
                if let Some(name) = chosen {
                    self.take_in(Message::Theme(name));
                }
                if let Some(told) = told {
                    self.tell(Message::Done(told), true);
                }
            }
            News::Failed(why) => self.tell(Message::Failed(why), true),
        }
    }

    /// Takes in all keys that wait. Many characters at once are a paste: they must not act as keys.
    async fn keys(&mut self, first: Event, keys: &mut Typed) {
        let at = self.now();
        let mut typed = Vec::new();
        let mut next = Some(first);
        while let Some(event) = next.take() {
            match event {
                Event::Key(event) => typed.extend(Key::from_event(event)),
                Event::Paste(text) => {
                    self.pasted = Some(Instant::now());
                    self.tell(Message::Paste(text), true);
                }
                Event::Resize(..) => self.resized = Some(Instant::now()),
                Event::Mouse(event) => {
                    if let Some(mouse) = Mouse::from_event(event) {
                        // What was typed before a click was not meant for what it selects.
                        self.type_in(std::mem::take(&mut typed), at);
                        self.pacer.key();
                        self.take_in(Message::Mouse(mouse));
                    }
                }
                Event::FocusGained | Event::FocusLost => {}
            }
            if typed.len() < KEYS_MAX {
                next = keys.waiting().await;
            }
        }
        self.type_in(typed, at);
    }

    /// Takes in keys that came together.
    fn type_in(&mut self, typed: Vec<Key>, at: Timestamp) {
        if typed.is_empty() {
            return;
        }
        if self.pasted.is_some_and(|at| at.elapsed() < AFTER_PASTE) {
            // The clipboard held the end of a paste and went on: the rest of it is no keys.
            self.pasted = Some(Instant::now());
            return;
        }
        if let Some(text) = pasted(&typed) {
            self.pasted = Some(Instant::now());
            return self.tell(Message::Paste(text), true);
        }
        self.pacer.key();
        for key in typed {
            self.take_in(Message::Key { key, at });
        }
    }

    fn resize(&mut self) {
        self.resized = None;
        let (width, height) = self.surface.fit();
        self.tell(Message::Resize { width, height }, true);
    }

    fn events(&mut self) {
        match self.feed.ready() {
            Ok(events) if events.is_empty() => {}
            Ok(events) => self.tell(Message::Events(events), false),
            Err(error) => self.tell(
                Message::Failed(format!("cannot read the run: {error}")),
                true,
            ),
        }
        let pace = self.feed.pace();
        if pace != self.pace {
            self.pace = pace.clone();
            self.tell(Message::Pace(pace), true);
        }
    }

    fn draw(&mut self) -> io::Result<()> {
        if self.app.is_plain() {
            self.print()?;
            self.pacer.drawn(Duration::ZERO);
            self.take_in(Message::Drawn(self.now()));
            return Ok(());
        }
        let (app, theme) = (&*self.app, &self.theme);
        self.surface.draw(&mut |frame| {
            if let Some(cursor) = app.view(theme, frame.buffer_mut()) {
                frame.set_cursor_position(cursor);
            }
        })?;
        let before = self.pacer.tempo().level;
        self.pacer.drawn(self.surface.last_write());
        let tempo = self.pacer.tempo();
        if tempo.level != before {
            // Nothing else may be about to draw, and the person should know.
            self.tell(Message::Tempo(tempo), false);
        } else if tempo.level != Level::Fast {
            self.take_in(Message::Tempo(tempo));
        }
        // Not a change: it must not draw again.
        self.take_in(Message::Drawn(self.now()));
        if let Some(trouble) = self.surface.trouble() {
            self.tell(Message::Failed(trouble), false);
        }
        Ok(())
    }
}

/// The text, if these keys came too fast to be typed. A key that is held down repeats itself, so it is no text.
fn pasted(typed: &[Key]) -> Option<String> {
    let chars = typed.iter().filter_map(|key| match key {
        Key::Char(c) => Some(*c),
        _ => None,
    });
    let text: String = chars.collect();
    let mut rest = text.chars();
    let first = rest.next()?;
    (text.len() >= PASTE_FROM && rest.any(|c| c != first)).then_some(text)
}

/// Waits until something has happened, but not before `from`.
async fn news(feed: &mut impl Events, from: Instant) {
    sleep_until(from.into()).await;
    feed.wait().await;
}

async fn until(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment.into()).await,
        None => std::future::pending().await,
    }
}

/// SIGCONT: somebody stopped the whole process and continued it.
struct Continued(Option<tokio::signal::unix::Signal>);

fn continue_signal() -> Continued {
    use tokio::signal::unix::{SignalKind, signal};
    let kind = SignalKind::from_raw(rustix::process::Signal::CONT.as_raw());
    Continued(signal(kind).ok())
}

impl Continued {
    async fn recv(&mut self) -> Option<()> {
        match &mut self.0 {
            Some(signal) => signal.recv().await,
            None => std::future::pending().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_held_key_is_no_paste() {
        let keys = |text: &str| text.chars().map(Key::Char).collect::<Vec<_>>();
        assert_eq!(pasted(&keys("jjjjjjjjjj")), None);
        assert_eq!(pasted(&keys("Xabor")), None);
        assert_eq!(pasted(&keys("rm -rf")), Some("rm -rf".into()));
    }
}
