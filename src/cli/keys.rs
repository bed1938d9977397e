//! `keys`: the keys of the screen, from the one table that the screen itself uses, with the person's own.

use super::exit::{Exit, Failure};
use super::out::Out;
use super::screen;
use crate::config::Settings;
use crate::tui::keys::markdown;

pub(super) fn keys(settings: &Settings, out: &mut Out) -> Result<Exit, Failure> {
    out.raw(markdown(&screen::keymap(settings)?).as_bytes())?;
    Ok(Exit::Succeeded)
}
