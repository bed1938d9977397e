//! `verify`: reads a run's journal from end to end and says whether its checksums and hash chain hold, and whether it is the
//! journal that a head of the chain, kept elsewhere, was taken from.

use super::args::VerifyArgs;
use super::exit::{Exit, Failure};
use super::out::Out;
use super::past;
use crate::config::Settings;

/// Hex digits of a head.
const HEAD_LEN: usize = 64;

pub(super) fn verify(
    args: &VerifyArgs,
    settings: &Settings,
    out: &mut Out,
) -> Result<Exit, Failure> {
    let past = match &args.head {
        Some(head) if head.len() != HEAD_LEN || !head.bytes().all(|b| b.is_ascii_hexdigit()) => {
            return Err(Failure::usage("--head takes the 64 hex digits of a head")
                .hint("they stand in the last lines of a run and in its report"));
        }
        Some(head) => past::open_anchored(settings, &args.run, head)?,
        None => past::open(settings, &args.run)?,
    };
    let records = past.records.len() as u64;
    out.line(format!(
        "run {}: the journal is whole, {records} records, the last at {}",
        past.id,
        past.records
            .last()
            .map_or_else(String::new, |r| r.at.rfc3339()),
    ))?;
    out.line(format!("head of the chain {}", past.head))?;
    let Some(head) = &args.head else {
        return Ok(Exit::Succeeded);
    };
    match past.anchored {
        Some(record) if record == records => {
            out.line("the given head is that of its last record: nothing was changed or cut off")?;
        }
        Some(record) => out.line(format!(
            "the given head is that of record {record}: up to there nothing was changed; {} came later",
            records - record
        ))?,
        None => {
            out.finish()?;
            return Err(Failure::new(
                Exit::JournalUnreadable,
                format!("no record of run {} has the head {head}", past.id),
            )
            .hint("the journal was cut behind it, or written anew: it is not the one that the head was taken from"));
        }
    }
    Ok(Exit::Succeeded)
}
