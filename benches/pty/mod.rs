//! The program on a real pseudo-terminal, and what it shows.

use std::io::{Read, Write};
use std::num::NonZero;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

use crate::place::{FLIGHTDECK, Place};

const WIDTH: u16 = 200;
const HEIGHT: u16 = 50;
/// Longer than this is not slow but broken.
const LIMIT: Duration = Duration::from_mins(2);

pub(crate) struct Pty {
    shown: Arc<(Mutex<vt100::Parser>, Condvar)>,
    keys: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
    /// Nothing more is read: a line that hangs.
    stalled: Arc<AtomicBool>,
    /// Closing it would hang the terminal up.
    _master: Box<dyn MasterPty + Send>,
    started: Instant,
}

impl Pty {
    /// `flightdeck ARGS` in `place`, 200 columns by 50 rows.
    pub(crate) fn start(place: &Place, args: &[&str]) -> Self {
        let size = PtySize {
            rows: HEIGHT,
            cols: WIDTH,
            ..PtySize::default()
        };
        let pair = native_pty_system()
            .openpty(size)
            .expect("a pseudo-terminal");
        let mut command = CommandBuilder::new(FLIGHTDECK);
        command.args(args);
        command.cwd(place.dir());
        command.env_clear();
        for (name, value) in place.environment() {
            command.env(name, value);
        }
        let mut from = pair.master.try_clone_reader().expect("a second descriptor");
        let keys = pair.master.take_writer().expect("it is taken once");
        let side = |n| NonZero::new(n).expect("not zero");
        let parser = vt100::Parser::new(side(HEIGHT), side(WIDTH), 0);
        let shown = Arc::new((Mutex::new(parser), Condvar::new()));
        let told = Arc::clone(&shown);
        let stalled = Arc::<AtomicBool>::default();
        let stop = Arc::clone(&stalled);
        let started = Instant::now();
        let child = pair
            .slave
            .spawn_command(command)
            .expect("the binary starts");
        drop(pair.slave);
        std::thread::spawn(move || {
            let mut chunk = vec![0; 1 << 16];
            while let Ok(n @ 1..) = from.read(&mut chunk) {
                told.0
                    .lock()
                    .expect("no reader panics")
                    .process(&chunk[..n]);
                told.1.notify_all();
                if stop.load(Ordering::Relaxed) {
                    return;
                }
            }
        });
        Self {
            shown,
            keys,
            child,
            stalled,
            _master: pair.master,
            started,
        }
    }

    /// Waits until the screen is as wanted; gives the time since `start`.
    pub(crate) fn wait(&self, is_there: impl Fn(&vt100::Screen) -> bool) -> Duration {
        let shown = self.shown.0.lock().expect("no reader panics");
        let (shown, waited) = self
            .shown
            .1
            .wait_timeout_while(shown, LIMIT, |parser| !is_there(parser.screen()))
            .expect("no reader panics");
        assert!(
            !waited.timed_out(),
            "this is all there is:\n{}",
            shown.screen().contents()
        );
        self.started.elapsed()
    }

    /// Most rows have something on them.
    pub(crate) fn wait_full(&self) -> Duration {
        self.wait(|screen| {
            let rows = screen.rows(0, WIDTH).filter(|row| !row.trim().is_empty());
            rows.count() >= usize::from(HEIGHT) * 6 / 10
        })
    }

    pub(crate) fn type_keys(&mut self, keys: &str) {
        self.keys
            .write_all(keys.as_bytes())
            .expect("the terminal is open");
        self.keys.flush().expect("the terminal is open");
    }

    /// Leaves a run that has succeeded, as soon as the screen says so; waits for the program.
    pub(crate) fn leave(mut self) {
        self.wait(|screen| screen.contents().contains("SUCCEEDED"));
        self.type_keys("q");
        let start = Instant::now();
        while start.elapsed() < LIMIT {
            if let Some(status) = self.child.try_wait().expect("it is our child") {
                return assert!(status.success(), "{status:?}");
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        panic!("`q` does not leave the screen");
    }

    pub(crate) fn stall(&self) {
        self.stalled.store(true, Ordering::Relaxed);
    }

    pub(crate) fn kill(mut self) {
        self.child.kill().expect("it is our child");
        self.child.wait().expect("it is our child");
    }
}
