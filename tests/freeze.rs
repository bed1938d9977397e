//! Freeze windows: no live start inside, unless somebody says why. Always frozen: one that begins each hour for two.

mod support;

use serde_json::Value as Json;
use support::Place;

const FROZEN: &str = "name: w
policies:
  freeze: [{cron: '0 * * * *', for: 2h, tz: Europe/Berlin}]
steps:
  - {id: a, run: touch ran}
";

#[test]
fn a_live_run_is_refused_inside_with_its_end_and_the_way_out() {
    let place = Place::new();
    place.write("w.yaml", FROZEN);
    for how in ["--headless", "--detach"] {
        let refused = place.run(&["run", "w.yaml", how, "--id", "no"]);
        assert_eq!(refused.code, 7, "{refused:?}");
        for part in [
            "freeze window \"0 * * * *\" for 2h, until ",
            "Europe/Berlin (2",
            ":00:00Z)",
            "--override-freeze REASON",
        ] {
            assert!(refused.err.contains(part), "{part}: {refused:?}");
        }
    }
    assert!(place.run(&["list"]).out.is_empty());
    let blank = ["run", "w.yaml", "--headless", "--override-freeze", " "];
    assert_eq!(place.run(&blank).code, 2);
    assert!(!place.work().join("ran").exists());
    // A rehearsal is not live.
    for kind in ["drill", "dry"] {
        let answer = place.run(&["run", "w.yaml", "--headless", "--kind", kind]);
        assert_eq!(answer.code, 0, "{answer:?}");
    }
}

#[test]
fn an_override_says_who_and_why_in_the_record() {
    let place = Place::new();
    place.write("w.yaml", FROZEN);
    let reason = "the primary is down";
    let args = ["run", "w.yaml", "--id", "r", "--override-freeze", reason];
    let run = place.run(&[&args[..], &["--headless"]].concat());
    assert_eq!(run.code, 0, "{run:?}");
    assert!(run.out.contains(reason), "{run:?}");
    let shown = place.run(&["show", "r"]).out;
    let line = format!("override freeze: {reason} (freeze window");
    assert!(shown.contains(&line), "{shown}");
    let report = place.run(&["report", "r"]).out;
    assert!(
        report.contains(reason) && report.contains("freeze window"),
        "{report}"
    );
    let events = place.run(&["show", "r", "--events"]).out;
    let first: Json =
        serde_json::from_str(events.lines().next().unwrap_or_default()).expect("JSON");
    assert_eq!(first["freeze_override"]["reason"], reason);

    let detached = [
        "run",
        "w.yaml",
        "--detach",
        "--id",
        "d",
        "--override-freeze",
        reason,
    ];
    let detached = place.run(&detached);
    assert_eq!(detached.code, 0, "{detached:?}");
    let shown = place.run(&["show", "d"]).out;
    assert!(shown.contains(&line), "{shown}");
}
