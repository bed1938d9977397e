//! What is said of the end of an attempt.

use super::super::outputs::{Sources, collect};
use super::super::program::stop_words;
use super::errand::{Report, Verdict};
use super::room::Room;
use crate::run::{Ended, Outcome};
use crate::time::spoken_span;

pub(super) fn ended(room: &Room<'_, '_>, report: &Report) -> Ended {
    let host = &room.far.host;
    let failed = |why: String| Ended::new(Outcome::Failed, why);
    match &report.verdict {
        Verdict::Ended(code) => with_code(room, report, *code),
        Verdict::NeverStarted => match &report.stop {
            Some(stop) => room.stopped_early(stop.timed_out),
            None => failed(format!(
                "{host}: the link was cut before the command was started; it was not started"
            )),
        },
        Verdict::NotReached(why) => failed(why.clone()),
        Verdict::Refused(why) => failed(format!("{host}: {why}")),
        Verdict::Lost(folder) => unknown(format!(
            "{host}: the command was started, and what would have told its end is gone (was the machine restarted, or the process killed?); {}",
            look(room, report, Some(folder))
        )),
        Verdict::OutOfReach(why) => {
            let within = spoken_span(room.reconnect_within());
            unknown(format!(
                "the command may run or have ended: the link was not found again within {within} ({why}); {}",
                look(room, report, None)
            ))
        }
        Verdict::Unstopped(why) => unknown(format!(
            "the command was told to stop, and may run on: {why}; {}",
            look(room, report, None)
        )),
    }
}

fn with_code(room: &Room<'_, '_>, report: &Report, code: i32) -> Ended {
    let mut end = match report.stop {
        Some(stop) => {
            let (outcome, message) = stop_words(room.spec, stop);
            Ended::new(outcome, message)
        }
        None if code == 0 => published(room, report),
        None => Ended::new(Outcome::Failed, format!("exit {code}")),
    };
    end.exit_code = Some(code);
    if let Some((attempt, how)) = &report.adopted {
        let host = &room.far.host;
        let words = if how == "running" {
            format!("attempt {attempt} still ran on {host}, so it was followed to its end")
        } else {
            format!(
                "attempt {attempt} had ended on {host} unheard, so its result was taken; to run it again, retry once more"
            )
        };
        end.message = match end.message.as_str() {
            "" => words,
            before => format!("{before}; {words}"),
        };
    }
    end
}

fn published(room: &Room<'_, '_>, report: &Report) -> Ended {
    let sources = Sources {
        text: &report.capture,
        text_name: "the output",
        file: &report.outputs,
    };
    match collect(&room.spec.outputs, &sources) {
        Ok(outputs) => Ended {
            outputs,
            ..Ended::new(Outcome::Succeeded, "")
        },
        Err(why) => Ended::new(Outcome::Failed, why),
    }
}

fn unknown(why: String) -> Ended {
    Ended::new(Outcome::Unknown, why)
}

/// How a person looks there, and what a retry does.
fn look(room: &Room<'_, '_>, report: &Report, folder: Option<&str>) -> String {
    let attempt = room.spec.attempt.n;
    let somewhere = format!(".cache/flightdeck/ssh/{}.{attempt}", room.name);
    let folder = folder.or(report.folder.as_deref()).unwrap_or(&somewhere);
    let group = report.group.as_ref();
    let group = group.map_or_else(String::new, |g| format!("its process group is {g}; "));
    format!(
        "{group}look with `{} ls {folder}`, where `exit.0` means that it succeeded; a retry takes that result over and starts nothing that still runs",
        room.far.by_hand
    )
}
