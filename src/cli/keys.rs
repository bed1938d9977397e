//! `keys`: the keys of the screen, from the one table that the screen itself uses.

use super::exit::{Exit, Failure};
use super::out::Out;
use crate::tui::keys::markdown;

pub(super) fn keys(out: &mut Out) -> Result<Exit, Failure> {
    out.raw(markdown().as_bytes())?;
    Ok(Exit::Succeeded)
}
