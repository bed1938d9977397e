//! A recording of the screen as an asciicast v2: what is on the screen and when, for whoever wants to see it again. Only whole
//! frames go in, so nothing that is not on the screen does: no clipboard, and nothing of a shell or a pager that had the
//! terminal meanwhile. It never disturbs the screen: where it cannot be written, it ends before that and says so once.

use std::fs::File;
use std::io::{self, Write as _};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use ratatui::layout::Size;
use serde_json::json;

use crate::text::escape_json;
use crate::time::Timestamp;

/// Shared by all that hold the options of a screen; one screen at a time writes it.
#[derive(Debug)]
pub struct Recording(Mutex<Tape>);

#[derive(Debug)]
struct Tape {
    /// `None` once it could not be written.
    file: Option<File>,
    /// Bytes of whole lines in it.
    whole: u64,
    /// Since the first frame.
    began: Option<Instant>,
    size: Size,
    /// Why it ended, until that was told.
    trouble: Option<String>,
}

impl Recording {
    /// Into a new, empty file.
    pub fn new(file: File) -> Self {
        Self(Mutex::new(Tape {
            file: Some(file),
            whole: 0,
            began: None,
            size: Size::ZERO,
            trouble: None,
        }))
    }

    /// A screen of this size has begun, by these bytes.
    pub(super) fn begin(&self, size: Size, enter: &[u8], now: Timestamp) {
        self.with(|tape| {
            if tape.began.is_none() {
                tape.began = Some(Instant::now());
                tape.size = size;
                tape.line(&json!({
                    "version": 2,
                    "width": size.width,
                    "height": size.height,
                    "timestamp": now.0.div_euclid(1000),
                    "title": "flightdeck",
                }));
            }
            tape.resize(size);
            tape.event("o", &String::from_utf8_lossy(enter));
        });
    }

    /// The terminal has taken a frame.
    pub(super) fn frame(&self, bytes: &[u8]) {
        self.with(|tape| tape.event("o", &String::from_utf8_lossy(bytes)));
    }

    pub(super) fn resize(&self, size: Size) {
        self.with(|tape| tape.resize(size));
    }

    /// Why it had to end; told once.
    pub(super) fn trouble(&self) -> Option<String> {
        self.with(|tape| tape.trouble.take())
    }

    fn with<T>(&self, work: impl FnOnce(&mut Tape) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Tape {
    fn resize(&mut self, size: Size) {
        if size != self.size {
            self.size = size;
            self.event("r", &format!("{}x{}", size.width, size.height));
        }
    }

    fn event(&mut self, kind: &str, data: &str) {
        let Some(began) = self.began else { return };
        // As precise as other recorders; a float would have digits that nobody measured.
        let at = began.elapsed().as_micros() as f64 / 1e6;
        self.line(&json!([at, kind, data]));
    }

    fn line(&mut self, line: &serde_json::Value) {
        let Some(file) = &mut self.file else { return };
        let text = format!("{}\n", escape_json(&line.to_string()));
        match file.write_all(text.as_bytes()) {
            Ok(()) => self.whole += text.len() as u64,
            Err(error) => self.give_up(&error),
        }
    }

    /// Players read whole lines only, so the torn one goes.
    fn give_up(&mut self, error: &io::Error) {
        if let Some(file) = self.file.take() {
            // Where that fails too, the torn line is the last one.
            _ = file.set_len(self.whole);
        }
        tracing::warn!("the recording has ended: {error}");
        self.trouble = Some(format!("the recording has ended: {error}; the run goes on"));
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    const SMALL: Size = Size::new(80, 24);

    fn lines(file: &mut File) -> Vec<serde_json::Value> {
        use std::io::Seek as _;
        let mut text = String::new();
        file.rewind().expect("the begin");
        file.read_to_string(&mut text).expect("UTF-8");
        let line = |line: &str| serde_json::from_str(line).expect("JSON");
        text.lines().map(line).collect()
    }

    #[test]
    fn frames_and_sizes_are_kept_in_order() {
        let mut file = tempfile::tempfile().expect("a file");
        let recording = Recording::new(file.try_clone().expect("the file"));
        recording.frame(b"before the screen: nothing");
        recording.begin(SMALL, b"\x1b[?1049h", Timestamp(1_795_516_202_004));
        recording.frame("\x1b[2J\u{9b}grün ✓".as_bytes());
        recording.resize(SMALL);
        recording.resize(Size::new(200, 50));
        recording.frame(b"\x1b[m");
        let lines = lines(&mut file);
        assert_eq!(
            lines[0],
            json!({"version": 2, "width": 80, "height": 24, "timestamp": 1_795_516_202, "title": "flightdeck"})
        );
        let told: Vec<(&str, &str)> = lines[1..]
            .iter()
            .map(|l| (l[1].as_str().expect("a kind"), l[2].as_str().expect("data")))
            .collect();
        let expected = [
            ("o", "\x1b[?1049h"),
            ("o", "\x1b[2J\u{9b}grün ✓"),
            ("r", "200x50"),
            ("o", "\x1b[m"),
        ];
        assert_eq!(told, expected);
        let times: Vec<f64> = lines[1..].iter().filter_map(|l| l[0].as_f64()).collect();
        assert!(times.is_sorted() && times.len() == 4, "{times:?}");
    }

    #[test]
    fn what_cannot_be_written_ends_it_and_is_told_once() {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full");
        let recording = Recording::new(full.expect("it is there"));
        recording.begin(SMALL, b"", Timestamp(0));
        recording.frame(b"x");
        let told = recording.trouble().expect("it says so");
        assert!(told.contains("the run goes on"), "{told}");
        recording.frame(b"y");
        assert_eq!(recording.trouble(), None);
    }
}
