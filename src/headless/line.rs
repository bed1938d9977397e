//! An event as one flat JSON object: what `run --json` and `show --events` print. Its names are a contract.

use serde_json::{Map, Value as Json, json};

use crate::id::RunId;
use crate::run::Recorded;
use crate::time::Timestamp;

/// An event as `run --json` and `show --events` give it: `{"run","seq","at","event",...}`, everything flat.
pub fn line(run: &RunId, recorded: &Recorded) -> Json {
    let mut flat = Map::new();
    flat.insert("run".into(), json!(run));
    flat.insert("seq".into(), json!(recorded.seq));
    flat.insert("at".into(), json!(recorded.at.rfc3339()));
    let (name, fields) = tagged(serde_json::to_value(&recorded.event).unwrap_or_default());
    flat.insert("event".into(), json!(name));
    flatten(&mut flat, fields);
    Json::Object(flat)
}

/// `{"name": fields}` or `"name"`, as serde writes an enum.
pub(super) fn tagged(value: Json) -> (String, Json) {
    match value {
        Json::String(name) => (name, Json::Null),
        Json::Object(map) => map.into_iter().next().unwrap_or_default(),
        _ => Default::default(),
    }
}

fn flatten(flat: &mut Map<String, Json>, fields: Json) {
    let Json::Object(fields) = fields else { return };
    for (key, value) in fields {
        match (key.as_str(), value) {
            ("attempt", Json::Object(attempt)) => {
                for (key, value) in attempt {
                    let key = if key == "n" {
                        "attempt".to_owned()
                    } else {
                        key
                    };
                    flat.insert(key, value);
                }
            }
            ("actor", Json::Object(actor)) => {
                let part = |name| actor.get(name).cloned().unwrap_or_default();
                flat.insert("actor".into(), part("name"));
                flat.insert("actor_at".into(), part("at"));
                for (key, of) in [("actor_uid", "uid"), ("actor_login", "audit")] {
                    if let Some(known) = actor.get(of) {
                        flat.insert(key.into(), known.clone());
                    }
                }
            }
            ("ended", ended) => flatten(flat, ended),
            ("command", command) => {
                let (name, fields) = tagged(command);
                flat.insert("command".into(), json!(name));
                flatten(flat, fields);
            }
            ("state", state) => {
                let (name, detail) = tagged(state);
                flat.insert("state".into(), json!(name));
                match detail {
                    Json::String(reason) => _ = flat.insert("reason".into(), json!(reason)),
                    more => flatten(flat, more),
                }
            }
            ("until", Json::Number(ms)) => {
                let until = Timestamp(ms.as_i64().unwrap_or_default());
                flat.insert("until".into(), json!(until.rfc3339()));
            }
            // The text may be 2 MiB; the digest names it, and the journal has it.
            ("text", _) if flat.get("event").is_some_and(|e| e == "run_started") => {}
            ("definition", definition) => {
                flat.insert("file".into(), definition["file"].clone());
            }
            // Means something to this program alone, and differs with each machine.
            ("boot", _) => {}
            (_, value) => _ = flat.insert(key, value),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{AttemptId, StepId};
    use crate::run::{Actor, Command, Ended, Event, Outcome, SkipReason, State};

    fn check(event: Event, expected: &Json) {
        let run = RunId::parse("r1").expect("an id");
        let at = Timestamp(1_795_516_202_004);
        let mut line = line(&run, &Recorded { seq: 7, at, event });
        let head = line.as_object_mut().expect("an object");
        for (key, value) in [
            ("run", json!("r1")),
            ("seq", json!(7)),
            ("at", json!("2026-11-24T10:30:02.004Z")),
        ] {
            assert_eq!(head.shift_remove(key), Some(value), "{key}");
        }
        assert_eq!(&line, expected);
    }

    fn ana() -> Actor {
        Actor {
            name: "ana".into(),
            groups: vec!["dba".into()],
            at: "db1 pts/3".into(),
            uid: Some(0),
            audit: "ana".into(),
            ..Actor::default()
        }
    }

    #[test]
    fn a_fact_without_details_is_its_name() {
        check(Event::RunPaused, &json!({"event": "run_paused"}));
    }

    #[test]
    fn an_attempt_stands_flat_with_its_end() {
        let ended = Ended {
            exit_code: Some(3),
            took_ms: 12,
            ..Ended::new(Outcome::Failed, "exit 3")
        };
        let attempt = AttemptId::act(StepId::from("warm[2]"), 1);
        let expected = json!({
            "event": "attempt_ended", "step": "warm[2]", "attempt": 1,
            "outcome": "failed", "exit_code": 3, "message": "exit 3", "took_ms": 12,
        });
        check(Event::AttemptEnded { attempt, ended }, &expected);
    }

    #[test]
    fn a_command_names_who_what_and_why() {
        let command = Command::Retry {
            step: "a".into(),
            changes: None,
            reason: "disk replaced".into(),
        };
        let expected = json!({
            "event": "command_accepted", "actor": "ana", "actor_at": "db1 pts/3", "actor_uid": 0, "actor_login": "ana",
            "command": "retry", "step": "a", "reason": "disk replaced",
        });
        check(
            Event::CommandAccepted {
                actor: ana(),
                command,
            },
            &expected,
        );
    }

    #[test]
    fn a_state_with_details_keeps_them_beside_its_word() {
        let change = |state| Event::StepChanged {
            step: "a".into(),
            state,
            why: String::new(),
        };
        let until = Timestamp(1_795_516_203_000);
        check(
            change(State::Retrying { until }),
            &json!({"event": "step_changed", "step": "a", "state": "retrying", "until": "2026-11-24T10:30:03.000Z"}),
        );
        check(
            change(State::Skipped(SkipReason::Upstream)),
            &json!({"event": "step_changed", "step": "a", "state": "skipped", "reason": "upstream"}),
        );
    }
}
