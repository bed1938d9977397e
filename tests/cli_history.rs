//! The real binary on runs that are over, cut off, or damaged: list, show, logs and verify. The journals are made by the
//! library, as an engine would.

mod support;

use std::path::PathBuf;
use std::sync::Arc;

use flightdeck::id::{AttemptId, RunId};
use flightdeck::journal::{Log, Shelf, Writer};
use flightdeck::run::{Actor, Ended, Input, LogFacts, Outcome, Run, RunStart};
use flightdeck::time::Timestamp;
use flightdeck::workflow;
use serde_json::Value as Json;
use support::Place;

const TEXT: &str = "name: two\nsteps:\n  - {id: first, run: echo}\n  - {id: second, run: echo}\n";
const BEGIN: i64 = 1_795_516_202_000;

/// Records a run of two steps: the first succeeds, the second ends so.
fn record(place: &Place, id: &str, second: Option<Outcome>) -> PathBuf {
    let workflow = Arc::new(
        workflow::check(TEXT.as_bytes())
            .workflow
            .expect("a good file"),
    );
    let id = RunId::parse(id).expect("an id");
    let dir = Shelf::open(&place.state())
        .expect("it works")
        .create(&id)
        .expect("it works");
    let start = RunStart {
        file: "two.yaml".into(),
        actor: Actor {
            name: "ana".into(),
            groups: Vec::new(),
            at: "db1".into(),
            ..Actor::default()
        },
        attended: false,
        ..RunStart::new(id, &workflow)
    };
    let mut log = Log::create(dir.path()).expect("it works");
    let (mut run, turn) = Run::start(workflow, start, Timestamp(BEGIN));
    log.append(&turn.events).expect("it works");
    let mut end = |step: &str, outcome, after| {
        let attempt = AttemptId::act(step.into(), 1);
        let mut writer = Writer::create(&dir.output_path(&attempt), 1 << 20).expect("it works");
        writer.write(
            format!("\x1b[31mout of {step}\x1b[0m\x07\n").as_bytes(),
            Timestamp(BEGIN),
        );
        let log_facts = writer.finish();
        let ended = Ended {
            outcome,
            exit_code: Some(if outcome == Outcome::Succeeded { 0 } else { 3 }),
            signal: None,
            message: if outcome == Outcome::Succeeded {
                String::new()
            } else {
                "exit 3".into()
            },
            outputs: [].into(),
            leftovers: Vec::new(),
            log: LogFacts { ..log_facts },
            took_ms: 900,
        };
        let turn = run.handle(
            Input::AttemptEnded { attempt, ended },
            Timestamp(BEGIN + after),
        );
        log.append(&turn.events).expect("it works");
    };
    end("first", Outcome::Succeeded, 1000);
    if let Some(outcome) = second {
        end("second", outcome, 2000);
    }
    dir.path().to_owned()
}

#[test]
fn list_shows_the_newest_first_and_filters() {
    let place = Place::new();
    record(&place, "20261124-100000-aaaa", Some(Outcome::Succeeded));
    record(&place, "20261124-110000-bbbb", Some(Outcome::Failed));
    record(&place, "20261124-120000-cccc", None);
    let ids = |args: &[&str]| {
        let answer = place.run(args);
        assert_eq!((answer.code, answer.err.as_str()), (0, ""), "{answer:?}");
        let list: Vec<Json> = serde_json::from_str(&answer.out).expect("it works");
        let id = |run: &Json| run["id"].as_str().expect("it works")[16..].to_owned();
        list.iter().map(id).collect::<Vec<_>>()
    };
    assert_eq!(ids(&["list", "--json"]), ["cccc", "bbbb", "aaaa"]);
    assert_eq!(ids(&["list", "--json", "--state", "failed"]), ["bbbb"]);
    assert_eq!(ids(&["list", "--json", "--state", "unattended"]), ["cccc"]);
    assert_eq!(ids(&["list", "--json", "--workflow", "other"]), [""; 0]);
    let table = place.run(&["list"]).out;
    assert!(
        table.contains("20261124-110000-bbbb  two  failed"),
        "{table}"
    );
}

#[test]
fn an_empty_shelf_is_no_error() {
    let answer = Place::new().run(&["list"]);
    assert_eq!((answer.code, answer.out.as_str()), (0, ""), "{answer:?}");
    assert!(answer.err.contains("flightdeck run quickstart"));
    assert_eq!(Place::new().run(&["list", "--json"]).out, "[]\n");
    let last = Place::new().run(&["show", "last"]);
    assert_eq!(last.code, 2, "{last:?}");
    assert!(last.err.contains("there is no run yet"), "{last:?}");
}

#[test]
fn show_gives_words_an_object_or_every_event() {
    let place = Place::new();
    record(&place, "r-1", Some(Outcome::Failed));
    let text = place.run(&["show", "last"]);
    assert_eq!((text.code, text.err.as_str()), (0, ""), "{text:?}");
    for part in [
        "r-1  two  failed",
        "started 2026-11-24T10:30:02.000Z by ana (db1), took 0:02",
        "failed    second",
        "exit 3",
    ] {
        assert!(text.out.contains(part), "no {part:?} in {}", text.out);
    }
    let object: Json =
        serde_json::from_str(&place.run(&["show", "r-", "--json"]).out).expect("it works");
    assert_eq!(object["id"], "r-1");
    assert_eq!(object["phase"], "failed");
    assert_eq!(object["kind"], "live");
    assert_eq!(object["steps"][1]["state"], "failed");
    assert_eq!(object["steps"][1]["attempts"][0]["exit_code"], 3);
    assert_eq!(object["ended_at"], "2026-11-24T10:30:04.000Z");
    let events = place.run(&["show", "r-1", "--events"]).out;
    let events: Vec<Json> = events
        .lines()
        .map(|l| serde_json::from_str(l).expect("it works"))
        .collect();
    for (i, event) in events.iter().enumerate() {
        assert_eq!(event["seq"], i as u64 + 1);
        assert_eq!(event["run"], "r-1");
    }
    let names: Vec<&str> = events
        .iter()
        .map(|e| e["event"].as_str().expect("it works"))
        .collect();
    assert_eq!(names.first(), Some(&"run_started"));
    assert_eq!(names.last(), Some(&"run_ended"));
    assert!(names.contains(&"attempt_started") && names.contains(&"attempt_ended"));
}

#[test]
fn logs_of_several_steps_are_merged_by_time_with_their_names() {
    let place = Place::new();
    record(&place, "r-1", Some(Outcome::Failed));
    let both = "2026-11-24T10:30:02.000Z first  out of first␇\n2026-11-24T10:30:02.000Z second out of second␇\n";
    assert_eq!(place.run(&["logs", "r-1", "--all"]).out, both);
    assert_eq!(place.run(&["logs", "r-1", "--all", "-f"]).out, both);
    assert_eq!(place.run(&["logs", "r-1", "second", "first"]).out, both);
}

#[test]
fn logs_are_harmless_unless_raw_and_steps_are_guessed() {
    let place = Place::new();
    record(&place, "r-1", None);
    assert_eq!(place.run(&["logs", "r-1", "first"]).out, "out of first␇\n");
    let raw = place.run(&["logs", "r-1", "first", "--raw"]);
    assert_eq!(raw.out, "\x1b[31mout of first\x1b[0m\x07\n");
    let follow = place.run(&["logs", "r-1", "first", "--attempt", "1", "-f"]);
    assert_eq!(follow.out, "out of first␇\n");
    for (args, text) in [
        (&["logs", "r-1", "frist"][..], "did you mean `first`?"),
        (
            &["logs", "r-1", "first", "--attempt", "9"],
            "first has no attempt 9: it has 1",
        ),
        (
            &["logs", "r-1", "first", "--attempt", "x"],
            "is not a number",
        ),
        (&["logs", "r-2", "first"], "no run `r-2`"),
        (
            &["logs", "r-1", "first", "second", "--raw"],
            "--raw is for the output of one step",
        ),
        (&["logs", "r-1", "first", "secnd"], "did you mean `second`?"),
        (&["logs", "r-1"], "STEP"),
    ] {
        let answer = place.run(args);
        assert_eq!(answer.code, 2, "{answer:?}");
        assert!(answer.err.contains(text), "{answer:?}");
    }
}

#[test]
fn an_ended_run_is_not_taken_up_again() {
    let place = Place::new();
    record(&place, "r-1", Some(Outcome::Failed));
    let answer = place.run(&["resume", "r-1", "--headless"]);
    assert_eq!(answer.code, 1, "{answer:?}");
    assert!(
        answer.err.contains("run r-1 has ended: failed"),
        "{answer:?}"
    );
}

#[test]
fn damage_is_told_with_its_place_and_its_own_exit_code() {
    let place = Place::new();
    let dir = record(&place, "r-1", Some(Outcome::Succeeded));
    assert_eq!(place.run(&["verify", "r-1"]).code, 0);
    let journal = dir.join("journal");
    let good = std::fs::read(&journal).expect("it works");

    let mut flipped = good.clone();
    flipped[good.len() / 2] ^= 1;
    std::fs::write(&journal, &flipped).expect("it works");
    for command in ["verify", "show", "resume"] {
        let answer = place.run(&[command, "r-1"]);
        assert_eq!(
            (answer.code, answer.out.as_str()),
            (8, ""),
            "{command}: {answer:?}"
        );
        assert!(answer.err.contains("is damaged at byte"), "{answer:?}");
    }

    std::fs::write(&journal, b"").expect("it works");
    let answer = place.run(&["show", "r-1"]);
    assert_eq!(answer.code, 8, "{answer:?}");
    assert!(answer.err.contains("the run never started"), "{answer:?}");

    // A damaged run does not hide the others.
    record(&place, "r-2", Some(Outcome::Succeeded));
    let list = place.run(&["list"]);
    assert_eq!(list.code, 0, "{list:?}");
    assert!(
        list.out.contains("r-2") && list.err.contains("r-1"),
        "{list:?}"
    );
}

#[test]
fn a_record_that_is_cut_short_is_left_out() {
    let place = Place::new();
    let dir = record(&place, "r-1", None);
    let journal = dir.join("journal");
    let good = std::fs::read(&journal).expect("it works");
    std::fs::write(&journal, &good[..good.len() - 3]).expect("it works");
    let answer = place.run(&["show", "r-1"]);
    assert_eq!((answer.code, answer.err.as_str()), (0, ""), "{answer:?}");
    assert_eq!(
        std::fs::read(&journal).expect("it works").len(),
        good.len() - 3,
        "looking changes nothing"
    );
}

#[test]
fn a_state_folder_that_cannot_be_used_is_a_storage_error() {
    let place = Place::new();
    place.write("a-file", "");
    let answer = place.run(&["list", "--state-dir", "a-file"]);
    assert_eq!(answer.code, 6, "{answer:?}");
    assert!(
        answer
            .err
            .contains("cannot use the state folder: refused: a-file is not a folder"),
        "{answer:?}"
    );
    assert!(answer.err.contains("--state-dir"), "{answer:?}");
    let doctor = place.run(&["doctor", "--state-dir", "a-file"]);
    assert_eq!(doctor.code, 6, "{doctor:?}");
    let doctor = place.run(&["doctor"]);
    assert_eq!(doctor.code, 0, "{doctor:?}");
    assert!(doctor.out.contains("can be written"), "{doctor:?}");
}
