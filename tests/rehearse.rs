//! Before anything is touched: `plan`, and a dry run of every action under an outside ledger.

mod support;

use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value as Json;
use support::Place;

/// Every action, a look, a compensation, a preflight check, hooks, policies: each would leave a line in the ledger, or knock
/// at the port.
fn everything(port: u16) -> String {
    format!(
        "name: all
policies:
  concurrency: {{group: 'dr-${{{{ params.to }}}}', on_conflict: queue}}
  freeze: [{{cron: '0 * * * *', for: 2h}}]
  approvals: {{live: {{count: 2}}}}
params: {{to: {{type: string, default: north}}}}
secrets: {{token: {{command: [sh, -c, 'echo secret >> ledger; echo s3cr3t-value']}}}}
hooks:
  attention: {{run: echo hook >> ledger}}
  ended: {{run: echo hook >> ledger}}
preflight:
  - {{id: ready, run: echo preflight >> ledger}}
  - {{id: up, http: {{url: 'http://127.0.0.1:{port}/preflight', expect: status == 200}}}}
steps:
  - id: one
    run: echo run >> ledger
    env: {{TOKEN: '${{{{ secrets.token }}}}', TO: '${{{{ params.to }}}}'}}
    outputs: {{size: {{regex: '(.*)'}}}}
    verify: {{run: echo verify >> ledger}}
    compensate: {{run: echo undo >> ledger}}
    danger: high
    expected: 2m
  - {{id: two, exec: {{argv: [sh, -c, 'echo exec >> ledger', '${{{{ steps.one.outputs.size }}}}']}}}}
  - id: three
    http: {{method: POST, url: 'http://127.0.0.1:{port}/three', headers: {{Authorization: 'Bearer ${{{{ secrets.token }}}}'}}}}
  - {{id: four, notify: {{webhook: 'http://127.0.0.1:{port}/four', message: hello}}}}
  - {{id: five, wait: {{for: 1h}}}}
  - {{id: six, approval: {{message: go?}}}}
  - {{id: seven, checklist: {{items: [{{text: look}}]}}}}
  - {{id: eight, assert: {{that: params.to == 'south'}}}}
  - {{id: nine, set: {{x: '${{{{ params.to }}}}'}}}}
  - {{id: ten, for_each: [1, 2], run: echo member >> ledger}}
  - {{id: eleven, workflow: {{file: inner.yaml, params: {{to: '${{{{ params.to }}}}'}}}}}}
  - {{id: last, always: true, run: echo always >> ledger}}
"
    )
}

const INNER: &str = "name: inner
params: {to: {type: string}}
steps:
  - {id: a, run: echo inner >> ledger}
";

/// A port at which every knock is counted.
fn port() -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let knocks = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&knocks);
    std::thread::spawn(move || {
        while listener.accept().is_ok() {
            counted.fetch_add(1, Ordering::SeqCst);
        }
    });
    (port, knocks)
}

#[test]
fn a_dry_run_says_what_each_step_would_do_and_touches_nothing() {
    let place = Place::new();
    let (port, knocks) = port();
    place.write("all.yaml", &everything(port));
    place.write("inner.yaml", INNER);
    let args = [
        "run",
        "all.yaml",
        "--headless",
        "--kind",
        "dry",
        "--id",
        "d",
    ];
    let answer = place.run(&args);
    assert_eq!(answer.code, 0, "{answer:?}");
    let shown = place.run(&["show", "d", "--json"]);
    let record = place.run(&["show", "d", "--events"]).out;
    let report = place.run(&["report", "d"]).out;
    for output in [&answer.out, &answer.err, &shown.out, &record, &report] {
        assert!(!output.contains("s3cr3t"), "{output}");
    }
    let shown: Json = serde_json::from_str(&shown.out).expect("JSON");
    let steps = shown["steps"].as_array().expect("steps");
    for would in [
        "echo run >> ledger",
        "echo exec >> ledger <size>",
        &format!("POST http://127.0.0.1:{port}/three"),
        "Bearer ***",
        "wait for 1h",
        "ask: go?",
        "[ ] look",
        "assert ",
        "echo member >> ledger",
        "echo inner >> ledger",
    ] {
        let said = record.contains(&format!("dry: would run {would}")) || record.contains(would);
        assert!(said, "{would}: {record}");
    }
    // Its own approval is none of a dry run's business; all else is passed through.
    assert_eq!(steps[0]["state"], "skipped");
    let rest = steps[1..].iter().filter(|s| s["state"] != "succeeded");
    assert_eq!(rest.count(), 0, "{shown}");
    assert!(!place.work().join("ledger").exists(), "something ran");
    assert_eq!(knocks.load(Ordering::SeqCst), 0, "something knocked");
    // It is no run that holds others up.
    assert!(!place.state().join("groups").exists());
}

#[test]
fn a_plan_says_the_same_to_people_and_to_programs_and_touches_nothing() {
    let place = Place::new();
    let (port, knocks) = port();
    place.write("all.yaml", &everything(port));
    place.write("inner.yaml", INNER);
    let text = place.run(&["plan", "all.yaml"]);
    assert_eq!(text.code, 0, "{text:?}");
    for part in [
        "takes turns in group dr-north, 1 at a time; when it is full, the run waits",
        "does not start now: freeze window \"0 * * * *\" for 2h",
        "1  _approval ? required",
        "approved by anyone, 2 needed",
        "cannot be undone",
        "a roll back undoes it (run)",
        "a roll back cannot undo it",
    ] {
        assert!(text.out.contains(part), "{part}: {}", text.out);
    }
    let object = |kind: &str| -> Json {
        let answer = place.run(&["plan", "all.yaml", "--json", "--kind", kind]);
        assert_eq!(answer.code, 0, "{answer:?}");
        assert!(!answer.out.contains("s3cr3t"), "{answer:?}");
        serde_json::from_str(&answer.out).expect("JSON")
    };
    let live = object("live");
    assert_eq!(live["concurrency"]["group"], "dr-north");
    assert!(live["frozen"]["until"].is_string());
    assert_eq!(live["preflight"][0]["id"], "ready");
    let one = &live["steps"][1];
    assert_eq!(one["id"], "one");
    assert_eq!(one["does"][0], "echo run >> ledger");
    assert_eq!(one["env"]["TO"], "north");
    assert_eq!(one["expected_ms"], 120_000);
    assert_eq!(
        (&one["danger"], &one["undo"]),
        (&true.into(), &"run".into())
    );
    assert_eq!(one["after"][0]["step"], "_approval");
    assert_eq!(live["steps"][2]["cannot_be_undone"], true);
    let drill = object("drill");
    assert_eq!(drill["steps"][0]["id"], "one");
    assert_eq!(drill["frozen"], Json::Null);
    let dry = object("dry");
    assert_eq!(dry["preflight"], Json::Array(Vec::new()));
    assert_eq!(dry["concurrency"], Json::Null);
    assert!(!place.work().join("ledger").exists(), "something ran");
    assert_eq!(knocks.load(Ordering::SeqCst), 0, "something knocked");
    assert!(place.run(&["list"]).out.is_empty());
}

const DRILLED: &str = "name: w
policies: {approvals: {live: {count: 2}}}
steps:
  - id: promote
    run: echo real >> ledger
    env: {TARGET: north}
    outputs: {endpoint: {regex: 'endpoint=(.*)'}}
    verify: {run: echo looked >> ledger}
    compensate: {run: echo undone >> ledger}
    drill: {run: 'echo \"drill $TARGET $FLIGHTDECK_RUN_KIND $AS\" >> ledger; echo endpoint=fake', env: {AS: '${{ env.TARGET }}-copy'}}
  - {id: same, run: 'echo \"$GOT\" >> ledger', env: {GOT: '${{ steps.promote.outputs.endpoint }}'}}
  - {id: wrong, run: exit 3, on_failure: rollback}
";

#[test]
fn a_drill_does_what_is_said_for_drills_and_never_the_real_thing() {
    let place = Place::new();
    place.write("w.yaml", DRILLED);
    let plan = place.run(&["plan", "w.yaml", "--kind", "drill"]);
    assert!(plan.out.contains("echo endpoint=fake"), "{plan:?}");
    assert!(!plan.out.contains("echo real"), "{plan:?}");
    let plan = place.run(&["plan", "w.yaml"]);
    assert!(plan.out.contains("echo real"), "{plan:?}");

    let drill = place.run(&[
        "run",
        "w.yaml",
        "--headless",
        "--kind",
        "drill",
        "--id",
        "d",
    ]);
    // Rolled back by its author's word; what was rehearsed left nothing real to undo.
    assert_eq!(drill.code, 5, "{drill:?}");
    let ledger = || std::fs::read_to_string(place.work().join("ledger")).unwrap_or_default();
    assert_eq!(ledger(), "drill north drill north-copy\nfake\n");
    // Taken from its journal it is the same run.
    let shown = place.run(&["show", "d", "--json"]);
    let shown: Json = serde_json::from_str(&shown.out).expect("JSON");
    assert_eq!(shown["kind"], "drill");
    assert_eq!(shown["steps"][1]["outputs"]["endpoint"], "fake");
    assert_eq!(shown["steps"][1]["state"], "succeeded");
}
