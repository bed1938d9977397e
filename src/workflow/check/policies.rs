//! What the author demands of whoever starts a run: limits, turns.

use jiff::tz::{TimeZone, TimeZoneDatabase};

use super::desk::{Desk, Role};
use super::looks;
use crate::workflow::cron::Cron;
use crate::workflow::document::{ConcurrencyDoc, ConflictWord, Document, FreezeDoc};
use crate::workflow::policies::{Concurrency, Freeze, OnConflict, Policies};
use crate::yaml::At;

const MAX_PARALLEL: u32 = 16;
const LIMIT: u32 = 1000;

pub(super) fn policies(desk: &mut Desk<'_>, document: &Document, root: At<'_>) -> Policies {
    let at = root.down("policies");
    let Some(said) = &document.policies else {
        return Policies::default();
    };
    let concurrency = said.concurrency.as_ref();
    Policies {
        concurrency: concurrency.and_then(|c| self::concurrency(desk, c, at.down("concurrency"))),
        freeze: said
            .freeze
            .iter()
            .flatten()
            .enumerate()
            .filter_map(|(i, doc)| freeze(desk, doc, at.down("freeze").nth(i)))
            .collect(),
        gate: None,
    }
}

pub(super) fn max_parallel(desk: &mut Desk<'_>, document: &Document, root: At<'_>) -> usize {
    let said = document.policies.as_ref().and_then(|p| p.max_parallel);
    let at = root.down("policies").down("max_parallel");
    limit(desk, "max_parallel", said, MAX_PARALLEL, at) as usize
}

fn limit(desk: &mut Desk<'_>, what: &str, said: Option<u32>, unless: u32, at: At<'_>) -> u32 {
    match said {
        Some(0) => {
            desk.error(
                "bad_number",
                at.span(),
                format!("{what} must be at least 1"),
            );
        }
        Some(n) if n > LIMIT => {
            let message = format!("{what} must be at most {LIMIT}");
            desk.error("bad_number", at.span(), message);
        }
        _ => {}
    }
    said.unwrap_or(unless)
}

fn concurrency(desk: &mut Desk<'_>, said: &ConcurrencyDoc, at: At<'_>) -> Option<Concurrency> {
    let limit = limit(desk, "limit", said.limit, 1, at.down("limit"));
    let group = said.group.as_deref().unwrap_or_default();
    if group.trim().is_empty() {
        if !desk.is_unread(at) {
            desk.error(
                "missing_key",
                at.key_span(),
                "concurrency has no group: which runs must take turns?",
            )
            .hint("add `group: ...`, the same text in each workflow that must not run beside this one");
        }
        return None;
    }
    looks::shown(desk, at.down("group"), group);
    Some(Concurrency {
        group: desk.template(Role::Said, at.down("group"), group),
        limit,
        on_conflict: match said.on_conflict {
            Some(ConflictWord::Queue) => OnConflict::Queue,
            Some(ConflictWord::Reject) | None => OnConflict::Reject,
        },
    })
}

fn freeze(desk: &mut Desk<'_>, said: &FreezeDoc, at: At<'_>) -> Option<Freeze> {
    let example = "for example `{cron: \"0 18 * * 5\", for: 62h, tz: Europe/Berlin}`: from Friday 18:00 to Monday 8:00";
    let (Some(text), Some(span)) = (&said.cron, said.span) else {
        if !desk.is_unread(at) {
            let message = "a freeze needs `cron`, when it begins, and `for`, how long it lasts";
            desk.error("missing_key", at.span(), message).hint(example);
        }
        return None;
    };
    let cron = Cron::parse(text).map_err(|why| {
        let message = format!("`{text}` {why}");
        desk.error("bad_cron", at.down("cron").span(), message)
            .hint(example);
    });
    let span = desk.positive(at.down("for"), span.0);
    let tz = zone(desk, said.tz.as_deref().unwrap_or("UTC"), at.down("tz"));
    Some(Freeze {
        cron: cron.ok()?,
        said: text.clone(),
        span,
        tz: tz?,
    })
}

/// From the zones that are built in: a workflow means the same on every machine.
fn zone(desk: &mut Desk<'_>, name: &str, at: At<'_>) -> Option<TimeZone> {
    let zones = TimeZoneDatabase::bundled();
    if let Ok(zone) = zones.get(name) {
        return Some(zone);
    }
    let known: Vec<String> = zones.available().map(|zone| zone.to_string()).collect();
    let meant = desk.meant(name, known.iter().map(String::as_str));
    desk.error(
        "unknown_zone",
        at.span(),
        format!("there is no time zone `{name}`"),
    )
    .hint = meant.or_else(|| Some("write it as Europe/Berlin or UTC".to_owned()));
    None
}
