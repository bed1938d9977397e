//! The program's own diagnostic log, for us who build it: what went wrong inside. Never the journal, never a step's
//! output, never a value of a workflow.

use std::fs::Permissions;
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use tracing_appender::non_blocking::WorkerGuard;
use tracing_appender::rolling::{RollingFileAppender, Rotation};
use tracing_subscriber::EnvFilter;

use crate::journal;
use crate::text::Clean;

/// Starts the log in `STATE_DIR/log`, one file a day, seven kept. `verbose` counts the `-v`s; `FLIGHTDECK_LOG` overrules
/// it. Keep the guard to the end of the program: dropped, it writes what is still waiting. `None` if there can be no log;
/// the program works without it.
pub fn start(state_dir: &Path, verbose: u8) -> Option<WorkerGuard> {
    let dir = state_dir.join("log");
    // In a folder of somebody else, the files could be links to files of ours.
    journal::make_folder(state_dir).ok()?;
    journal::make_folder(&dir).ok()?;
    let file = RollingFileAppender::builder()
        .rotation(Rotation::DAILY)
        .filename_prefix("flightdeck")
        .filename_suffix("log")
        .max_log_files(7)
        .build(&dir)
        .ok()?;
    for entry in std::fs::read_dir(&dir).ok()?.flatten() {
        // The appender makes files that all may read; the folder keeps them out, and this does once more.
        let _ = std::fs::set_permissions(entry.path(), Permissions::from_mode(0o600));
    }
    let (writer, guard) = tracing_appender::non_blocking(file);
    let level = ["warn", "info", "debug", "trace"][usize::from(verbose.min(3))];
    let filter = EnvFilter::try_from_env("FLIGHTDECK_LOG")
        .unwrap_or_else(|_| EnvFilter::new(format!("flightdeck={level}")));
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(false)
        .with_writer(move || OneLine(writer.clone()));
    log.try_init().ok()?;
    Some(guard)
}

/// Writes each record as one harmless line, whatever it quotes: nobody can forge a record by a line break.
struct OneLine<W>(W);

impl<W: Write> Write for OneLine<W> {
    /// The subscriber writes one record at a time.
    fn write(&mut self, record: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(record);
        let line = Clean::line(text.strip_suffix('\n').unwrap_or(&text));
        self.0.write_all(format!("{line}\n").as_bytes())?;
        Ok(record.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn one_record_is_one_line_without_anything_that_acts() {
        let kept = Kept::default();
        let writer = kept.clone();
        let log = tracing_subscriber::fmt()
            .with_ansi(false)
            .with_writer(move || OneLine(writer.clone()))
            .finish();
        let forged = "x\n2026-01-01T00:00:00Z ERROR forged\r\x1b[2J\u{9b}1A\u{202e}y";
        tracing::subscriber::with_default(log, || {
            tracing::error!(step = %forged, "{forged}");
            tracing::error!(step = ?forged, "second");
        });
        let text = String::from_utf8(kept.0.lock().unwrap().clone()).unwrap();
        assert_eq!(text.lines().count(), 2, "{text}");
        assert!(text.ends_with('\n') && text.matches("forged").count() >= 2);
        let acts = |c: char| c != '\n' && (c.is_control() || c == '\u{202e}');
        assert!(!text.contains(acts), "{text:?}");
    }
}
