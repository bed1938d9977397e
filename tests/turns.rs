//! Runs that take turns (`policies.concurrency`), as processes that know nothing of each other but the state folder.

mod support;

use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value as Json;
use support::Place;

/// Each run says in the ledger when it is inside, and leaves when its file is there.
fn workflow(on_conflict: &str, limit: usize) -> String {
    format!(
        "name: w
policies:
  concurrency: {{group: 'dr-${{{{ params.to }}}}', limit: {limit}, on_conflict: {on_conflict}}}
params: {{to: {{type: string, default: north}}}}
steps:
  - id: inside
    run: |
      echo \"in $FLIGHTDECK_RUN_ID\" >> ledger
      while ! test -e \"leave-$FLIGHTDECK_RUN_ID\"; do sleep 0.02; done
      echo \"out $FLIGHTDECK_RUN_ID\" >> ledger
"
    )
}

fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < Duration::from_secs(25), "never: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn ledger(place: &Place) -> String {
    std::fs::read_to_string(place.work().join("ledger")).unwrap_or_default()
}

fn has(place: &Place, line: &str) -> bool {
    ledger(place).lines().any(|l| l == line)
}

fn spawn(place: &Place, args: &[&str]) -> Child {
    let mut command = place.command(args);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().expect("it starts")
}

fn start(place: &Place, id: &str) -> Child {
    spawn(place, &["run", "w.yaml", "--headless", "--id", id])
}

fn shown(place: &Place, id: &str) -> Json {
    let answer = place.run(&["show", id, "--json"]);
    serde_json::from_str(&answer.out).unwrap_or_default()
}

fn code(mut child: Child) -> Option<i32> {
    child.wait().expect("it ends").code()
}

#[test]
fn a_run_whose_group_is_full_is_refused_until_its_holder_is_gone() {
    let place = Place::new();
    place.write("w.yaml", &workflow("reject", 1));
    let mut holder = start(&place, "a");
    until("a is inside", || has(&place, "in a"));

    let refused = place.run(&["run", "w.yaml", "--headless", "--id", "b"]);
    assert_eq!(refused.code, 7, "{refused:?}");
    let who = format!("process {}", holder.id());
    for part in [
        "group dr-north runs 1 at a time: run a since",
        &who,
        "attach a",
    ] {
        assert!(refused.err.contains(part), "{part}: {refused:?}");
    }
    let detached = place.run(&["run", "w.yaml", "--detach", "--id", "b"]);
    assert_eq!(detached.code, 7, "{detached:?}");
    assert!(detached.err.contains("run a since"), "{detached:?}");
    // Who was refused left no trace, and another group is not full.
    assert!(!place.run(&["list"]).out.contains("b  "), "{refused:?}");
    place.write("leave-south", "");
    let south = [
        "run",
        "w.yaml",
        "--headless",
        "--id",
        "south",
        "-p",
        "to=south",
    ];
    assert_eq!(place.run(&south).code, 0);
    let dry = ["run", "w.yaml", "--headless", "--kind", "dry"];
    assert_eq!(place.run(&dry).code, 0);

    holder.kill().expect("it is there");
    holder.wait().expect("it ends");
    let next = start(&place, "b");
    until("b is inside", || has(&place, "in b"));
    let refused = place.run(&["resume", "a", "--headless"]);
    assert_eq!(refused.code, 7, "{refused:?}");
    assert!(refused.err.contains("run b since"), "{refused:?}");
    for id in ["a", "b"] {
        place.write(&format!("leave-{id}"), "");
    }
    assert_eq!(code(next), Some(0));
    let resumed = place.run(&["resume", "a", "--headless"]);
    assert_eq!(resumed.code, 0, "{resumed:?}");
    assert_eq!(ledger(&place).matches("in a").count(), 1, "nothing twice");
}

#[test]
fn a_queued_run_starts_by_itself_when_it_is_its_turn() {
    let place = Place::new();
    place.write("w.yaml", &workflow("queue", 1));
    let first = start(&place, "a");
    until("a is inside", || has(&place, "in a"));
    let queued = |id: &str| shown(&place, id)["phase"] == "queued";
    let mut second = start(&place, "b");
    until("b is queued", || queued("b"));
    let third = start(&place, "c");
    until("c is queued", || queued("c"));
    let fourth = start(&place, "d");
    until("d is queued", || queued("d"));

    let b = shown(&place, "b");
    assert_eq!(b["shown"], "queued");
    let why = b["queued"].as_str().unwrap_or_default().to_owned();
    assert!(
        why.starts_with("group dr-north runs 1 at a time: run a since"),
        "{why}"
    );
    assert!(
        b["steps"][0]["why"]
            .as_str()
            .is_some_and(|w| w.contains(&why)),
        "{b}"
    );
    assert!(place.run(&["list"]).out.contains(&why));
    let told = place.run(&["show", "d", "--events"]);
    assert!(told.out.contains("\"event\":\"run_queued\""), "{told:?}");
    assert!(told.out.contains("2 wait before it"), "{told:?}");

    // An abort does not wait for the turn.
    let aborted = place.run(&["ctl", "d", "abort", "now", "--reason", "not needed"]);
    assert_eq!(aborted.code, 0, "{aborted:?}");
    assert_eq!(code(fourth), Some(4));

    place.write("leave-a", "");
    assert_eq!(code(first), Some(0));
    until("b is inside", || has(&place, "in b"));
    assert!(queued("c"), "one at a time");
    // However its holder ends, the slot is free; whoever takes the run up waits in turn.
    second.kill().expect("it is there");
    second.wait().expect("it ends");
    until("c is inside", || has(&place, "in c"));
    let resumed = spawn(&place, &["resume", "b", "--headless"]);
    until("b is queued again", || queued("b"));
    place.write("leave-b", "");
    until("its step ends all the same", || {
        shown(&place, "b")["steps"][0]["state"] == "succeeded"
    });
    place.write("leave-c", "");
    assert_eq!(code(third), Some(0));
    assert_eq!(code(resumed), Some(0));
    assert!(!has(&place, "in d"));
}

#[test]
fn of_many_at_once_no_more_than_the_limit_are_inside() {
    let place = Place::new();
    place.write("w.yaml", &workflow("queue", 2));
    let ids: Vec<String> = (0..6).map(|n| format!("r{n}")).collect();
    let runs: Vec<Child> = ids.iter().map(|id| start(&place, id)).collect();
    for done in 0..ids.len() {
        let inside =
            |ledger: &str| ledger.matches("in r").count() - ledger.matches("out r").count();
        let wanted = 2.min(ids.len() - done);
        until("there are as many inside as may be", || {
            inside(&ledger(&place)) >= wanted
        });
        let now = ledger(&place);
        assert!(inside(&now) <= 2, "{now}");
        let out =
            |id: &&String| now.contains(&format!("in {id}")) && !now.contains(&format!("out {id}"));
        let leaves = ids.iter().find(out).expect("one is inside");
        place.write(&format!("leave-{leaves}"), "");
        until("it has left", || has(&place, &format!("out {leaves}")));
    }
    for run in runs {
        assert_eq!(code(run), Some(0));
    }
}

#[test]
fn a_run_that_is_detached_keeps_its_slot() {
    let place = Place::new();
    place.write("w.yaml", &workflow("queue", 1));
    let detached = place.run(&["run", "w.yaml", "--detach", "--hold", "--id", "a"]);
    assert_eq!(detached.code, 0, "{detached:?}");
    until("a is inside", || has(&place, "in a"));
    let waits = start(&place, "b");
    until("b is queued", || shown(&place, "b")["phase"] == "queued");
    // Taken over from a process without a person: that one lets go for a moment.
    let taken = spawn(&place, &["resume", "a", "--headless", "--hold"]);
    let by = format!("process {}\"", taken.id());
    until("it is taken over", || {
        place.run(&["show", "a", "--events"]).out.contains(&by)
    });
    place.write("leave-a", "");
    assert_eq!(code(taken), Some(0));
    assert!(has(&place, "out a"));
    place.write("leave-b", "");
    assert_eq!(code(waits), Some(0));
    let lines = ledger(&place);
    assert_eq!(lines, "in a\nout a\nin b\nout b\n");
}
