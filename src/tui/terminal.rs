//! The only file that owns the terminal: raw mode, alternate screen, what is undone however the screen ends.
//!
//! Whatever happens (leaving, a panic of the screen, SIGTERM on another thread), `restore_now` undoes it once, and never
//! waits long for a terminal that takes nothing. Panics elsewhere in the process leave the terminal alone.
//!
//! Without a screen (`to_lines`) the terminal stays as the person knows it, but for the keys that would stop or end this
//! process, and the run's engine with it: they end the line that is typed, and are part of it.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::panic::{self, PanicHookInfo};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, Once, PoisonError};
use std::thread::{self, ThreadId};
use std::time::Duration;

use ratatui::Frame;
use ratatui::layout::Size;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::OFlags;
use rustix::termios::{
    InputModes, LocalModes, OptionalActions, OutputModes, QueueSelector, SpecialCodeIndex, Termios,
};

use super::background;
use super::recording::Recording;
use super::screen::Screen;
use crate::time::Timestamp;

/// Alternate screen, bracketed paste, hidden cursor.
const ENTER: &[u8] = b"\x1b[?1049h\x1b[?2004h\x1b[?25l";
/// Ends whatever a frame left open, then undoes `ENTER` and the mouse.
const LEAVE: &[u8] =
    b"\x1b\\\x1b[?2026l\x1b[m\x1b[?1006l\x1b[?1002l\x1b[?2004l\x1b[?25h\x1b[?1049l";
const MOUSE_ON: &[u8] = b"\x1b[?1002h\x1b[?1006h";
const MOUSE_OFF: &[u8] = b"\x1b[?1006l\x1b[?1002l";

/// How long leaving waits for a terminal that takes nothing.
const PATIENCE: Duration = Duration::from_millis(200);
/// Panic messages kept; more of them say nothing new.
const PANICS_MAX: usize = 16;

/// What of the terminal is ours at this moment.
static OURS: AtomicU8 = AtomicU8::new(NOTHING);
const NOTHING: u8 = 0;
const LINES: u8 = 1;
const SCREEN: u8 = 2;
/// What Ctrl-c and Ctrl-z send.
pub(super) const STOPS: [u8; 2] = [0x03, 0x1a];
static BEFORE: Mutex<Option<Before>> = Mutex::new(None);
static PANICS: Mutex<Vec<String>> = Mutex::new(Vec::new());
static HOOK: Once = Once::new();

/// What must be known to give the terminal back.
struct Before {
    termios: Termios,
    /// An own opening of the terminal that never blocks; setting the flag on standard output would set it for the
    /// operator's shell too.
    door: Option<File>,
    /// Whose panic ends the screen.
    thread: ThreadId,
}

/// The terminal, entered. Dropping it gives the terminal back and then prints what panicked meanwhile.
#[derive(Debug)]
pub struct Terminal {
    screen: Screen<Frames>,
    mouse: bool,
}

impl Terminal {
    /// Enters raw mode and the alternate screen. Fails if standard input or output is not a terminal. Call it on the
    /// thread that draws: only its panics end the screen.
    pub fn enter() -> io::Result<Self> {
        HOOK.call_once(install_panic_hook);
        take_over()?;
        let out = Frames { recording: None };
        Ok(Self {
            screen: Screen::new(out, current_size()),
            mouse: false,
        })
    }

    /// As `enter`, but for lines: no screen yet.
    pub fn enter_lines() -> io::Result<Self> {
        HOOK.call_once(install_panic_hook);
        take_lines()?;
        let out = Frames { recording: None };
        Ok(Self {
            screen: Screen::new(out, current_size()),
            mouse: false,
        })
    }

    /// From the screen to lines.
    pub fn to_lines(&mut self) -> io::Result<()> {
        restore_now();
        take_lines()
    }

    /// From lines to the screen, which is painted anew.
    pub fn to_screen(&mut self) -> io::Result<()> {
        restore_now();
        self.take_back()
    }

    /// Where there is no screen: a few lines of text.
    pub fn print(&mut self, text: &str) -> io::Result<()> {
        write_out(LINES, text.as_bytes())
    }

    /// From now on whatever is on the screen is recorded too.
    pub fn record(&mut self, recording: Arc<Recording>, now: Timestamp) {
        recording.begin(self.size(), ENTER, now);
        self.screen.out_mut().recording = Some(recording);
    }

    /// Why the recording had to end; told once.
    pub fn recording_trouble(&self) -> Option<String> {
        self.screen.out().recording.as_ref()?.trouble()
    }

    /// Renders everything and sends what changed, in one write.
    pub fn draw(&mut self, view: impl FnOnce(&mut Frame)) -> io::Result<()> {
        self.screen.draw(view)
    }

    /// The next `draw` repaints everything (Ctrl-l).
    pub fn redraw(&mut self) {
        self.screen.redraw();
    }

    /// Takes the terminal's present size; true if it changed, and the next `draw` repaints everything.
    pub fn fit(&mut self) -> bool {
        let size = current_size();
        let changed = size != self.screen.size();
        if changed {
            self.screen.resize(size);
            if let Some(recording) = &self.screen.out().recording {
                recording.resize(size);
            }
        }
        changed
    }

    pub fn size(&self) -> Size {
        self.screen.size()
    }

    /// How long the terminal took to take the last frame: the sign of a slow line.
    pub fn last_write(&self) -> Duration {
        self.screen.last_write()
    }

    /// Gives the terminal to `work` (a pager, an editor, a shell) and takes it back. Stop reading keys before. The
    /// engine's threads go on; stopping the whole process (Ctrl-z) would stop them, so that is never done.
    pub fn suspend<T>(&mut self, work: impl FnOnce() -> T) -> io::Result<T> {
        restore_now();
        let result = work();
        self.take_back()?;
        Ok(result)
    }

    fn take_back(&mut self) -> io::Result<()> {
        take_over()?;
        if self.mouse {
            Tty.write_all(MOUSE_ON)?;
        }
        self.fit();
        self.screen.redraw();
        Ok(())
    }

    /// After SIGCONT: the shell has had the terminal meanwhile, so take it anew and repaint. Does nothing in the
    /// background, where touching the terminal would stop the whole process, the engine with it.
    pub fn reclaim(&mut self) -> io::Result<()> {
        let stdin = io::stdin();
        let in_front = rustix::termios::tcgetpgrp(&stdin)? == rustix::process::getpgrp();
        match OURS.load(Ordering::SeqCst) {
            SCREEN if in_front => {}
            // How it was before the program came is known, and is not what it is now.
            LINES if in_front => return set_lines(rustix::termios::tcgetattr(&stdin)?),
            _ => return Ok(()),
        }
        let mut raw = rustix::termios::tcgetattr(&stdin)?;
        raw.make_raw();
        rustix::termios::tcsetattr(&stdin, OptionalActions::Now, &raw)?;
        Tty.write_all(ENTER)?;
        if self.mouse {
            Tty.write_all(MOUSE_ON)?;
        }
        self.fit();
        self.screen.redraw();
        Ok(())
    }

    /// Mouse reports on or off; off lets the terminal select text itself.
    pub fn set_mouse(&mut self, on: bool) -> io::Result<()> {
        self.mouse = on;
        Tty.write_all(if on { MOUSE_ON } else { MOUSE_OFF })
    }

    /// Asks for the colour of the background; the answer comes among the keys.
    pub fn ask_background(&mut self) -> io::Result<()> {
        Tty.write_all(background::QUESTION)
    }

    /// A person is needed. The words, which hold no control characters, become a notification where the terminal knows OSC 9;
    /// elsewhere it ignores them.
    pub fn bell(&mut self, words: Option<&str>) -> io::Result<()> {
        let told = words.map(|words| format!("\x1b]9;{words}\x1b\\"));
        Tty.write_all(format!("\x07{}", told.unwrap_or_default()).as_bytes())?;
        self.print("\x07")
    }

    /// Puts a text on the clipboard of the operator's own machine (OSC 52). The caller masks and bounds it.
    pub fn copy(&mut self, text: &str) -> io::Result<()> {
        use base64::Engine as _;
        let text = base64::engine::general_purpose::STANDARD.encode(text);
        Tty.write_all(format!("\x1b]52;c;{text}\x1b\\").as_bytes())
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        restore_now();
        for message in take_panics() {
            // Nothing better can be done where the terminal takes no text either.
            _ = writeln!(io::stderr(), "{message}");
        }
    }
}

/// Gives the terminal back as it was found. Callable from any thread, any number of times; returns within a moment even
/// if the terminal takes nothing. Later frames of a screen that does not know yet go nowhere.
pub fn restore_now() {
    let had = OURS.swap(NOTHING, Ordering::SeqCst);
    if had == NOTHING {
        return;
    }
    // Held only for moments; poisoned by nobody, but a panic hook must not panic.
    let before = BEFORE.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(before) = before.as_ref() else {
        return;
    };
    let stdin = io::stdin();
    if let Some(door) = before.door.as_ref().filter(|_| had == SCREEN) {
        send_patiently(door, LEAVE);
    }
    // What was typed for the program must not become commands of the shell.
    _ = rustix::termios::tcflush(&stdin, QueueSelector::IFlush);
    _ = rustix::termios::tcsetattr(&stdin, OptionalActions::Now, &before.termios);
}

/// The panics that happened since the screen began, for the report; `Terminal` prints them when it is dropped.
pub fn take_panics() -> Vec<String> {
    std::mem::take(&mut *PANICS.lock().unwrap_or_else(PoisonError::into_inner))
}

/// The terminal is gone: nothing can be given back.
pub(super) fn forget() {
    OURS.store(NOTHING, Ordering::SeqCst);
}

/// Remembers how the terminal is.
fn remember() -> io::Result<Termios> {
    let stdin = io::stdin();
    let termios = rustix::termios::tcgetattr(&stdin)?;
    rustix::termios::tcgetwinsize(io::stdout())?;
    let flags = OFlags::NOCTTY | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let door = OpenOptions::new()
        .write(true)
        .custom_flags(flags.bits() as i32)
        .open("/dev/tty");
    *BEFORE.lock().unwrap_or_else(PoisonError::into_inner) = Some(Before {
        termios: termios.clone(),
        door: door.ok(),
        thread: thread::current().id(),
    });
    Ok(termios)
}

fn take_over() -> io::Result<()> {
    let mut raw = remember()?;
    raw.make_raw();
    OURS.store(SCREEN, Ordering::SeqCst);
    let entered = rustix::termios::tcsetattr(io::stdin(), OptionalActions::Now, &raw)
        .map_err(io::Error::from)
        .and_then(|()| Tty.write_all(ENTER));
    if entered.is_err() {
        restore_now();
    }
    entered
}

fn take_lines() -> io::Result<()> {
    set_lines(remember()?)
}

fn set_lines(mut lines: Termios) -> io::Result<()> {
    lines.local_modes |= LocalModes::ICANON | LocalModes::ECHO | LocalModes::IEXTEN;
    lines.local_modes.remove(LocalModes::ISIG);
    lines.input_modes |= InputModes::ICRNL;
    lines.output_modes |= OutputModes::OPOST;
    lines.special_codes[SpecialCodeIndex::VEOL] = STOPS[0];
    lines.special_codes[SpecialCodeIndex::VEOL2] = STOPS[1];
    OURS.store(LINES, Ordering::SeqCst);
    let taken = rustix::termios::tcsetattr(io::stdin(), OptionalActions::Now, &lines);
    if taken.is_err() {
        restore_now();
    }
    Ok(taken?)
}

/// Columns and rows; `None` where there is no terminal, or one that does not know its size, as a serial line.
pub fn size() -> Option<(u16, u16)> {
    let size = rustix::termios::tcgetwinsize(io::stdout()).ok()?;
    (size.ws_col > 0 && size.ws_row > 0).then_some((size.ws_col, size.ws_row))
}

fn current_size() -> Size {
    let (width, height) = size().unwrap_or((80, 24));
    Size::new(width, height)
}

/// Writes what the terminal takes within `PATIENCE`.
fn send_patiently(mut door: &File, mut bytes: &[u8]) {
    const ROUNDS: u32 = 10;
    let wait = Timespec::try_from(PATIENCE / ROUNDS).ok();
    for _ in 0..ROUNDS {
        match door.write(bytes) {
            Ok(taken) => bytes = &bytes[taken..],
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                _ = poll(&mut [PollFd::new(door, PollFlags::OUT)], wait.as_ref());
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return,
        }
        if bytes.is_empty() {
            return;
        }
    }
}

fn install_panic_hook() {
    let usual = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if OURS.load(Ordering::SeqCst) != SCREEN {
            return usual(info);
        }
        keep(info);
        // A lock that is held is held by someone who is restoring already.
        let of_the_screen = BEFORE.try_lock().is_ok_and(|before| {
            before
                .as_ref()
                .is_some_and(|before| before.thread == thread::current().id())
        });
        if of_the_screen {
            restore_now();
        }
    }));
}

fn keep(info: &PanicHookInfo) {
    let name = thread::current().name().unwrap_or("unnamed").to_owned();
    tracing::error!("internal error in thread {name}: {info}");
    let Ok(mut panics) = PANICS.try_lock() else {
        return;
    };
    if panics.len() < PANICS_MAX {
        panics.push(format!("internal error in thread {name}: {info}"));
    }
}

/// Standard output while the terminal is ours; nowhere after it was given back, so that a late frame of one thread does
/// not spoil what another one has restored.
#[derive(Debug)]
struct Tty;

impl Write for Tty {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        write_out(SCREEN, bytes).map(|()| bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes to standard output while the terminal is ours in this way; else nowhere. Not by `io::stdout`, which the thread that
/// waits for the screen holds locked.
fn write_out(way: u8, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() && OURS.load(Ordering::SeqCst) == way {
        match rustix::io::write(io::stdout(), bytes) {
            Ok(taken) => bytes = &bytes[taken..],
            // Another program left the shared terminal non-blocking; wait as if it were not.
            Err(rustix::io::Errno::AGAIN) => {
                _ = poll(&mut [PollFd::new(&io::stdout(), PollFlags::OUT)], None);
            }
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Where the screen's frames go: to the terminal, and into the recording if there is one. Nothing else that is written to the
/// terminal is recorded.
#[derive(Debug)]
struct Frames {
    recording: Option<Arc<Recording>>,
}

impl Write for Frames {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_all(bytes).map(|()| bytes.len())
    }

    fn write_all(&mut self, frame: &[u8]) -> io::Result<()> {
        Tty.write_all(frame)?;
        if let Some(recording) = &self.recording
            && OURS.load(Ordering::SeqCst) == SCREEN
        {
            recording.frame(frame);
        }
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
