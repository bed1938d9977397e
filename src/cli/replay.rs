//! `replay`: a run that has ended once more on the screen, at the pace at which it went, for training and post-mortems.

use std::io::IsTerminal;

use super::args::ReplayArgs;
use super::exit::{Exit, Failure};
use super::out::Out;
use super::{actor, past, screen};
use crate::config::Settings;
use crate::engine::Handle;
use crate::tui::{self, Outcome, Replay, Watch};

pub(super) fn replay(
    args: &ReplayArgs,
    settings: &Settings,
    out: &mut Out,
) -> Result<Exit, Failure> {
    let past = past::open(settings, &args.run)?;
    let id = &past.id;
    if !past.run.phase().is_terminal() {
        return Err(
            Failure::new(Exit::Refused, format!("run {id} has not ended"))
                .hint(format!("watch it: flightdeck attach {id} --watch")),
        );
    }
    if let Some(why) = no_screen(settings) {
        return Err(
            Failure::usage(format!("replay opens the screen, {why}")).hint(format!(
                "without one: flightdeck show {id} --events, report {id}"
            )),
        );
    }
    let of = (&past.dir, past.run.workflow().name.as_str());
    let mut options = screen::options(settings, Some(of), Watch::WatchOnly)?;
    let from = past.run.started_at().after(args.from.unwrap_or_default());
    let moments = past.records.iter().map(|record| record.at).collect();
    options.replay = Some(Replay::new(from, args.speed, moments));
    match tui::run(Handle::past(past.dir), actor::at_screen(), options) {
        Outcome::Broken(why) => Err(Failure::storage(why)),
        outcome => {
            let next = screen::go_on(outcome, settings, out)?;
            Ok(next.unwrap_or(Exit::Succeeded))
        }
    }
}

/// Why there can be no screen, if there can be none.
fn no_screen(settings: &Settings) -> Option<&'static str> {
    if !std::io::stdin().is_terminal() || !std::io::stdout().is_terminal() {
        Some("which needs a terminal")
    } else if settings.dumb {
        Some("which a terminal with TERM=dumb cannot show")
    } else if settings.plain {
        Some("but lines are asked for (--plain, or `plain` in config.yaml)")
    } else if screen::plain(settings) {
        Some("for which this terminal is too small")
    } else {
        None
    }
}
