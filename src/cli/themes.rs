//! `themes`: the names that `--theme` takes, those of the user's own files first; on a terminal with a sample of each.

use serde_json::json;

use super::args::ThemesArgs;
use super::exit::{Exit, Failure};
use super::out::{Out, talk};
use super::theme_files::ThemeFiles;
use crate::config::Settings;
use crate::tui::{self, Themes, theme::BUILT_IN};

pub(super) fn themes(
    args: &ThemesArgs,
    settings: &Settings,
    out: &mut Out,
) -> Result<Exit, Failure> {
    let files = ThemeFiles::new(settings);
    let names = if args.names.is_empty() {
        files.names()
    } else {
        args.names.clone()
    };
    if args.json {
        let built_in = |name: &String| BUILT_IN.iter().any(|(known, _)| known == name);
        let own = files.own();
        let told = names.iter().map(
            |name| json!({"name": name, "built_in": built_in(name), "own": own.contains(name)}),
        );
        out.json(&told.collect())?;
        return Ok(Exit::Succeeded);
    }
    let shown = std::io::IsTerminal::is_terminal(&std::io::stdout());
    let mut exit = Exit::Succeeded;
    for name in names {
        match files.wear(&name) {
            Ok(theme) if shown => out.raw(tui::sample(&name, &theme).as_bytes())?,
            Ok(_) => out.line(&name)?,
            // A theme that was asked for by its name is looked at for its mistakes.
            Err(failure) if !args.names.is_empty() => return Err(failure),
            Err(failure) => {
                out.finish()?;
                talk(&format!("flightdeck: {}", failure.message));
                exit = Exit::BadUsage;
            }
        }
    }
    Ok(exit)
}
