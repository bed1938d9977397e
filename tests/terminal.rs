//! On a real pseudo-terminal: however the screen ends, the operator's terminal is as it was, and says what happened.
//!
//! The scenes run in this very test program, started again inside the pseudo-terminal (see `scene`).

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "helpers of tests, and scenes that print as a shell would"
)]

use std::io::{Read, Write};
use std::num::NonZero;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use flightdeck::tui::hang_up::{hang_up, watch_hang_up};
use flightdeck::tui::terminal::{Terminal, restore_now};
use portable_pty::{CommandBuilder, MasterPty, PtySize, native_pty_system};
use ratatui::Frame;

const SCENE: &str = "FLIGHTDECK_TEST_SCENE";
const REPORT: &str = "FLIGHTDECK_TEST_REPORT";
const LIMIT: Duration = Duration::from_secs(20);

/// Does nothing unless this program was started as a scene.
#[test]
fn scene() {
    let scene = std::env::var(SCENE);
    if scene.is_ok() {
        // A scene that hangs or spins must not outlive its test.
        std::thread::spawn(|| {
            std::thread::park_timeout(2 * LIMIT);
            std::process::exit(3);
        });
    }
    match scene.as_deref() {
        Ok("drop") => scene_drop(),
        Ok("panic") => scene_panic(),
        Ok("panic_elsewhere") => scene_panic_elsewhere(),
        Ok("restore_now") => scene_restore_now(),
        Ok("suspend") => scene_suspend(),
        Ok("reclaim") => scene_reclaim(),
        Ok("hang_up") => scene_hang_up(),
        Ok("stalled") => scene_stalled(),
        Ok(other) => panic!("no such scene: {other}"),
        Err(_) => {}
    }
}

fn show(terminal: &mut Terminal, text: &str) {
    terminal
        .draw(|frame: &mut Frame| frame.render_widget(text, frame.area()))
        .unwrap();
}

/// Waits for one key from the test.
fn key() {
    std::io::stdin().read_exact(&mut [0]).unwrap();
}

fn scene_drop() {
    let mut terminal = Terminal::enter().unwrap();
    terminal.set_mouse(true).unwrap();
    show(&mut terminal, "on screen");
    key();
    drop(terminal);
    println!("left");
}

#[test]
fn leaving_restores_the_terminal() {
    let mut pty = Pty::start("drop");
    pty.wait("on screen");
    assert!(pty.with(|s| s.alternate_screen() && s.bracketed_paste() && s.hide_cursor()));
    pty.key();
    pty.ends_restored();
    pty.wait("left");
}

fn scene_panic() {
    let mut terminal = Terminal::enter().unwrap();
    show(&mut terminal, "on screen");
    key();
    terminal.draw(|_| panic!("the view broke")).unwrap();
}

#[test]
fn a_panic_of_the_screen_restores_the_terminal_and_is_told_there() {
    let mut pty = Pty::start("panic");
    pty.wait("on screen");
    pty.key();
    pty.ends_restored();
    pty.wait("the view broke");
}

fn scene_panic_elsewhere() {
    let mut terminal = Terminal::enter().unwrap();
    show(&mut terminal, "on screen");
    key();
    let engine = std::thread::Builder::new().name("engine".into());
    let engine = engine.spawn(|| panic!("a step broke")).unwrap();
    assert!(engine.join().is_err());
    show(&mut terminal, "still here");
    key();
}

#[test]
fn a_panic_elsewhere_leaves_the_screen_alone_and_is_told_at_the_end() {
    let mut pty = Pty::start("panic_elsewhere");
    pty.wait("on screen");
    pty.key();
    pty.wait("still here");
    assert!(pty.with(|s| s.alternate_screen() && !s.contents().contains("a step broke")));
    pty.key();
    pty.ends_restored();
    pty.wait("internal error in thread engine: panicked at");
    pty.wait("a step broke");
}

fn scene_restore_now() {
    let mut terminal = Terminal::enter().unwrap();
    show(&mut terminal, "on screen");
    key();
    let signal = std::thread::spawn(|| {
        restore_now();
        restore_now();
    });
    signal.join().unwrap();
    terminal.redraw();
    show(&mut terminal, "a late frame");
    println!("terminated");
}

#[test]
fn another_thread_restores_the_terminal_and_late_frames_go_nowhere() {
    let mut pty = Pty::start("restore_now");
    pty.wait("on screen");
    pty.key();
    pty.ends_restored();
    pty.wait("terminated");
    assert!(!pty.with(|s| s.contents().contains("a late frame")));
}

fn scene_suspend() {
    let mut terminal = Terminal::enter().unwrap();
    show(&mut terminal, "on screen");
    key();
    terminal
        .suspend(|| {
            println!("in the pager");
            // Cooked again: the line ends with Enter.
            std::io::stdin().read_line(&mut String::new()).unwrap();
        })
        .unwrap();
    show(&mut terminal, "on screen again");
    key();
}

#[test]
fn a_pager_gets_the_terminal_and_gives_it_back() {
    let mut pty = Pty::start("suspend");
    pty.wait("on screen");
    pty.key();
    pty.wait("in the pager");
    assert!(pty.with(|s| !s.alternate_screen() && !s.hide_cursor() && !s.bracketed_paste()));
    pty.send(b"q\r");
    pty.wait("on screen again");
    assert!(pty.with(|s| s.alternate_screen() && s.hide_cursor()));
    pty.key();
    pty.ends_restored();
}

fn scene_reclaim() {
    let mut terminal = Terminal::enter().unwrap();
    show(&mut terminal, "on screen");
    key();
    // What a shell does to a stopped job's terminal.
    let stty = std::process::Command::new("stty")
        .arg("sane")
        .status()
        .unwrap();
    assert!(stty.success());
    print!("\x1b[?1049l\x1b[?25hshell prompt");
    std::io::stdout().flush().unwrap();
    terminal.reclaim().unwrap();
    show(&mut terminal, "on screen again");
    // Without Enter: raw mode is back.
    key();
}

#[test]
fn after_a_stop_and_fg_the_screen_takes_the_terminal_back() {
    let mut pty = Pty::start("reclaim");
    pty.wait("on screen");
    pty.key();
    pty.wait("on screen again");
    assert!(pty.with(|s| s.alternate_screen() && s.hide_cursor() && s.bracketed_paste()));
    pty.key();
    pty.ends_restored();
}

fn scene_hang_up() {
    // SIGHUP is kept from ending us, and is not used to learn of the hang-up.
    let caught = Arc::default();
    signal_hook::flag::register(signal_hook::consts::SIGHUP, caught).unwrap();
    let mut terminal = Terminal::enter().unwrap();
    let (gone, told) = std::sync::mpsc::channel();
    let _watch = watch_hang_up(move || gone.send(hang_up()).unwrap()).unwrap();
    // As in the real loop, keys were read before.
    assert!(!crossterm::event::poll(Duration::ZERO).unwrap());
    show(&mut terminal, "on screen");
    told.recv_timeout(LIMIT)
        .expect("the watcher tells")
        .unwrap();
    let before = cpu_ticks();
    let mut polls = 0;
    let started = Instant::now();
    while started.elapsed() < Duration::from_secs(1) {
        assert!(!crossterm::event::poll(Duration::from_millis(50)).unwrap());
        polls += 1;
    }
    show(&mut terminal, "nobody sees this");
    drop(terminal);
    report(&format!("ticks={} polls={polls}", cpu_ticks() - before));
}

/// Processor time of this process in hundredths of a second.
fn cpu_ticks() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat
        .rsplit(')')
        .next()
        .unwrap()
        .split_whitespace()
        .collect();
    fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
}

fn report(text: &str) {
    let path = std::env::var(REPORT).unwrap();
    std::fs::write(format!("{path}.new"), text).unwrap();
    std::fs::rename(format!("{path}.new"), path).unwrap();
}

#[test]
fn after_a_hang_up_the_process_goes_on_and_does_not_spin() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report");
    let (master, mut child) = start("hang_up", Some(&path));
    let mut reader = master.try_clone_reader().unwrap();
    let mut seen = Vec::new();
    while !seen.windows(9).any(|w| w == b"on screen") {
        let mut bytes = [0; 4096];
        let n = reader.read(&mut bytes).unwrap();
        seen.extend_from_slice(&bytes[..n]);
    }
    drop((reader, master));
    assert!(child.wait().unwrap().success());
    let told = std::fs::read_to_string(path).unwrap();
    let number = |name: &str| -> u64 {
        let (_, rest) = told.split_once(name).unwrap();
        rest.split_whitespace().next().unwrap().parse().unwrap()
    };
    // A spinning process takes about 100; one poll is 50 ms.
    assert!(number("ticks=") < 15, "{told}");
    assert!((5..=25).contains(&number("polls=")), "{told}");
}

fn scene_stalled() {
    let mut terminal = Terminal::enter().unwrap();
    show(&mut terminal, "on screen");
    let frames = Arc::new(Mutex::new((0_usize, Instant::now())));
    let progress = Arc::clone(&frames);
    std::thread::spawn(move || {
        // Nobody reads: this blocks for ever once the pseudo-terminal is full.
        loop {
            terminal.redraw();
            show(&mut terminal, &"x".repeat(1900));
            let mut progress = progress.lock().unwrap();
            *progress = (progress.0 + 1, Instant::now());
        }
    });
    let waiting = Instant::now();
    loop {
        let (frames, last) = *frames.lock().unwrap();
        if frames > 0 && last.elapsed() > Duration::from_millis(500) {
            break;
        }
        assert!(waiting.elapsed() < LIMIT, "never blocked");
        std::thread::park_timeout(Duration::from_millis(20));
    }
    let started = Instant::now();
    restore_now();
    report(&format!("{}", started.elapsed().as_millis()));
    std::process::exit(0);
}

#[test]
fn a_terminal_that_takes_nothing_does_not_hold_up_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report");
    let (_master, mut child) = start("stalled", Some(&path));
    assert!(child.wait().unwrap().success());
    let took: u64 = std::fs::read_to_string(path).unwrap().parse().unwrap();
    assert!(took < 5_000, "{took} ms");
}

type Child = Box<dyn portable_pty::Child + Send + Sync>;

fn scene_command(program: impl AsRef<std::ffi::OsStr>, scene: &str) -> CommandBuilder {
    let mut command = CommandBuilder::new(program);
    command.env(SCENE, scene);
    command.env("RUST_BACKTRACE", "0");
    command
}

/// Starts a scene in a new pseudo-terminal, as the leader of its session.
fn start(scene: &str, report: Option<&Path>) -> (Box<dyn MasterPty + Send>, Child) {
    let mut command = scene_command(std::env::current_exe().unwrap(), scene);
    command.args(["--exact", "scene", "--nocapture"]);
    if let Some(path) = report {
        command.env(REPORT, path);
    }
    spawn(command)
}

fn spawn(command: CommandBuilder) -> (Box<dyn MasterPty + Send>, Child) {
    let size = PtySize {
        rows: 24,
        cols: 80,
        pixel_width: 0,
        pixel_height: 0,
    };
    let pair = native_pty_system().openpty(size).unwrap();
    let child = pair.slave.spawn_command(command).unwrap();
    (pair.master, child)
}

/// A scene between two looks at the terminal's settings, and a model of what the operator sees.
struct Pty {
    writer: Box<dyn Write + Send>,
    model: Arc<(Mutex<Model>, Condvar)>,
    _master: Box<dyn MasterPty + Send>,
    _child: Child,
}

struct Model {
    parser: vt100::Parser,
    ended: bool,
}

impl Pty {
    fn start(scene: &str) -> Self {
        let mut command = scene_command("sh", scene);
        let exe = std::env::current_exe().unwrap();
        command.args(["-c", "stty -g; \"$0\" --exact scene --nocapture; stty -g"]);
        command.arg(exe);
        let (master, child) = spawn(command);
        let size = |n| NonZero::new(n).unwrap();
        let parser = vt100::Parser::new(size(24), size(80), 0);
        let model = Arc::new((
            Mutex::new(Model {
                parser,
                ended: false,
            }),
            Condvar::new(),
        ));
        let mut reader = master.try_clone_reader().unwrap();
        let feed = Arc::clone(&model);
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            loop {
                let n = reader.read(&mut bytes).unwrap_or(0);
                let mut model = feed.0.lock().unwrap();
                model.parser.process(&bytes[..n]);
                model.ended = n == 0;
                feed.1.notify_all();
                if n == 0 {
                    return;
                }
            }
        });
        Self {
            writer: master.take_writer().unwrap(),
            model,
            _master: master,
            _child: child,
        }
    }

    fn send(&mut self, bytes: &[u8]) {
        self.writer.write_all(bytes).unwrap();
    }

    fn key(&mut self) {
        self.send(b" ");
    }

    fn with<T>(&self, look: impl FnOnce(&vt100::Screen) -> T) -> T {
        look(self.model.0.lock().unwrap().parser.screen())
    }

    fn wait_until(&self, what: &str, done: impl Fn(&Model) -> bool) {
        let model = self.model.0.lock().unwrap();
        let (model, late) = self
            .model
            .1
            .wait_timeout_while(model, LIMIT, |model| !done(model))
            .unwrap();
        let contents = model.parser.screen().contents();
        assert!(!late.timed_out(), "no {what} on\n{contents}");
    }

    fn wait(&self, text: &str) {
        self.wait_until(text, |model| {
            model.parser.screen().contents().contains(text)
        });
    }

    /// Waits for the end; then every mode and every setting must be what it was.
    fn ends_restored(&self) {
        self.wait_until("end", |model| model.ended);
        self.with(|screen| {
            assert!(!screen.alternate_screen());
            assert!(!screen.hide_cursor());
            assert!(!screen.bracketed_paste());
            assert_eq!(screen.mouse_protocol_mode(), vt100::MouseProtocolMode::None);
            assert_eq!(
                (screen.fgcolor(), screen.inverse()),
                (vt100::Color::Default, false)
            );
            let contents = screen.contents();
            // Settings longer than a row are wrapped by the model.
            let joined: String = contents
                .lines()
                .map(|l| l.trim_end().to_owned() + "\n")
                .collect();
            let first = joined
                .split_once("\nrunning")
                .unwrap()
                .0
                .replace('\n', "")
                .trim()
                .to_owned();
            let tail: String = joined.replace('\n', "");
            assert!(first.matches(':').count() > 10, "stty said {first}");
            assert!(
                tail.trim_end().ends_with(&first),
                "settings changed:\n{contents}"
            );
        });
    }
}
