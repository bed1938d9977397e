//! `themes`: the names that `--theme` takes, those of the user's own files first.

use super::exit::{Exit, Failure};
use super::library;
use super::out::Out;
use crate::config::Settings;
use crate::tui::theme::BUILT_IN;

pub(super) fn themes(settings: &Settings, out: &mut Out) -> Result<Exit, Failure> {
    let own = library::names_in(&settings.config_dir.join("themes"));
    for name in &own {
        out.line(name)?;
    }
    for (name, _) in BUILT_IN.iter().filter(|(n, _)| !own.iter().any(|o| o == n)) {
        out.line(name)?;
    }
    Ok(Exit::Succeeded)
}
