//! `doctor`: looks at this machine and terminal and says what will not work, and what to do about it.

use std::io::IsTerminal;
use std::path::Path;

use super::exit::{Exit, Failure};
use super::out::Out;
use super::past;
use super::{actor, login};
use crate::config::Settings;

/// Below this a long run may not be able to write its journal and logs.
const ROOM: u64 = 200 * 1024 * 1024;

/// One thing that was looked at.
struct Finding {
    good: bool,
    about: &'static str,
    what: String,
    /// What to do, if it is not good.
    hint: &'static str,
}

/// Exit 0 if runs can be kept here; what only makes the screen poorer is told and no failure.
pub(super) fn doctor(settings: &Settings, out: &mut Out) -> Result<Exit, Failure> {
    let actor = actor::current();
    let mut findings = vec![
        good(
            "version",
            format!("flightdeck {}", env!("CARGO_PKG_VERSION")),
        ),
        good("you", format!("{actor} at {}", actor.at)),
    ];
    findings.push(terminal(settings));
    findings.push(locale(settings));
    let (state, usable) = state_folder(settings);
    findings.push(state);
    findings.push(room(&settings.state_dir));
    findings.push(login());
    findings.push(shell());
    for finding in &findings {
        let mark = if finding.good { "ok  " } else { "LOOK" };
        out.line(format!("{mark}  {:<12} {}", finding.about, finding.what))?;
        if !finding.good {
            out.line(format!("{:18} {}", "", finding.hint))?;
        }
    }
    Ok(if usable {
        Exit::Succeeded
    } else {
        Exit::Storage
    })
}

fn good(about: &'static str, what: String) -> Finding {
    Finding {
        good: true,
        about,
        what,
        hint: "",
    }
}

fn terminal(settings: &Settings) -> Finding {
    let about = "terminal";
    let term = settings.surroundings.term.clone().unwrap_or_default();
    let stdout = std::io::stdout();
    if !stdout.is_terminal() || !std::io::stdin().is_terminal() {
        return Finding {
            good: false,
            about,
            what: "standard input or output is not a terminal".to_owned(),
            hint: "the screen needs one; run --headless does not",
        };
    }
    let size = rustix::termios::tcgetwinsize(&stdout).map_or((0, 0), |w| (w.ws_col, w.ws_row));
    let what = format!("TERM={term}, {}x{}", size.0, size.1);
    if term.is_empty() || term == "dumb" {
        return Finding {
            good: false,
            about,
            what,
            hint: "such a terminal gets lines instead of a screen; set TERM to what it is, for example xterm-256color",
        };
    }
    Finding {
        good: size == (0, 0) || (size.0 >= 40 && size.1 >= 10),
        about,
        what,
        hint: "the screen needs 40x10 and is made for 80x24 and more",
    }
}

fn locale(settings: &Settings) -> Finding {
    let name = settings.surroundings.locale.clone();
    Finding {
        good: !settings.ascii(),
        about: "locale",
        what: name.unwrap_or_else(|| "not set".to_owned()),
        hint: "lines and marks are drawn in ASCII; for better ones: export LANG=C.UTF-8",
    }
}

fn state_folder(settings: &Settings) -> (Finding, bool) {
    let about = "state folder";
    let path = settings.state_dir.display();
    let tried = past::shelf(settings).map_err(|f| f.message).and_then(|_| {
        let probe = settings
            .state_dir
            .join(format!(".doctor-{}", std::process::id()));
        let written = std::fs::write(&probe, b"x");
        let _ = std::fs::remove_file(&probe);
        written.map_err(|error| format!("cannot write in {path}: {error}"))
    });
    match tried {
        Ok(()) => (good(about, format!("{path}, can be written")), true),
        Err(what) => {
            let hint = "choose another one by --state-dir DIR or FLIGHTDECK_STATE_DIR";
            let finding = Finding {
                good: false,
                about,
                what,
                hint,
            };
            (finding, false)
        }
    }
}

fn room(state_dir: &Path) -> Finding {
    let about = "disk room";
    // Before the first run the folder may not exist: its nearest parent is on the same disk.
    let there = state_dir
        .ancestors()
        .find(|p| p.exists())
        .unwrap_or(state_dir);
    match rustix::fs::statvfs(there) {
        Ok(facts) => {
            let free = facts.f_bavail.saturating_mul(facts.f_frsize);
            Finding {
                good: free >= ROOM,
                about,
                what: format!("{} MiB free", free / (1024 * 1024)),
                hint: "journals and step output need room: free some, or choose another --state-dir",
            }
        }
        Err(error) => Finding {
            good: false,
            about,
            what: format!("cannot be told: {error}"),
            hint: "look with df",
        },
    }
}

/// systemd may kill all that a login has started when it ends: then a run dies with its terminal.
fn login() -> Finding {
    let about = "logout";
    if login::kills_runs(Path::new("/")) {
        Finding {
            good: false,
            about,
            what: "logind has KillUserProcesses=yes: a run dies when you log out".to_owned(),
            hint: login::WAY_OUT,
        }
    } else {
        good(about, "runs go on when the terminal goes away".to_owned())
    }
}

fn shell() -> Finding {
    Finding {
        good: Path::new("/bin/sh").exists(),
        about: "shell",
        what: "/bin/sh".to_owned(),
        hint: "steps with `run:` need it; `exec:` and `http:` do not",
    }
}
