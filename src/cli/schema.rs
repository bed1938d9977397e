//! `schema`: the JSON Schema of workflow files, generated from the types that read them.

use super::exit::{Exit, Failure};
use super::out::Out;
use crate::workflow;

pub(super) fn schema(out: &mut Out) -> Result<Exit, Failure> {
    out.json(&workflow::schema())?;
    Ok(Exit::Succeeded)
}
