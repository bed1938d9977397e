//! A PostgreSQL server, from its own side: what it is, and how far behind.

use serde_json::Value as Json;

use super::super::call::{Answer, Context, Trouble};
use super::super::postgres::{Session, Target, told};
use crate::workflow::DatabaseDoc;

/// All in one question, so that it fits together. What is not known is left out: null would compare as less than anything.
/// A standby that has replayed all it received is not behind, however long ago the last transaction was, but only while it
/// is connected: else nobody knows what it has not received.
const QUESTION: &str = "
select json_strip_nulls(case when pg_is_in_recovery() then (
  select json_build_object(
    'primary', false, 'in_recovery', true, 'version', current_setting('server_version'),
    'streaming', streaming, 'received_lsn', received::text, 'replayed_lsn', replayed::text,
    'lag_bytes', greatest(pg_wal_lsn_diff(received, replayed), 0)::bigint,
    'lag_seconds', case when streaming and replayed >= received then 0
      else round(extract(epoch from greatest(clock_timestamp() - replayed_at, '0'))::numeric, 1) end)
  from (select exists (select from pg_stat_wal_receiver) as streaming, pg_last_wal_receive_lsn() as received,
    pg_last_wal_replay_lsn() as replayed, pg_last_xact_replay_timestamp() as replayed_at) as standby
) else (
  select json_build_object(
    'primary', true, 'in_recovery', false, 'version', current_setting('server_version'),
    'lsn', pg_current_wal_lsn()::text,
    'standbys', coalesce(json_agg(json_build_object('name', application_name, 'address', client_addr::text,
      'state', state, 'sync', sync_state, 'lag_bytes', bytes, 'lag_seconds', seconds)), '[]'),
    'lag_bytes', max(bytes), 'lag_seconds', max(seconds),
    'slots', (select json_agg(json_build_object('name', slot_name, 'active', active,
      'kept_bytes', pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)::bigint)) from pg_replication_slots))
  from (select *, greatest(pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn), 0)::bigint as bytes,
    case when replay_lsn >= pg_current_wal_lsn() then 0
      else round(extract(epoch from replay_lag)::numeric, 1) end as seconds
    from pg_stat_replication where application_name <> 'pg_basebackup') as replication
) end)::text";

pub(super) async fn postgres(doc: &DatabaseDoc, cx: &Context<'_, '_>) -> Result<Answer, Trouble> {
    let name = format!("flightdeck {}/{}", cx.spec.run, cx.spec.attempt.step);
    let target = Target::new(doc, &name).map_err(Trouble::Failed)?;
    let session = Session::open(&target).await?;
    let row = session.client.query_one(QUESTION, &[]).await;
    let text: Result<String, _> = row.and_then(|row| row.try_get(0));
    let text = text.map_err(|e| Trouble::Unreached(told(&e)))?;
    let value: Json = serde_json::from_str(&text)
        .map_err(|e| Trouble::Failed(format!("its answer cannot be read: {e}")))?;
    let words = in_words(&value);
    cx.status(&words);
    cx.found(words);
    Ok(Answer::from_iter([("value".to_owned(), value)]))
}

/// `standby, lag 12 s (3400 bytes)`.
fn in_words(value: &Json) -> String {
    let who = if value["primary"] == true {
        match value["standbys"].as_array().map_or(0, Vec::len) {
            0 => return "primary without a standby".to_owned(),
            1 => "primary, 1 standby".to_owned(),
            n => format!("primary, {n} standbys"),
        }
    } else if value["streaming"] == true {
        "standby".to_owned()
    } else {
        "standby that receives nothing".to_owned()
    };
    let lag = match value.get("lag_seconds") {
        Some(seconds) => format!("lag {seconds} s"),
        None => "lag not known".to_owned(),
    };
    match value.get("lag_bytes") {
        Some(bytes) => format!("{who}, {lag} ({bytes} bytes)"),
        None => format!("{who}, {lag}"),
    }
}
