//! A real terminal: keys go in, and a model of a terminal reads what comes out.

use std::io::{Read, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, ExitStatus, MasterPty, PtySize, native_pty_system};

use crate::line::{Arrive, Line};
use crate::place::{Place, SOON, wait_for};

pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_flightdeck");

pub(crate) struct Face {
    master: Option<Box<dyn MasterPty + Send>>,
    writer: Option<Box<dyn Write + Send>>,
    child: Box<dyn Child + Send + Sync>,
    model: Arc<Mutex<vt100::Parser>>,
    bytes: Arc<Mutex<Vec<u8>>>,
    /// Nothing more is read.
    hung_up: Arc<AtomicBool>,
    /// The terminal's settings before the program came.
    before: String,
    line: Option<Arc<Line>>,
}

impl Face {
    pub(crate) fn start(place: &Place, args: &[&str], columns: u16, rows: u16) -> Self {
        Self::behind(place, (BINARY, args), columns, rows, None)
    }

    /// By another program, which ends up as the binary.
    #[allow(dead_code, reason = "not every test that shares this file needs one")]
    pub(crate) fn by(place: &Place, program: &str, args: &[&str]) -> Self {
        Self::behind(place, (program, args), 80, 24, None)
    }

    /// A terminal at the other end of `line`.
    #[allow(dead_code, reason = "not every test that shares this file is far away")]
    pub(crate) fn far(
        place: &Place,
        args: &[&str],
        columns: u16,
        rows: u16,
        line: &Arc<Line>,
    ) -> Self {
        Self::behind(place, (BINARY, args), columns, rows, Some(Arc::clone(line)))
    }

    fn behind(
        place: &Place,
        (program, args): (&str, &[&str]),
        columns: u16,
        rows: u16,
        line: Option<Arc<Line>>,
    ) -> Self {
        let size = PtySize {
            rows,
            cols: columns,
            pixel_width: 0,
            pixel_height: 0,
        };
        let pair = native_pty_system().openpty(size).expect("a pty");
        let before = pair.master.get_termios().expect("its settings");
        let mut command = CommandBuilder::new(program);
        command.args(args);
        command.cwd(place.dir.path());
        command.env("FLIGHTDECK_STATE_DIR", place.path("state"));
        command.env("HOME", place.dir.path());
        command.env("TERM", "xterm-256color");
        command.env("LANG", "C.UTF-8");
        command.env_remove("NO_COLOR");
        command.env_remove("SSH_CONNECTION");
        for (name, program) in [("PAGER", "pager"), ("SHELL", "shell")] {
            if place.path(program).exists() {
                command.env(name, place.path(program));
            }
        }
        for (name, value) in &place.env {
            command.env(name, value);
        }
        if line.is_some() {
            command.env("SSH_CONNECTION", "192.0.2.1 50000 192.0.2.2 22");
        }
        let child = pair
            .slave
            .spawn_command(command)
            .expect("the binary starts");
        drop(pair.slave);
        let model = Arc::new(Mutex::new(vt100::Parser::new(
            nonzero(rows),
            nonzero(columns),
            0,
        )));
        let mut reader = pair.master.try_clone_reader().expect("a reader");
        let read = Arc::clone(&model);
        let kept = Arc::<Mutex<Vec<u8>>>::default();
        let keep = Arc::clone(&kept);
        let hung_up = Arc::new(AtomicBool::new(false));
        let gone = Arc::clone(&hung_up);
        let show = move |bytes: &[u8]| read.lock().expect("the model").process(bytes);
        let mut arrive: Arrive = match line.clone() {
            Some(line) => line.carry(show),
            None => Box::new(show),
        };
        std::thread::spawn(move || {
            let mut bytes = [0; 8192];
            while let Ok(n @ 1..) = reader.read(&mut bytes) {
                keep.lock().expect("the bytes").extend(&bytes[..n]);
                arrive(&bytes[..n]);
                if gone.load(Ordering::SeqCst) {
                    return;
                }
            }
        });
        let writer = pair.master.take_writer().expect("a writer");
        Self {
            master: Some(pair.master),
            writer: Some(writer),
            child,
            model,
            bytes: kept,
            hung_up,
            before: format!("{before:?}"),
            line,
        }
    }

    /// What stands on the screen.
    pub(crate) fn text(&self) -> String {
        self.model.lock().expect("the model").screen().contents()
    }

    /// The same with its colours and its cursor.
    #[allow(
        dead_code,
        reason = "not every test that shares this file compares looks"
    )]
    pub(crate) fn look(&self) -> String {
        let model = self.model.lock().expect("the model");
        model.screen().contents_formatted()
    }

    /// The window has another size.
    #[allow(dead_code, reason = "not every test that shares this file resizes")]
    pub(crate) fn resize(&self, columns: u16, rows: u16) {
        let mut model = self.model.lock().expect("the model");
        model.screen_mut().set_size(nonzero(rows), nonzero(columns));
        let master = self.master.as_ref().expect("not hung up");
        let mut size = master.get_size().expect("a size");
        (size.cols, size.rows) = (columns, rows);
        master.resize(size).expect("a new size");
    }

    /// All bytes that ever came.
    #[allow(
        dead_code,
        reason = "not every test that shares this file looks at them"
    )]
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.bytes.lock().expect("the bytes").clone()
    }

    /// One write, as a paste arrives.
    #[allow(dead_code, reason = "not every test that shares this file pastes")]
    pub(crate) fn send(&mut self, bytes: &[u8]) {
        let writer = self.writer.as_mut().expect("not hung up");
        writer.write_all(bytes).expect("typed");
        writer.flush().expect("typed");
    }

    pub(crate) fn keys(&mut self, keys: &str) {
        let writer = self.writer.as_mut().expect("not hung up");
        // One key a write: several printable bytes in one read would be a paste.
        for key in keys.chars() {
            if let Some(line) = &self.line {
                std::thread::sleep(line.delay);
            }
            writer.write_all(key.to_string().as_bytes()).expect("typed");
            writer.flush().expect("typed");
            std::thread::sleep(Duration::from_millis(8));
        }
    }

    /// Waits until `text` stands on the screen.
    pub(crate) fn wait(&self, text: &str) {
        self.wait_until(text, |screen| screen.contains(text));
    }

    pub(crate) fn wait_until(&self, what: &str, done: impl Fn(&str) -> bool) {
        let begun = Instant::now();
        loop {
            let screen = self.text();
            if done(&screen) {
                return;
            }
            assert!(
                begun.elapsed() < SOON,
                "waited in vain for {what}:\n{screen}"
            );
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// A dialog takes no keys for the first 0.4 seconds, so that nobody confirms what he has not read.
    pub(crate) fn settle() {
        std::thread::sleep(Duration::from_millis(450));
    }

    /// A box that closed by itself takes the keys of the next second with it: they were meant for the box.
    pub(crate) fn after_box() {
        std::thread::sleep(Duration::from_millis(1100));
    }

    /// Moves the selection to the row of `step`, by the keys that a person would use.
    pub(crate) fn select(&mut self, step: &str) {
        self.keys("gg");
        for _ in 0..200 {
            std::thread::sleep(Duration::from_millis(60));
            // Not what stands beside it, in the details.
            let row = self.selected_row();
            if row
                .split(" │ ")
                .next()
                .is_some_and(|row| row.contains(step))
            {
                return;
            }
            self.keys("j");
        }
        panic!("{step} cannot be selected:\n{}", self.text());
    }

    /// The row with the mark of the selection.
    pub(crate) fn selected_row(&self) -> String {
        self.text()
            .lines()
            .find(|row| row.starts_with('▌'))
            .unwrap_or_default()
            .to_owned()
    }

    /// The terminal is closed, as when an SSH connection dies. The reader holds it open until its next byte, and a run that
    /// has just ended shows nothing new by itself: a changed size asks for a frame.
    pub(crate) fn hang_up(&mut self) {
        self.hung_up.store(true, Ordering::SeqCst);
        self.writer = None;
        if let Some(master) = self.master.take() {
            let mut size = master.get_size().expect("a size");
            size.rows += 1;
            master.resize(size).expect("a new size");
        }
    }

    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().expect("its state").is_some()
    }

    /// How the process ended.
    #[allow(dead_code, reason = "not every test that shares this file asks")]
    pub(crate) fn end(&mut self) -> ExitStatus {
        self.child.wait().expect("its end")
    }

    #[allow(dead_code, reason = "not every test that shares this file signals")]
    pub(crate) fn pid(&self) -> u32 {
        self.child.process_id().expect("it was started")
    }

    /// The terminal's own settings, as text: raw or cooked, echo or not.
    #[allow(dead_code, reason = "not every test that shares this file suspends")]
    pub(crate) fn modes(&self) -> String {
        let master = self.master.as_ref().expect("not hung up");
        format!("{:?}", master.get_termios().expect("its settings"))
    }

    /// Everything that the screen changed on the terminal is as it was before.
    #[allow(dead_code, reason = "not every test that shares this file ends so")]
    pub(crate) fn is_given_back(&self) {
        wait_for("the terminal as it was", || {
            let model = self.model.lock().expect("the model");
            let screen = model.screen();
            !screen.alternate_screen() && !screen.hide_cursor() && !screen.bracketed_paste()
        });
        assert_eq!(self.modes(), self.before);
    }

    /// Reads no more of what comes, and keeps the terminal open.
    #[allow(dead_code, reason = "not every test that shares this file stalls")]
    pub(crate) fn stall(&self) {
        self.hung_up.store(true, Ordering::SeqCst);
    }

    /// Leaves the screen of a run that has ended, and gives the exit code.
    pub(crate) fn quit(&mut self) -> u32 {
        self.keys("q");
        wait_for("the program to end", || self.has_ended());
        self.child.wait().expect("its end").exit_code()
    }
}

impl Drop for Face {
    fn drop(&mut self) {
        let _ = self.child.kill();
    }
}

fn nonzero(n: u16) -> std::num::NonZero<u16> {
    std::num::NonZero::new(n).expect("a terminal has rows and columns")
}
